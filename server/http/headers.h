/*
 * The request's header fields: the few we read, and whether the whole is framed beyond doubt.
 *
 * libmicrohttpd 0.9.75 is lax: of two Content-Length fields the first wins and the rest of the body is parsed
 * as a next request; Content-Length with Transfer-Encoding, unknown encodings and a missing Host pass. Behind
 * a proxy that reads the same bytes differently this is request smuggling, so such a request is refused
 * before anything else looks at it, and its connection is closed.
 */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_FIELDS_MAX 100
#define HTTP_KEY_MAX    127 /* of an Idempotency-Key */

typedef struct http_headers {
    unsigned n_fields, n_host, n_length, n_encoding;
    bool chunked;
    uint64_t length; /* Content-Length */
    char accept[512], content_type[128], prefer[256], authorization[1024], if_none_match[1024];
    char idempotency_key[HTTP_KEY_MAX + 1], last_event_id[32];
    const char *fault; /* why the request is refused, static; NULL while it is well-formed */
} http_headers;

/* Take one field in. Lengths count: a NUL inside is a fault. Thread: any. */
void http_headers_add(http_headers *h, const char *name, size_t n_name, const char *value, size_t n_value);
/* All fields are in: NULL, or the fault. version: "HTTP/1.1". */
const char *http_headers_check(http_headers *h, const char *version);
/* Whether If-None-Match names the entity tag (without its quotes): then the client has it already. */
bool http_headers_match(const http_headers *h, const char *tag);
static inline bool http_headers_have_body(const http_headers *h)
{
    return h->chunked || h->length > 0;
}

#endif
