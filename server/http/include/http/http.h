/*
 * The HTTP front: libmicrohttpd inside the libuv loop.
 *
 * DESIGN
 * libmicrohttpd's epoll set is watched by a uv_poll_t and its time-outs by a uv_timer_t, so that connections,
 * streams, timers and signals share one thread and need no locks. A request that needs the store becomes a
 * plain blocking function `handler(request, response)` on libuv's pool while its connection is suspended; its
 * answer is queued when it is back on the loop. Long-polls and event streams stay on the loop and re-read
 * when the hub says that their job has changed. Nothing here computes, and nothing here runs SQL.
 *
 * Thread: everything in this header is for the loop thread.
 */
#ifndef HTTP_H
#define HTTP_H

#include "base/hub.h"
#include "base/options.h"
#include "models/models.h"
#include "store/store.h"

typedef struct http_server http_server;

typedef struct http_config {
    const options *settings;
    store *store;
    models *models;
    hub *hub;
    const char *token;                                         /* bearer token, NULL: open */
    const char *version, *blas, *kernel, *engine, *started_at; /* this and below: for /v1/info */
    bool bf16;
    uint32_t workers;
} http_config;

/* Bind, and take over the hub's subscription. MI_IO with the address in the message. `config` must outlive
 * the server. */
mi_status http_server_new(http_server **out, uv_loop_t *loop, const http_config *config, mi_error *err);
uint16_t http_server_port(const http_server *server);
/* 503 on /readyz until then, and again when draining. */
void http_server_set_ready(http_server *server, bool ready);
/* Stop accepting, answer long-polls with what there is (503 when there is nothing), end streams, wait for
 * requests on their way at most drain_ms, then stop libmicrohttpd, close every handle, and call done on the
 * loop. */
void http_server_drain(http_server *server, uint32_t drain_ms, void (*done)(void *ctx), void *ctx);
void http_server_free(http_server *server); /* after done */

#endif
