#include "response.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void http_response_init(http_response *r)
{
    memset(r, 0, sizeof *r);
    r->fd = -1;
}

static void drop_body(http_response *r)
{
    free(r->body);
    r->body = NULL;
    r->n_body = 0;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

void http_response_fini(http_response *r)
{
    drop_body(r);
}

void http_field_add(http_response *r, const char *name, const char *format, ...)
{
    if (r->n_fields == HTTP_FIELDS_OUT)
        return;
    http_field *field = &r->fields[r->n_fields++];
    va_list args;
    field->name = name;
    va_start(args, format);
    vsnprintf(field->value, sizeof field->value, format, args);
    va_end(args);
}

void http_answer_page(http_response *r, const http_request *q, const void *records, size_t n,
                      void (*encode)(const void *records, size_t i, proto_json_writer *w), const char *next)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "list");
    proto_write_array(&w, "data");
    for (size_t i = 0; i < n; i++)
        encode(records, i, &w);
    proto_write_end_array(&w);
    proto_write_string(&w, "next", next);
    proto_write_end_object(&w);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}

void http_answer_empty(http_response *r, int status)
{
    drop_body(r);
    r->outcome = HTTP_ANSWER;
    r->status = status;
    r->type = NULL;
}

void http_answer(http_response *r, const http_request *q, int status, const char *type, proto_text *text)
{
    drop_body(r);
    r->outcome = HTTP_ANSWER;
    if (!proto_text_ok(text)) {
        proto_text_fini(text);
        http_refuse(r, q, PROTO_PROBLEM_INTERNAL, "the answer does not fit in memory");
        return;
    }
    r->status = status;
    r->type = type;
    r->body = proto_text_take(text, &r->n_body);
}

void http_answer_problem(http_response *r, const http_request *q, const proto_problem *problem)
{
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_problem_encode(problem, q->id, &text);
    drop_body(r);
    r->outcome = HTTP_ANSWER;
    r->status = proto_problem_status(problem);
    r->type = "application/problem+json";
    /* Without memory for the words, the status alone still says it. */
    r->body = proto_text_take(&text, &r->n_body);
    if (!r->body)
        r->type = NULL;
}

void http_refuse(http_response *r, const http_request *q, proto_problem_code code, const char *format, ...)
{
    proto_problem problem;
    va_list args;
    char detail[sizeof problem.detail];
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    proto_problem_init(&problem);
    proto_problem_set(&problem, code, "%s", detail);
    http_answer_problem(r, q, &problem);
}

void http_answer_error(http_response *r, const http_request *q, const mi_error *err)
{
    proto_problem problem;
    proto_problem_from_error(&problem, err);
    switch (err->code) {
    case MI_MEMORY: /* of this request, not of a job */
        proto_problem_init(&problem);
        proto_problem_set(&problem, PROTO_PROBLEM_UNAVAILABLE, "the server is short of memory; try again");
        http_field_add(r, "Retry-After", "5");
        break;
    case MI_NO_SPACE:
        log_error("no space left", "request", q->id, "detail", err->message, NULL);
        break;
    default:
        if (proto_problem_status(&problem) < 500)
            break;
        log_error("request failed", "request", q->id, "status", mi_status_name(err->code), "detail",
                  err->message, NULL);
        proto_problem_init(&problem);
        proto_problem_set(&problem, PROTO_PROBLEM_INTERNAL, "the server's log tells more under %s", q->id);
    }
    http_answer_problem(r, q, &problem);
}
