/*
 * One event stream (text/event-stream): first what the store has after Last-Event-ID, read batch by batch as
 * the client takes it, then what comes, out of the watch's ring. A quiet stream gets a ping; one whose client
 * does not read is closed by the idle time-out.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "exchange.h"

typedef struct http_stream {
    http_exchange *exchange;
    struct http_watch *watch;
    struct http_stream *next, **link; /* of the watch */
    uint64_t cursor;                  /* sequence of the last event put into pending */
    bool live;                        /* fed by the ring; else by reads of its own */
    bool ended;                       /* nothing follows pending */
    proto_text pending;
    size_t offset; /* of pending that libmicrohttpd has taken */
    int64_t sent_ms;

    /* of a read of its own */
    mi_status read_status;
    bool read_terminal;
    size_t n_events;
    proto_event *events;
} http_stream;

/* Make the stream of an exchange whose response is HTTP_STREAM. false: out of memory. */
bool http_stream_open(http_exchange *x);
void http_stream_close(http_stream *t); /* NULL is legal */
struct MHD_Response *http_stream_response(http_exchange *x);
/* There may be something to send. */
void http_stream_wake(http_stream *t);
void http_stream_end(http_stream *t);
/* Send a ping when nothing was sent for long. */
void http_stream_ping(http_stream *t, int64_t now_ms);

#endif
