#include "proto/problem.h"
#include "testing.h"

static void encodes_as(const proto_problem *problem, const char *request_id, const char *expected)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    proto_problem_encode(problem, request_id, &text);
    ck_assert(proto_text_ok(&text));
    ck_assert_str_eq(text.data, expected);
    proto_text_fini(&text);
}

START_TEST(test_a_problem_looks_as_the_api_shows_it)
{
    proto_problem problem;
    proto_problem_init(&problem);
    ck_assert(!proto_problem_any(&problem));
    proto_problem_set(&problem, PROTO_PROBLEM_SHAPE_MISMATCH, "x has %d rows, y %d", 18342, 18340);
    proto_problem_add(&problem, "/y", "expected 18342 rows");
    ck_assert(proto_problem_any(&problem));
    ck_assert_int_eq(proto_problem_status(&problem), 422);
    encodes_as(
        &problem, "req_01K",
        "{\"type\":\"/problems/shape-mismatch\",\"title\":\"Inputs do not align\",\"status\":422,"
        "\"code\":\"shape_mismatch\",\"detail\":\"x has 18342 rows, y 18340\","
        "\"errors\":[{\"pointer\":\"/y\",\"detail\":\"expected 18342 rows\"}],\"request_id\":\"req_01K\"}");
}
END_TEST

START_TEST(test_a_bad_field_alone_is_an_invalid_spec)
{
    proto_problem problem;
    proto_problem_init(&problem);
    proto_problem_add(&problem, "/train/batch", "expected \"%s\"", "more");
    encodes_as(&problem, NULL,
               "{\"type\":\"/problems/invalid-spec\",\"title\":\"The request has bad "
               "fields\",\"status\":422,\"code\":\"invalid_spec\","
               "\"detail\":\"the bad field is /train/batch\","
               "\"errors\":[{\"pointer\":\"/train/batch\",\"detail\":\"expected \\\"more\\\"\"}]}");
}
END_TEST

START_TEST(test_errors_past_the_cap_are_counted)
{
    proto_problem problem;
    proto_text text;
    proto_problem_init(&problem);
    for (int i = 0; i < PROTO_PROBLEM_ERRORS + 5; i++)
        proto_problem_add(&problem, "/x", "%d", i);
    ck_assert_uint_eq(problem.n_errors, PROTO_PROBLEM_ERRORS);
    ck_assert_uint_eq(problem.n_more, 5);
    proto_text_init(&text, 1 << 16);
    proto_problem_encode(&problem, "r", &text);
    ck_assert_ptr_nonnull(strstr(text.data, "\"errors_omitted\":5"));
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_failing_calls_become_their_http_answer)
{
    static const struct {
        mi_status status;
        int http;
    } cases[] = {{MI_INVALID, 422},  {MI_MEMORY, 500},      {MI_NUMERIC, 500},  {MI_CANCELED, 409},
                 {MI_IO, 500},       {MI_NOT_FOUND, 404},   {MI_CONFLICT, 409}, {MI_LIMIT, 413},
                 {MI_CORRUPT, 422},  {MI_UNSUPPORTED, 415}, {MI_TIMEOUT, 500},  {MI_STALE, 500},
                 {MI_NO_SPACE, 507}, {MI_INTERNAL, 500}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        proto_problem problem;
        mi_error err = {0};
        mi_fail_at(&err, cases[i].status, "/x", "why");
        proto_problem_from_error(&problem, &err);
        ck_assert_int_eq(proto_problem_status(&problem), cases[i].http);
        ck_assert_str_eq(problem.detail, "why");
        ck_assert_str_eq(problem.errors[0].pointer, "/x");
    }
}
END_TEST

START_TEST(test_a_message_cut_inside_a_character_is_still_utf8)
{
    proto_problem problem;
    proto_text text;
    char name[600];
    proto_problem_init(&problem);
    for (size_t i = 0; i + 1 < sizeof name; i++)
        name[i] = i % 2 ? '\xa9' : '\xc3';
    name[sizeof name - 1] = '\0';
    proto_problem_set(&problem, PROTO_PROBLEM_BAD_REQUEST, "%s", name);
    proto_text_init(&text, 1 << 16);
    proto_problem_encode(&problem, NULL, &text);
    ck_assert_ptr_nonnull(strstr(text.data, "\xef\xbf\xbd\"}"));
    proto_text_fini(&text);
}
END_TEST

int main(void)
{
    RUN_TESTS("problem", test_a_problem_looks_as_the_api_shows_it, test_a_bad_field_alone_is_an_invalid_spec,
              test_errors_past_the_cap_are_counted, test_failing_calls_become_their_http_answer,
              test_a_message_cut_inside_a_character_is_still_utf8);
}
