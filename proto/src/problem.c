#include "proto/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *code, *title;
    int status;
} problems[] = {
#define X(name, code, status, title) [PROTO_PROBLEM_##name] = {code, title, status},
    PROTO_PROBLEM_MAP(X)
#undef X
};

void proto_problem_init(proto_problem *p)
{
    memset(p, 0, sizeof *p);
}

bool proto_problem_any(const proto_problem *p)
{
    return p->n_errors > 0 || p->detail[0] != '\0';
}

bool proto_problem_full(const proto_problem *p)
{
    return p->n_errors == PROTO_PROBLEM_ERRORS;
}

void proto_problem_set(proto_problem *p, proto_problem_code code, const char *format, ...)
{
    va_list args;
    p->code = code;
    va_start(args, format);
    vsnprintf(p->detail, sizeof p->detail, format, args);
    va_end(args);
}

void proto_problem_add(proto_problem *p, const char *pointer, const char *format, ...)
{
    va_list args;
    if (!proto_problem_any(p))
        p->code = PROTO_PROBLEM_INVALID_SPEC;
    if (proto_problem_full(p)) {
        p->n_more++;
        return;
    }
    proto_problem_error *error = &p->errors[p->n_errors++];
    snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
    va_start(args, format);
    vsnprintf(error->detail, sizeof error->detail, format, args);
    va_end(args);
}

static proto_problem_code code_of(mi_status status)
{
    switch (status) {
    case MI_INVALID:
    case MI_CORRUPT:
        return PROTO_PROBLEM_BAD_DATA;
    case MI_MEMORY:
        return PROTO_PROBLEM_OUT_OF_MEMORY;
    case MI_NUMERIC:
        return PROTO_PROBLEM_NUMERIC;
    case MI_NOT_FOUND:
        return PROTO_PROBLEM_NOT_FOUND;
    case MI_CANCELED:
    case MI_CONFLICT:
        return PROTO_PROBLEM_CONFLICT;
    case MI_LIMIT:
        return PROTO_PROBLEM_TOO_LARGE;
    case MI_UNSUPPORTED:
        return PROTO_PROBLEM_UNSUPPORTED_MEDIA;
    case MI_TIMEOUT:
        return PROTO_PROBLEM_TIMEOUT;
    case MI_NO_SPACE:
        return PROTO_PROBLEM_NO_SPACE;
    case MI_OK:
    case MI_IO:
    case MI_STALE:
    case MI_INTERNAL:
        break;
    }
    return PROTO_PROBLEM_INTERNAL;
}

void proto_problem_from_error(proto_problem *p, const mi_error *err)
{
    proto_problem_init(p);
    proto_problem_set(p, code_of(err->code), "%s",
                      err->message[0] ? err->message : mi_status_text(err->code));
    if (err->pointer[0] != '\0')
        proto_problem_add(p, err->pointer, "%s", err->message);
}

void proto_problem_from_json(proto_problem *p, const mi_error *err)
{
    proto_problem_from_error(p, err);
    if (err->code == MI_INVALID)
        p->code = PROTO_PROBLEM_BAD_JSON;
}

mi_status proto_problem_failure(const proto_problem *p)
{
    return p->code == PROTO_PROBLEM_OUT_OF_MEMORY ? MI_MEMORY
           : p->code == PROTO_PROBLEM_TOO_LARGE   ? MI_LIMIT
                                                  : MI_INVALID;
}

int proto_problem_status(const proto_problem *p)
{
    return problems[p->code].status;
}

const char *proto_problem_name(proto_problem_code code)
{
    return problems[code].code;
}

/* A problem that is all in its fields still says in one sentence where to look. */
static void write_detail(const proto_problem *p, proto_json_writer *w)
{
    char detail[sizeof p->detail];
    if (p->detail[0] == '\0' && p->n_errors > 0) {
        const unsigned n = p->n_errors + p->n_more;
        if (n == 1)
            snprintf(detail, sizeof detail, "the bad field is %s", p->errors[0].pointer);
        else
            snprintf(detail, sizeof detail, "%u bad fields, the first is %s", n, p->errors[0].pointer);
        proto_write_string(w, "detail", detail);
    } else if (p->detail[0] != '\0') {
        proto_write_string(w, "detail", p->detail);
    }
}

void proto_problem_encode(const proto_problem *p, const char *request_id, proto_text *out)
{
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", problems[p->code].code);
    for (char *c = type; *c; c++)
        if (*c == '_')
            *c = '-';

    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "type", type);
    proto_write_string(&w, "title", problems[p->code].title);
    proto_write_u64(&w, "status", (uint64_t)problems[p->code].status);
    proto_write_string(&w, "code", problems[p->code].code);
    write_detail(p, &w);
    if (p->n_errors > 0) {
        proto_write_array(&w, "errors");
        for (unsigned i = 0; i < p->n_errors; i++) {
            proto_write_object(&w, NULL);
            proto_write_string(&w, "pointer", p->errors[i].pointer);
            proto_write_string(&w, "detail", p->errors[i].detail);
            proto_write_end_object(&w);
        }
        proto_write_end_array(&w);
    }
    if (p->n_more > 0)
        proto_write_u64(&w, "errors_omitted", p->n_more);
    if (request_id)
        proto_write_string(&w, "request_id", request_id);
    proto_write_end_object(&w);
}
