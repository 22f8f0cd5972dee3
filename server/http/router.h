/*
 * The routes: one table, which a test compares with proto/openapi.yaml.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "response.h"

typedef void http_handler(const http_request *q, http_response *r);

typedef enum http_body_kind {
    HTTP_BODY_NONE,   /* what comes is not looked at, within HTTP_BODY_IGNORED bytes */
    HTTP_BODY_JSON,   /* held in memory, at most limits.max_job_bytes */
    HTTP_BODY_STREAM, /* to a scratch file, at most limits.max_body_bytes */
} http_body_kind;

#define HTTP_BODY_IGNORED 4096u
#define HTTP_BODY_QUICK   (128u << 10)

typedef struct http_route {
    const char *method;  /* a GET route takes HEAD as well */
    const char *pattern; /* "/v1/jobs/{id}" */
    http_handler *handler;
    const char *query; /* the query parameters it knows, separated by spaces */
    http_body_kind body;
    bool open;         /* no token asked */
    bool slow;         /* takes seconds on large data: few run at a time */
    bool slow_by_body; /* the same where its body is long or names a table of pairs or a screen */
    bool on_loop;      /* touches nothing that blocks: answered at once, whatever the pool is busy with */
} http_route;

const http_route *http_routes(size_t *n);
/*
 * The route for method and path. *name: what the pattern's {…} stands for, borrowed from the target, or NULL.
 * NULL when there is none; then allow (128 bytes) lists the methods the path takes, "" when it is not a path
 * of ours. Thread: any.
 */
const http_route *http_route_find(const char *method, const http_target *target, const char **name,
                                  char allow[128]);
/* Whether a request takes seconds, as far as its body can tell without being read as JSON. */
bool http_route_is_slow(const http_route *route, const char *body, size_t n);
/* NULL, or a query parameter that the route does not know. */
const char *http_route_unknown_query(const http_route *route, const http_target *target);

#endif
