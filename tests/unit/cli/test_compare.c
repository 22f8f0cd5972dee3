#include "compare.h"
#include "comparison.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static void parsed(const char *list, const char *expected)
{
    proto_text out;
    mi_error err = {0};

    proto_text_init(&out, 4096);
    ck_assert_msg(compare_parse(list, &out, &err) == MI_OK, "%s", err.message);
    ck_assert_str_eq(out.data, expected);
    proto_text_fini(&out);
}

static void refused(const char *list, const char *part)
{
    proto_text out;
    mi_error err = {0};

    proto_text_init(&out, 4096);
    ck_assert_int_eq(compare_parse(list, &out, &err), MI_INVALID);
    ck_assert_msg(strstr(err.message, part) != NULL, "%s", err.message);
    proto_text_fini(&out);
}

START_TEST(test_a_list_of_names_and_parameters_becomes_objectives)
{
    parsed("nwj", "[\"nwj\"]");
    parsed("infonce-anchor,smile:tau=5,ksg", "[\"infonce-anchor\",{\"name\":\"smile\",\"tau\":5},\"ksg\"]");
    parsed("a:nu=1e-3:directions=columns:x=5e",
           "[{\"name\":\"a\",\"nu\":0.001,\"directions\":\"columns\",\"x\":\"5e\"}]");
    parsed("a:b=", "[{\"name\":\"a\",\"b\":\"\"}]");
    parsed("we\"ird", "[\"we\\\"ird\"]"); /* the server says what it thinks of the name */
}
END_TEST

START_TEST(test_a_list_with_a_gap_is_refused)
{
    refused("", "a name is missing");
    refused("nwj,", "a name is missing");
    refused("nwj,,ksg", "a name is missing");
    refused(":nu=1", "a name is missing");
    refused("a:nu", "'nu' is not parameter=value");
    refused("a:=3", "'=3' is not");
    refused("a:nu=1:", "'' is not");
}
END_TEST

static proto_json *json_of(const char *text)
{
    proto_json *json;

    ck_assert_int_eq(proto_json_parse(&json, text, strlen(text), 1 << 16, NULL, 0, NULL), MI_OK);
    return json;
}

START_TEST(test_all_are_those_that_the_server_can_run)
{
    proto_json *info =
        json_of("{\"objectives\":[{\"name\":\"a\",\"available\":true},{\"name\":\"b\",\"available\":false},"
                "{\"name\":\"c\"}]}");
    proto_text out;

    proto_text_init(&out, 4096);
    compare_all(proto_json_root(info), &out);
    ck_assert_str_eq(out.data, "[\"a\",\"c\"]");
    proto_text_fini(&out);
    proto_json_free(info);
}
END_TEST

static void bar_is(const comparison_axis *axis, double low, double middle, double high, const char *expected)
{
    proto_text out;

    proto_text_init(&out, 4096);
    comparison_bar(axis, low, middle, high, false, &out);
    ck_assert_str_eq(out.data ? out.data : "", expected);
    proto_text_fini(&out);
}

START_TEST(test_intervals_stand_on_one_axis)
{
    const comparison_axis axis = {.low = 0, .high = 1, .step = 0.5, .columns = 11};

    bar_is(&axis, 0, 0.5, 1, "|----o----|");
    bar_is(&axis, 0.2, 0.3, 0.4, "  |o|");
    bar_is(&axis, 0.3, 0.3, 0.3, "   o");
    bar_is(&axis, (double)NAN, 0.3, (double)NAN, "   o");
    bar_is(&axis, 0.2, (double)NAN, 0.4, "  |-|");
    bar_is(&axis, (double)NAN, (double)NAN, (double)NAN, "");
    bar_is(&axis, -5, 0.1, 9, "|o--------|");
}
END_TEST

#define ROW(nats, low, high) "{\"mi\":{\"nats\":" #nats ",\"sampling95_nats\":[" #low "," #high "]}}"

START_TEST(test_the_axis_holds_every_interval_between_round_ends)
{
    comparison_axis axis;
    proto_json *rows = json_of("[" ROW(0.5, 0.412, 0.61) "," ROW(0.9, null, null) ",{\"error\":{}}]");

    ck_assert(comparison_axis_of(proto_json_root(rows), 20, &axis));
    ck_assert_double_eq_tol(axis.low, 0.4, 1e-12);
    ck_assert_double_eq_tol(axis.high, 0.9, 1e-12);
    ck_assert_double_eq_tol(axis.step, 0.1, 1e-12);
    proto_json_free(rows);

    rows = json_of("[" ROW(2, 2, 2) "]");
    ck_assert(comparison_axis_of(proto_json_root(rows), 20, &axis));
    ck_assert(axis.low < 2 && axis.high > 2);
    proto_json_free(rows);

    rows = json_of("[{\"error\":{}}," ROW(null, null, null) "]");
    ck_assert(!comparison_axis_of(proto_json_root(rows), 20, &axis));
    proto_json_free(rows);
}
END_TEST

START_TEST(test_a_comparison_is_a_table_with_its_agreement)
{
    const cli c = {.out = {.width = 80}};
    proto_json *result = json_of(
        "{\"comparison\":[{\"label\":\"nwj\",\"mi\":{\"nats\":1.02,\"bits\":1.4716,\"std_err\":0.05,"
        "\"sampling95_nats\":[0.9,1.1]},\"null_mean_ratio\":0.98,\"run_s\":2,"
        "\"warnings\":[{\"code\":\"lower_bound\",\"detail\":\"x\"},{\"code\":\"step_limit\",\"detail\":\"y\"}"
        "]},"
        "{\"label\":\"smile "
        "tau=5\",\"error\":{\"code\":\"numeric_divergence\",\"detail\":\"z\"},\"run_s\":0.1}],"
        "\"agreement\":{\"detail\":\"one estimate, and none to compare it with; 1 objective failed\"},"
        "\"timing\":{\"wall_s\":3,\"train_s\":1.5}}");
    proto_text out;

    proto_text_init(&out, 1 << 16);
    ck_assert(comparison_print(&c, proto_json_root(result), &out));
    ck_assert_str_eq(
        out.data,
        "  OBJECTIVE    MI (nats)      +-   bits  0.90              1.10  NULL RATIO   TIME  WARNINGS\n"
        "  nwj             1.0200  0.0500  1.472  |------------o-------|       0.980  2.0 s  lower_bound, "
        "step_limit\n"
        "  smile tau=5          -       -      -  -                                -  0.1 s  failed: "
        "numeric_divergence\n"
        "\n"
        "  one estimate, and none to compare it with; 1 objective failed\n"
        "  bars: 95% sampling intervals, nats; null ratio: 1 is calibrated\n"
        "  time: 3.0 s, of it training 1.5 s\n");
    proto_text_fini(&out);
    proto_json_free(result);
}
END_TEST

int main(void)
{
    RUN_TESTS("compare", test_a_list_of_names_and_parameters_becomes_objectives,
              test_a_list_with_a_gap_is_refused, test_all_are_those_that_the_server_can_run,
              test_intervals_stand_on_one_axis, test_the_axis_holds_every_interval_between_round_ends,
              test_a_comparison_is_a_table_with_its_agreement);
}
