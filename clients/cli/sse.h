/*
 * Server-sent events: bytes in any pieces -> events. The event stream format of the HTML standard, under a
 * cap per event.
 */
#ifndef CLI_SSE_H
#define CLI_SSE_H

#include "proto/text.h"

typedef struct sse_event {
    const char *name; /* "message" when the stream gives none */
    const char *data; /* lines joined by newlines */
    size_t size;      /* of data */
    const char *id;   /* last event id of the stream, "" before any */
} sse_event;

/* False stops the parser. The event is borrowed for the call. */
typedef bool sse_handler(void *ctx, const sse_event *event);

#define SSE_MAX_EVENT ((size_t)1 << 20)
#define SSE_MAX_ID    64

typedef struct sse_parser {
    proto_text line, data, name;
    char id[SSE_MAX_ID]; /* kept across connections, for Last-Event-ID */
    bool after_cr;       /* a LF right now belongs to the line end before it */
    bool has_data, started;
} sse_parser;

void sse_init(sse_parser *parser);
void sse_fini(sse_parser *parser);
/* A new connection: what was incomplete is dropped, the id is kept. */
void sse_restart(sse_parser *parser);
/* False when the handler stopped, or a line or event is over SSE_MAX_EVENT or out of memory. */
bool sse_feed(sse_parser *parser, const char *bytes, size_t n, sse_handler *handler, void *ctx);

#endif
