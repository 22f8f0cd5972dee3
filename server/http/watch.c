#include "watch.h"

#include "base/log.h"
#include "base/metrics.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hint may be lost (or come from another process): look again after so long without one. */
#define STALE_MS 5000

/* One reading of the job. Filled on the pool, while the loop keeps its hands off. */
typedef struct reading {
    bool want_job, want_events;
    uint64_t after;
    mi_status status; /* MI_NOT_FOUND: the job was deleted */
    uint64_t version;
    bool terminal;
    bool body_read;
    char *body; /* the job object */
    size_t n_body, n_events;
    proto_event events[HTTP_WATCH_BATCH];
} reading;

struct http_watch {
    http_server *server;
    http_watch *next, **link; /* of the bucket */
    char job_id[ID_MAX];
    http_exchange *waiters;
    http_stream *streams;
    bool ring_live, complete;
    event_ring ring;
    char *body; /* the job as last read for a waiter, NULL before */
    size_t n_body;
    bool terminal;
    bool in_flight, again; /* a reading is on the pool; and was out of date before it came back */
    int64_t read_ms;
    uv_work_t work;
    reading reading;
};

/* ---- the table of watches ---- */

static http_watch **bucket_of(http_server *s, const char *job_id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *job_id; job_id++)
        hash = (hash ^ (unsigned char)*job_id) * 16777619u;
    return &s->watches[hash % HTTP_WATCH_BUCKETS];
}

static http_watch *find(http_server *s, const char *job_id)
{
    for (http_watch *w = *bucket_of(s, job_id); w; w = w->next)
        if (strcmp(w->job_id, job_id) == 0)
            return w;
    return NULL;
}

static http_watch *find_or_make(http_server *s, const char *job_id)
{
    http_watch *w = find(s, job_id);
    if (w || !(w = calloc(1, sizeof *w)))
        return w;
    w->server = s;
    snprintf(w->job_id, sizeof w->job_id, "%s", job_id);
    w->link = bucket_of(s, job_id);
    w->next = *w->link;
    if (w->next)
        w->next->link = &w->next;
    *w->link = w;
    return w;
}

static void free_if_idle(http_watch *w)
{
    if (w->ring_live && !w->streams) {
        event_ring_fini(&w->ring);
        w->ring_live = false;
    }
    if (w->waiters || w->streams || w->in_flight)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    free(w->body);
    free(w);
}

static void count_streams(http_server *s, int by)
{
    s->n_streams = (unsigned)((int)s->n_streams + by);
    metric_set(METRIC_HTTP_STREAMS, s->n_streams);
}

/* ---- reading ---- */

/* On the pool. The job first: if it is terminal there, its last event is among the events read after it. */
static void read_job(uv_work_t *work)
{
    http_watch *w = work->data;
    reading *r = &w->reading;
    store *s = w->server->config->store;
    proto_job_record job = {0};
    mi_error err = {0};
    r->status = store_job_get(s, w->job_id, &job, &err);
    if (r->status == MI_OK) {
        r->version = job.version;
        r->terminal = proto_job_state_terminal(job.state);
        if (r->want_job) {
            proto_text text;
            proto_json_writer writer;
            proto_text_init(&text, HTTP_ANSWER_MAX);
            proto_write_init(&writer, &text);
            proto_job_record_encode(&job, false, &writer, NULL);
            r->body = proto_text_take(&text, &r->n_body);
            r->body_read = r->body != NULL;
        }
        proto_job_record_fini(&job);
        if (r->want_events) {
            r->n_events = HTTP_WATCH_BATCH;
            r->status = store_events(s, w->job_id, r->after, r->events, &r->n_events, &err);
        }
    }
    if (r->status != MI_OK)
        r->n_events = 0;
    if (r->status != MI_OK && r->status != MI_NOT_FOUND)
        log_warn("a watched job cannot be read", "job", w->job_id, "detail", err.message, NULL);
}

static bool satisfied(const http_exchange *x, const reading *r)
{
    const http_wait *wait = &x->response.wait;
    return r->terminal || (!wait->until_done && r->version > wait->since);
}

static void unlink_waiter(http_exchange *x)
{
    *x->waiter_link = x->next_waiter;
    if (x->next_waiter)
        x->next_waiter->waiter_link = x->waiter_link;
    x->next_waiter = NULL;
    x->waiter_link = NULL;
    x->watch = NULL;
    count_streams(x->server, -1);
}

/* End a wait: with the job as it was last read, or, while it was not, with what the handler prepared. */
static void release(http_exchange *x)
{
    const http_watch *w = x->watch;
    http_response *out = &x->response;
    char *copy = w->body ? malloc(w->n_body + 1) : NULL;
    if (copy) {
        memcpy(copy, w->body, w->n_body + 1);
        free(out->body);
        out->body = copy;
        out->n_body = w->n_body;
        if (w->terminal)
            out->status = 200;
    }
    out->outcome = HTTP_ANSWER;
    unlink_waiter(x);
    http_exchange_ready(x);
}

static void refuse_deleted(http_exchange *x)
{
    http_refuse(&x->response, &x->request, PROTO_PROBLEM_NOT_FOUND, "the job was deleted");
    unlink_waiter(x);
    http_exchange_ready(x);
}

static void serve_waiters(http_watch *w, reading *r)
{
    if (r->body) {
        free(w->body);
        w->body = r->body;
        w->n_body = r->n_body;
        w->terminal = r->terminal;
        r->body = NULL;
    }
    for (http_exchange *x = w->waiters, *next; x; x = next) {
        next = x->next_waiter;
        if (r->status == MI_NOT_FOUND)
            refuse_deleted(x);
        else if (r->body_read && satisfied(x, r))
            release(x);
    }
}

static void serve_streams(http_watch *w, reading *r)
{
    for (size_t i = 0; i < r->n_events; i++) {
        if (w->ring_live)
            event_ring_push(&w->ring, &r->events[i]);
        free(r->events[i].data);
    }
    if (r->status == MI_NOT_FOUND)
        w->complete = true;
    if (r->status == MI_OK && r->want_events && r->terminal && r->n_events < HTTP_WATCH_BATCH)
        w->complete = true;
    for (http_stream *t = w->streams; t; t = t->next)
        http_stream_wake(t);
}

static void refresh(http_watch *w);

static void after_read(uv_work_t *work, int status)
{
    http_watch *w = work->data;
    reading *r = &w->reading;
    (void)status;
    w->in_flight = false;
    w->server->n_working--;
    w->read_ms = clock_monotonic_ms();
    bool more = w->again || r->n_events == HTTP_WATCH_BATCH;
    serve_waiters(w, r);
    serve_streams(w, r);
    if (more && (w->waiters || w->streams))
        refresh(w);
    free_if_idle(w);
}

static void refresh(http_watch *w)
{
    if (w->in_flight) {
        w->again = true;
        return;
    }
    w->again = false;
    w->in_flight = true;
    w->server->n_working++;
    memset(&w->reading, 0, offsetof(reading, events));
    w->reading.want_job = w->waiters != NULL;
    w->reading.want_events = w->ring_live;
    w->reading.after = w->ring.newest;
    w->work.data = w;
    uv_queue_work(w->server->loop, &w->work, read_job, after_read);
}

void http_watch_notified(void *server, const char *job_id)
{
    http_watch *w = find(server, job_id);
    if (w)
        refresh(w);
}

/* ---- long-polls ---- */

static void on_deadline(uv_timer_t *timer);

static void arm_deadline(http_server *s, int64_t in_ms)
{
    if (in_ms < 0)
        in_ms = 0;
    if (!uv_is_active((uv_handle_t *)&s->deadlines) || uv_timer_get_due_in(&s->deadlines) > (uint64_t)in_ms)
        uv_timer_start(&s->deadlines, on_deadline, (uint64_t)in_ms, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    http_server *s = timer->data;
    int64_t now = clock_monotonic_ms(), first = INT64_MAX;
    for (size_t i = 0; i < HTTP_WATCH_BUCKETS; i++)
        for (http_watch *w = s->watches[i], *next_watch; w; w = next_watch) {
            next_watch = w->next;
            for (http_exchange *x = w->waiters, *next; x; x = next) {
                next = x->next_waiter;
                if (x->deadline_ms <= now)
                    release(x);
                else if (x->deadline_ms < first)
                    first = x->deadline_ms;
            }
            free_if_idle(w);
        }
    if (first != INT64_MAX)
        arm_deadline(s, first - now);
}

bool http_watch_wait(http_exchange *x)
{
    http_server *s = x->server;
    http_watch *w = find_or_make(s, x->response.job_id);
    if (!w)
        return false;
    x->watch = w;
    x->next_waiter = w->waiters;
    x->waiter_link = &w->waiters;
    if (x->next_waiter)
        x->next_waiter->waiter_link = &x->next_waiter;
    w->waiters = x;
    count_streams(s, 1);
    x->deadline_ms = clock_monotonic_ms() + (int64_t)x->response.wait.seconds * 1000;
    arm_deadline(s, x->deadline_ms - clock_monotonic_ms());
    refresh(w); /* it may have changed between the handler's look and now */
    return true;
}

void http_watch_leave(http_exchange *x)
{
    http_watch *w = x->watch;
    unlink_waiter(x);
    free_if_idle(w);
}

/* ---- streams ---- */

http_watch *http_watch_subscribe(http_server *s, const char *job_id, http_stream *stream)
{
    http_watch *w = find_or_make(s, job_id);
    if (!w)
        return NULL;
    stream->next = w->streams;
    stream->link = &w->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    w->streams = stream;
    count_streams(s, 1);
    return w;
}

void http_watch_unsubscribe(http_watch *w, http_stream *stream)
{
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    count_streams(w->server, -1);
    free_if_idle(w);
}

bool http_watch_go_live(http_watch *w, uint64_t cursor)
{
    if (!w->ring_live) {
        event_ring_init(&w->ring, cursor);
        w->ring_live = true;
    }
    if (cursor < w->ring.base)
        return false;
    refresh(w); /* what came since the stream's own read */
    return true;
}

const event_ring *http_watch_ring(const http_watch *w)
{
    return &w->ring;
}

bool http_watch_complete(const http_watch *w)
{
    return w->complete;
}

/* ---- all of them ---- */

void http_watch_sweep(http_server *s)
{
    const int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < HTTP_WATCH_BUCKETS; i++)
        for (http_watch *w = s->watches[i], *next; w; w = next) {
            next = w->next;
            for (http_stream *t = w->streams; t; t = t->next)
                http_stream_ping(t, now);
            if ((w->waiters || w->streams) && now - w->read_ms >= STALE_MS)
                refresh(w);
            free_if_idle(w);
        }
}

void http_watch_end_all(http_server *s)
{
    for (size_t i = 0; i < HTTP_WATCH_BUCKETS; i++)
        for (http_watch *w = s->watches[i], *next; w; w = next) {
            next = w->next;
            while (w->waiters)
                release(w->waiters);
            for (http_stream *t = w->streams; t; t = t->next)
                http_stream_end(t);
            free_if_idle(w);
        }
}
