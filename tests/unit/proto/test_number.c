#include "number.h"
#include "testing.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void same_as_strtod(const char *text)
{
    double value;
    ck_assert_msg(proto_parse_number(text, strlen(text), &value), "%s", text);
    ck_assert_msg(bits_of_double(value) == bits_of_double(strtod(text, NULL)), "%s", text);
}

START_TEST(test_random_doubles_are_read_exactly)
{
    uint64_t state = 2;
    char text[64];
    for (int i = 0; i < 100000; i++) {
        double value = double_of_bits(random_bits(&state));
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.*g", 1 + i % 20, value);
        if (isfinite(strtod(text, NULL)))
            same_as_strtod(text);
    }
}
END_TEST

START_TEST(test_everyday_decimals_are_read_exactly)
{
    uint64_t state = 3;
    char text[64];
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_bits(&state);
        snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64 "e%d", bits & 1 ? "-" : "", bits % 1000,
                 1 + i % 18, random_bits(&state) % 1000000, (int)(random_bits(&state) % 50) - 25);
        same_as_strtod(text);
    }
}
END_TEST

START_TEST(test_halfway_cases_are_decided_by_the_last_digit_however_far)
{
    static const char *const halfway[] = {"9007199254740993",
                                          "1.00000000000000011102230246251565404236316680908203125",
                                          "2.4703282292062327208e-324"};
    for (size_t i = 0; i < sizeof halfway / sizeof halfway[0]; i++)
        same_as_strtod(halfway[i]);
    char text[3000];
    double above, exact;
    snprintf(text, sizeof text, "9007199254740993.%02000d1", 0);
    ck_assert(proto_parse_number(text, strlen(text), &above));
    snprintf(text, sizeof text, "9007199254740993.%02000d0", 0);
    ck_assert(proto_parse_number(text, strlen(text), &exact));
    ck_assert_double_eq(above, 9007199254740994.0);
    ck_assert_double_eq(exact, 9007199254740992.0);
    snprintf(text, sizeof text, "0.%02000d1e2001", 0);
    ck_assert(proto_parse_number(text, strlen(text), &exact));
    ck_assert_double_eq(exact, 1.0);
}
END_TEST

START_TEST(test_only_jsons_grammar_is_a_json_number)
{
    static const char *const bad[] = {"",    "-",    "+1",   "01",    "-01", "1.",   ".5", "1e",
                                      "1e+", "0x10", "1_0",  "NaN",   "nan", "inf",  "1 ", " 1",
                                      "1f",  "--1",  "1.e3", "1e5.5", "e5",  "1e400"};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!proto_parse_number(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
    static const char *const good[] = {"0",
                                       "-0",
                                       "0.0",
                                       "1E5",
                                       "1e+5",
                                       "1e-5",
                                       "-1.5e3",
                                       "1e-400",
                                       "0e999999999999",
                                       "123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        same_as_strtod(good[i]);
}
END_TEST

START_TEST(test_a_number_ends_where_its_grammar_ends)
{
    size_t used;
    double value;
    ck_assert_int_eq(proto_scan_number("12,5", 4, &used, &value), PROTO_NUMBER_FINITE);
    ck_assert_uint_eq(used, 2);
    ck_assert_int_eq(proto_scan_number("1234", 2, &used, &value), PROTO_NUMBER_FINITE);
    ck_assert_double_eq(value, 12);
    ck_assert_int_eq(proto_scan_number("-1e999]", 7, &used, &value), PROTO_NUMBER_RANGE);
    ck_assert_uint_eq(used, 6);
    ck_assert_int_eq(proto_scan_number("x", 1, &used, &value), PROTO_NUMBER_NONE);
}
END_TEST

START_TEST(test_csv_numbers_are_read_leniently_and_nan_by_name)
{
    static const struct {
        const char *text;
        proto_number_kind kind;
        double value;
    } cases[] = {{" +1.5\t", PROTO_NUMBER_FINITE, 1.5},
                 {"5.", PROTO_NUMBER_FINITE, 5},
                 {".5", PROTO_NUMBER_FINITE, 0.5},
                 {"007", PROTO_NUMBER_FINITE, 7},
                 {"-.5e1", PROTO_NUMBER_FINITE, -5},
                 {"NaN", PROTO_NUMBER_NAN, 0},
                 {"-nan", PROTO_NUMBER_NAN, 0},
                 {"Inf", PROTO_NUMBER_INFINITE, 0},
                 {"-Infinity", PROTO_NUMBER_INFINITE, 0},
                 {"1e999", PROTO_NUMBER_RANGE, 0},
                 {"", PROTO_NUMBER_NONE, 0},
                 {"  ", PROTO_NUMBER_NONE, 0},
                 {".", PROTO_NUMBER_NONE, 0},
                 {"1 2", PROTO_NUMBER_NONE, 0},
                 {"nano", PROTO_NUMBER_NONE, 0},
                 {"1e", PROTO_NUMBER_NONE, 0},
                 {"0x1p3", PROTO_NUMBER_NONE, 0},
                 {"+", PROTO_NUMBER_NONE, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -1;
        ck_assert_msg(proto_parse_csv_number(cases[i].text, strlen(cases[i].text), &value) == cases[i].kind,
                      "%s", cases[i].text);
        if (cases[i].kind == PROTO_NUMBER_FINITE)
            ck_assert_double_eq(value, cases[i].value);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("number", test_random_doubles_are_read_exactly, test_everyday_decimals_are_read_exactly,
              test_halfway_cases_are_decided_by_the_last_digit_however_far,
              test_only_jsons_grammar_is_a_json_number, test_a_number_ends_where_its_grammar_ends,
              test_csv_numbers_are_read_leniently_and_nan_by_name);
}
