#include "../proto/testing.h"
#include "negotiate.h"

static void expect(const char *accept, http_format wanted)
{
    http_format got;
    ck_assert_msg(http_format_accept(accept, HTTP_FORMATS_TABLE, &got), "%s is not acceptable", accept);
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
        ck_assert_msg(!http_format_accept(none[i], HTTP_FORMATS_TABLE, &got), "%s is acceptable", none[i]);
}
END_TEST

START_TEST(test_only_what_is_offered_is_chosen)
{
    const unsigned lines = HTTP_FORMAT_BIT(JSON) | HTTP_FORMAT_BIT(CSV) | HTTP_FORMAT_BIT(NDJSON);
    http_format got;
    ck_assert(http_format_accept("application/x-npy, text/csv;q=0.1", lines, &got) && got == HTTP_FORMAT_CSV);
    ck_assert(http_format_accept("application/x-ndjson", lines, &got) && got == HTTP_FORMAT_NDJSON);
    ck_assert(!http_format_accept("application/x-npy", lines, &got));
    ck_assert(!http_format_accept("application/x-ndjson", HTTP_FORMATS_TABLE, &got));
    ck_assert(http_format_parse("ndjson", lines, &got) && got == HTTP_FORMAT_NDJSON);
    ck_assert(!http_format_parse("npy", lines, &got));
    ck_assert(!http_format_parse("ndjson", HTTP_FORMATS_TABLE, &got));
}
END_TEST

START_TEST(test_format_names)
{
    http_format got;
    ck_assert(http_format_parse("npy", HTTP_FORMATS_TABLE, &got) && got == HTTP_FORMAT_NPY);
    ck_assert(http_format_parse("csv", HTTP_FORMATS_TABLE, &got) && got == HTTP_FORMAT_CSV);
    ck_assert(!http_format_parse("NPY", HTTP_FORMATS_TABLE, &got));
    ck_assert(!http_format_parse("", HTTP_FORMATS_TABLE, &got));
}
END_TEST

int main(void)
{
    RUN_TESTS("negotiate", test_json_unless_something_else_is_preferred,
              test_quality_decides_and_the_specific_range_rules, test_nothing_acceptable_is_told,
              test_only_what_is_offered_is_chosen, test_format_names);
}
