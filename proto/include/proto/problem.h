/*
 * application/problem+json (RFC 9457): one error for people and programs, listing every bad field.
 */
#ifndef PROTO_PROBLEM_H
#define PROTO_PROBLEM_H

#include "mi/status.h"
#include "proto/text.h"

#define PROTO_PROBLEM_ERRORS 32

/* X(enum, code, HTTP status, title) */
#define PROTO_PROBLEM_MAP(X)                                                             \
    X(BAD_REQUEST, "bad_request", 400, "The request is malformed")                       \
    X(BAD_JSON, "bad_json", 400, "The body is not valid JSON")                           \
    X(UNAUTHORIZED, "unauthorized", 401, "A bearer token is needed")                     \
    X(FORBIDDEN, "forbidden", 403, "Not allowed")                                        \
    X(NOT_FOUND, "not_found", 404, "There is no such thing")                             \
    X(METHOD, "method_not_allowed", 405, "The resource does not take this method")       \
    X(NOT_ACCEPTABLE, "not_acceptable", 406, "No such representation")                   \
    X(CONFLICT, "conflict", 409, "The request conflicts with what is there")             \
    X(LENGTH_REQUIRED, "length_required", 411, "A Content-Length is needed")             \
    X(TOO_LARGE, "too_large", 413, "The request is over a limit")                        \
    X(UNSUPPORTED_MEDIA, "unsupported_media_type", 415, "The data format is not known")  \
    X(INVALID_SPEC, "invalid_spec", 422, "The request has bad fields")                   \
    X(SHAPE_MISMATCH, "shape_mismatch", 422, "Inputs do not align")                      \
    X(BAD_DATA, "bad_data", 422, "The data cannot be used")                              \
    X(TRAINING_OVERLAP, "training_overlap", 422, "The model was trained on these pairs") \
    X(QUEUE_FULL, "queue_full", 429, "The queue is full")                                \
    X(INTERNAL, "internal", 500, "The server failed")                                    \
    X(UNAVAILABLE, "unavailable", 503, "The server is not taking requests now")          \
    X(NO_SPACE, "no_space", 507, "The server's disk is full")                            \
    X(NUMERIC, "numeric_divergence", 500, "Training diverged")                           \
    X(TIMEOUT, "timeout", 500, "The job ran out of time")                                \
    X(OUT_OF_MEMORY, "out_of_memory", 500, "The job ran out of memory")                  \
    X(WORKER_LOST, "worker_lost", 500, "The job's worker died too often")

typedef enum proto_problem_code {
#define X(name, code, status, title) PROTO_PROBLEM_##name,
    PROTO_PROBLEM_MAP(X)
#undef X
} proto_problem_code;

typedef struct proto_problem_error {
    char pointer[128];
    char detail[256];
} proto_problem_error;

typedef struct proto_problem {
    proto_problem_code code;
    char detail[512];
    unsigned n_errors, n_more; /* n_more: found but not kept */
    proto_problem_error errors[PROTO_PROBLEM_ERRORS];
} proto_problem;

void proto_problem_init(proto_problem *p);
bool proto_problem_any(const proto_problem *p);  /* set or with errors */
bool proto_problem_full(const proto_problem *p); /* more bad fields are only counted */
void proto_problem_set(proto_problem *p, proto_problem_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Append a bad field; the code becomes INVALID_SPEC unless one was set. */
void proto_problem_add(proto_problem *p, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The HTTP answer to a failing call: status -> code, message -> detail, pointer -> errors[0]. */
void proto_problem_from_error(proto_problem *p, const mi_error *err);
/* The same of JSON that could not be parsed, which is the request's fault, not that of data. */
void proto_problem_from_json(proto_problem *p, const mi_error *err);
int proto_problem_status(const proto_problem *p);
/* What the function that filled it fails with: MI_MEMORY, MI_LIMIT, else MI_INVALID. */
mi_status proto_problem_failure(const proto_problem *p);
const char *proto_problem_name(proto_problem_code code); /* "shape_mismatch" */
/* {"type":"/problems/shape-mismatch","title":...,"status":422,"code":...,"detail":...,"errors":[...],"request_id":...}
 */
void proto_problem_encode(const proto_problem *p, const char *request_id, proto_text *out);

#endif
