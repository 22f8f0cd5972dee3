/*
 * One request and its answer.
 *
 *     NEW ──head accepted──> BODY ──its end──> WORKING ──answer────> READY ──given to MHD──> ANSWERED
 *      │                     │  ^               └──wait──> WAITING ──^ ^                (streams run here)
 *      │          chunk full v  │ written                              │
 *      │                    WORKING ──cannot be written────────────────┤
 *      └──refused──────────────────────────────────────────────────────┘
 *
 * When READY comes before the body's end, the rest of the body is dropped first.
 * WORKING (a function of ours runs on the pool) and WAITING (parked in a watch) are suspended in
 * libmicrohttpd; so is a stream with nothing to send. A connection is suspended and resumed here alone,
 * because resuming one that is not suspended would swallow its next suspend.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "connection.h"
#include "router.h"
#include "upload.h"

struct http_stream;

typedef enum http_exchange_state {
    EXCHANGE_NEW,
    EXCHANGE_BODY,
    EXCHANGE_WORKING,
    EXCHANGE_WAITING,
    EXCHANGE_READY,
    EXCHANGE_ANSWERED,
} http_exchange_state;

typedef struct http_exchange http_exchange;
struct http_exchange {
    http_server *server;
    http_connection *connection;
    struct MHD_Connection *handle;
    http_exchange_state state;
    bool suspended, working;
    bool slow; /* takes one of the places of slow handlers */
    bool gone; /* the client left; close, do not answer */

    char id[ID_MAX];
    char *uri; /* as it came; owned */
    char method[16];
    int64_t started_ms;
    http_target target;
    http_headers headers;
    http_request request;
    http_response response;

    proto_text body;
    uint64_t received;
    http_upload *upload; /* owned */

    uv_work_t work;
    void (*run)(http_exchange *x);   /* on the pool */
    void (*after)(http_exchange *x); /* on the loop */

    /* WAITING: in a watch's list */
    struct http_watch *watch;
    http_exchange *next_waiter, **waiter_link;
    int64_t deadline_ms;

    http_exchange *next_in_line; /* WORKING: in server->slow_line, its handler not begun yet */

    struct http_stream *stream; /* owned */
};

void http_exchange_suspend(http_exchange *x); /* from inside libmicrohttpd's callbacks only */
void http_exchange_resume(http_exchange *x);
/* Run `run` on the pool, then `after` here. For a suspended exchange. */
void http_exchange_work(http_exchange *x, void (*run)(http_exchange *x), void (*after)(http_exchange *x));
/* The response is decided: hand it over. Suspended exchanges only. */
void http_exchange_ready(http_exchange *x);
/* The client left: stop waiting or streaming. */
void http_exchange_abandon(http_exchange *x);

bool http_exchange_receiving(
    const http_exchange *x); /* its body is on its way, and nothing of ours delays it */
uint64_t http_exchange_received(const http_exchange *x);
int64_t http_exchange_started_ms(const http_exchange *x);
bool http_exchange_waiting(const http_exchange *x); /* suspended with nothing of ours on the pool */

#endif
