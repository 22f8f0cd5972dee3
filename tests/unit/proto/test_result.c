#include "proto/json.h"
#include "proto/result.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static double per_run[] = {1.4, 1.5};

static mi_estimate an_estimate(void)
{
    return (mi_estimate){.mi_nats = 1.5,
                         .std_err = 0.25,
                         .sampling95_nats = {1.25, 1.75},
                         .interval_nats = {1.125, 1.875},
                         .held_out_nats = 1.375,
                         .train_nats = 1.625,
                         .n_runs = 2,
                         .per_run = per_run,
                         .infonce = 1.3,
                         .nwj = 1.4,
                         .dv = 1.45,
                         .infonce_ceiling = 4.85,
                         .slope = 0.5,
                         .log_scale = 0.03,
                         .has_null = 1,
                         .null_mean_ratio = 1.01,
                         .n_null = 100000,
                         .null_mean = -1.1,
                         .null_q95 = 0.7,
                         .null_q99 = 1.3,
                         .auroc = 0.91,
                         .n_pairs = 1000,
                         .n_held_out = 950,
                         .steps = 11500,
                         .n_warnings = 1,
                         .warnings = {{MI_WARN_NEAR_LOG_N, "4.8 of 4.9"}}};
}

static char *encode(const mi_estimate *estimate, const char *objective, int calibrate, bool has_pmi)
{
    proto_text text;
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.objective.entry = mi_objective_find(objective);
    spec.calibrate = calibrate;
    const proto_result_context context = {"job_01K", "SkylakeX", 4.125, 3.59375, has_pmi};
    proto_text_init(&text, 1 << 16);
    proto_result_encode(estimate, &spec, &context, &text);
    char *taken = proto_text_take(&text, NULL);
    proto_json *json;
    ck_assert_int_eq(proto_json_parse(&json, taken, strlen(taken), 1 << 16, NULL, 0, NULL), MI_OK);
    proto_json_free(json);
    return taken;
}

static proto_pairs pairs_with_missing(uint64_t missing)
{
    proto_pairs pairs = {.n = 1000,
                         .entities_x = 30,
                         .entities_y = 40,
                         .rows = 1010 + missing,
                         .duplicates = 7,
                         .negatives = 3,
                         .without_embedding = missing};
    proto_string_list_init(&pairs.missing_x, 1 << 16);
    proto_string_list_init(&pairs.missing_y, 1 << 16);
    for (uint64_t i = 0; i < missing; i++) {
        char id[24];
        const int n = snprintf(id, sizeof id, "P%llu", (unsigned long long)i);
        ck_assert_int_eq(proto_string_list_append(&pairs.missing_y, id, (size_t)n, NULL), MI_OK);
    }
    return pairs;
}

static char *encode_pairs(const proto_pairs *pairs)
{
    proto_text text;
    mi_spec spec;
    const mi_estimate estimate = an_estimate();
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.split.by = MI_SPLIT_ENTITY;
    const proto_result_context context = {.job_id = "job_01K", .kernel = "SkylakeX", .pairs = pairs};
    proto_text_init(&text, 1 << 16);
    proto_result_encode(&estimate, &spec, &context, &text);
    return proto_text_take(&text, NULL);
}

START_TEST(test_the_result_tells_who_is_in_the_pairs)
{
    proto_pairs pairs = pairs_with_missing(2);
    char *text = encode_pairs(&pairs);
    ck_assert(strstr(text, "\"pairs\":{\"rows\":1012,\"used\":1000,\"duplicates\":7,\"negatives\":3,"
                           "\"without_embedding\":2,\"missing\":{\"x\":{\"count\":0,\"listed\":0,\"ids\":[]},"
                           "\"y\":{\"count\":2,\"listed\":2,\"ids\":[\"P0\",\"P1\"]}},"
                           "\"entities\":{\"x\":30,\"y\":40}},\"split\":{\"by\":\"entity\","));
    ck_assert(strstr(text,
                     "{\"code\":\"ids_without_embedding\",\"detail\":\"2 of 1012 rows of the pair table were "
                     "left out: 0 ids of x and 2 of y have no embedding (see pairs.missing)\"}"));
    free(text);
    proto_pairs_fini(&pairs);
}
END_TEST

START_TEST(test_long_lists_of_missing_ids_say_how_many_they_hold)
{
    proto_pairs pairs = pairs_with_missing(PROTO_MISSING_LISTED + 1);
    char *text = encode_pairs(&pairs);
    ck_assert(strstr(text, "\"count\":1001,\"listed\":1000,"));
    ck_assert(strstr(text, "\"P999\"]") && !strstr(text, "P1000"));
    free(text);
    proto_text page;
    proto_text_init(&page, 1 << 16);
    proto_missing_encode_json(&pairs, 1000, 10, &page);
    ck_assert_str_eq(page.data, "{\"object\":\"list\",\"data\":[{\"side\":\"y\",\"id\":\"P1000\"}],"
                                "\"next\":null,\"total\":1001}");
    proto_text_fini(&page);
    proto_pairs_fini(&pairs);
}
END_TEST

START_TEST(test_the_result_looks_as_the_api_shows_it)
{
    mi_estimate estimate = an_estimate();
    char *text = encode(&estimate, "infonce-anchor", 1, true);
    ck_assert_str_eq(text,
                     "{\"mi\":{\"nats\":1.5,\"bits\":2.164042561333445,\"held_out_nats\":1.375,"
                     "\"train_nats\":1.625,\"std_err\":0.25,\"sampling95_nats\":"
                     "[1.25,1.75],\"interval_nats\":[1.125,1.875],\"per_run\":[1.4,1.5]},"
                     "\"bracket_nats\":{\"infonce\":1.3,\"nwj\":1.4,\"dv\":1.45,\"infonce_ceiling\":4.85},"
                     "\"calibration\":{\"log_scale\":0.03,\"slope\":0.5,\"null_mean_ratio\":1.01},"
                     "\"null\":{\"pairs\":100000,\"mean\":-1.1,\"q95\":0.7,\"q99\":1.3,\"auroc\":0.91},"
                     "\"permutation\":null,"
                     "\"timing\":{\"wall_s\":4.125,\"train_s\":3.59375,\"steps\":11500,\"steps_per_s\":3200,"
                     "\"kernel\":\"SkylakeX\","
                     "\"precision\":\"fp32\"},\"pairs\":null,"
                     "\"split\":{\"by\":\"pair\",\"folds\":5,\"scored\":950,\"unscored\":50},"
                     "\"warnings\":[{\"code\":\"near_log_n\",\"detail\":\"4.8 of 4.9\"}],"
                     "\"pmi\":\"/v1/jobs/job_01K/pmi\",\"curve\":\"/v1/jobs/job_01K/curve\",\"model\":null}");
    free(text);
}
END_TEST

START_TEST(test_an_objective_without_pmi_has_no_null_and_no_calibration)
{
    mi_estimate estimate = an_estimate();
    estimate.has_null = 0;
    estimate.null_mean_ratio = estimate.auroc = (double)NAN;
    estimate.n_permutations = 99;
    estimate.permutation_mean = -0.01;
    estimate.permutation_p = 0.01;
    char *text = encode(&estimate, "infonce", 0, false);
    ck_assert_ptr_nonnull(
        strstr(text, "\"calibration\":null,\"null\":null,"
                     "\"permutation\":{\"permutations\":99,\"mean_nats\":-0.01,\"p_value\":0.01}"));
    ck_assert_ptr_nonnull(strstr(text, "\"pmi\":null"));
    ck_assert_ptr_null(strstr(text, "non_finite"));
    free(text);
}
END_TEST

START_TEST(test_a_scale_that_was_not_fitted_is_null)
{
    mi_estimate estimate = an_estimate();
    estimate.log_scale = 0;
    char *text = encode(&estimate, "infonce-anchor", 0, true);
    ck_assert_ptr_nonnull(
        strstr(text, "\"calibration\":{\"log_scale\":null,\"slope\":null,\"null_mean_ratio\":1.01}"));
    ck_assert_ptr_null(strstr(text, "non_finite"));
    free(text);
}
END_TEST

START_TEST(test_figures_that_are_not_finite_are_null_and_warned_of_once)
{
    mi_estimate estimate = an_estimate();
    double runs[] = {1.0, (double)NAN};
    estimate.per_run = runs;
    estimate.dv = (double)INFINITY;
    estimate.warnings[estimate.n_warnings++] = (mi_warning){MI_WARN_NON_FINITE, "dv"};
    char *text = encode(&estimate, "infonce-anchor", 1, true);
    ck_assert_ptr_nonnull(strstr(text, "\"dv\":null"));
    ck_assert_ptr_nonnull(strstr(text, "{\"code\":\"non_finite\",\"detail\":\"not finite, reported as null: "
                                       "mi.per_run[1], bracket_nats.dv\"}"));
    ck_assert_ptr_null(strstr(strstr(text, "non_finite") + 1, "non_finite"));
    free(text);
}
END_TEST

START_TEST(test_a_thousand_lost_figures_fit_in_one_warning)
{
    mi_estimate estimate = an_estimate();
    double *runs = calloc(1000, sizeof *runs);
    for (int i = 0; i < 1000; i++)
        runs[i] = (double)NAN;
    estimate.per_run = runs;
    estimate.n_runs = 1000;
    char *text = encode(&estimate, "infonce-anchor", 1, true);
    ck_assert_ptr_nonnull(strstr(text, "mi.per_run[3]"));
    free(text);
    free(runs);
}
END_TEST

int main(void)
{
    RUN_TESTS("result", test_the_result_looks_as_the_api_shows_it, test_the_result_tells_who_is_in_the_pairs,
              test_long_lists_of_missing_ids_say_how_many_they_hold,
              test_an_objective_without_pmi_has_no_null_and_no_calibration,
              test_a_scale_that_was_not_fitted_is_null,
              test_figures_that_are_not_finite_are_null_and_warned_of_once,
              test_a_thousand_lost_figures_fit_in_one_warning);
}
