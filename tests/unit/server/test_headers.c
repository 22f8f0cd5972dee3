#include "../proto/testing.h"
#include "headers.h"

static void add(http_headers *h, const char *name, const char *value)
{
    http_headers_add(h, name, strlen(name), value, strlen(value));
}

static const char *check_of(const char *const *fields, size_t n, const char *version)
{
    http_headers h = {0};
    add(&h, "Host", "localhost");
    for (size_t i = 0; i + 1 < n; i += 2)
        add(&h, fields[i], fields[i + 1]);
    return http_headers_check(&h, version);
}
#define CHECK_OF(...)                            \
    check_of((const char *const[]){__VA_ARGS__}, \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), "HTTP/1.1")

START_TEST(test_ordinary_requests_pass)
{
    ck_assert_ptr_null(CHECK_OF("Accept", "text/csv", "User-Agent", "x"));
    ck_assert_ptr_null(CHECK_OF("content-length", "0"));
    ck_assert_ptr_null(CHECK_OF("Content-Length", "18446744073"));
    ck_assert_ptr_null(CHECK_OF("Transfer-Encoding", "Chunked"));
    ck_assert_ptr_null(CHECK_OF("X-Text", "tab\tand utf-8 \xc3\xa4"));
}
END_TEST

START_TEST(test_an_entity_tag_is_found_among_those_the_client_has)
{
    static const struct {
        const char *field;
        bool match;
    } cases[] = {{"\"abc\"", true},   {"W/\"abc\"", true}, {"\"x\", \"abc\"", true}, {"*", true},
                 {"\"abcd\"", false}, {"abc", false},      {"\"x\",\"y\"", false},   {"", false},
                 {",,\"abc\"", true}, {"\"ab", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        http_headers h = {0};
        add(&h, "If-None-Match", cases[i].field);
        ck_assert_msg(http_headers_match(&h, "abc") == cases[i].match, "%s", cases[i].field);
    }
}
END_TEST

START_TEST(test_ambiguous_framing_is_refused)
{
    ck_assert_ptr_nonnull(CHECK_OF("Content-Length", "5", "Content-Length", "5"));
    ck_assert_ptr_nonnull(CHECK_OF("Content-Length", "5", "content-length", "6"));
    ck_assert_ptr_nonnull(CHECK_OF("Content-Length", "5", "Transfer-Encoding", "chunked"));
    ck_assert_ptr_nonnull(CHECK_OF("Transfer-Encoding", "gzip, chunked"));
    ck_assert_ptr_nonnull(CHECK_OF("Transfer-Encoding", "xchunked"));
    ck_assert_ptr_nonnull(CHECK_OF("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"));
    ck_assert_ptr_nonnull(CHECK_OF("Host", "other"));
}
END_TEST

START_TEST(test_content_length_is_digits_that_fit)
{
    static const char *const bad[] = {"", "-1", "+1", "1 ", "0x10", "1e3", "18446744073709551615", "1,1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(CHECK_OF("Content-Length", bad[i]) != NULL, "\"%s\" is taken", bad[i]);
}
END_TEST

START_TEST(test_names_and_values_without_control_characters)
{
    http_headers h = {0};
    ck_assert_ptr_nonnull(CHECK_OF("Content-Length ", "5"));
    ck_assert_ptr_nonnull(CHECK_OF("Bad Name", "x"));
    ck_assert_ptr_nonnull(CHECK_OF("", "x"));
    ck_assert_ptr_nonnull(CHECK_OF("X", "a\rb"));
    ck_assert_ptr_nonnull(CHECK_OF("X", "a\x7f"));
    http_headers_add(&h, "X", 1, "a\0b", 3);
    ck_assert_ptr_nonnull(h.fault);
}
END_TEST

START_TEST(test_host_is_needed_from_1_1_on)
{
    http_headers h = {0};
    ck_assert_ptr_null(http_headers_check(&h, "HTTP/1.0"));
    ck_assert_ptr_nonnull(http_headers_check(&h, "HTTP/1.1"));
    h.fault = NULL;
    ck_assert_ptr_nonnull(http_headers_check(&h, "HTTP/2.0"));
    h = (http_headers){0};
    add(&h, "Transfer-Encoding", "chunked");
    ck_assert_ptr_nonnull(http_headers_check(&h, "HTTP/1.0"));
}
END_TEST

START_TEST(test_kept_fields_are_bounded_and_singletons_single)
{
    http_headers h = {0};
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    add(&h, "Accept", "text/csv");
    add(&h, "accept", "*/*");
    ck_assert_str_eq(h.accept, "text/csv,*/*");
    add(&h, "Idempotency-Key", "k");
    ck_assert_ptr_null(h.fault);
    add(&h, "Idempotency-Key", "k");
    ck_assert_ptr_nonnull(h.fault);
    ck_assert_ptr_nonnull(CHECK_OF("Authorization", longer));
    ck_assert_ptr_null(CHECK_OF("X-Other", longer));
}
END_TEST

START_TEST(test_number_of_fields_is_bounded)
{
    http_headers h = {0};
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        add(&h, "X", "y");
    ck_assert_ptr_null(h.fault);
    add(&h, "X", "y");
    ck_assert_ptr_nonnull(h.fault);
}
END_TEST

int main(void)
{
    RUN_TESTS("headers", test_ordinary_requests_pass, test_an_entity_tag_is_found_among_those_the_client_has,
              test_ambiguous_framing_is_refused, test_content_length_is_digits_that_fit,
              test_names_and_values_without_control_characters, test_host_is_needed_from_1_1_on,
              test_kept_fields_are_bounded_and_singletons_single, test_number_of_fields_is_bounded);
}
