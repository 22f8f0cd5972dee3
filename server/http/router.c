#include "router.h"

#include "handlers.h"

#include <stdio.h>
#include <string.h>

static const http_route routes[] = {
    {.method = "GET", .pattern = "/", .handler = handle_root, .open = true, .on_loop = true},
    {.method = "GET", .pattern = "/livez", .handler = handle_livez, .open = true, .on_loop = true},
    {.method = "GET", .pattern = "/readyz", .handler = handle_readyz, .open = true},
    {.method = "GET", .pattern = "/openapi.json", .handler = handle_openapi, .open = true, .on_loop = true},
    {.method = "GET", .pattern = "/metrics", .handler = handle_metrics},
    {.method = "GET", .pattern = "/v1/info", .handler = handle_info},
    {.method = "GET", .pattern = "/v1/queue", .handler = handle_queue},
    {.method = "GET", .pattern = "/v1/datasets", .handler = handle_dataset_list, .query = "limit after"},
    {.method = "POST",
     .pattern = "/v1/datasets",
     .handler = handle_dataset_post,
     .slow = true,
     .body = HTTP_BODY_JSON},
    {.method = "PUT",
     .pattern = "/v1/datasets/{name}",
     .handler = handle_dataset_put,
     .query = "kind format header ids id_column categorical key member ids_key",
     .slow = true,
     .body = HTTP_BODY_STREAM},
    {.method = "GET", .pattern = "/v1/datasets/{name}", .handler = handle_dataset_get},
    {.method = "DELETE", .pattern = "/v1/datasets/{name}", .handler = handle_dataset_delete},
    {.method = "POST",
     .pattern = "/v1/jobs",
     .handler = handle_job_submit,
     .slow_by_body = true,
     .body = HTTP_BODY_JSON},
    {.method = "GET",
     .pattern = "/v1/jobs",
     .handler = handle_job_list,
     .query = "state kind tag limit after"},
    {.method = "GET", .pattern = "/v1/jobs/{id}", .handler = handle_job_get, .query = "wait since"},
    {.method = "DELETE", .pattern = "/v1/jobs/{id}", .handler = handle_job_delete},
    {.method = "POST", .pattern = "/v1/jobs/{id}/cancel", .handler = handle_job_cancel},
    {.method = "GET", .pattern = "/v1/jobs/{id}/events", .handler = handle_job_events},
    {.method = "GET",
     .pattern = "/v1/jobs/{id}/curve",
     .handler = handle_job_curve,
     .query = "max_points format"},
    {.method = "GET",
     .pattern = "/v1/jobs/{id}/pmi",
     .handler = handle_job_pmi,
     .query = "objective x_id y_id min top limit after format",
     .slow = true},
    {.method = "GET",
     .pattern = "/v1/jobs/{id}/missing",
     .handler = handle_job_missing,
     .query = "limit after format",
     .slow = true},
    {.method = "GET",
     .pattern = "/v1/jobs/{id}/screen",
     .handler = handle_job_screen,
     .query = "list id limit after format",
     .slow = true},
    {.method = "GET", .pattern = "/v1/models", .handler = handle_model_list, .query = "tag limit after"},
    {.method = "GET", .pattern = "/v1/models/{id}", .handler = handle_model_get},
    {.method = "PATCH", .pattern = "/v1/models/{id}", .handler = handle_model_patch, .body = HTTP_BODY_JSON},
    {.method = "DELETE", .pattern = "/v1/models/{id}", .handler = handle_model_delete},
    {.method = "GET", .pattern = "/v1/models/{id}/weights", .handler = handle_model_weights},
    {.method = "POST",
     .pattern = "/v1/models/{id}/pmi",
     .handler = handle_model_pmi,
     .query = "format",
     .slow_by_body = true,
     .body = HTTP_BODY_JSON},
    {.method = "POST",
     .pattern = "/v1/models/{id}/thresholds",
     .handler = handle_model_thresholds,
     .slow = true,
     .body = HTTP_BODY_JSON},
    {.method = "POST",
     .pattern = "/v1/models/{id}/screen",
     .handler = handle_model_screen,
     .slow = true,
     .body = HTTP_BODY_JSON},
};

const http_route *http_routes(size_t *n)
{
    *n = sizeof routes / sizeof *routes;
    return routes;
}

static bool path_matches(const char *pattern, const http_target *target, const char **name)
{
    size_t segment = 0;
    *name = NULL;
    for (pattern++; *pattern; segment++) {
        size_t n = strcspn(pattern, "/");
        if (segment >= target->n_segments || segment >= HTTP_SEGMENTS_MAX)
            return false;
        const char *text = target->segments[segment];
        if (pattern[0] == '{') {
            if (text[0] == '\0')
                return false;
            *name = text;
        } else if (strlen(text) != n || memcmp(text, pattern, n) != 0) {
            return false;
        }
        pattern += n + (pattern[n] == '/');
    }
    return segment == target->n_segments;
}

static void allow_also(char allow[128], const char *method)
{
    size_t n = strlen(allow);
    snprintf(allow + n, 128 - n, "%s%s%s", n > 0 ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const http_route *http_route_find(const char *method, const http_target *target, const char **name,
                                  char allow[128])
{
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;
    allow[0] = '\0';
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_matches(routes[i].pattern, target, name))
            continue;
        if (strcmp(routes[i].method, asked) == 0)
            return &routes[i];
        allow_also(allow, routes[i].method);
    }
    *name = NULL;
    return NULL;
}

/* The first place of `text` in n bytes; NULL: nowhere. */
static const char *find(const char *bytes, size_t n, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++)
        if (bytes[i] == text[0] && memcmp(bytes + i, text, length) == 0)
            return bytes + i;
    return NULL;
}

/* Whether the member of a name is an object somewhere in a body. */
static bool has_object(const char *body, size_t n, const char *quoted)
{
    const char *end = body + n, *at = body;
    while ((at = find(at, (size_t)(end - at), quoted))) {
        bool colon = false;
        for (at += strlen(quoted); at < end && strchr(" \t\r\n:", *at) && *at; at++)
            colon |= *at == ':';
        if (colon && at < end && *at == '{')
            return true;
    }
    return false;
}

/* A table of pairs is joined, a screen planned over two data sets. A name that is written with escapes is
 * taken for either. */
static bool body_is_slow(const char *body, size_t n)
{
    return n > HTTP_BODY_QUICK || (n > 0 && (has_object(body, n, "\"pairs\"") ||
                                             find(body, n, "\"screen\"") || find(body, n, "\\u")));
}

bool http_route_is_slow(const http_route *route, const char *body, size_t n)
{
    return route->slow || (route->slow_by_body && body_is_slow(body, n));
}

static bool in_words(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; p && *p;) {
        size_t length = strcspn(p, " ");
        if (length == n && memcmp(p, word, n) == 0)
            return true;
        p += length + (p[length] == ' ');
    }
    return false;
}

const char *http_route_unknown_query(const http_route *route, const http_target *target)
{
    for (size_t i = 0; i < target->n_query; i++)
        if (!in_words(route->query, target->query[i].name))
            return target->query[i].name;
    return NULL;
}
