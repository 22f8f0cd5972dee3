#include "format.h"
#include "term.h"
#include "testing.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static void check_escape(const char *bytes, bool utf8, bool multiline, const char *expected)
{
    proto_text out;

    proto_text_init(&out, 4096);
    term_escape(&out, bytes, strlen(bytes), utf8, multiline);
    ck_assert_str_eq(out.data ? out.data : "", expected);
    proto_text_fini(&out);
}

START_TEST(test_a_name_from_the_server_cannot_move_the_cursor)
{
    check_escape("a\x1b[2Jb\r\n\a\x7f", true, false, "a\\x1b[2Jb\\x0d\\x0a\\x07\\x7f");
}
END_TEST

START_TEST(test_c1_controls_and_reversed_text_are_shown_as_escapes)
{
    check_escape("\xc2\x9b"
                 "31m \xe2\x80\xae"
                 "fdp",
                 true, false, "\\u{9b}31m \\u{202e}fdp");
}
END_TEST

START_TEST(test_broken_utf8_is_shown_byte_by_byte)
{
    check_escape("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82", true, false,
                 "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x82");
}
END_TEST

START_TEST(test_letters_beyond_ascii_are_kept_only_where_the_locale_has_them)
{
    check_escape("caf\xc3\xa9", true, false, "caf\xc3\xa9");
    check_escape("caf\xc3\xa9", false, false, "caf\\u{e9}");
}
END_TEST

START_TEST(test_multiline_text_keeps_its_lines)
{
    check_escape("a\tb\nc\x1b", true, true, "a\tb\nc\\x1b");
}
END_TEST

START_TEST(test_wide_letters_take_two_columns_and_combining_marks_none)
{
    ck_assert_uint_eq(term_columns("abc"), 3);
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    ck_assert_uint_eq(term_columns("\xe6\xbc\xa2\xe5\xad\x97"), 4);
    ck_assert_uint_eq(term_columns("e\xcc\x81"), 1);
}
END_TEST

START_TEST(test_long_text_is_broken_at_spaces_and_a_long_word_stands_alone)
{
    proto_text out;

    proto_text_init(&out, 4096);
    term_wrap(&out, "one two three  four fivesixseveneightnineteneleventwelve thirteen", 2, 24);
    ck_assert_str_eq(out.data, "  one two three four\n  fivesixseveneightnineteneleventwelve\n  thirteen\n");
    proto_text_fini(&out);
}
END_TEST

START_TEST(test_figures_are_written_for_people)
{
    char b[FORMAT_SIZE];

    ck_assert_str_eq(format_number(b, 0.00212345), "0.002123");
    ck_assert_str_eq(format_number(b, 100000), "100000");
    ck_assert_str_eq(format_number(b, (double)NAN), "-");
    ck_assert_str_eq(format_fixed(b, -0.00001, 4), "0.0000");
    ck_assert_str_eq(format_fixed(b, 1.43215, 3), "1.432");
    ck_assert_str_eq(format_fixed(b, (double)INFINITY, 3), "-");
    ck_assert_uint_lt(strlen(format_fixed(b, 1e300, 4)), 16);
}
END_TEST

START_TEST(test_durations_and_sizes_are_written_for_people)
{
    char b[FORMAT_SIZE];

    ck_assert_str_eq(format_duration(b, 0.42), "0.4 s");
    ck_assert_str_eq(format_duration(b, 12.3), "12 s");
    ck_assert_str_eq(format_duration(b, 59.7), "1 min 00 s");
    ck_assert_str_eq(format_duration(b, 185), "3 min 05 s");
    ck_assert_str_eq(format_duration(b, 7490), "2 h 04 min");
    ck_assert_str_eq(format_duration(b, -1), "-");
    ck_assert_str_eq(format_bytes(b, 812), "812 B");
    ck_assert_str_eq(format_bytes(b, 12345678), "12.3 MB");
    ck_assert_str_eq(format_bytes(b, 999999), "1.0 MB");
}
END_TEST

int main(void)
{
    RUN_TESTS("term", test_long_text_is_broken_at_spaces_and_a_long_word_stands_alone,
              test_a_name_from_the_server_cannot_move_the_cursor,
              test_c1_controls_and_reversed_text_are_shown_as_escapes, test_broken_utf8_is_shown_byte_by_byte,
              test_letters_beyond_ascii_are_kept_only_where_the_locale_has_them,
              test_multiline_text_keeps_its_lines,
              test_wide_letters_take_two_columns_and_combining_marks_none,
              test_figures_are_written_for_people, test_durations_and_sizes_are_written_for_people);
}
