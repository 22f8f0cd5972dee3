#include "proto/text.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_every_double_reads_back_to_the_same_bits)
{
    uint64_t state = 1;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_bits(&state);
        double value = double_of_bits(bits);
        char text[32];
        if (!isfinite(value))
            continue;
        ck_assert_uint_eq(proto_format_double(value, text), strlen(text));
        ck_assert_uint_eq(bits_of_double(strtod(text, NULL)), bits);
    }
}
END_TEST

START_TEST(test_doubles_are_written_as_people_would)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.0, "0"},
                 {-0.0, "-0"},
                 {0.1, "0.1"},
                 {1.0 / 3.0, "0.3333333333333333"},
                 {42.0, "42"},
                 {1e21, "1e+21"},
                 {5e-4, "0.0005"},
                 {9007199254740993.0, "9007199254740992"},
                 {(double)NAN, "null"},
                 {(double)INFINITY, "null"},
                 {-(double)INFINITY, "null"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {5e-324, "4.94065645841247e-324"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        proto_format_double(cases[i].value, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(test_a_text_never_grows_past_its_cap_and_the_failure_sticks)
{
    proto_text text;
    proto_text_init(&text, 10);
    proto_text_puts(&text, "0123456789");
    ck_assert(proto_text_ok(&text));
    proto_text_puts(&text, "x");
    ck_assert(!proto_text_ok(&text));
    proto_text_puts(&text, "");
    ck_assert_ptr_null(proto_text_take(&text, NULL));

    proto_text_init(&text, 3);
    proto_text_printf(&text, "%d", 1234);
    ck_assert(!proto_text_ok(&text));
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_taking_a_text_hands_its_bytes_over)
{
    proto_text text;
    size_t n = 9;
    proto_text_init(&text, SIZE_MAX);
    char *empty = proto_text_take(&text, &n);
    ck_assert_str_eq(empty, "");
    ck_assert_uint_eq(n, 0);
    free(empty);
    for (int i = 0; i < 1000; i++)
        proto_text_printf(&text, "%03d", i);
    char *bytes = proto_text_take(&text, &n);
    ck_assert_uint_eq(n, 3000);
    ck_assert_uint_eq(strlen(bytes), 3000);
    ck_assert_ptr_null(text.data);
    free(bytes);
}
END_TEST

START_TEST(test_the_writer_places_commas_and_escapes_strings)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, 4096);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "a\"b",
                       "tab\t quote\" back\\ newline\n bell\x07 del\x7f \xc3\xa9 \xf0\x9f\x98\x80");
    proto_write_string(&w, "bad", "\xff\xc3(\xed\xa0\x80\xc0\x80");
    proto_write_string(&w, "none", NULL);
    proto_write_string_n(&w, "part", "abcdef", 3);
    proto_write_array(&w, "list");
    proto_write_u64(&w, NULL, UINT64_MAX);
    proto_write_i64(&w, NULL, INT64_MIN);
    proto_write_double(&w, NULL, 0.5);
    proto_write_double(&w, NULL, (double)NAN);
    proto_write_bool(&w, NULL, true);
    proto_write_array(&w, NULL);
    proto_write_end_array(&w);
    proto_write_end_array(&w);
    proto_write_raw(&w, "raw", "{\"k\":1}");
    proto_write_raw(&w, "no_raw", NULL);
    proto_write_object(&w, "empty");
    proto_write_end_object(&w);
    proto_write_end_object(&w);
    ck_assert(proto_text_ok(&text));
    ck_assert_str_eq(
        text.data,
        "{\"a\\\"b\":\"tab\\u0009 quote\\\" back\\\\ newline\\n bell\\u0007 del\\u007f \xc3\xa9 "
        "\xf0\x9f\x98\x80\","
        "\"bad\":\"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
        "\"none\":null,\"part\":\"abc\",\"list\":[18446744073709551615,-9223372036854775808,0.5,null,true,[]]"
        ","
        "\"raw\":{\"k\":1},\"no_raw\":null,\"empty\":{}}");
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_times_are_rfc_3339_in_utc_with_milliseconds)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, 4096);
    proto_write_init(&w, &text);
    proto_write_array(&w, NULL);
    proto_write_time(&w, NULL, INT64_C(1709210096007)); /* a leap day */
    proto_write_time(&w, NULL, 0);
    proto_write_time(&w, NULL, INT64_MAX);
    proto_write_end_array(&w);
    ck_assert_str_eq(text.data, "[\"2024-02-29T12:34:56.007Z\",null,\"292278994-08-17T07:12:55.807Z\"]");
    proto_text_fini(&text);
}
END_TEST

/* The definition: the first of 15, 16 and 17 digits that reads back. */
static void shortest(double value, char buffer[64])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, 64, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            return;
    }
}

START_TEST(test_numbers_are_as_the_definition_has_them)
{
    uint64_t state = UINT64_C(88172645463325252);
    for (int i = 0; i < 200000; i++) {
        double value = 0.0;
        char want[64], got[64];
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        switch (i % 7) {
        case 0:
            value = (double)(state >> 11) / 9007199254740992.0;
            break;
        case 1:
            value = (double)(int64_t)state / 1e15;
            break;
        case 2:
            value = (1.0 + (double)(state % 100000)) / 100001.0;
            break;
        case 3:
            value = (double)(state % 1000000) / 1000.0;
            break;
        case 4:
            memcpy(&value, &state, sizeof value);
            break;
        case 5: /* powers of two and their neighbours */
            value = ldexp(1.0, (int)(state % 66) - 16);
            value = state & 1024 ? nextafter(value, state & 2048 ? 0.0 : 1e300) : value;
            break;
        default:
            value = (double)((float)(state >> 40) / 3e6f - 2.5f);
            break;
        }
        if (!isfinite(value))
            continue;
        shortest(value, want);
        ck_assert_uint_eq(proto_format_double(value, got), strlen(got));
        ck_assert_str_eq(got, want);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("text", test_numbers_are_as_the_definition_has_them,
              test_every_double_reads_back_to_the_same_bits, test_doubles_are_written_as_people_would,
              test_a_text_never_grows_past_its_cap_and_the_failure_sticks,
              test_taking_a_text_hands_its_bytes_over, test_the_writer_places_commas_and_escapes_strings,
              test_times_are_rfc_3339_in_utc_with_milliseconds);
}
