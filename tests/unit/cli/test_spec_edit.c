#include "spec_edit.h"
#include "testing.h"

#include <string.h>

static mi_status edit(const char *document, const char *pointer, const char *json, proto_text *out,
                      mi_error *err)
{
    proto_text_init(out, SPEC_MAX);
    proto_text_puts(out, document);
    return spec_set(out, pointer, json, err);
}

static void check_set(const char *document, const char *pointer, const char *json, const char *expected)
{
    proto_text out;
    mi_error err = {0};

    ck_assert_msg(edit(document, pointer, json, &out, &err) == MI_OK, "%s", err.message);
    ck_assert_str_eq(out.data, expected);
    proto_text_fini(&out);
}

/* ... and leaves the document as it was. */
static void check_refused(const char *document, const char *pointer, const char *json, const char *message)
{
    proto_text out;
    mi_error err = {0};

    ck_assert_int_ne(edit(document, pointer, json, &out, &err), MI_OK);
    ck_assert_msg(strstr(err.message, message) != NULL, "'%s' does not say '%s'", err.message, message);
    ck_assert_str_eq(out.data, document);
    proto_text_fini(&out);
}

START_TEST(test_a_field_is_replaced_and_the_others_stay)
{
    check_set("{\"a\":1,\"b\":{\"c\":[1,2],\"d\":\"x\"}}", "/b/d", "null",
              "{\"a\":1,\"b\":{\"c\":[1,2],\"d\":null}}");
    check_set("{\"a\":1}", "", "{\"z\":0}", "{\"z\":0}");
}
END_TEST

START_TEST(test_objects_on_the_way_are_made)
{
    check_set("{}", "/objective/nu", "8", "{\"objective\":{\"nu\":8}}");
    check_set("{\"train\":{\"batch\":1}}", "/train/ema", "0.99", "{\"train\":{\"batch\":1,\"ema\":0.99}}");
}
END_TEST

START_TEST(test_arrays_take_an_index_or_a_dash)
{
    check_set("{\"h\":[1,2]}", "/h/1", "9", "{\"h\":[1,9]}");
    check_set("{\"h\":[1,2]}", "/h/-", "3", "{\"h\":[1,2,3]}");
    check_set("{\"h\":[1,2]}", "/h/2", "3", "{\"h\":[1,2,3]}");
    check_refused("{\"h\":[1,2]}", "/h/3", "3", "only 2 elements");
    check_refused("{\"h\":[1,2]}", "/h/x", "3", "not an index");
}
END_TEST

START_TEST(test_numbers_that_are_not_touched_keep_their_digits)
{
    check_set("{\"r\":0.1,\"big\":1e300,\"n\":12345678901234}", "/a", "5e-4",
              "{\"r\":0.1,\"big\":1e+300,\"n\":12345678901234,\"a\":5e-4}");
}
END_TEST

START_TEST(test_escaped_tokens_name_keys_with_slashes_and_tildes)
{
    proto_text pointer;

    check_set("{}", "/a~1b/~0", "1", "{\"a/b\":{\"~\":1}}");
    proto_text_init(&pointer, 64);
    spec_pointer_append(&pointer, "a/b~", 4);
    ck_assert_str_eq(pointer.data, "/a~1b~0");
    proto_text_fini(&pointer);
}
END_TEST

START_TEST(test_what_is_not_json_or_not_a_pointer_is_refused_with_the_reason)
{
    char deep[200] = "";

    check_refused("{}", "/a", "joint", "a string needs its quotes");
    check_refused("{}", "/a", "1 2", "not JSON");
    check_refused("{}", "/a~2", "1", "not a JSON pointer");
    check_refused("{}", "/a~", "1", "not a JSON pointer");
    check_refused("{\"a\":3}", "/a/b", "1", "neither an object nor an array");
    for (int i = 0; i < 64; i++)
        strcat(deep, "/a");
    check_refused("{}", deep, "1", "deeper than");
}
END_TEST

START_TEST(test_strings_are_quoted)
{
    proto_text out;

    proto_text_init(&out, SPEC_MAX);
    proto_text_puts(&out, "{}");
    ck_assert_int_eq(spec_set_string(&out, "/t", "a\"b\n", NULL), MI_OK);
    ck_assert_str_eq(out.data, "{\"t\":\"a\\\"b\\n\"}");
    proto_text_fini(&out);
}
END_TEST

int main(void)
{
    RUN_TESTS("spec_edit", test_a_field_is_replaced_and_the_others_stay, test_objects_on_the_way_are_made,
              test_arrays_take_an_index_or_a_dash, test_numbers_that_are_not_touched_keep_their_digits,
              test_escaped_tokens_name_keys_with_slashes_and_tildes,
              test_what_is_not_json_or_not_a_pointer_is_refused_with_the_reason, test_strings_are_quoted);
}
