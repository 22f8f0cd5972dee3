#include "exchange.h"

#include "auth.h"
#include "base/log.h"
#include "base/metrics.h"
#include "body.h"
#include "stream.h"
#include "watch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- suspending, and work on the pool ---- */

void http_exchange_suspend(http_exchange *x)
{
    assert(!x->suspended && x->server->inside_mhd);
    x->suspended = true;
    x->server->n_suspended++;
    MHD_suspend_connection(x->handle);
}

void http_exchange_resume(http_exchange *x)
{
    assert(x->suspended && !x->working);
    x->suspended = false;
    x->server->n_suspended--;
    MHD_resume_connection(x->handle);
    x->server->dirty = true;
}

static void on_pool(uv_work_t *work)
{
    http_exchange *x = work->data;
    x->run(x);
}

static void back_on_loop(uv_work_t *work, int status)
{
    http_exchange *x = work->data;
    (void)status;
    x->working = false;
    x->server->n_working--;
    x->after(x);
}

void http_exchange_work(http_exchange *x, void (*run)(http_exchange *), void (*after)(http_exchange *))
{
    assert(x->suspended && !x->working);
    x->working = true;
    x->server->n_working++;
    x->run = run;
    x->after = after;
    x->work.data = x;
    uv_queue_work(x->server->loop, &x->work, on_pool, back_on_loop);
}

void http_exchange_ready(http_exchange *x)
{
    x->state = EXCHANGE_READY;
    http_exchange_resume(x);
}

static void leave_line(http_exchange *x)
{
    for (http_exchange **link = &x->server->slow_line; *link; link = &(*link)->next_in_line)
        if (*link == x) {
            *link = x->next_in_line;
            return;
        }
}

void http_exchange_abandon(http_exchange *x)
{
    x->gone = true;
    if (x->state == EXCHANGE_WAITING)
        http_watch_leave(x);
    if (x->state == EXCHANGE_WORKING)
        leave_line(x);
    if (x->state != EXCHANGE_ANSWERED)
        x->state = EXCHANGE_READY;
    http_exchange_resume(x);
}

bool http_exchange_receiving(const http_exchange *x)
{
    return x->state == EXCHANGE_BODY && !x->suspended;
}

uint64_t http_exchange_received(const http_exchange *x)
{
    return x->received;
}

int64_t http_exchange_started_ms(const http_exchange *x)
{
    return x->started_ms;
}

bool http_exchange_waiting(const http_exchange *x)
{
    return x->suspended && !x->working;
}

/* ---- the head ---- */

void *http_exchange_open(void *cls, const char *uri, struct MHD_Connection *handle)
{
    http_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->server = cls;
    x->handle = handle;
    x->started_ms = clock_monotonic_ms();
    x->uri = strndup(uri, HTTP_TARGET_MAX + 1); /* one more than is taken, so that too long is seen */
    id_make(x->id, "req");
    http_response_init(&x->response);
    proto_text_init(&x->body, (size_t)x->server->config->settings->limits.max_job_bytes + 1);
    x->request = (http_request){
        .config = x->server->config, .id = x->id, .target = &x->target, .headers = &x->headers};
    return x;
}

static enum MHD_Result take_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t n_name,
                                  const char *value, size_t n_value)
{
    (void)kind;
    http_headers_add(cls, name, n_name, value ? value : "", n_value);
    return MHD_YES;
}

static bool route_accepted(http_exchange *x)
{
    const http_config *config = x->server->config;
    http_request *q = &x->request;
    char allow[128];
    q->route = http_route_find(x->method, &x->target, &q->name, allow);
    /* A stranger learns nothing of what paths there are. */
    if (config->token && !(q->route && q->route->open) &&
        !http_auth_ok(x->headers.authorization, config->token)) {
        http_refuse(&x->response, q, PROTO_PROBLEM_UNAUTHORIZED, "send Authorization: Bearer <token>");
        http_field_add(&x->response, "WWW-Authenticate", "Bearer realm=\"mutuald\"");
        return false;
    }
    if (!q->route && allow[0] != '\0') {
        http_refuse(&x->response, q, PROTO_PROBLEM_METHOD, "the path takes %s", allow);
        http_field_add(&x->response, "Allow", "%s", allow);
        return false;
    }
    if (!q->route) {
        http_refuse(&x->response, q, PROTO_PROBLEM_NOT_FOUND, "there is no such path; see /openapi.json");
        return false;
    }
    const char *unknown = http_route_unknown_query(q->route, &x->target);
    if (unknown) {
        http_refuse(&x->response, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"%.60s\" is not known here; known: %s", unknown,
                    q->route->query ? q->route->query : "none");
        return false;
    }
    if (x->server->stopping && !q->route->on_loop) {
        http_refuse(&x->response, q, PROTO_PROBLEM_UNAVAILABLE, "the server is shutting down");
        http_field_add(&x->response, "Retry-After", "5");
        return false;
    }
    return true;
}

static bool head_accepted(http_exchange *x, const char *version)
{
    mi_error err = {0};
    MHD_get_connection_values_n(x->handle, MHD_HEADER_KIND, take_field, &x->headers);
    const char *fault = http_headers_check(&x->headers, version);
    if (fault) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_BAD_REQUEST, "%s", fault);
        return false;
    }
    if (http_target_parse(&x->target, x->uri, &err) != MI_OK) {
        proto_problem_code code =
            err.code == MI_MEMORY ? PROTO_PROBLEM_UNAVAILABLE : PROTO_PROBLEM_BAD_REQUEST;
        http_refuse(&x->response, &x->request, code, "%s", err.message);
        return false;
    }
    return route_accepted(x) && http_body_accepted(x);
}

/* ---- the answer ---- */

static struct MHD_Response *make_response(http_exchange *x)
{
    http_response *r = &x->response;
    if (r->outcome == HTTP_STREAM)
        return http_stream_response(x);
    if (r->fd >= 0) {
        struct MHD_Response *made = MHD_create_response_from_fd64(r->fd_bytes, r->fd);
        if (made)
            r->fd = -1;
        return made;
    }
    struct MHD_Response *made = MHD_create_response_from_buffer(
        r->n_body, r->body ? r->body : "", r->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (made)
        r->body = NULL;
    return made;
}

static enum MHD_Result answer(http_exchange *x)
{
    http_response *r = &x->response;
    struct MHD_Response *response = x->gone ? NULL : make_response(x);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "X-Request-Id", x->id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (r->type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            r->outcome == HTTP_STREAM || r->tagged ? "no-cache" : "no-store");
    for (unsigned i = 0; i < r->n_fields; i++)
        MHD_add_response_header(response, r->fields[i].name, r->fields[i].value);
    if (x->server->stopping)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = MHD_queue_response(x->handle, (unsigned)r->status, response);
    MHD_destroy_response(response);
    x->state = EXCHANGE_ANSWERED;
    return queued;
}

static enum MHD_Result begin(http_exchange *x, const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->connection = info ? info->socket_context : NULL;
    if (!x->connection || !x->uri)
        return MHD_NO;
    x->connection->exchange = x;
    x->connection->used = true;
    snprintf(x->method, sizeof x->method, "%s", method);
    x->request.ready = x->server->ready && !x->server->stopping;
    if (head_accepted(x, version)) {
        x->state = EXCHANGE_BODY;
        return MHD_YES;
    }
    x->state = EXCHANGE_READY;
    /* An answer before the body closes the connection, which is what broken framing and unread bodies need.
     */
    if (x->headers.fault || http_headers_have_body(&x->headers))
        return answer(x);
    return MHD_YES;
}

/* ---- the handler ---- */

static void run_handler(http_exchange *x)
{
    if (x->upload)
        http_upload_flush(x->upload);
    x->request.route->handler(&x->request, &x->response);
}

static void free_place(http_server *s);

static void after_handler(http_exchange *x)
{
    http_body_drop(x); /* a long wait need not hold it */
    if (x->slow)
        free_place(x->server);
    bool waits = x->response.outcome == HTTP_WAIT || x->response.outcome == HTTP_STREAM;
    if (waits && x->server->n_streams >= http_limits(&x->request)->max_streams) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_UNAVAILABLE,
                    "too many open streams and long-polls");
        http_field_add(&x->response, "Retry-After", "2");
    } else if (x->response.outcome == HTTP_WAIT && !x->server->stopping && http_watch_wait(x)) {
        x->state = EXCHANGE_WAITING;
        return;
    } else if (x->response.outcome == HTTP_STREAM && !http_stream_open(x)) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_UNAVAILABLE,
                    "the server is short of memory; try again");
    }
    http_exchange_ready(x);
}

/* Reading a large file or writing a large table takes seconds. Such handlers wait for one of few places, so
 * that the pool keeps threads for the quick ones. */
static void start_handler(http_exchange *x)
{
    http_server *s = x->server;
    if (x->slow && s->n_slow == HTTP_SLOW_MAX) {
        http_exchange **last = &s->slow_line;
        while (*last)
            last = &(*last)->next_in_line;
        *last = x;
        x->next_in_line = NULL;
        return;
    }
    s->n_slow += x->slow;
    http_exchange_work(x, run_handler, after_handler);
}

static void free_place(http_server *s)
{
    http_exchange *next = s->slow_line;
    s->n_slow--;
    if (!next)
        return;
    s->slow_line = next->next_in_line;
    start_handler(next);
}

/* The request is whole. */
static enum MHD_Result dispatch(http_exchange *x)
{
    x->request.body = x->body.data;
    x->request.n_body = x->body.length;
    if (x->request.route->on_loop) {
        x->request.route->handler(&x->request, &x->response);
        return answer(x);
    }
    x->slow = http_route_is_slow(x->request.route, x->body.data, x->body.length);
    x->state = EXCHANGE_WORKING;
    http_exchange_suspend(x);
    start_handler(x);
    return MHD_YES;
}

/* Called for the head, for each piece of body, at the body's end, and again after every resume: where we are
 * is in `state` alone. */
enum MHD_Result http_exchange_step(void *cls, struct MHD_Connection *handle, const char *url,
                                   const char *method, const char *version, const char *data, size_t *n_data,
                                   void **request)
{
    http_exchange *x = *request;
    (void)cls;
    (void)handle;
    (void)url;
    if (!x)
        return MHD_NO;
    if (x->state == EXCHANGE_NEW)
        return begin(x, method, version);
    if (x->gone)
        return MHD_NO;
    if (*n_data > 0)
        return http_body_take(x, data, n_data) ? MHD_YES : MHD_NO;
    if (x->state == EXCHANGE_BODY)
        return dispatch(x);
    if (x->state == EXCHANGE_READY)
        return answer(x);
    return MHD_NO;
}

/* ---- the end ---- */

static void log_access(const http_exchange *x)
{
    char status[16] = "-", took[24], path[256];
    if (x->state == EXCHANGE_ANSWERED)
        snprintf(status, sizeof status, "%d", x->response.status);
    snprintf(took, sizeof took, "%" PRId64, clock_monotonic_ms() - x->started_ms);
    snprintf(path, sizeof path, "%.*s", (int)strcspn(x->uri, "?"), x->uri);
    log_info("request", "request", x->id, "method", x->method, "path", path, "status", status, "ms", took,
             x->response.job_id[0] ? "job" : NULL, x->response.job_id, NULL);
}

void http_exchange_closed(void *cls, struct MHD_Connection *handle, void **request,
                          enum MHD_RequestTerminationCode why)
{
    http_exchange *x = *request;
    (void)cls;
    (void)handle;
    (void)why;
    if (!x)
        return;
    assert(!x->suspended && !x->working);
    if (x->state != EXCHANGE_NEW) {
        metric_add(METRIC_HTTP_REQUESTS, 1);
        if (x->response.status >= 400)
            metric_add(x->response.status >= 500 ? METRIC_HTTP_ERRORS_5XX : METRIC_HTTP_ERRORS_4XX, 1);
        log_access(x);
    }
    if (x->connection) {
        x->connection->exchange = NULL;
        x->connection->since_ms = clock_monotonic_ms();
    }
    http_stream_close(x->stream);
    http_body_drop(x);
    http_response_fini(&x->response);
    http_target_fini(&x->target);
    free(x->uri);
    free(x);
    *request = NULL;
}
