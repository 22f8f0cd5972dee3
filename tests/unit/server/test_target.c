#include "../proto/testing.h"
#include "target.h"

#include <stdio.h>

START_TEST(test_path_is_split_before_it_is_decoded)
{
    http_target t;
    ck_assert_int_eq(http_target_parse(&t, "/v1/data%2Fsets/a%20b", NULL), MI_OK);
    ck_assert_uint_eq(t.n_segments, 3);
    ck_assert_str_eq(t.segments[1], "data/sets");
    ck_assert_str_eq(t.segments[2], "a b");
    http_target_fini(&t);
}
END_TEST

START_TEST(test_root_has_no_segment_and_a_trailing_slash_makes_an_empty_one)
{
    http_target t;
    ck_assert_int_eq(http_target_parse(&t, "/", NULL), MI_OK);
    ck_assert_uint_eq(t.n_segments, 0);
    http_target_fini(&t);
    ck_assert_int_eq(http_target_parse(&t, "/v1/", NULL), MI_OK);
    ck_assert_uint_eq(t.n_segments, 2);
    ck_assert_str_eq(t.segments[1], "");
    http_target_fini(&t);
}
END_TEST

START_TEST(test_query_is_decoded_and_found_by_name)
{
    http_target t;
    ck_assert_int_eq(http_target_parse(&t, "/p?a=1&b=x%3Dy+z&&c&d=", NULL), MI_OK);
    ck_assert_uint_eq(t.n_query, 4);
    ck_assert_str_eq(http_target_query(&t, "a"), "1");
    ck_assert_str_eq(http_target_query(&t, "b"), "x=y z");
    ck_assert_str_eq(http_target_query(&t, "c"), "");
    ck_assert_str_eq(http_target_query(&t, "d"), "");
    ck_assert_ptr_null(http_target_query(&t, "e"));
    http_target_fini(&t);
}
END_TEST

START_TEST(test_what_two_readers_could_see_differently_is_refused)
{
    static const char *const bad[] = {"",         "*",          "http://h/p", "/a%00b",  "/a%0d%0aSet",
                                      "/a%7f",    "/a%",        "/a%4",       "/a%zz",   "/p?a=%",
                                      "/p?a=%00", "/p?a=1&a=2", "/a\x01",     "/p?\x7f", "/p?a=1&%61=2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        http_target t;
        mi_error err = {0};
        ck_assert_msg(http_target_parse(&t, bad[i], &err) == MI_INVALID, "%s is taken", bad[i]);
        ck_assert_str_ne(err.message, "");
    }
}
END_TEST

START_TEST(test_lengths_and_counts_are_bounded)
{
    static char raw[HTTP_TARGET_MAX + 2];
    http_target t;
    memset(raw, 'a', sizeof raw - 1);
    raw[0] = '/';
    ck_assert_int_eq(http_target_parse(&t, raw, NULL), MI_LIMIT);
    raw[HTTP_TARGET_MAX] = '\0';
    ck_assert_int_eq(http_target_parse(&t, raw, NULL), MI_OK);
    http_target_fini(&t);
    ck_assert_int_eq(http_target_parse(&t, "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", NULL), MI_LIMIT);
    memset(raw, '/', HTTP_TARGET_MAX);
    ck_assert_int_eq(http_target_parse(&t, raw, NULL), MI_OK);
    ck_assert_uint_eq(t.n_segments, HTTP_SEGMENTS_MAX + 1);
    http_target_fini(&t);
}
END_TEST

/* Storage is sized once: under ASan this finds a target that needs more. */
START_TEST(test_random_targets_stay_in_their_storage)
{
    static const char alphabet[] = "/%?&=+a0F";
    uint64_t state = 7;
    for (int round = 0; round < 20000; round++) {
        char raw[40] = "/";
        size_t n = random_bits(&state) % (sizeof raw - 2);
        for (size_t i = 0; i < n; i++)
            raw[1 + i] = alphabet[random_bits(&state) % (sizeof alphabet - 1)];
        http_target t;
        if (http_target_parse(&t, raw, NULL) == MI_OK)
            http_target_fini(&t);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("target", test_path_is_split_before_it_is_decoded,
              test_root_has_no_segment_and_a_trailing_slash_makes_an_empty_one,
              test_query_is_decoded_and_found_by_name, test_what_two_readers_could_see_differently_is_refused,
              test_lengths_and_counts_are_bounded, test_random_targets_stay_in_their_storage);
}
