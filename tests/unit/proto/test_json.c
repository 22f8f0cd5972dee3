#include "proto/json.h"
#include "testing.h"

#include <stdio.h>

static const char *const accepted[] = {
    "null",
    " true\n",
    "0",
    "-1.5e-3",
    "\"\"",
    "[]",
    "{}",
    "[1,2,[3]]",
    "{\"a\":{\"b\":[null,false]}}",
    "\"\\u00e9\\n\\\\\\/\"",
    "\"\\ud83d\\ude00\"",
    "\"\xf0\x9f\x98\x80\"",
    "{\"\":1}",
    "{\"a\":1,\"A\":2}",
    "1e308",
    "\t\r\n [ 1 , 2 ] ",
};

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "expected a JSON value, found the end"},
    {"   ", "found the end"},
    {"nul", "expected a JSON value"},
    {"True", "found 'T'"},
    {"[1,]", "line 1, column 4: expected a JSON value, found ']'"},
    {"[1 2]", "expected ',' or ']', found '2'"},
    {"{\"a\":1,}", "a key in double quotes"},
    {"{a:1}", "a key in double quotes"},
    {"{\"a\" 1}", "expected ':'"},
    {"{\"a\":1 \"b\":2}", "expected ',' or '}'"},
    {"1 2", "nothing after the value"},
    {"{}}", "nothing after the value"},
    {"[1]\n\n  x", "line 3, column 3"},
    {"01", "expected a number"},
    {"1.", "expected a number"},
    {"-", "expected a number"},
    {"+1", "found '+'"},
    {".5", "found '.'"},
    {"NaN", "found 'N'"},
    {"1e400", "the number is too large"},
    {"[-1e999999999999999999999]", "the number is too large"},
    {"\"abc", "the end of the string, found the end"},
    {"\"a\nb\"", "no control character in a string, found byte 0x0a"},
    {"\"\\x\"", "after a backslash"},
    {"\"\\u12\"", "four hexadecimal digits"},
    {"\"\\u0000\"", "\\u0000 is not accepted"},
    {"\"\\ud800\"", "lone surrogate"},
    {"\"\\ud800\\u0041\"", "lone surrogate"},
    {"\"\\udc00\"", "lone surrogate"},
    {"\"\xff\"", "expected UTF-8, found byte 0xff"},
    {"\"\xc0\x80\"", "expected UTF-8"},
    {"\"\xed\xa0\x80\"", "expected UTF-8"},
    {"\"\xe2\x82", "expected UTF-8"},
    {"\xef\xbb\xbf{}", "byte order mark"},
    {"{\"a\":1,\"\\u0061\":2}", "appears twice"},
    {"// c\n1", "found '/'"},
    {"'a'", "a JSON value"},
};

START_TEST(test_valid_json_is_accepted)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        proto_json *json;
        mi_error err = {0};
        ck_assert_msg(proto_json_parse(&json, accepted[i], strlen(accepted[i]), 1 << 20, NULL, 0, &err) ==
                          MI_OK,
                      "%s: %s", accepted[i], err.message);
        proto_json_free(json);
    }
}
END_TEST

START_TEST(test_bad_json_is_refused_with_its_place)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        proto_json *json;
        mi_error err = {0};
        ck_assert_msg(proto_json_parse(&json, refused[i].text, strlen(refused[i].text), 1 << 20, NULL, 0,
                                       &err) == MI_INVALID,
                      "%s", refused[i].text);
        ck_assert_ptr_null(json);
        ck_assert_msg(strstr(err.message, refused[i].message) != NULL, "%s: %s", refused[i].text,
                      err.message);
        ck_assert_msg(strncmp(err.message, "line ", 5) == 0, "%s", err.message);
    }
}
END_TEST

START_TEST(test_a_byte_of_zero_is_never_skipped)
{
    proto_json *json;
    static const char after[] = "{}\0", inside[] = "[1,\0 2]", text[] = "\"a\0b\"";
    ck_assert_int_eq(proto_json_parse(&json, after, 3, 100, NULL, 0, NULL), MI_INVALID);
    ck_assert_int_eq(proto_json_parse(&json, inside, sizeof inside - 1, 100, NULL, 0, NULL), MI_INVALID);
    ck_assert_int_eq(proto_json_parse(&json, text, sizeof text - 1, 100, NULL, 0, NULL), MI_INVALID);
}
END_TEST

START_TEST(test_a_document_cut_at_any_byte_is_refused)
{
    static const char text[] = "{\"x\":{\"data\":[[1,2.5],[-3e2,4]]},\"s\":\"\\u00e9\\ud83d\\ude00 "
                               "\xc3\xa9\",\"t\":[true,null,{\"u\":0.25}]}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        proto_json_matrix data = {.pointer = "/x/data", .max_numbers = 100};
        proto_json *json;
        char *copy = malloc(n + 1); /* exact, so that a read past the end shows under ASan */
        memcpy(copy, text, n);
        ck_assert_int_eq(proto_json_parse(&json, copy, n, 1000, &data, 1, NULL), MI_INVALID);
        ck_assert_ptr_null(data.data);
        free(copy);
    }
}
END_TEST

START_TEST(test_nesting_has_a_limit)
{
    char text[2 * PROTO_JSON_DEPTH + 8];
    proto_json *json;
    mi_error err = {0};
    memset(text, '[', PROTO_JSON_DEPTH);
    memset(text + PROTO_JSON_DEPTH, ']', PROTO_JSON_DEPTH);
    ck_assert_int_eq(proto_json_parse(&json, text, 2 * PROTO_JSON_DEPTH, 1000, NULL, 0, &err), MI_OK);
    proto_text printed;
    proto_text_init(&printed, 1000);
    proto_node_print(proto_json_root(json), &printed);
    ck_assert_uint_eq(printed.length, 2 * PROTO_JSON_DEPTH);
    proto_text_fini(&printed);
    proto_json_free(json);
    memset(text, '[', PROTO_JSON_DEPTH + 1);
    ck_assert_int_eq(proto_json_parse(&json, text, PROTO_JSON_DEPTH + 1, 1000, NULL, 0, &err), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "nested more than"));
}
END_TEST

START_TEST(test_a_million_brackets_cost_nothing)
{
    size_t n = 1000000;
    char *text = malloc(n);
    proto_json *json;
    memset(text, '[', n);
    ck_assert_int_eq(proto_json_parse(&json, text, n, 2 * n, NULL, 0, NULL), MI_INVALID);
    free(text);
}
END_TEST

START_TEST(test_an_object_has_a_limited_number_of_members)
{
    proto_text text;
    proto_json *json;
    proto_text_init(&text, 4 << 20);
    proto_text_puts(&text, "{\"k\":0");
    for (int i = 0; i < 140000; i++)
        proto_text_printf(&text, ",\"k%d\":%d", i, i);
    proto_text_puts(&text, "}");
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 4 << 20, NULL, 0, NULL), MI_LIMIT);
    proto_text_fini(&text);
}
END_TEST

/* An object of 100,000 members; of two that are called alike, the second is named. */
START_TEST(test_a_key_that_appears_twice_is_found_among_many)
{
    proto_text text;
    proto_json *json;
    mi_error err = {0};
    proto_text_init(&text, 4 << 20);
    proto_text_puts(&text, "{\"a\":{");
    for (int i = 0; i < 100000; i++)
        proto_text_printf(&text, "%s\"k%d\":{\"of\":%d}", i ? "," : "", i, i);
    proto_text_puts(&text, "}}");
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 4 << 20, NULL, 0, &err), MI_OK);
    proto_json_free(json);
    text.length -= 2;
    proto_text_puts(&text, ",\n\"k77777\":0,\"k33333\":1}}");
    ck_assert_int_eq(proto_json_parse(&json, text.data, text.length, 4 << 20, NULL, 0, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/a/k77777");
    ck_assert_msg(strstr(err.message, "line 2, column 1: the key appears twice") != NULL, "%s", err.message);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_a_document_over_its_cap_is_refused_but_matrices_do_not_count)
{
    static const char text[] = "{\"data\":[[1,2,3,4,5,6,7,8,9],[1,2,3,4,5,6,7,8,9]],\"a\":1}";
    proto_json_matrix data = {.pointer = "/data", .max_numbers = 100};
    proto_json *json;
    mi_error err = {0};
    ck_assert_int_eq(proto_json_parse(&json, text, sizeof text - 1, 30, NULL, 0, &err), MI_LIMIT);
    ck_assert_int_eq(proto_json_parse(&json, text, sizeof text - 1, 30, &data, 1, &err), MI_OK);
    ck_assert_uint_eq(data.rows, 2);
    ck_assert_uint_eq(data.cols, 9);
    ck_assert(data.data[17] == 9.0f);
    ck_assert_int_eq(proto_node_kind(proto_node_member(proto_json_root(json), "data")), PROTO_NULL);
    ck_assert_double_eq(proto_node_number(proto_node_member(proto_json_root(json), "a"), 0), 1);
    free(data.data);
    proto_json_free(json);
}
END_TEST

START_TEST(test_a_key_over_the_cap_is_refused)
{
    char text[4096];
    proto_json *json;
    int n = snprintf(text, sizeof text, "{\"%03000d\":1}", 0);
    ck_assert_int_eq(proto_json_parse(&json, text, (size_t)n, 100, NULL, 0, NULL), MI_LIMIT);
    ck_assert_int_eq(proto_json_parse(&json, text, (size_t)n, 4096, NULL, 0, NULL), MI_OK);
    proto_json_free(json);
}
END_TEST

START_TEST(test_a_flat_array_is_one_column)
{
    static const char text[] = "{\"data\": [ 1 , -2.5e0 , 3 ] }";
    proto_json_matrix data = {.pointer = "/data", .max_numbers = 3};
    proto_json *json;
    ck_assert_int_eq(proto_json_parse(&json, text, sizeof text - 1, 100, &data, 1, NULL), MI_OK);
    ck_assert_uint_eq(data.rows, 3);
    ck_assert_uint_eq(data.cols, 1);
    ck_assert(data.data[1] == -2.5f);
    free(data.data);
    proto_json_free(json);
}
END_TEST

static const struct {
    const char *data, *pointer, *message;
    mi_status status;
} no_matrices[] = {
    {"[]", "/x/data", "has no rows", MI_INVALID},
    {"[[]]", "/x/data/0", "has no numbers", MI_INVALID},
    {"[[1,2],[3]]", "/x/data/1", "has 1 number, expected 2", MI_INVALID},
    {"[[1,2],[3,4],[]]", "/x/data/2", "has 0 numbers, expected 2", MI_INVALID},
    {"[[1,2],[3,4,5]]", "/x/data/1", "has 3 numbers, expected 2", MI_INVALID},
    {"[[1,2],3]", "/x/data/1", "expected a row", MI_INVALID},
    {"[1,[2]]", "/x/data/1", "expected a number", MI_INVALID},
    {"[[1,\"2\"]]", "/x/data/0/1", "expected a number", MI_INVALID},
    {"[[1,null]]", "/x/data/0/1", "expected a number", MI_INVALID},
    {"[[1,{\"a\":2}]]", "/x/data/0/1", "expected a number", MI_INVALID},
    {"[[1,2],[1e39,3]]", "/x/data/1/0", "beyond the range of float32", MI_INVALID},
    {"[[1,2],[3,4],[5,6],[7,8],[9,10]]", "/x/data", "more than 9 numbers", MI_LIMIT},
};

START_TEST(test_arrays_that_are_no_matrix_are_named_and_the_rest_is_read)
{
    for (size_t i = 0; i < sizeof no_matrices / sizeof no_matrices[0]; i++) {
        char text[256];
        proto_json_matrix data = {.pointer = "/x/data", .max_numbers = 9};
        proto_json *json;
        snprintf(text, sizeof text, "{\"x\":{\"data\":\n%s},\"after\":7}", no_matrices[i].data);
        ck_assert_int_eq(proto_json_parse(&json, text, strlen(text), 1000, &data, 1, NULL), MI_OK);
        ck_assert_int_eq(data.error.code, no_matrices[i].status);
        ck_assert_str_eq(data.error.pointer, no_matrices[i].pointer);
        ck_assert_msg(strstr(data.error.message, no_matrices[i].message) != NULL, "%s", data.error.message);
        ck_assert_ptr_nonnull(strstr(data.error.message, "line 2, column "));
        ck_assert_ptr_null(data.data);
        ck_assert_double_eq(proto_node_number(proto_json_at(proto_json_root(json), "/after"), 0), 7);
        proto_json_free(json);
    }
}
END_TEST

START_TEST(test_a_syntax_error_inside_a_matrix_is_a_syntax_error)
{
    static const char *const texts[] = {"{\"data\":[[1,2],[3,x]]}",  "{\"data\":[[1,2],[3,NaN]]}",
                                        "{\"data\":[[1,2,],[3,4]]}", "{\"data\":[[1,2],[3,1e999]]}",
                                        "{\"data\":[[1,2]",          "{\"data\":[[1,2],\"\\ud800\"]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        proto_json_matrix data = {.pointer = "/data", .max_numbers = 100};
        proto_json *json;
        ck_assert_int_eq(proto_json_parse(&json, texts[i], strlen(texts[i]), 1000, &data, 1, NULL),
                         MI_INVALID);
        ck_assert_ptr_null(data.data);
    }
}
END_TEST

START_TEST(test_numbers_of_any_length_are_read_exactly)
{
    char text[400];
    proto_json *json;
    snprintf(text, sizeof text, "[0.1%0200d, 7]", 0);
    ck_assert_int_eq(proto_json_parse(&json, text, strlen(text), 1000, NULL, 0, NULL), MI_OK);
    ck_assert_double_eq(proto_node_number(proto_json_at(proto_json_root(json), "/0"), 0), 0.1);
    ck_assert_double_eq(proto_node_number(proto_json_at(proto_json_root(json), "/1"), 0), 7);
    proto_json_free(json);
}
END_TEST

START_TEST(test_pointers_reach_into_the_tree)
{
    static const char text[] = "{\"a\":[10,{\"b/c\":1,\"d~e\":2}],\"\":3,\"01\":4}";
    proto_json *json;
    ck_assert_int_eq(proto_json_parse(&json, text, sizeof text - 1, 1000, NULL, 0, NULL), MI_OK);
    const proto_node *root = proto_json_root(json);
    ck_assert_ptr_eq(proto_json_at(root, ""), root);
    ck_assert_double_eq(proto_node_number(proto_json_at(root, "/a/0"), 0), 10);
    ck_assert_double_eq(proto_node_number(proto_json_at(root, "/a/1/b~1c"), 0), 1);
    ck_assert_double_eq(proto_node_number(proto_json_at(root, "/a/1/d~0e"), 0), 2);
    ck_assert_double_eq(proto_node_number(proto_json_at(root, "/"), 0), 3);
    ck_assert_double_eq(proto_node_number(proto_json_at(root, "/01"), 0), 4);
    ck_assert_ptr_null(proto_json_at(root, "/a/01"));
    ck_assert_ptr_null(proto_json_at(root, "/a/2"));
    ck_assert_ptr_null(proto_json_at(root, "/a/-"));
    ck_assert_ptr_null(proto_json_at(root, "/b"));
    ck_assert_ptr_null(proto_json_at(root, "a"));
    proto_json_free(json);
}
END_TEST

START_TEST(test_an_absent_node_reads_as_the_fallback)
{
    ck_assert_int_eq(proto_node_kind(NULL), PROTO_NULL);
    ck_assert_double_eq(proto_node_number(NULL, 7), 7);
    ck_assert_str_eq(proto_node_string(NULL, "x"), "x");
    ck_assert(proto_node_bool(NULL, true));
    ck_assert_ptr_null(proto_node_first(NULL));
    ck_assert_ptr_null(proto_node_next(NULL));
    ck_assert_ptr_null(proto_node_member(NULL, "a"));
    ck_assert_ptr_null(proto_json_at(NULL, "/a"));
}
END_TEST

START_TEST(test_a_tree_printed_reads_back_to_the_same_bits)
{
    uint64_t state = 5;
    for (int i = 0; i < 1000; i++) {
        double value = double_of_bits(random_bits(&state) & ~(UINT64_C(1) << 62));
        char number[32], text[128];
        proto_json *json;
        proto_text printed;
        proto_format_double(value, number);
        snprintf(text, sizeof text, "{\"k\\\"\":[%s,\"\\u00e9\",true,null,{}]}", number);
        ck_assert_int_eq(proto_json_parse(&json, text, strlen(text), 1000, NULL, 0, NULL), MI_OK);
        proto_text_init(&printed, 1000);
        proto_node_print(proto_json_root(json), &printed);
        proto_json_free(json);
        ck_assert_int_eq(proto_json_parse(&json, printed.data, printed.length, 1000, NULL, 0, NULL), MI_OK);
        double back = proto_node_number(proto_json_at(proto_json_root(json), "/k\"/0"), 0);
        ck_assert_uint_eq(bits_of_double(back), bits_of_double(value));
        proto_json_free(json);
        proto_text_fini(&printed);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS(
        "json", test_valid_json_is_accepted, test_bad_json_is_refused_with_its_place,
        test_a_byte_of_zero_is_never_skipped, test_a_document_cut_at_any_byte_is_refused,
        test_nesting_has_a_limit, test_a_million_brackets_cost_nothing,
        test_an_object_has_a_limited_number_of_members, test_a_key_that_appears_twice_is_found_among_many,
        test_a_document_over_its_cap_is_refused_but_matrices_do_not_count, test_a_key_over_the_cap_is_refused,
        test_a_flat_array_is_one_column, test_arrays_that_are_no_matrix_are_named_and_the_rest_is_read,
        test_a_syntax_error_inside_a_matrix_is_a_syntax_error, test_numbers_of_any_length_are_read_exactly,
        test_pointers_reach_into_the_tree, test_an_absent_node_reads_as_the_fallback,
        test_a_tree_printed_reads_back_to_the_same_bits);
}
