#include "../proto/testing.h"
#include "router.h"

static const http_route *find(const char *method, const char *path, char name[64], char allow[128])
{
    http_target t;
    const char *matched = NULL;
    ck_assert_int_eq(http_target_parse(&t, path, NULL), MI_OK);
    const http_route *route = http_route_find(method, &t, &matched, allow);
    strncpy(name, matched ? matched : "", 63);
    name[63] = '\0';
    http_target_fini(&t);
    return route;
}

START_TEST(test_every_route_is_found_by_its_own_pattern)
{
    size_t n;
    const http_route *routes = http_routes(&n);
    for (size_t i = 0; i < n; i++) {
        char name[64], allow[128];
        ck_assert_ptr_eq(find(routes[i].method, routes[i].pattern, name, allow), &routes[i]);
        ck_assert_ptr_nonnull(routes[i].handler);
    }
}
END_TEST

START_TEST(test_name_is_what_stands_in_the_path)
{
    char name[64], allow[128];
    ck_assert_ptr_nonnull(find("GET", "/v1/jobs/job_1/curve", name, allow));
    ck_assert_str_eq(name, "job_1");
    ck_assert_ptr_nonnull(find("GET", "/v1/jobs", name, allow));
    ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(test_head_goes_where_get_goes)
{
    char name[64], allow[128];
    ck_assert_ptr_eq(find("HEAD", "/v1/jobs", name, allow), find("GET", "/v1/jobs", name, allow));
}
END_TEST

START_TEST(test_wrong_method_tells_the_right_ones)
{
    char name[64], allow[128];
    ck_assert_ptr_null(find("PATCH", "/v1/datasets/a", name, allow));
    ck_assert_str_eq(allow, "PUT, GET, HEAD, DELETE");
    ck_assert_ptr_null(find("HEAD", "/v1/jobs/a/cancel", name, allow));
    ck_assert_str_eq(allow, "POST");
}
END_TEST

START_TEST(test_other_paths_are_not_found)
{
    static const char *const paths[] = {
        "/v1",      "/v1/jobs/", "/v1/jobs//curve",      "/v1/jobs/a/curve/b",
        "/V1/jobs", "/livez/",   "/v1/jobs/a%2Fcurve/x", "/a/b/c/d/e/f/g/h/i/j"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char name[64], allow[128];
        ck_assert_msg(!find("GET", paths[i], name, allow) && allow[0] == '\0', "%s is found", paths[i]);
    }
}
END_TEST

START_TEST(test_only_probes_are_open)
{
    size_t n;
    const http_route *routes = http_routes(&n);
    for (size_t i = 0; i < n; i++) {
        bool needs_token =
            strncmp(routes[i].pattern, "/v1", 3) == 0 || strcmp(routes[i].pattern, "/metrics") == 0;
        ck_assert_msg(routes[i].open != needs_token, "%s", routes[i].pattern);
    }
}
END_TEST

START_TEST(test_unknown_query_parameter_is_named)
{
    http_target t;
    size_t n;
    const http_route *routes = http_routes(&n);
    ck_assert_int_eq(http_target_parse(&t, "/v1/jobs?limit=1&lim=2", NULL), MI_OK);
    for (size_t i = 0; i < n; i++)
        if (strcmp(routes[i].pattern, "/v1/jobs") == 0 && strcmp(routes[i].method, "GET") == 0)
            ck_assert_str_eq(http_route_unknown_query(&routes[i], &t), "lim");
    http_target_fini(&t);
}
END_TEST

static bool is_slow(const char *path, const char *body)
{
    char name[64], allow[128];
    const http_route *route = find("POST", path, name, allow);
    ck_assert_ptr_nonnull(route);
    return http_route_is_slow(route, body, strlen(body));
}

START_TEST(test_a_short_body_may_ask_for_seconds)
{
    static const char pmi[] = "/v1/models/m/pmi", jobs[] = "/v1/jobs";
    ck_assert(!is_slow(pmi, "{\"pairs\": [[\"a\", \"pairs\"]], \"x\": {\"dataset\": \"pairs\"}}"));
    ck_assert(is_slow(pmi, "{\"x\": \"pairs\", \"pairs\"\n:\t{\"dataset\": \"t\"}}"));
    ck_assert(is_slow(pmi, "{\"p\\u0061irs\": {\"dataset\": \"t\"}}"));
    ck_assert(!is_slow(pmi, ""));
    ck_assert(!is_slow(pmi, "{\"pairs\":"));
    ck_assert(!is_slow(jobs, "{\"x\": {\"dataset\": \"a\"}, \"y\": {\"dataset\": \"b\"}}"));
    ck_assert(is_slow(jobs, "{\"x\": {\"dataset\": \"a\"}, \"pairs\": {\"dataset\": \"t\"}}"));
    ck_assert(is_slow(jobs, "{\"kind\": \"screen\", \"model\": \"m\"}"));
    ck_assert(!is_slow("/v1/jobs/j/cancel", "{\"pairs\":{"));
    ck_assert(is_slow("/v1/models/m/thresholds", ""));
}
END_TEST

START_TEST(test_a_long_body_is_slow)
{
    char *body = malloc(HTTP_BODY_QUICK + 2);
    memset(body, ' ', HTTP_BODY_QUICK + 1);
    body[HTTP_BODY_QUICK] = '\0';
    ck_assert(!is_slow("/v1/jobs", body));
    body[HTTP_BODY_QUICK] = ' ';
    body[HTTP_BODY_QUICK + 1] = '\0';
    ck_assert(is_slow("/v1/jobs", body));
    free(body);
}
END_TEST

int main(void)
{
    RUN_TESTS("router", test_every_route_is_found_by_its_own_pattern, test_name_is_what_stands_in_the_path,
              test_head_goes_where_get_goes, test_wrong_method_tells_the_right_ones,
              test_other_paths_are_not_found, test_only_probes_are_open,
              test_unknown_query_parameter_is_named, test_a_short_body_may_ask_for_seconds,
              test_a_long_body_is_slow);
}
