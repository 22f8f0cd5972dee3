#include "proto/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void proto_text_init(proto_text *text, size_t max)
{
    *text = (proto_text){.max = max};
}

void proto_text_fini(proto_text *text)
{
    free(text->data);
    *text = (proto_text){.max = text->max};
}

bool proto_text_ok(const proto_text *text)
{
    return !text->failed;
}

/* Room for n more bytes and a NUL. */
static bool reserve(proto_text *text, size_t n)
{
    if (text->failed)
        return false;
    if (n > text->max - text->length || text->length + n == SIZE_MAX) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + n + 1;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity < 128 ? 128 : text->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity - 1 > text->max)
        capacity = text->max + 1;
    char *data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

char *proto_text_take(proto_text *text, size_t *length)
{
    char *data = NULL;
    if (reserve(text, 0)) {
        text->data[text->length] = '\0';
        data = text->data;
        if (length)
            *length = text->length;
        text->data = NULL;
    }
    proto_text_fini(text);
    return data;
}

void proto_text_append(proto_text *text, const void *bytes, size_t n)
{
    if (!reserve(text, n))
        return;
    if (n > 0)
        memcpy(text->data + text->length, bytes, n);
    text->length += n;
    text->data[text->length] = '\0';
}

void proto_text_puts(proto_text *text, const char *string)
{
    proto_text_append(text, string, strlen(string));
}

void proto_text_printf(proto_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        text->failed = true;
    if (n < 0 || !reserve(text, (size_t)n))
        return;
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)n + 1, format, args);
    va_end(args);
    text->length += (size_t)n;
}
