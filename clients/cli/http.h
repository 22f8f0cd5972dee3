/*
 * One HTTP exchange over libcurl: interruptible by Ctrl-C, bodies under a cap or streamed, no redirects, no
 * retries (api.c decides on those).
 *
 * Thread: one client per thread.
 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include "mi/status.h"
#include "proto/text.h"

#include <stdint.h>

typedef struct http_client http_client;

/* Bytes of a 2xx body; false ends the exchange (which then succeeds, with response->stopped). */
typedef bool http_sink(void *ctx, const char *bytes, size_t n);
/* Called several times a second while waiting; sent is the count of uploaded bytes. */
typedef void http_tick(void *ctx, uint64_t sent);

typedef struct http_request {
    const char *method; /* "GET" "POST" "PUT" "PATCH" "DELETE" */
    const char *path;   /* with its query, percent-encoded: "/v1/jobs?limit=20" */
    const char *accept; /* NULL: JSON */
    const char *body;   /* body_size bytes of JSON, or NULL */
    size_t body_size;
    int upload_fd; /* a PUT's body: upload_size bytes from its start; used when upload is set */
    bool upload;
    uint64_t upload_size;
    const char *idempotency_key, *last_event_id; /* or NULL */
    bool finish;                                 /* Ctrl-C does not end it */
    unsigned quiet_s;                            /* give up after so long without a byte; 0: 60 */
    http_sink *sink;                             /* NULL: the body goes to the response */
    http_tick *tick;
    void *ctx; /* of sink and tick */
} http_request;

typedef struct http_response {
    int status;
    char content_type[64];
    double retry_after_s; /* -1: none given */
    proto_text body;      /* of what did not go to the sink */
    uint64_t sunk;        /* bytes that did */
    bool stopped;
} http_response;

#define HTTP_MAX_BODY ((size_t)256 << 20)

/*
 * server  "http://host:port" or https, with an optional path prefix.
 * token   bearer token, or NULL.
 * Errors: MI_INVALID (not such a URL, or a token with control characters), MI_MEMORY.
 */
mi_status http_open(http_client **out, const char *server, const char *token, mi_error *err);
void http_close(http_client *client);
const char *http_server(const http_client *client);
/* Whether any answer has come from the server so far. */
bool http_reached(const http_client *client);

/*
 * MI_OK whenever the server answered, whatever the status. Else MI_IO (not reached, or broken off),
 * MI_TIMEOUT, MI_CANCELED (Ctrl-C), MI_LIMIT (body over the cap), MI_MEMORY. The response is to be finished
 * in every case.
 */
mi_status http_send(http_client *client, const http_request *request, http_response *response, mi_error *err);
void http_response_fini(http_response *response);

/* Append one percent-encoded path segment or query value. */
void http_encode(proto_text *path, const char *value);

#endif
