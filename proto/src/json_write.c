#include "proto/text.h"
#include "utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void write_quoted(proto_text *text, const char *s, size_t n)
{
    size_t start = 0, i = 0;
    proto_text_append(text, "\"", 1);
    while (i < n) {
        size_t length = proto_utf8_next(s + i, n - i);
        unsigned char c = (unsigned char)s[i];
        if (length > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            i += length;
            continue;
        }
        proto_text_append(text, s + start, i - start);
        if (length == 0)
            proto_text_puts(text, "\xef\xbf\xbd");
        else if (c == '\n')
            proto_text_puts(text, "\\n");
        else if (c == '"' || c == '\\')
            proto_text_printf(text, "\\%c", c);
        else
            proto_text_printf(text, "\\u%04x", c);
        i++;
        start = i;
    }
    proto_text_append(text, s + start, n - start);
    proto_text_append(text, "\"", 1);
}

/* Comma and key of the next value. */
static void begin_value(proto_json_writer *w, const char *key)
{
    if (!w->first[w->depth])
        proto_text_append(w->text, ",", 1);
    w->first[w->depth] = false;
    if (key) {
        write_quoted(w->text, key, strlen(key));
        proto_text_append(w->text, ":", 1);
    }
}

static void open_level(proto_json_writer *w, const char *key, const char *bracket)
{
    assert(w->depth < PROTO_JSON_DEPTH);
    begin_value(w, key);
    proto_text_append(w->text, bracket, 1);
    w->first[++w->depth] = true;
}

static void close_level(proto_json_writer *w, const char *bracket)
{
    assert(w->depth > 0);
    w->depth--;
    proto_text_append(w->text, bracket, 1);
}

void proto_write_init(proto_json_writer *w, proto_text *text)
{
    *w = (proto_json_writer){.text = text};
    w->first[0] = true;
}

void proto_write_object(proto_json_writer *w, const char *key)
{
    open_level(w, key, "{");
}

void proto_write_array(proto_json_writer *w, const char *key)
{
    open_level(w, key, "[");
}

void proto_write_end_object(proto_json_writer *w)
{
    close_level(w, "}");
}

void proto_write_end_array(proto_json_writer *w)
{
    close_level(w, "]");
}

void proto_write_string(proto_json_writer *w, const char *key, const char *value)
{
    if (value)
        proto_write_string_n(w, key, value, strlen(value));
    else
        proto_write_null(w, key);
}

void proto_write_string_n(proto_json_writer *w, const char *key, const char *value, size_t n)
{
    begin_value(w, key);
    write_quoted(w->text, value, n);
}

void proto_write_double(proto_json_writer *w, const char *key, double value)
{
    char buffer[32];
    begin_value(w, key);
    proto_text_append(w->text, buffer, proto_format_double(value, buffer));
}

void proto_write_u64(proto_json_writer *w, const char *key, uint64_t value)
{
    begin_value(w, key);
    proto_text_printf(w->text, "%" PRIu64, value);
}

void proto_write_i64(proto_json_writer *w, const char *key, int64_t value)
{
    begin_value(w, key);
    proto_text_printf(w->text, "%" PRId64, value);
}

void proto_write_bool(proto_json_writer *w, const char *key, bool value)
{
    proto_write_raw(w, key, value ? "true" : "false");
}

void proto_write_null(proto_json_writer *w, const char *key)
{
    proto_write_raw(w, key, NULL);
}

void proto_write_raw(proto_json_writer *w, const char *key, const char *json)
{
    begin_value(w, key);
    proto_text_puts(w->text, json ? json : "null");
}

void proto_write_members(proto_json_writer *w, const char *object)
{
    static const char blank[] = " \t\r\n";
    const char *from = object + strspn(object, blank), *to = object + strlen(object);
    while (to > from && strchr(blank, to[-1]))
        to--;
    if (to - from < 2 || *from != '{' || to[-1] != '}') {
        w->text->failed = true;
        return;
    }
    from++;
    to--;
    from += strspn(from, blank);
    if (from >= to)
        return;
    begin_value(w, NULL);
    proto_text_append(w->text, from, (size_t)(to - from));
}

void proto_write_time(proto_json_writer *w, const char *key, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    char buffer[64];
    if (unix_ms <= 0 || !gmtime_r(&seconds, &utc)) {
        proto_write_null(w, key);
        return;
    }
    size_t n = strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buffer + n, sizeof buffer - n, ".%03dZ", (int)(unix_ms % 1000));
    proto_write_string(w, key, buffer);
}
