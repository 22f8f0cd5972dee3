/*
 * The server's own state, and how its parts fit. Private to server/http.
 *
 *     drive.c       libmicrohttpd under libuv: when it runs
 *     connection.c  TCP connections: deadlines, clients that left
 *     exchange.c    one request from its first line to its last byte; the state machine
 *     body.c        its body
 *     watch.c       a job that someone waits for: long-polls and streams, one re-read for all of them
 *     stream.c      one event stream
 *     http.c        start, drain, end
 *
 * Thread: everything here belongs to the loop thread, except where a function says that it runs on the pool.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/http.h"

#include <microhttpd.h>
#include <uv.h>

#define HTTP_WATCH_BUCKETS 256
#define HTTP_SLOW_MAX      2 /* slow handlers at a time; libuv's pool has four threads */

struct http_connection;
struct http_exchange;
struct http_watch;

struct http_server {
    const http_config *config;
    uv_loop_t *loop;
    uint16_t port;
    bool ready, stopping;

    /* drive.c */
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timeout;
    uv_prepare_t prepare;
    bool dirty;      /* something was resumed: libmicrohttpd must run before the loop sleeps */
    bool inside_mhd; /* libmicrohttpd is calling us: it must not be called back */

    /* connection.c */
    uv_timer_t sweep; /* 1 Hz */
    struct http_connection *connections;
    unsigned n_connections;

    /* exchange.c */
    unsigned n_working;   /* functions of ours on the pool */
    unsigned n_suspended; /* connections that libmicrohttpd must not be stopped with */
    unsigned n_uploads;
    unsigned n_slow;                 /* slow handlers that run */
    struct http_exchange *slow_line; /* those that wait for a place, first come first */
    uint64_t buffered;               /* bytes of request bodies in memory */

    /* watch.c */
    uv_timer_t deadlines;
    struct http_watch *watches[HTTP_WATCH_BUCKETS];
    unsigned n_streams; /* long-polls and event streams */

    /* http.c: draining */
    uv_timer_t drain;
    int64_t drain_deadline_ms;
    void (*drained)(void *ctx);
    void *drained_ctx;
    unsigned open_handles;
};

/* drive.c */
mi_status http_drive_start(http_server *s, mi_error *err);
void http_drive(http_server *s); /* from uv callbacks only */

/* connection.c */
void http_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code);
void http_connection_sweep(http_server *s);
/* Close those that carry no request; all: every one. */
void http_connection_shut(http_server *s, bool all);

/* exchange.c: callbacks of libmicrohttpd */
void *http_exchange_open(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *data, size_t *n_data,
                                   void **request);
void http_exchange_closed(void *cls, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode why);

/* watch.c */
void http_watch_notified(void *server, const char *job_id); /* the hub's subscriber */
void http_watch_sweep(http_server *s);   /* 1 Hz: pings, and a look for hints that were lost */
void http_watch_end_all(http_server *s); /* answer and end whatever waits */

#endif
