/*
 * What a handler gives back: an answer, or what to wait for.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/ids.h"
#include "proto/problem.h"
#include "proto/text.h"
#include "request.h"

#include <sys/types.h>

#define HTTP_FIELDS_OUT 4
#define HTTP_ANSWER_MAX ((size_t)256 << 20) /* bytes of an answer built in memory */
#define HTTP_JSON_TYPE  "application/json"
#define HTTP_TEXT_TYPE  "text/plain; charset=utf-8"

typedef enum http_outcome {
    HTTP_ANSWER, /* send status and body */
    HTTP_WAIT,   /* send them unless the job moves on before `wait.seconds` are over */
    HTTP_STREAM, /* the events of a job */
} http_outcome;

typedef struct http_wait {
    uint64_t since;  /* satisfied once the job's version passes this ... */
    bool until_done; /* ... or, instead, only once it is terminal */
    uint32_t seconds;
} http_wait;

typedef struct http_field {
    const char *name; /* static */
    char value[192];
} http_field;

typedef struct http_response {
    http_outcome outcome;
    int status;
    const char *type; /* media type, static; NULL: no body */
    char *body;       /* owned */
    size_t n_body;
    int fd; /* owned; instead of body, or -1 */
    uint64_t fd_bytes;
    bool tagged; /* has an ETag: a cache may keep it and ask whether it still holds */
    http_field fields[HTTP_FIELDS_OUT];
    unsigned n_fields;
    char job_id[ID_MAX]; /* which job this is about, for waits, streams and the log; "" for none */
    http_wait wait;
    uint64_t after; /* stream: events after this */
} http_response;

void http_response_init(http_response *r);
void http_response_fini(http_response *r);

void http_field_add(http_response *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes the text's bytes; a text that failed becomes a 500. type NULL with an empty text: no body. */
void http_answer(http_response *r, const http_request *q, int status, const char *type, proto_text *text);
/* A page of a list: {"object":"list","data":[...],"next":cursor or null}; encode writes record i of
 * `records`. */
void http_answer_page(http_response *r, const http_request *q, const void *records, size_t n,
                      void (*encode)(const void *records, size_t i, proto_json_writer *w), const char *next);
void http_answer_empty(http_response *r, int status);
void http_answer_problem(http_response *r, const http_request *q, const proto_problem *problem);
/* One-line refusal. */
void http_refuse(http_response *r, const http_request *q, proto_problem_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A failed call. What went wrong inside the server is logged, and stays there. */
void http_answer_error(http_response *r, const http_request *q, const mi_error *err);

#endif
