#include "../runner.h"
#include "base/address.h"

#include <netinet/in.h>

START_TEST(test_loopback_is_told_from_the_rest)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {
        {"127.0.0.1:8080", true},        {"127.9.9.9:1", true},
        {"localhost:8080", true},        {"[::1]:8080", true},
        {"0.0.0.0:8080", false},         {"[::]:8080", false},
        {"[::ffff:127.0.0.1]:80", true}, {"[::ffff:10.0.0.1]:80", false},
        {"192.168.1.5:0", false},        {"128.0.0.1:80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        address a;
        ck_assert_int_eq(address_parse(&a, cases[i].text, NULL), MI_OK);
        ck_assert_int_eq(address_is_loopback(&a), cases[i].loopback);
    }
}
END_TEST

START_TEST(test_what_is_no_address_is_refused)
{
    static const char *const bad[] = {"",
                                      ":",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:8x",
                                      "127.0.0.256:1",
                                      "example.org:80",
                                      "::1:8080",
                                      "[::1]",
                                      "[]:80",
                                      "[::g]:80",
                                      "[127.0.0.1]:80",
                                      "127.0.0.1:000080"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        address a;
        mi_error err = {0};
        ck_assert_msg(address_parse(&a, bad[i], &err) == MI_INVALID, "%s was accepted", bad[i]);
        ck_assert(err.message[0] != '\0');
    }
}
END_TEST

START_TEST(test_wildcard_is_reached_over_loopback)
{
    address a;
    ck_assert_int_eq(address_parse(&a, "0.0.0.0:8080", NULL), MI_OK);
    address_make_reachable(&a);
    ck_assert(address_is_loopback(&a));
    ck_assert_int_eq(ntohs(((struct sockaddr_in *)&a.storage)->sin_port), 8080);
    ck_assert_int_eq(address_parse(&a, "[::]:8080", NULL), MI_OK);
    address_make_reachable(&a);
    ck_assert(address_is_loopback(&a));
    ck_assert_int_eq(address_parse(&a, "10.0.0.1:8080", NULL), MI_OK);
    address_make_reachable(&a);
    ck_assert(!address_is_loopback(&a));
}
END_TEST

int main(void)
{
    RUN_TESTS("address", test_loopback_is_told_from_the_rest, test_what_is_no_address_is_refused,
              test_wildcard_is_reached_over_loopback);
}
