/* The tables of a benchmark. */
#include "benchmark.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define LN2 "0.69314718055994531"
#define LEVEL(truth, bias, sd, rmse)                                                           \
    "{\"truth_nats\":" truth ",\"bias_nats\":" bias ",\"std_nats\":" sd ",\"rmse_nats\":" rmse \
    ",\"mean_nats\":0.5,\"sampling95_coverage\":0.5,\"estimates_nats\":[0.25,0.75]}"
#define CELL(law, label, levels, error) \
    "{\"law\":{\"label\":\"" law "\"},\"label\":\"" label "\",\"levels\":[" levels "],\"error\":" error "}"
#define SUMMARY(label, law)                                                                           \
    "{\"label\":\"" label "\",\"mean_abs_error_nats\":0.25,\"bias_nats\":-0.25,\"rmse_nats\":0.5,"    \
    "\"sampling95_coverage\":0.75,\"interval_coverage\":null,\"train_s\":3,\"worst\":{\"law\":\"" law \
    "\",\"truth_nats\":" LN2 ",\"error_nats\":-" LN2 "}}"
#define RESULT(cells, summary)                                                                         \
    "{\"mi\":null,\"timing\":{\"wall_s\":2,\"train_s\":1},\"benchmark\":{\"unit\":\"nats\",\"cells\":" \
    "[" cells "],\"summary\":[" summary "]}}"

static char *printed(const char *json, bool bits)
{
    const cli_options options = {.bits = bits};
    const cli c = {.options = &options, .out = {.width = 80}};
    proto_json *document;
    proto_text out;
    mi_error err = {0};

    ck_assert_msg(proto_json_parse(&document, json, strlen(json), 1 << 16, NULL, 0, &err) == MI_OK, "%s: %s",
                  err.message, json);
    ck_assert(is_benchmark(proto_json_root(document)));
    proto_text_init(&out, 1 << 16);
    ck_assert(benchmark_print(&c, proto_json_root(document), &out));
    proto_json_free(document);
    return proto_text_take(&out, NULL);
}

static void says(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in\n%s", part, text);
}

START_TEST(test_a_staircase_is_a_table_per_law_in_bits)
{
    char *text = printed(
        RESULT(CELL("gaussian dim=2", "nwj",
                    LEVEL(LN2, LN2, "0", LN2) "," LEVEL("1.38629436111989", "-" LN2, LN2, "1"), "null"),
               SUMMARY("nwj", "gaussian dim=2")),
        false);
    says(text, "gaussian dim=2: bias and spread of 2 repetitions, bits\n"
               "  ESTIMATOR         1 bits          2 bits\n"
               "  nwj        1.000 +-0.000  -1.000 +-1.000\n");
    says(text, "gaussian dim=2: root mean square error of 2 repetitions, bits\n"
               "  ESTIMATOR  1 bits  2 bits\n"
               "  nwj         1.000   1.443\n");
    says(text, "over all laws and levels, bits\n");
    says(text, "-1.000 at gaussian dim=2, 1 bits");
    free(text);
}
END_TEST

START_TEST(test_laws_as_they_are_share_a_table_in_nats_unless_bits_are_asked_for)
{
    static const char json[] =
        RESULT(CELL("ring", "nwj", LEVEL("1.5", "-0.25", "0.125", "0.5"), "null") "," CELL(
                   "ring", "ksg", LEVEL("1.5", "null", "null", "null"),
                   "{\"code\":\"numeric_divergence\",\"detail\":\"at step 3\",\"repetitions\":2}"),
               SUMMARY("nwj", "ring") "," SUMMARY("ksg", "ring"));
    char *text = printed(json, false);
    says(text, "bias and spread of 2 repetitions, nats\n"
               "  LAW   TRUTH             nwj\n"
               "  ring  1.500  -0.250 +-0.125\n");
    says(text, "  nwj          0.250  -0.250  0.500      0.75     3.0 s  -0.693 at ring\n");
    says(text, "failed: ksg at ring, 2 times: at step 3");
    free(text);
    text = printed(json, true);
    says(text, "  ring  2.164  -0.361 +-0.180\n");
    free(text);
}
END_TEST

START_TEST(test_one_estimator_has_a_line_per_law)
{
    char *text = printed(RESULT(CELL("ring", "nwj", LEVEL("1.5", "-0.25", "0.125", "0.5"), "null") "," CELL(
                                    "xor", "nwj", LEVEL("0.5", "0.125", "null", "0.125"), "null"),
                                SUMMARY("nwj", "ring")),
                         false);
    says(text, "nwj, nats\n"
               "  LAW   TRUTH   MEAN    BIAS     SD   RMSE  95% HELD\n"
               "  ring  1.500  0.500  -0.250  0.125  0.500      0.50\n"
               "  xor   0.500  0.500   0.125      -  0.125      0.50\n");
    free(text);
}
END_TEST

START_TEST(test_a_result_without_anything_is_still_printed)
{
    char *text = printed(RESULT("", ""), false);
    says(text, "time:");
    free(text);
}
END_TEST

START_TEST(test_names_of_the_server_are_made_harmless)
{
    char *text = printed(RESULT(CELL("a\\u001b[31m", "b\\u0007", LEVEL("1", "1", "1", "1"),
                                     "{\"code\":\"x\",\"detail\":\"c\\u001bd\",\"repetitions\":1}"),
                                SUMMARY("b\\u0007", "a\\u001b[31m")),
                         false);
    ck_assert(!strchr(text, '\x1b') && !strchr(text, '\a'));
    free(text);
}
END_TEST

int main(void)
{
    RUN_TESTS("benchmark", test_a_staircase_is_a_table_per_law_in_bits,
              test_laws_as_they_are_share_a_table_in_nats_unless_bits_are_asked_for,
              test_one_estimator_has_a_line_per_law, test_a_result_without_anything_is_still_printed,
              test_names_of_the_server_are_made_harmless);
}
