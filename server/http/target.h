/*
 * The request target: path segments and query parameters, percent-decoded, strictly.
 *
 * The path is split before it is decoded, so that an encoded slash stays inside its segment. Anything that
 * could make two readers of the same bytes disagree is refused: %00 and other control characters, broken
 * escapes, a target that is not a path.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "mi/status.h"

#define HTTP_TARGET_MAX   8192 /* bytes of path and query together */
#define HTTP_SEGMENTS_MAX 8
#define HTTP_QUERY_MAX    16

typedef struct http_param {
    const char *name, *value;
} http_param;

typedef struct http_target {
    char *storage; /* owned: what everything below points into */
    const char *segments[HTTP_SEGMENTS_MAX];
    size_t n_segments; /* HTTP_SEGMENTS_MAX + 1: more than any route has */
    http_param query[HTTP_QUERY_MAX];
    size_t n_query;
} http_target;

/* raw as it stood in the request line. MI_INVALID, MI_LIMIT, MI_MEMORY; on error nothing is owned. Thread:
 * any. */
mi_status http_target_parse(http_target *out, const char *raw, mi_error *err);
void http_target_fini(http_target *target);
/* NULL when absent. */
const char *http_target_query(const http_target *target, const char *name);

#endif
