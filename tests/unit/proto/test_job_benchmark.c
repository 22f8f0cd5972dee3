/* Benchmark jobs: laws, samples and levels in and out, and what does not belong into one. */
#include "job_fields.h"
#include "job_testing.h"

#include <math.h>

#define LN2 0.69314718055994531

static proto_job *good(const char *fields)
{
    char text[8192];
    snprintf(text, sizeof text, "{\"kind\":\"benchmark\",%s}", fields);
    return job_good(text);
}

static void bad(const char *fields, const char *pointer, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, "{\"kind\":\"benchmark\",%s}", fields);
    job_bad(text, pointer, part);
}

/* The resolved spec is complete: it decodes to what it came from, and says the same again. */
static void check_round_trip(const proto_job *job)
{
    char *text = job_encode(job), *text_again;
    proto_job *again;
    mi_error err = {0};
    ck_assert_msg(proto_job_reopen(&again, text, &err) == MI_OK, "%s: %s", text, err.message);
    text_again = job_encode(again);
    ck_assert_str_eq(text, text_again);
    ck_assert_uint_eq(again->benchmark.n_laws, job->benchmark.n_laws);
    for (uint32_t i = 0; i < proto_job_variants(job); i++) {
        mi_benchmark_spec a, b;
        proto_job_cell(job, i, 1, &a);
        proto_job_cell(again, i, 1, &b);
        ck_assert_mem_eq(&a.law, &b.law, sizeof a.law);
        ck_assert_mem_eq(a.level_nats, b.level_nats, sizeof a.level_nats);
        ck_assert_uint_eq(a.n_pairs, b.n_pairs);
        ck_assert_uint_eq(a.steps, b.steps);
        ck_assert_uint_eq(a.estimator.null_pairs, b.estimator.null_pairs);
    }
    free(text);
    free(text_again);
    proto_job_free(again);
}

START_TEST(test_laws_are_named_in_many_ways)
{
    proto_job *job = good("\"laws\":[\"gaussian\",{\"name\":\"student\",\"dim\":5,\"parameter\":2},"
                          "{\"name\":\"cubic\",\"mi_bits\":2},\"student-identity-5-5-3\","
                          "{\"instance\":\"ring-0.3\"}],\"n\":500,\"repetitions\":4");
    const proto_benchmark *b = &job->benchmark;
    ck_assert_uint_eq(b->n_laws, 5);
    ck_assert(!b->fresh && b->n_pairs == 500 && b->repetitions == 4);
    ck_assert_uint_eq(proto_job_variants(job), 5);
    ck_assert_uint_eq(proto_job_replicates(job), 4);
    ck_assert_uint_eq(proto_job_folds(job), 1);
    ck_assert_uint_eq(b->laws[0].spec.dim, mi_law_find("gaussian")->dim_fallback);
    ck_assert_double_eq(b->laws[1].spec.parameter, 2);
    ck_assert_double_eq_tol(b->laws[2].spec.mi_nats, 2 * LN2, 1e-12);
    ck_assert_str_eq(b->laws[3].instance, "student-identity-5-5-3");
    ck_assert_str_eq(b->laws[4].spec.law->name, "ring");
    ck_assert_double_eq(proto_job_truth(job, 2, 0), b->laws[2].spec.mi_nats);
    ck_assert(isnan(proto_job_truth(job, 2, 1)) && isnan(proto_job_truth(job, 5, 0)));
    check_round_trip(job);
    proto_job_free(job);
}
END_TEST

START_TEST(test_a_suite_is_written_out_and_its_halves_make_it_whole)
{
    proto_job *whole = good("\"laws\":{\"suite\":\"further\"}"),
              *a = good("\"laws\":{\"suite\":\"further\",\"half\":\"a\"}"),
              *b = good("\"laws\":[{\"suite\":\"further\",\"half\":\"b\"}]");
    ck_assert_uint_eq(whole->benchmark.n_laws, mi_law_suite_find("further")->n_instances);
    ck_assert_uint_eq(whole->benchmark.n_laws, a->benchmark.n_laws + b->benchmark.n_laws);
    for (uint32_t i = 0; i < a->benchmark.n_laws; i++)
        ck_assert_int_eq(a->benchmark.laws[i].spec.law->half, 'a');
    check_round_trip(whole);
    proto_job_free(whole);
    proto_job_free(a);
    proto_job_free(b);
}
END_TEST

START_TEST(test_fresh_samples_have_levels_of_their_own)
{
    proto_job *job =
        good("\"laws\":[{\"name\":\"gaussian\",\"dim\":20},\"cubic\"],\"fresh\":{\"levels_bits\":"
             "[2,4.5],\"steps\":77,\"reset\":true,\"sample\":900},"
             "\"objectives\":[\"smile\",\"infonce-anchor\"]");
    mi_benchmark_spec cell;
    ck_assert(job->benchmark.fresh && job->benchmark.reset);
    ck_assert_uint_eq(proto_job_variants(job), 4);
    ck_assert_uint_eq(proto_job_levels(job), 2);
    ck_assert_double_eq_tol(proto_job_truth(job, 3, 1), 4.5 * LN2, 1e-12);
    proto_job_cell(job, 1, 2, &cell);
    ck_assert_int_eq(cell.kind, MI_BENCHMARK_FRESH);
    ck_assert_str_eq(cell.law.law->name, "gaussian");
    ck_assert_uint_eq(cell.law.dim, 20);
    ck_assert_str_eq(cell.estimator.objective.entry->name, "infonce-anchor");
    ck_assert_uint_eq(cell.repetition, 2);
    ck_assert_uint_eq(cell.steps, 77);
    ck_assert_uint_eq(cell.sample, 900);
    ck_assert_uint_eq(cell.n_levels, 2);
    ck_assert_uint_eq(cell.estimator.null_pairs, 1000000);
    char *text = job_encode(job);
    ck_assert_ptr_null(strstr(text, "max_steps"));
    ck_assert_ptr_null(strstr(text, "folds"));
    ck_assert_ptr_null(strstr(text, "debias"));
    free(text);
    check_round_trip(job);
    proto_job_free(job);
    job = good("\"laws\":\"gaussian\",\"fresh\":{},\"null_pairs\":500");
    ck_assert(job->benchmark.fresh);
    ck_assert_uint_eq(proto_job_levels(job), 1);
    ck_assert_uint_eq(job->spec.null_pairs, 500);
    check_round_trip(job);
    proto_job_free(job);
}
END_TEST

START_TEST(test_repetitions_and_objectives_share_the_seed)
{
    proto_job *job = good("\"laws\":[\"gaussian\"],\"objectives\":[\"nwj\",\"smile\"],\"seed\":\"7\"");
    mi_benchmark_spec a, b;
    proto_job_cell(job, 0, 1, &a);
    proto_job_cell(job, 1, 1, &b);
    ck_assert_uint_eq(a.seed, 7);
    ck_assert_uint_eq(a.seed + a.repetition, b.seed + b.repetition);
    proto_job_free(job);
}
END_TEST

START_TEST(test_labels_tell_laws_apart)
{
    proto_job *job =
        good("\"laws\":[{\"name\":\"gaussian\",\"dim\":2,\"parameter\":0.5},{\"name\":\"gaussian\","
             "\"dim\":2,\"parameter\":0.25},{\"name\":\"gaussian\",\"dim\":3},\"xor-sign\","
             "\"ring-0.3\"],\"objectives\":[\"nwj\",\"smile\"]");
    static const char *const expected[] = {"gaussian dim=2 rho=0.5", "gaussian dim=2 rho=0.25",
                                           "gaussian dim=3", "xor-sign dim=1", "ring-0.3"};
    for (uint32_t i = 0; i < 5; i++) {
        char label[PROTO_LABEL_MAX];
        proto_job_law_label(job, 2 * i + 1, label);
        ck_assert_str_eq(label, expected[i]);
        proto_job_label(job, 2 * i + 1, label);
        ck_assert_str_eq(label, "smile");
    }
    proto_job_free(job);
}
END_TEST

START_TEST(test_what_is_wrong_with_a_law_is_named)
{
    bad("\"n\":500", "/laws", "is required");
    bad("\"laws\":[]", "/laws", "at least one law");
    bad("\"laws\":[\"gausian\"]", "/laws/0", "did you mean \"gaussian\"");
    bad("\"laws\":\"gausian\"", "/laws", "did you mean \"gaussian\"");
    bad("\"laws\":[7]", "/laws/0", "expected a law");
    bad("\"laws\":[{\"dim\":2}]", "/laws/0/name", "the name of a law");
    bad("\"laws\":[{\"name\":\"gaussian\",\"dim\":0}]", "/laws/0/dim", "whole number");
    bad("\"laws\":[{\"name\":\"gaussian\",\"dim\":1.5}]", "/laws/0/dim", "whole number");
    bad("\"laws\":[{\"name\":\"xor-sign\",\"dim\":65}]", "/laws/0/dim", "expected 1 to 64");
    bad("\"laws\":[{\"name\":\"gaussian\",\"mi_nats\":-1}]", "/laws/0/mi_nats", "positive");
    bad("\"laws\":[{\"name\":\"gaussian\",\"mi_nats\":1,\"mi_bits\":1}]", "/laws/0/mi_bits", "one of");
    bad("\"laws\":[{\"name\":\"gaussian\",\"mi_nats\":1,\"parameter\":0.99}]", "/laws/0/parameter", "one of");
    bad("\"laws\":[{\"name\":\"gaussian\",\"parameter\":1.5}]", "/laws/0/parameter", "expected rho");
    bad("\"laws\":[{\"name\":\"gaussian\",\"dims\":2}]", "/laws/0/dims", "did you mean \"/laws/0/dim\"");
    bad("\"laws\":[{\"instance\":\"ring-0.4\"}]", "/laws/0/instance", "did you mean");
    bad("\"laws\":[{\"instance\":\"ring-0.3\",\"dim\":2}]", "/laws/0", "something else");
    bad("\"laws\":{\"suite\":\"all\"}", "/laws/suite", "expected the name of a suite");
    bad("\"laws\":{\"suite\":\"own\",\"half\":\"c\"}", "/laws/half", "\"a\", \"b\" or \"both\"");
    bad("\"laws\":[\"gaussian\",\"gaussian\"]", "/laws/1", "twice");
    bad("\"laws\":[{\"suite\":\"own\"},\"ring-0.3\"]", "/laws/1", "twice");
}
END_TEST

START_TEST(test_levels_and_a_law_s_own_mi_exclude_each_other)
{
    bad("\"laws\":[{\"name\":\"gaussian\",\"mi_bits\":2}],\"fresh\":{\"levels_bits\":[2]}", "/laws/0/mi_bits",
        "levels_bits gives the MI");
    bad("\"laws\":[{\"suite\":\"own\"}],\"fresh\":{\"levels_bits\":[2]}", "/laws/0/suite", "levels_bits");
    bad("\"laws\":[\"ring-0.3\"],\"fresh\":{\"levels_bits\":[2]}", "/laws/0", "levels_bits");
    bad("\"laws\":[\"independent\"],\"fresh\":{\"levels_bits\":[2]}", "/laws/0", "cannot be chosen");
    bad("\"laws\":[\"gaussian\"],\"fresh\":{\"levels_bits\":[2,0]}", "/fresh/levels_bits/1", "positive");
    bad("\"laws\":[\"gaussian\"],\"fresh\":{\"levels_bits\":2}", "/fresh/levels_bits", "expected an array");
    bad("\"laws\":[\"gaussian\"],\"fresh\":true", "/fresh", "expected an object");
}
END_TEST

START_TEST(test_fields_of_another_kind_are_refused)
{
    static const char *const of_an_estimate[] = {
        "\"x\":{\"dataset\":\"a\"}",    "\"y\":{\"dataset\":\"b\"}",  "\"pairs\":{}",
        "\"permutations\":3",           "\"outputs\":{\"pmi\":true}", "\"replicates\":2",
        "\"outputs\":{\"model\":false}"};
    char fields[256], pointer[64];
    for (size_t i = 0; i < sizeof of_an_estimate / sizeof of_an_estimate[0]; i++) {
        snprintf(fields, sizeof fields, "\"laws\":[\"gaussian\"],%s", of_an_estimate[i]);
        const char *group = strstr(of_an_estimate[i], "outputs") ? "/outputs" : "";
        const char *name = strchr(of_an_estimate[i] + (group[0] ? 10 : 0), '"') + 1;
        snprintf(pointer, sizeof pointer, "%s/%.*s", group, (int)strcspn(name, "\""), name);
        bad(fields, pointer, "of kind \"benchmark\" does not take this field");
    }
    bad("\"laws\":[\"gaussian\"],\"fresh\":{},\"n\":400", "/n", "\"fresh\" pairs does not take");
    bad("\"laws\":[\"gaussian\"],\"fresh\":{},\"train\":{\"max_steps\":5}", "/train/max_steps", "fresh");
    bad("\"laws\":[\"gaussian\"],\"fresh\":{},\"split\":{\"folds\":5}", "/split/folds", "fresh");

    static const char *const of_a_benchmark[] = {"laws\":[\"gaussian\"]", "n\":500", "repetitions\":2"};
    for (size_t i = 0; i < 3; i++) {
        proto_job *job;
        proto_problem problem;
        proto_limits limits;
        proto_limits_default(&limits);
        snprintf(fields, sizeof fields, "{\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"},\"%s}",
                 of_a_benchmark[i]);
        snprintf(pointer, sizeof pointer, "/%.*s", (int)strcspn(of_a_benchmark[i], "\""), of_a_benchmark[i]);
        ck_assert_int_eq(proto_job_decode(&job, fields, strlen(fields), &limits, &problem), MI_INVALID);
        ck_assert_str_eq(problem.errors[0].pointer, pointer);
        ck_assert_ptr_nonnull(strstr(problem.errors[0].detail, "of kind \"estimate\" does not take"));
    }
}
END_TEST

START_TEST(test_limits_hold_for_cells_steps_and_pairs)
{
    bad("\"laws\":[\"gaussian\"],\"repetitions\":1001", "/repetitions", "1 x 1 x 1001 = 1001 runs");
    bad("\"laws\":{\"suite\":\"own\"},\"objectives\":[\"nwj\",\"smile\"],\"repetitions\":16", "/repetitions",
        "takes at most 1000");
    bad("\"laws\":[\"gaussian\"],\"n\":39", "/n", "from 40");
    bad("\"laws\":[\"gaussian\"],\"n\":20000000", "/n", "at most 10000000 pairs");
    bad("\"laws\":[\"gaussian\"],\"fresh\":{\"steps\":300000,\"levels_bits\":[1,2,3,4]}", "/fresh/steps",
        "1200000 steps");
}
END_TEST

START_TEST(test_pointers_of_cells_are_those_of_the_job)
{
    proto_job *job =
        good("\"laws\":[\"gaussian\",\"cubic\"],\"objectives\":[\"nwj\",\"smile\",\"dv\"],\"fresh\":"
             "{\"levels_bits\":[1]}");
    static const char *const cases[][2] = {
        {"/law/dim", "/laws/1/dim"},           {"/law", "/laws/1"},
        {"/levels/2", "/fresh/levels_bits/2"}, {"/steps", "/fresh/steps"},
        {"/sample", "/fresh/sample"},          {"/objective/name", "/objectives/2/name"},
        {"/train/batch", "/train/batch"}};
    char pointer[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        proto_job_pointer(job, 5, cases[i][0], pointer, sizeof pointer);
        ck_assert_str_eq(pointer, cases[i][1]);
    }
    proto_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS("job benchmark", test_laws_are_named_in_many_ways,
              test_a_suite_is_written_out_and_its_halves_make_it_whole,
              test_fresh_samples_have_levels_of_their_own, test_repetitions_and_objectives_share_the_seed,
              test_labels_tell_laws_apart, test_what_is_wrong_with_a_law_is_named,
              test_levels_and_a_law_s_own_mi_exclude_each_other, test_fields_of_another_kind_are_refused,
              test_limits_hold_for_cells_steps_and_pairs, test_pointers_of_cells_are_those_of_the_job);
}
