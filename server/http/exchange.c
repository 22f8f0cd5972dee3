#include "exchange.h"

#include "auth.h"
#include "base/log.h"
#include "base/metrics.h"
#include "stream.h"
#include "watch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How much of a body is dropped to deliver its refusal: libmicrohttpd takes an answer before a body or after
 * it, not within. */
#define DROPPED_MAX ((uint64_t)64 << 20)
/* Job documents in memory, all requests together, as a multiple of the largest one. */
#define BUFFERED_JOBS 4

/* ---- suspending, and work on the pool
 * ---------------------------------------------------------------------------------------------- */

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

void http_exchange_abandon(http_exchange *x)
{
    x->gone = true;
    if (x->state == EXCHANGE_WAITING)
        http_watch_leave(x);
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

/* ---- the head
 * --------------------------------------------------------------------------------------------------------------------
 */

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

static bool body_accepted(http_exchange *x)
{
    const proto_limits *limits = http_limits(&x->request);
    const http_headers *h = &x->headers;
    uint64_t most = HTTP_BODY_IGNORED;
    if (x->request.route->body != HTTP_BODY_NONE && h->n_length == 0 && !h->chunked) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_LENGTH_REQUIRED,
                    "send the body with a Content-Length, or chunked");
        return false;
    }
    if (x->request.route->body == HTTP_BODY_JSON) {
        size_t n = strcspn(h->content_type, "; \t");
        if (n != 16 || strncasecmp(h->content_type, HTTP_JSON_TYPE, n) != 0) {
            http_refuse(&x->response, &x->request, PROTO_PROBLEM_UNSUPPORTED_MEDIA,
                        "Content-Type is \"%.60s\"; expected " HTTP_JSON_TYPE, h->content_type);
            return false;
        }
        most = limits->max_job_bytes;
    } else if (x->request.route->body == HTTP_BODY_STREAM) {
        most = limits->max_body_bytes;
    }
    if (h->length > most) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_TOO_LARGE,
                    "the body has %" PRIu64 " bytes; at most %" PRIu64 " are taken here", h->length, most);
        return false;
    }
    if (x->request.route->body != HTTP_BODY_STREAM)
        return true;
    if (x->server->n_uploads >= HTTP_UPLOADS_MAX ||
        !(x->upload = http_upload_new(x->server->config->store))) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_UNAVAILABLE,
                    "too many uploads at a time; try again");
        http_field_add(&x->response, "Retry-After", "2");
        return false;
    }
    x->server->n_uploads++;
    x->request.upload = x->upload;
    return true;
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
    return route_accepted(x) && body_accepted(x);
}

/* ---- the answer
 * ------------------------------------------------------------------------------------------------------------------
 */

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
                            r->outcome == HTTP_STREAM ? "no-cache" : "no-store");
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

/* ---- the handler
 * -----------------------------------------------------------------------------------------------------------------
 */

static void run_handler(http_exchange *x)
{
    if (x->upload)
        http_upload_flush(x->upload);
    x->request.route->handler(&x->request, &x->response);
}

static void drop_request_body(http_exchange *x)
{
    x->server->buffered -= x->body.length;
    proto_text_fini(&x->body);
    if (x->upload)
        x->server->n_uploads--;
    http_upload_free(x->upload);
    x->upload = x->request.upload = NULL;
}

static void after_handler(http_exchange *x)
{
    drop_request_body(x); /* a long wait need not hold it */
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

/* The request is whole. */
static enum MHD_Result dispatch(http_exchange *x)
{
    x->request.body = x->body.data;
    x->request.n_body = x->body.length;
    if (x->request.route->on_loop) {
        x->request.route->handler(&x->request, &x->response);
        return answer(x);
    }
    x->state = EXCHANGE_WORKING;
    http_exchange_suspend(x);
    http_exchange_work(x, run_handler, after_handler);
    return MHD_YES;
}

/* ---- the body
 * --------------------------------------------------------------------------------------------------------------------
 */

static void flush_upload(http_exchange *x)
{
    http_upload_flush(x->upload);
}

static void after_flush(http_exchange *x)
{
    if (x->upload->error.code == MI_OK) {
        x->state = EXCHANGE_BODY;
    } else {
        http_answer_error(&x->response, &x->request, &x->upload->error);
        drop_request_body(x);
        x->state = EXCHANGE_READY;
    }
    http_exchange_resume(x);
}

static void body_too_large(http_exchange *x, uint64_t most)
{
    http_refuse(&x->response, &x->request, PROTO_PROBLEM_TOO_LARGE, "the body is over %" PRIu64 " bytes",
                most);
    drop_request_body(x);
    x->state = EXCHANGE_READY;
}

static size_t take_stream(http_exchange *x, const char *data, size_t n)
{
    if (x->received + n > http_limits(&x->request)->max_body_bytes) {
        body_too_large(x, http_limits(&x->request)->max_body_bytes);
        return n;
    }
    size_t taken = http_upload_take(x->upload, data, n);
    metric_add(METRIC_UPLOAD_BYTES, (int64_t)taken);
    if (x->upload->fill == HTTP_UPLOAD_CHUNK) {
        x->state = EXCHANGE_WORKING;
        http_exchange_suspend(x);
        http_exchange_work(x, flush_upload, after_flush);
    }
    return taken;
}

static size_t take_document(http_exchange *x, const char *data, size_t n)
{
    const uint64_t most = http_limits(&x->request)->max_job_bytes;
    if (x->received + n > most) {
        body_too_large(x, most);
        return n;
    }
    size_t before = x->body.length;
    if (x->server->buffered + n <= BUFFERED_JOBS * most)
        proto_text_append(&x->body, data, n);
    x->server->buffered += x->body.length - before;
    if (x->body.length != before + n) {
        http_refuse(&x->response, &x->request, PROTO_PROBLEM_UNAVAILABLE,
                    "too many large requests at a time; try again");
        http_field_add(&x->response, "Retry-After", "2");
        drop_request_body(x);
        x->state = EXCHANGE_READY;
    }
    return n;
}

static enum MHD_Result take_body(http_exchange *x, const char *data, size_t *n_data)
{
    size_t taken = *n_data;
    if (x->state == EXCHANGE_READY) {
        if (x->received > http_limits(&x->request)->max_body_bytes + DROPPED_MAX)
            return MHD_NO;
    } else if (x->request.route->body == HTTP_BODY_STREAM) {
        taken = take_stream(x, data, *n_data);
    } else if (x->request.route->body == HTTP_BODY_JSON) {
        taken = take_document(x, data, *n_data);
    } else if (x->received + *n_data > HTTP_BODY_IGNORED) {
        body_too_large(x, HTTP_BODY_IGNORED);
    }
    x->received += taken;
    *n_data -= taken;
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
        return take_body(x, data, n_data);
    if (x->state == EXCHANGE_BODY)
        return dispatch(x);
    if (x->state == EXCHANGE_READY)
        return answer(x);
    return MHD_NO;
}

/* ---- the end
 * ---------------------------------------------------------------------------------------------------------------------
 */

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
    drop_request_body(x);
    http_response_fini(&x->response);
    http_target_fini(&x->target);
    free(x->uri);
    free(x);
    *request = NULL;
}
