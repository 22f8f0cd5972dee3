#include "body.h"

#include "base/metrics.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* How much of a body is dropped to deliver its refusal: libmicrohttpd takes an answer before a body or after
 * it, not within. */
#define DROPPED_MAX ((uint64_t)64 << 20)
/* Job documents in memory, all requests together, as a multiple of the largest one. */
#define BUFFERED_JOBS 4

bool http_body_accepted(http_exchange *x)
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

void http_body_drop(http_exchange *x)
{
    x->server->buffered -= x->body.length;
    proto_text_fini(&x->body);
    if (x->upload)
        x->server->n_uploads--;
    http_upload_free(x->upload);
    x->upload = x->request.upload = NULL;
}

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
        http_body_drop(x);
        x->state = EXCHANGE_READY;
    }
    http_exchange_resume(x);
}

static void body_too_large(http_exchange *x, uint64_t most)
{
    http_refuse(&x->response, &x->request, PROTO_PROBLEM_TOO_LARGE, "the body is over %" PRIu64 " bytes",
                most);
    http_body_drop(x);
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
        http_body_drop(x);
        x->state = EXCHANGE_READY;
    }
    return n;
}

bool http_body_take(http_exchange *x, const char *data, size_t *n_data)
{
    size_t taken = *n_data;
    if (x->state == EXCHANGE_READY) {
        if (x->received > http_limits(&x->request)->max_body_bytes + DROPPED_MAX)
            return false;
    } else if (x->request.route->body == HTTP_BODY_STREAM) {
        taken = take_stream(x, data, *n_data);
    } else if (x->request.route->body == HTTP_BODY_JSON) {
        taken = take_document(x, data, *n_data);
    } else if (x->received + *n_data > HTTP_BODY_IGNORED) {
        body_too_large(x, HTTP_BODY_IGNORED);
    }
    x->received += taken;
    *n_data -= taken;
    return true;
}
