/* The result and the curves of a benchmark. */
#include "proto/json.h"
#include "proto/result.h"
#include "testing.h"

#include <math.h>

#define JOB                                                                                                \
    "{\"kind\":\"benchmark\",\"laws\":[{\"name\":\"gaussian\",\"dim\":2},{\"name\":\"cubic\",\"dim\":2}]," \
    "\"objectives\":[\"nwj\",\"smile\"],\"fresh\":{\"levels_bits\":[1,2]},\"repetitions\":2}"
#define LN2 0.69314718055994531

static proto_job *a_job(void)
{
    proto_job *job;
    mi_error err = {0};
    ck_assert_msg(proto_job_reopen(&job, JOB, &err) == MI_OK, "%s", err.message);
    return job;
}

static mi_benchmark_level level(double bits, double error)
{
    const double mi = bits * LN2 + error;
    return (mi_benchmark_level){.truth_nats = bits * LN2,
                                .mi_nats = mi,
                                .sampling95_nats = {mi - 0.1, mi + 0.1},
                                .interval_nats = {mi - 1, mi + 1},
                                .null_mean_ratio = 1.25,
                                .batch_sd = 0.5,
                                .pmi_rmse = 0.25,
                                .steps = 10,
                                .warnings = 1u << MI_WARN_NEAR_LOG_N};
}

static double number(const proto_node *root, const char *pointer)
{
    const proto_node *node = proto_json_at(root, pointer);
    ck_assert_msg(node && proto_node_kind(node) == PROTO_NUMBER, "%s", pointer);
    return proto_node_number(node, (double)NAN);
}

static void null_at(const proto_node *root, const char *pointer)
{
    const proto_node *node = proto_json_at(root, pointer);
    ck_assert_msg(node && proto_node_kind(node) == PROTO_NULL, "%s", pointer);
}

static const char *string(const proto_node *root, const char *pointer)
{
    return proto_node_string(proto_json_at(root, pointer), "");
}

START_TEST(test_cells_and_summary_are_put_beside_the_truth)
{
    proto_job *job = a_job();
    /* (level, repetition) */
    const mi_benchmark_level fine[] = {level(1, 0.25), level(1, -0.25), level(2, 0.5), level(2, 0.25)};
    const mi_benchmark_level half[] = {level(1, -1), level(1, (double)NAN), level(2, -2),
                                       level(2, (double)NAN)};
    const mi_benchmark_level none[] = {level(1, (double)NAN), level(1, (double)NAN), level(2, (double)NAN),
                                       level(2, (double)NAN)};
    const proto_benchmark_cell cells[] = {
        {.levels = fine, .train_s = 1.5, .run_s = 2},
        {.levels = half, .failed = 1, .error_code = "numeric_divergence", .error_detail = "at step 3"},
        {.levels = fine, .train_s = 0.5, .run_s = 1},
        {.levels = none, .failed = 2, .error_code = "numeric_divergence", .error_detail = "at step 1"},
    };
    const proto_benchmark_outcome outcome = {job, cells};
    const proto_result_context context = {.job_id = "job_01K", .kernel = "K", .wall_s = 4, .train_s = 2};
    proto_text text;
    proto_json *json;
    proto_text_init(&text, 1 << 20);
    ck_assert_int_eq(proto_benchmark_encode(&outcome, &context, &text, NULL), MI_OK);
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, NULL), MI_OK);
    const proto_node *root = proto_json_root(json);
    null_at(root, "/mi");
    null_at(root, "/pmi");
    ck_assert_str_eq(string(root, "/curve"), "/v1/jobs/job_01K/curve");
    ck_assert_double_eq(number(root, "/timing/steps"), 160);
    ck_assert_str_eq(string(root, "/benchmark/samples"), "fresh");
    ck_assert_str_eq(string(root, "/benchmark/cells/2/law/label"), "cubic dim=2");
    ck_assert_str_eq(string(root, "/benchmark/cells/2/objective/name"), "nwj");
    ck_assert_double_eq(number(root, "/benchmark/cells/0/levels/1/truth_bits"), 2);
    ck_assert_double_eq_tol(number(root, "/benchmark/cells/0/levels/0/bias_nats"), 0, 1e-12);
    ck_assert_double_eq_tol(number(root, "/benchmark/cells/0/levels/0/rmse_nats"), 0.25, 1e-12);
    ck_assert_double_eq_tol(number(root, "/benchmark/cells/0/levels/1/bias_nats"), 0.375, 1e-12);
    ck_assert_double_eq(number(root, "/benchmark/cells/0/levels/0/sampling95_coverage"), 0);
    ck_assert_double_eq(number(root, "/benchmark/cells/0/levels/0/interval_coverage"), 1);
    ck_assert_str_eq(string(root, "/benchmark/cells/0/levels/0/warnings/0"), "near_log_n");
    null_at(root, "/benchmark/cells/0/error");
    ck_assert_double_eq(number(root, "/benchmark/cells/1/levels/0/repetitions"), 1);
    null_at(root, "/benchmark/cells/1/levels/0/std_nats");
    null_at(root, "/benchmark/cells/1/levels/0/estimates_nats/1");
    ck_assert_str_eq(string(root, "/benchmark/cells/1/error/code"), "numeric_divergence");
    ck_assert_double_eq(number(root, "/benchmark/cells/3/error/repetitions"), 2);
    null_at(root, "/benchmark/cells/3/levels/1/mean_nats");
    ck_assert_double_eq(number(root, "/benchmark/cells/3/levels/1/truth_nats"), 2 * LN2);
    ck_assert_double_eq(number(root, "/benchmark/summary/0/laws"), 2);
    ck_assert_double_eq(number(root, "/benchmark/summary/0/train_s"), 2);
    ck_assert_double_eq(number(root, "/benchmark/summary/1/laws"), 1);
    ck_assert_str_eq(string(root, "/benchmark/summary/1/worst/law"), "gaussian dim=2");
    ck_assert_double_eq_tol(number(root, "/benchmark/summary/1/worst/error_nats"), -2, 1e-12);
    ck_assert_double_eq_tol(number(root, "/benchmark/summary/1/mean_abs_error_nats"), 1.5, 1e-12);
    proto_json_free(json);
    proto_text_fini(&text);
    proto_job_free(job);
}
END_TEST

START_TEST(test_curves_say_law_objective_and_level)
{
    proto_job *job = a_job();
    static const char *const labels[] = {"nwj", "smile"};
    static const proto_curve_row rows[] = {{1, 0, 0, {0, 4.5, 4.25, 0.5, 0.25}},
                                           {1, 0, 1, {10, 4.5, 4.25, 0.5, 0.25}},
                                           {2, 1, 0, {0, 4.5, 4.25, 0.5, 0.25}}};
    const proto_curve curve = {.rows = rows, .n = 3, .labels = labels, .n_labels = 2, .benchmark = job};
    proto_text text;
    proto_json *json;
    proto_text_init(&text, 1 << 16);
    proto_curve_encode_csv(&curve, 0, &text);
    ck_assert_str_eq(text.data,
                     "variant,law,objective,repetition,level,step,train_loss,val_loss,train_mi,val_mi\n"
                     "1,gaussian dim=2,smile,0,0,0,4.5,4.25,0.5,0.25\n"
                     "1,gaussian dim=2,smile,0,1,10,4.5,4.25,0.5,0.25\n"
                     "2,cubic dim=2,nwj,1,0,0,4.5,4.25,0.5,0.25\n");
    proto_text_fini(&text);
    proto_curve_encode_json(&curve, 0, &text);
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 1 << 16, NULL, 0, NULL), MI_OK);
    const proto_node *root = proto_json_root(json);
    ck_assert_str_eq(string(root, "/runs/1/law"), "gaussian dim=2");
    ck_assert_str_eq(string(root, "/runs/1/objective"), "smile");
    ck_assert_double_eq(number(root, "/runs/1/level"), 1);
    ck_assert_double_eq_tol(number(root, "/runs/1/truth_nats"), 2 * LN2, 1e-12);
    ck_assert_double_eq(number(root, "/runs/2/repetition"), 1);
    proto_json_free(json);
    proto_text_fini(&text);
    proto_curve_encode_npy(&curve, 0, &text);
    ck_assert_ptr_nonnull(strstr(text.data + 10, "'shape': (3, 8)"));
    proto_text_fini(&text);
    proto_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS("result benchmark", test_cells_and_summary_are_put_beside_the_truth,
              test_curves_say_law_objective_and_level);
}
