/* The router and openapi.yaml list the same routes, query parameters and openness. */
#include "../proto/testing.h"
#include "proto/json.h"
#include "proto/openapi.h"
#include "router.h"

#include <ctype.h>

static proto_json *document;

static const proto_node *paths(void)
{
    return proto_node_member(proto_json_root(document), "paths");
}

/* Parameters may be written out or be references into components/parameters. */
static const char *parameter_name(const proto_node *parameter, const char *in)
{
    const char *reference = proto_node_string(proto_node_member(parameter, "$ref"), NULL);
    if (reference)
        parameter = proto_json_at(proto_json_root(document), reference + 1);
    return strcmp(proto_node_string(proto_node_member(parameter, "in"), ""), in) == 0
               ? proto_node_string(proto_node_member(parameter, "name"), NULL)
               : NULL;
}

static const proto_node *operation_of(const http_route *route)
{
    char method[16];
    size_t i = 0;
    for (; route->method[i]; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    method[i] = '\0';
    return proto_node_member(proto_node_member(paths(), route->pattern), method);
}

START_TEST(test_every_route_is_documented)
{
    size_t n;
    const http_route *routes = http_routes(&n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(operation_of(&routes[i]) != NULL, "%s %s is not in openapi.yaml", routes[i].method,
                      routes[i].pattern);
}
END_TEST

START_TEST(test_everything_documented_is_routed)
{
    static const char *const methods[] = {"get", "put", "post", "delete", "patch"};
    size_t n, documented = 0;
    http_routes(&n);
    for (const proto_node *path = proto_node_first(paths()); path; path = proto_node_next(path))
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
            documented += proto_node_member(path, methods[m]) != NULL;
    ck_assert_uint_eq(documented, n);
}
END_TEST

START_TEST(test_query_parameters_agree)
{
    size_t n;
    const http_route *routes = http_routes(&n);
    for (size_t i = 0; i < n; i++) {
        const proto_node *lists[] = {
            proto_node_member(operation_of(&routes[i]), "parameters"),
            proto_node_member(proto_node_member(paths(), routes[i].pattern), "parameters")};
        size_t documented = 0, known = 0;
        for (size_t l = 0; l < 2; l++)
            for (const proto_node *p = proto_node_first(lists[l]); p; p = proto_node_next(p)) {
                const char *name = parameter_name(p, "query");
                if (!name)
                    continue;
                http_target t = {.n_query = 1, .query = {{name, "1"}}};
                documented++;
                ck_assert_msg(!http_route_unknown_query(&routes[i], &t),
                              "%s %s does not know ?%s=", routes[i].method, routes[i].pattern, name);
            }
        for (const char *c = routes[i].query; c && *c; c++)
            known += *c == ' ' || c[1] == '\0';
        ck_assert_msg(documented == known, "%s %s: %zu query parameters documented, %zu known",
                      routes[i].method, routes[i].pattern, documented, known);
    }
}
END_TEST

int main(void)
{
    size_t n;
    const char *json = proto_openapi_json(&n);
    if (proto_json_parse(&document, json, n, n + 1, NULL, 0, NULL) != MI_OK)
        return EXIT_FAILURE;
    RUN_TESTS("openapi_routes", test_every_route_is_documented, test_everything_documented_is_routed,
              test_query_parameters_agree);
}
