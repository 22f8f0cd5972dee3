#include "base/log.h"

#include "base/ids.h"
#include "proto/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384u

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Written by log_setup before any thread starts, read-only afterwards. */
static log_level threshold = LOG_LEVEL_INFO;
static int as_json;

void log_setup(log_level level, int json)
{
    threshold = level;
    as_json = json;
}

static void format_time(char out[32])
{
    int64_t now = clock_unix_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(now % 1000));
}

static bool bare_word(const char *value)
{
    if (!*value)
        return false;
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '"' || *c == '=' || *c == '\\')
            return false;
    return true;
}

/* A quoted logfmt value is a JSON string: same escapes, and bytes that are not UTF-8 cannot break the line.
 */
static void logfmt_pair(proto_text *line, const char *key, const char *value)
{
    if (line->length > 0)
        proto_text_puts(line, " ");
    proto_text_puts(line, key);
    proto_text_puts(line, "=");
    if (bare_word(value)) {
        proto_text_puts(line, value);
        return;
    }
    proto_json_writer w;
    proto_write_init(&w, line);
    proto_write_string(&w, NULL, value);
}

static void format_line(proto_text *line, log_level level, const char *message, va_list pairs)
{
    char now[32];
    proto_json_writer w;
    format_time(now);
    proto_write_init(&w, line);
    if (as_json)
        proto_write_object(&w, NULL);
    const char *key = "time", *value = now;
    for (int i = 0; key; i++) {
        if (!value)
            value = "";
        if (as_json)
            proto_write_string(&w, key, value);
        else
            logfmt_pair(line, key, value);
        if (i == 0)
            key = "level", value = level_names[level];
        else if (i == 1)
            key = "msg", value = message;
        else if ((key = va_arg(pairs, const char *)))
            value = va_arg(pairs, const char *);
    }
    if (as_json)
        proto_write_end_object(&w);
    proto_text_puts(line, "\n");
}

void log_event(log_level level, const char *message, ...)
{
    if (level < threshold)
        return;
    proto_text line;
    va_list pairs;
    proto_text_init(&line, LINE_MAX_BYTES);
    va_start(pairs, message);
    format_line(&line, level, message, pairs);
    va_end(pairs);
    ssize_t ignored;
    if (proto_text_ok(&line)) {
        ignored = write(STDERR_FILENO, line.data, line.length);
    } else {
        /* Out of memory, or far too long: messages are literals of ours, so this much is always safe to say.
         */
        char brief[256];
        int n = snprintf(brief, sizeof brief,
                         as_json ? "{\"level\":\"%s\",\"msg\":\"%.200s\"}\n" : "level=%s msg=\"%.200s\"\n",
                         level_names[level], message);
        ignored = write(STDERR_FILENO, brief, (size_t)n);
    }
    (void)ignored; /* nowhere to complain */
    proto_text_fini(&line);
}
