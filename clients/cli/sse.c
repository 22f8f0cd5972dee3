#include "sse.h"

#include <string.h>

void sse_init(sse_parser *parser)
{
    *parser = (sse_parser){0};
    proto_text_init(&parser->line, SSE_MAX_EVENT);
    proto_text_init(&parser->data, SSE_MAX_EVENT);
    proto_text_init(&parser->name, 64);
}

void sse_fini(sse_parser *parser)
{
    proto_text_fini(&parser->line);
    proto_text_fini(&parser->data);
    proto_text_fini(&parser->name);
}

void sse_restart(sse_parser *parser)
{
    sse_fini(parser);
    parser->after_cr = parser->has_data = parser->started = false;
}

static bool dispatch(sse_parser *parser, sse_handler *handler, void *ctx)
{
    sse_event event = {.name = parser->name.length ? parser->name.data : "message",
                       .data = parser->data.data,
                       .size = parser->data.length,
                       .id = parser->id};
    bool go_on = !parser->has_data || handler(ctx, &event);

    proto_text_fini(&parser->data);
    proto_text_fini(&parser->name);
    parser->has_data = false;
    return go_on;
}

static bool is_field(const char *line, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(line, name, n) == 0;
}

/* A control character or an over-long id could not be sent back in a header: the id is then left as it was.
 */
static void take_id(sse_parser *parser, const char *value, size_t n)
{
    if (n >= SSE_MAX_ID)
        return;
    for (size_t i = 0; i < n; i++)
        if (value[i] < ' ' || value[i] > '~')
            return;
    memcpy(parser->id, value, n);
    parser->id[n] = '\0';
}

static bool take_line(sse_parser *parser, sse_handler *handler, void *ctx)
{
    const char *line = parser->line.data, *colon, *value;
    size_t n = parser->line.length, n_field, n_value;

    if (n == 0)
        return dispatch(parser, handler, ctx);
    colon = memchr(line, ':', n);
    n_field = colon ? (size_t)(colon - line) : n;
    value = colon ? colon + 1 : line + n;
    n_value = n - (size_t)(value - line);
    if (n_value > 0 && *value == ' ') {
        value++;
        n_value--;
    }
    if (is_field(line, n_field, "data")) {
        if (parser->has_data)
            proto_text_puts(&parser->data, "\n");
        proto_text_append(&parser->data, value, n_value);
        parser->has_data = true;
    } else if (is_field(line, n_field, "event")) {
        proto_text_fini(&parser->name);
        proto_text_append(&parser->name, value, n_value);
    } else if (is_field(line, n_field, "id")) {
        take_id(parser, value, n_value);
    }
    return proto_text_ok(&parser->data) && proto_text_ok(&parser->name);
}

bool sse_feed(sse_parser *parser, const char *bytes, size_t n, sse_handler *handler, void *ctx)
{
    for (size_t i = 0; i < n;) {
        size_t run = 0;

        if (parser->after_cr && bytes[i] == '\n') {
            parser->after_cr = false;
            i++;
            continue;
        }
        parser->after_cr = false;
        while (i + run < n && bytes[i + run] != '\n' && bytes[i + run] != '\r')
            run++;
        proto_text_append(&parser->line, bytes + i, run);
        i += run;
        if (!proto_text_ok(&parser->line))
            return false;
        if (i == n)
            break;
        parser->after_cr = bytes[i++] == '\r';
        if (!parser->started && parser->line.length >= 3 &&
            memcmp(parser->line.data, "\xef\xbb\xbf", 3) == 0) {
            parser->line.length -= 3; /* one byte order mark may precede the stream */
            memmove(parser->line.data, parser->line.data + 3, parser->line.length);
        }
        parser->started = true;
        if (!take_line(parser, handler, ctx))
            return false;
        parser->line.length = 0;
    }
    return true;
}
