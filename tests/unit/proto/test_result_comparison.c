/* The result of a comparison: rows, agreement, and what readers of a single estimate find. */
#include "proto/job.h"
#include "proto/result.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static double per_run[] = {1.4, 1.6};

static mi_estimate an_estimate(double nats, double std_err)
{
    return (mi_estimate){.mi_nats = nats,
                         .std_err = std_err,
                         .sampling95_nats = {nats - 2 * std_err, nats + 2 * std_err},
                         .interval_nats = {(double)NAN, (double)NAN},
                         .held_out_nats = nats,
                         .train_nats = (double)NAN,
                         .n_runs = 2,
                         .per_run = per_run,
                         .has_null = 1,
                         .null_mean_ratio = 1.01,
                         .auroc = 0.91,
                         .steps = 100};
}

static proto_job *job_of(const char *objectives)
{
    char text[1024];
    proto_limits limits;
    proto_problem problem;
    proto_job *job;
    proto_limits_default(&limits);
    snprintf(text, sizeof text, "{\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"},\"objectives\":%s}",
             objectives);
    ck_assert_int_eq(proto_job_decode(&job, text, strlen(text), &limits, &problem), MI_OK);
    return job;
}

static proto_json *encoded(const proto_comparison *comparison)
{
    const proto_result_context context = {
        .job_id = "job_01K", .kernel = "Haswell", .wall_s = 4, .train_s = 3};
    proto_text text;
    proto_json *json;
    mi_error err = {0};
    proto_text_init(&text, 1 << 20);
    proto_comparison_encode(comparison, &context, &text);
    ck_assert(proto_text_ok(&text));
    ck_assert_msg(proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, &err) == MI_OK, "%s",
                  err.message);
    proto_text_fini(&text);
    return json;
}

static double number(const proto_json *json, const char *pointer)
{
    return proto_node_number(proto_json_at(proto_json_root(json), pointer), (double)NAN);
}

static const char *string(const proto_json *json, const char *pointer)
{
    return proto_node_string(proto_json_at(proto_json_root(json), pointer), "absent");
}

START_TEST(test_rows_are_the_objectives_and_the_rest_is_the_first)
{
    proto_job *job = job_of("[\"infonce-anchor\",\"infonce\",\"nwj\"]");
    mi_estimate estimates[] = {an_estimate(1.5, 0.03), an_estimate(1.0, 0.02), an_estimate(1.46, 0.04)};
    estimates[1].has_null = 0;
    const proto_comparison_row rows[] = {
        {.estimate = &estimates[0], .has_pmi = true, .train_s = 1, .run_s = 2},
        {.estimate = &estimates[1], .train_s = 1, .run_s = 1},
        {.estimate = &estimates[2], .has_pmi = true, .train_s = 1, .run_s = 1}};
    const uint32_t ranked[] = {0, 2};
    const double correlation[] = {1, 0.875, 0.875, 1};
    const proto_comparison comparison = {job, rows, 2, ranked, correlation, 4000};
    proto_json *json = encoded(&comparison);

    ck_assert_double_eq(number(json, "/mi/nats"), 1.5);
    ck_assert_double_eq(number(json, "/timing/steps"), 300);
    ck_assert_str_eq(string(json, "/pmi"), "/v1/jobs/job_01K/pmi?objective=0");
    ck_assert_str_eq(string(json, "/comparison/0/objective/name"), "infonce-anchor");
    ck_assert_double_eq(number(json, "/comparison/0/objective/k"), 127);
    ck_assert_str_eq(string(json, "/comparison/2/label"), "nwj");
    ck_assert_str_eq(string(json, "/comparison/2/pmi"), "/v1/jobs/job_01K/pmi?objective=2");
    ck_assert_double_eq(number(json, "/comparison/2/mi/nats"), 1.46);
    ck_assert_double_eq(number(json, "/comparison/2/null_mean_ratio"), 1.01);
    ck_assert_double_eq(number(json, "/comparison/0/time_share"), 0.5);
    const proto_node *root = proto_json_root(json);
    ck_assert_int_eq(proto_node_kind(proto_json_at(root, "/comparison/1/pmi")), PROTO_NULL);
    ck_assert_int_eq(proto_node_kind(proto_json_at(root, "/comparison/1/calibration")), PROTO_NULL);
    ck_assert_ptr_null(proto_json_at(root, "/comparison/1/error"));

    ck_assert_double_eq(number(json, "/agreement/median_nats"), 1.46);
    ck_assert_double_eq(number(json, "/agreement/range_nats/0"), 1.0);
    ck_assert_double_eq_tol(number(json, "/agreement/to_median/0/std_errs"), 0.04 / 0.05, 1e-12);
    ck_assert_double_eq(number(json, "/agreement/to_median/2/std_errs"), 0);
    ck_assert_double_eq(number(json, "/agreement/pmi_rank_correlation/objectives/1"), 2);
    ck_assert_double_eq(number(json, "/agreement/pmi_rank_correlation/matrix/1/0"), 0.875);
    ck_assert_str_eq(
        string(json, "/agreement/detail"),
        "2 of 3 estimates lie within 2 combined standard errors of their median, 1.4600 nats; infonce is "
        "0.460 nats below it, 10.3 standard errors (it is a lower bound); the PMIs of the pairs have a "
        "rank correlation of 0.875");
    proto_json_free(json);
    proto_job_free(job);
}
END_TEST

START_TEST(test_an_objective_that_failed_leaves_the_others)
{
    proto_job *job = job_of("[\"nwj\",\"infonce-anchor\"]");
    mi_estimate estimate = an_estimate(1.5, 0.03);
    const proto_comparison_row rows[] = {
        {.error_code = "numeric_divergence", .error_detail = "the loss is \"not\" finite", .run_s = 0.5},
        {.estimate = &estimate, .has_pmi = true, .train_s = 1, .run_s = 1.5}};
    const proto_comparison comparison = {.job = job, .rows = rows};
    proto_json *json = encoded(&comparison);
    ck_assert_double_eq(number(json, "/mi/nats"), 1.5);
    ck_assert_str_eq(string(json, "/pmi"), "/v1/jobs/job_01K/pmi?objective=1");
    ck_assert_str_eq(string(json, "/comparison/0/error/code"), "numeric_divergence");
    ck_assert_str_eq(string(json, "/comparison/0/error/detail"), "the loss is \"not\" finite");
    ck_assert_ptr_null(proto_json_at(proto_json_root(json), "/comparison/0/mi"));
    ck_assert_double_eq(number(json, "/comparison/0/time_share"), 0.25);
    ck_assert_double_eq(number(json, "/agreement/to_median/0/objective"), 1);
    ck_assert_ptr_null(proto_json_at(proto_json_root(json), "/agreement/to_median/1"));
    ck_assert_int_eq(proto_node_kind(proto_json_at(proto_json_root(json), "/agreement/pmi_rank_correlation")),
                     PROTO_NULL);
    ck_assert_str_eq(string(json, "/agreement/detail"),
                     "one estimate, and none to compare it with; 1 objective failed");
    proto_json_free(json);
    proto_job_free(job);
}
END_TEST

START_TEST(test_figures_that_are_not_finite_are_told_in_their_row)
{
    proto_job *job = job_of("[\"infonce-anchor\",\"nwj\",\"ksg\"]");
    mi_estimate estimates[] = {an_estimate(1.5, 0.03), an_estimate((double)INFINITY, (double)NAN),
                               an_estimate(1.49, 0.03)};
    const proto_comparison_row rows[] = {
        {.estimate = &estimates[0]}, {.estimate = &estimates[1]}, {.estimate = &estimates[2]}};
    const proto_comparison comparison = {.job = job, .rows = rows};
    proto_json *json = encoded(&comparison);
    ck_assert_str_eq(string(json, "/comparison/1/warnings/0/code"), "non_finite");
    ck_assert_ptr_null(proto_json_at(proto_json_root(json), "/comparison/0/warnings/0"));
    ck_assert_ptr_null(proto_json_at(proto_json_root(json), "/comparison/2/warnings/0"));
    ck_assert_int_eq(proto_node_kind(proto_json_at(proto_json_root(json), "/comparison/2/bracket_nats/dv")),
                     PROTO_NULL);
    ck_assert_double_eq(number(json, "/agreement/median_nats"), 1.495);
    ck_assert_ptr_nonnull(strstr(string(json, "/agreement/detail"), "all 2 estimates lie within"));
    proto_json_free(json);
    proto_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS("result comparison", test_rows_are_the_objectives_and_the_rest_is_the_first,
              test_an_objective_that_failed_leaves_the_others,
              test_figures_that_are_not_finite_are_told_in_their_row);
}
