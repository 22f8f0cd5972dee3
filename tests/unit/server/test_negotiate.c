#include "../proto/testing.h"
#include "negotiate.h"

static void expect(const char *accept, http_format wanted)
{
    http_format got;
    ck_assert_msg(http_format_accept(accept, &got), "%s is not acceptable", accept);
    ck_assert_msg(got == wanted, "%s gives %d", accept, (int)got);
}

START_TEST(test_json_unless_something_else_is_preferred)
{
    expect("", HTTP_FORMAT_JSON);
    expect("*/*", HTTP_FORMAT_JSON);
    expect("application/*", HTTP_FORMAT_JSON);
    expect("text/html, application/xhtml+xml, */*;q=0.8", HTTP_FORMAT_JSON);
    expect("text/csv", HTTP_FORMAT_CSV);
    expect("text/*", HTTP_FORMAT_CSV);
    expect("TEXT/CSV; charset=utf-8", HTTP_FORMAT_CSV);
    expect("application/octet-stream", HTTP_FORMAT_NPY);
    expect("application/x-npy", HTTP_FORMAT_NPY);
}
END_TEST

START_TEST(test_quality_decides_and_the_specific_range_rules)
{
    expect("application/json;q=0.5, text/csv;q=0.9", HTTP_FORMAT_CSV);
    expect("text/csv;q=0.3,application/x-npy ; q=0.4", HTTP_FORMAT_NPY);
    expect("*/*, application/json;q=0", HTTP_FORMAT_CSV);
    expect("application/json, text/csv", HTTP_FORMAT_JSON);
}
END_TEST

START_TEST(test_nothing_acceptable_is_told)
{
    static const char *const none[] = {"image/png", "text/html", "application/json;q=0", ",", ";",
                                       "*",         "a/b;q=x"};
    http_format got;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(!http_format_accept(none[i], &got), "%s is acceptable", none[i]);
}
END_TEST

START_TEST(test_format_names)
{
    http_format got;
    ck_assert(http_format_parse("npy", &got) && got == HTTP_FORMAT_NPY);
    ck_assert(http_format_parse("csv", &got) && got == HTTP_FORMAT_CSV);
    ck_assert(!http_format_parse("NPY", &got));
    ck_assert(!http_format_parse("", &got));
}
END_TEST

int main(void)
{
    RUN_TESTS("negotiate", test_json_unless_something_else_is_preferred,
              test_quality_decides_and_the_specific_range_rules, test_nothing_acceptable_is_told,
              test_format_names);
}
