#include "stream.h"

#include "base/log.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_BYTES ((size_t)64 << 10) /* filled from the ring up to about this */
#define PENDING_MAX   ((size_t)4 << 20)  /* a batch read from the store fits */
#define PING_MS       15000
#define BLOCK_BYTES   ((size_t)16 << 10) /* libmicrohttpd's buffer of a chunk */

bool http_stream_open(http_exchange *x)
{
    http_stream *t = calloc(1, sizeof *t);
    if (!t)
        return false;
    t->exchange = x;
    t->cursor = x->response.after;
    t->sent_ms = clock_monotonic_ms();
    proto_text_init(&t->pending, PENDING_MAX);
    /* Something at once, so that headers and a proxy's buffers are flushed. */
    proto_text_puts(&t->pending, "retry: 2000\n\n");
    t->watch = http_watch_subscribe(x->server, x->response.job_id, t);
    if (!t->watch) {
        proto_text_fini(&t->pending);
        free(t);
        return false;
    }
    t->ended = x->server->stopping;
    x->stream = t;
    return true;
}

void http_stream_close(http_stream *t)
{
    if (!t)
        return;
    http_watch_unsubscribe(t->watch, t);
    proto_text_fini(&t->pending);
    free(t);
}

/* ---- its own reads, while it catches up ---- */

/* On the pool. The job first: see read_job in watch.c. */
static void read_events(http_exchange *x)
{
    http_stream *t = x->stream;
    store *s = x->server->config->store;
    proto_job_record job = {0};
    mi_error err = {0};
    t->n_events = 0;
    t->read_terminal = false;
    t->events = calloc(HTTP_WATCH_BATCH, sizeof *t->events);
    t->read_status =
        t->events ? store_job_get(s, x->response.job_id, &job, &err) : mi_fail(&err, MI_MEMORY, "events");
    if (t->read_status == MI_OK) {
        t->read_terminal = proto_job_state_terminal(job.state);
        proto_job_record_fini(&job);
        t->n_events = HTTP_WATCH_BATCH;
        t->read_status = store_events(s, x->response.job_id, t->cursor, t->events, &t->n_events, &err);
    }
    if (t->read_status != MI_OK) {
        t->n_events = 0;
        if (t->read_status != MI_NOT_FOUND)
            log_warn("events cannot be read", "job", x->response.job_id, "detail", err.message, NULL);
    }
}

static void after_read_events(http_exchange *x)
{
    http_stream *t = x->stream;
    bool whole = t->n_events < HTTP_WATCH_BATCH;
    for (size_t i = 0; i < t->n_events; i++) {
        http_event_format(&t->events[i], &t->pending);
        t->cursor = t->events[i].sequence;
        t->ended = t->ended || strcmp(t->events[i].name, "done") == 0;
        free(t->events[i].data);
    }
    free(t->events);
    t->events = NULL;
    if (t->read_status != MI_OK || !proto_text_ok(&t->pending) || (whole && t->read_terminal))
        t->ended = true;
    if (whole && !t->ended)
        t->live = http_watch_go_live(t->watch, t->cursor);
    http_exchange_resume(x);
}

/* ---- feeding libmicrohttpd ---- */

static void refill(http_stream *t)
{
    t->pending.length = t->offset = 0;
    if (!t->live || t->ended)
        return;
    const event_ring *ring = http_watch_ring(t->watch);
    t->ended = event_ring_read(ring, &t->cursor, &t->pending, PENDING_BYTES) ||
               (http_watch_complete(t->watch) && t->cursor >= ring->newest) || !proto_text_ok(&t->pending);
}

static ssize_t take(void *cls, uint64_t position, char *buffer, size_t max)
{
    http_stream *t = cls;
    http_exchange *x = t->exchange;
    (void)position;
    if (x->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (t->offset == t->pending.length)
        refill(t);
    size_t n = t->pending.length - t->offset;
    if (n > 0) {
        n = n < max ? n : max;
        memcpy(buffer, t->pending.data + t->offset, n);
        t->offset += n;
        t->sent_ms = clock_monotonic_ms();
        return (ssize_t)n;
    }
    if (t->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    http_exchange_suspend(x);
    if (!t->live)
        http_exchange_work(x, read_events, after_read_events);
    return 0;
}

struct MHD_Response *http_stream_response(http_exchange *x)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, take, x->stream, NULL);
    if (response)
        MHD_add_response_header(response, "X-Accel-Buffering", "no");
    return response;
}

static bool idle(const http_stream *t)
{
    return t->exchange->suspended && !t->exchange->working && t->exchange->state == EXCHANGE_ANSWERED;
}

void http_stream_wake(http_stream *t)
{
    if (!idle(t) || t->offset != t->pending.length)
        return;
    refill(t);
    if (t->pending.length > 0 || t->ended)
        http_exchange_resume(t->exchange);
}

void http_stream_end(http_stream *t)
{
    t->ended = true;
    if (idle(t))
        http_exchange_resume(t->exchange);
}

void http_stream_ping(http_stream *t, int64_t now_ms)
{
    if (!idle(t) || now_ms - t->sent_ms < PING_MS)
        return;
    proto_text_puts(&t->pending, ": ping\n\n");
    http_exchange_resume(t->exchange);
}
