#include "proto/result.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static const proto_curve_row two_runs[] = {
    {0, 0, 0, {0, 4.5, 4.25, 0.5, 0.25}},
    {0, 0, 0, {6, (double)NAN, 4.0, 0.75, 0.5}},
    {0, 0, 1, {0, 4.5, 4.5, 0, -(double)INFINITY}},
};

/* Of a job that is no comparison. */
static proto_curve plain(const proto_curve_row *rows, size_t n)
{
    return (proto_curve){.rows = rows, .n = n};
}

START_TEST(test_json_is_columnar_per_run_with_null_for_what_is_not_finite)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    const proto_curve curve_json_two_runs = plain(two_runs, 3);
    proto_curve_encode_json(&curve_json_two_runs, 0, &text);
    ck_assert_str_eq(
        text.data,
        "{\"object\":\"curve\",\"unit\":\"nats\",\"runs\":["
        "{\"replicate\":0,\"fold\":0,\"step\":[0,6],\"train_loss\":[4.5,null],\"val_loss\":[4.25,4],"
        "\"train_mi\":[0.5,0.75],\"val_mi\":[0.25,0.5]},"
        "{\"replicate\":0,\"fold\":1,\"step\":[0],\"train_loss\":[4.5],\"val_loss\":[4.5],"
        "\"train_mi\":[0],\"val_mi\":[null]}]}");
    proto_text_fini(&text);
    const proto_curve curve_json_NULL = plain(NULL, 0);
    proto_curve_encode_json(&curve_json_NULL, 500, &text);
    ck_assert_str_eq(text.data, "{\"object\":\"curve\",\"unit\":\"nats\",\"runs\":[]}");
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_csv_has_one_line_per_point)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    const proto_curve curve_csv_two_runs = plain(two_runs, 3);
    proto_curve_encode_csv(&curve_csv_two_runs, 0, &text);
    ck_assert_str_eq(text.data, "replicate,fold,step,train_loss,val_loss,train_mi,val_mi\n"
                                "0,0,0,4.5,4.25,0.5,0.25\n0,0,6,nan,4,0.75,0.5\n0,1,0,4.5,4.5,0,-inf\n");
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_npy_has_seven_columns)
{
    proto_text text;
    double values[3][7];
    proto_text_init(&text, 1 << 16);
    const proto_curve curve_npy_two_runs = plain(two_runs, 3);
    proto_curve_encode_npy(&curve_npy_two_runs, 0, &text);
    ck_assert_uint_eq(text.length, 128 + sizeof values);
    ck_assert_ptr_nonnull(strstr(text.data + 10, "'shape': (3, 7)"));
    memcpy(values, text.data + 128, sizeof values);
    ck_assert_double_eq(values[1][2], 6);
    ck_assert_double_eq(values[2][1], 1);
    ck_assert(isnan(values[1][3]));
    proto_text_fini(&text);
}
END_TEST

static const proto_curve_row two_variants[] = {
    {0, 0, 0, {0, 4.5, 4.25, 0.5, 0.25}},
    {1, 0, 0, {0, 4.5, 4.0, 0.75, 0.5}},
};

START_TEST(test_runs_of_a_comparison_say_their_objective)
{
    static const char *const labels[] = {"nwj", "a, b"};
    const proto_curve curve = {two_variants, 2, labels, 2};
    proto_text text;
    double values[2][8];
    proto_text_init(&text, 1 << 16);
    proto_curve_encode_json(&curve, 0, &text);
    ck_assert_str_eq(text.data,
                     "{\"object\":\"curve\",\"unit\":\"nats\",\"runs\":["
                     "{\"variant\":0,\"objective\":\"nwj\",\"replicate\":0,\"fold\":0,\"step\":[0],"
                     "\"train_loss\":[4.5],\"val_loss\":[4.25],\"train_mi\":[0.5],\"val_mi\":[0.25]},"
                     "{\"variant\":1,\"objective\":\"a, b\",\"replicate\":0,\"fold\":0,\"step\":[0],"
                     "\"train_loss\":[4.5],\"val_loss\":[4],\"train_mi\":[0.75],\"val_mi\":[0.5]}]}");
    text.length = 0;
    proto_curve_encode_csv(&curve, 0, &text);
    ck_assert_str_eq(text.data, "variant,objective,replicate,fold,step,train_loss,val_loss,train_mi,val_mi\n"
                                "0,nwj,0,0,0,4.5,4.25,0.5,0.25\n1,\"a, b\",0,0,0,4.5,4,0.75,0.5\n");
    text.length = 0;
    proto_curve_encode_npy(&curve, 0, &text);
    ck_assert_ptr_nonnull(strstr(text.data + 10, "'shape': (2, 8)"));
    memcpy(values, text.data + 128, sizeof values);
    ck_assert_double_eq(values[1][0], 1);
    ck_assert_double_eq(values[1][7], 0.5);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_thinning_keeps_the_first_and_the_last_point_of_each_run)
{
    enum { N = 1000 };
    static proto_curve_row rows[N];
    for (uint32_t i = 0; i < N; i++)
        rows[i] = (proto_curve_row){0, 0, i >= 700, {i >= 700 ? i - 700 : i, 0, 0, 0, 0}};
    static const uint32_t most[] = {1, 2, 3, 10, 299, 300, 301, 699, 700, 5000};
    for (size_t m = 0; m < sizeof most / sizeof most[0]; m++) {
        proto_text text;
        uint32_t points = most[m] < 2 ? 2 : most[m];
        uint64_t expected = (points < 700 ? points : 700) + (points < 300 ? points : 300);
        proto_text_init(&text, 1 << 20);
        const proto_curve curve_csv_rows = plain(rows, N);
        proto_curve_encode_csv(&curve_csv_rows, most[m], &text);
        uint64_t lines = 0;
        for (const char *c = text.data; *c; c++)
            lines += *c == '\n';
        ck_assert_uint_eq(lines, expected + 1);
        ck_assert_ptr_nonnull(strstr(text.data, "\n0,0,0,"));
        ck_assert_ptr_nonnull(strstr(text.data, "\n0,0,699,"));
        ck_assert_ptr_nonnull(strstr(text.data, "\n0,1,0,"));
        ck_assert_ptr_nonnull(strstr(text.data, "\n0,1,299,"));
        proto_text_fini(&text);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("curve", test_json_is_columnar_per_run_with_null_for_what_is_not_finite,
              test_csv_has_one_line_per_point, test_npy_has_seven_columns,
              test_runs_of_a_comparison_say_their_objective,
              test_thinning_keeps_the_first_and_the_last_point_of_each_run);
}
