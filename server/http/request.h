/*
 * What a handler gets. Plain data: a handler knows no sockets, no loop and no libmicrohttpd.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "headers.h"
#include "http/http.h"
#include "target.h"

struct http_response;
struct http_route;
struct http_upload;

typedef struct http_request {
    const http_config *config;
    const struct http_route *route;
    const char *id;   /* "req_01K..." */
    const char *name; /* what {…} of the route's pattern stands for; NULL when it has none */
    const http_target *target;
    const http_headers *headers;
    bool ready;       /* the server was, when the request came */
    const char *body; /* of a route that takes JSON */
    size_t n_body;
    struct http_upload *upload; /* of a route that takes a stream */
} http_request;

/* Query parameters. Each returns false when the value is refused: then the response is a 400 that names the
 * parameter. */
bool http_query_u64(const http_request *q, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
                    uint64_t *out, struct http_response *r);
bool http_query_double(const http_request *q, const char *name, double fallback, double *out,
                       struct http_response *r);
/* ?tag=key=value. *key and *value point into storage; NULL without one. */
#define HTTP_TAG_MAX 256
bool http_query_tag(const http_request *q, char storage[HTTP_TAG_MAX], const char **key, const char **value,
                    struct http_response *r);
/* NULL when absent. */
const char *http_query_text(const http_request *q, const char *name);

/* Seconds of Prefer: wait=N (RFC 7240). *given = false without one. false: refused with a 400. */
bool http_prefer_wait(const http_request *q, bool *given, uint32_t *seconds, struct http_response *r);

static inline const proto_limits *http_limits(const http_request *q)
{
    return &q->config->settings->limits;
}

#endif
