/*
 * A growable byte buffer with a mandatory cap, and a JSON writer on top of it.
 *
 * Failures stick: after one, appends do nothing and proto_text_ok is 0, so that an encoder checks once, at
 * its end. Numbers are written so that they read back to the same bits ("%.17g", shortest that round-trips);
 * a number that is not finite is written as null.
 */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct proto_text {
    char *data; /* NUL-terminated once anything was appended; owned */
    size_t length, capacity, max;
    bool failed; /* over the cap, or out of memory */
} proto_text;

void proto_text_init(proto_text *text, size_t max);
void proto_text_fini(proto_text *text);
bool proto_text_ok(const proto_text *text);
/* Hand the bytes over (malloc'ed, NUL-terminated); the text is empty afterwards. NULL when it failed. */
char *proto_text_take(proto_text *text, size_t *length);
void proto_text_append(proto_text *text, const void *bytes, size_t n);
void proto_text_puts(proto_text *text, const char *string);
void proto_text_printf(proto_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The shortest decimal that reads back to the same double; "null" when not finite. buffer: 32 bytes. Returns
 * its length. */
size_t proto_format_double(double value, char *buffer);

#define PROTO_JSON_DEPTH 32

typedef struct proto_json_writer {
    proto_text *text;
    unsigned depth;
    bool first[PROTO_JSON_DEPTH + 1]; /* no comma needed yet at this depth */
} proto_json_writer;

void proto_write_init(proto_json_writer *w, proto_text *text);
/* key is NULL inside arrays and at the top; it is escaped. Strings must be UTF-8 (bad bytes become U+FFFD).
 */
void proto_write_object(proto_json_writer *w, const char *key);
void proto_write_array(proto_json_writer *w, const char *key);
void proto_write_end_object(proto_json_writer *w);
void proto_write_end_array(proto_json_writer *w);
void proto_write_string(proto_json_writer *w, const char *key, const char *value); /* value NULL: null */
void proto_write_string_n(proto_json_writer *w, const char *key, const char *value,
                          size_t n); /* not NUL-terminated */
void proto_write_double(proto_json_writer *w, const char *key, double value);
void proto_write_u64(proto_json_writer *w, const char *key, uint64_t value);
void proto_write_i64(proto_json_writer *w, const char *key, int64_t value);
void proto_write_bool(proto_json_writer *w, const char *key, bool value);
void proto_write_null(proto_json_writer *w, const char *key);
void proto_write_raw(proto_json_writer *w, const char *key, const char *json); /* already JSON; NULL: null */
/* The members of a JSON object's text become members of the object that is open. Text that is no object
 * fails. */
void proto_write_members(proto_json_writer *w, const char *object);
void proto_write_time(proto_json_writer *w, const char *key,
                      int64_t unix_ms); /* RFC 3339, UTC, ms; <= 0: null */

#endif
