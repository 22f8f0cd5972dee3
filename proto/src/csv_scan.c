#include "csv_scan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void proto_csv_again(proto_csv_scanner *scanner)
{
    scanner->read = 0;
    scanner->line = 1;
    scanner->next = scanner->end = 0;
    scanner->at_start = true;
    if (scanner->inflater)
        proto_inflater_rewind(scanner->inflater);
}

void proto_csv_begin(proto_csv_scanner *scanner, const proto_source *source, proto_inflater *inflater,
                     char separator)
{
    scanner->source = source;
    scanner->inflater = inflater;
    scanner->separator = separator;
    proto_csv_again(scanner);
}

/* The next bytes of the text, at most `room`; *n is 0 only at its end. */
static mi_status read_text(const proto_csv_scanner *t, char *buffer, size_t room, size_t *n, mi_error *err)
{
    if (t->inflater)
        return proto_inflater_read(t->inflater, buffer, room, n, err);
    const uint64_t left = t->source->size - t->read;
    *n = left < room ? (size_t)left : room;
    return *n > 0 ? t->source->read_at(t->source->ctx, t->read, buffer, *n, err) : MI_OK;
}

/* More bytes behind the unread ones, which move to the front; *more is false at the end of the file. */
static mi_status refill(proto_csv_scanner *t, bool *more, mi_error *err)
{
    size_t kept = t->end - t->next, n;
    assert(kept < sizeof t->buffer);
    memmove(t->buffer, t->buffer + t->next, kept);
    t->next = 0;
    t->end = kept;
    mi_status status = read_text(t, t->buffer + kept, sizeof t->buffer - kept, &n, err);
    if (status != MI_OK)
        return status;
    *more = n > 0;
    t->end = kept + n;
    if (t->read == 0 && n >= 3 && memcmp(t->buffer, "\xef\xbb\xbf", 3) == 0)
        t->next = 3;
    t->read += n;
    return MI_OK;
}

/* At least n unread bytes in the buffer, if the file has them. */
static mi_status ensure(proto_csv_scanner *t, size_t n, mi_error *err)
{
    bool more = true;
    mi_status status = MI_OK;
    while (t->end - t->next < n && more && status == MI_OK)
        status = refill(t, &more, err);
    return status;
}

/* After a field: its separator, the end of its line, or the end of the file. */
static mi_status end_field(proto_csv_scanner *t, proto_csv_field *field, mi_error *err)
{
    if (t->next == t->end) {
        field->last = true;
    } else if (t->buffer[t->next] == t->separator) {
        t->next++;
    } else if (t->buffer[t->next] == '\n') {
        t->next++;
        t->line++;
        field->last = true;
    } else if (t->buffer[t->next] == '\r' && t->end - t->next > 1 && t->buffer[t->next + 1] == '\n') {
        t->next += 2;
        t->line++;
        field->last = true;
    } else if (t->buffer[t->next] == '\r') {
        return mi_fail(err, MI_INVALID, "line %" PRIu64 ": carriage return without line feed", t->line);
    } else if (t->buffer[t->next] == '\0') {
        return mi_fail(err, MI_INVALID, "line %" PRIu64 ": NUL byte; expected text", t->line);
    } else if (field->quoted) {
        return mi_fail(err, MI_INVALID,
                       "line %" PRIu64 ": text after a closing quote; expected a separator or the end"
                       " of the line",
                       t->line);
    } else {
        return mi_fail(err, MI_INVALID, "line %" PRIu64 ": quote inside a field that does not begin with one",
                       t->line);
    }
    t->at_start = field->last;
    return MI_OK;
}

static mi_status too_long(uint64_t line, mi_error *err)
{
    return mi_fail(err, MI_INVALID, "line %" PRIu64 ": a field of more than %d bytes", line,
                   PROTO_CSV_FIELD_MAX);
}

static inline bool is_plain(char c, char separator)
{
    return c != separator && c != '\n' && c != '\r' && c != '"' && c != '\0';
}

static mi_status plain_field(proto_csv_scanner *t, proto_csv_field *field, mi_error *err)
{
    size_t n = 0;
    for (;;) {
        const char *s = t->buffer + t->next;
        size_t available = t->end - t->next;
        while (n < available && is_plain(s[n], t->separator))
            n++;
        /* A CR counts only with what follows it. */
        if (n < available && (s[n] != '\r' || n + 1 < available))
            break;
        if (n > PROTO_CSV_FIELD_MAX)
            return too_long(field->line, err);
        bool more;
        mi_status status = refill(t, &more, err);
        if (status != MI_OK)
            return status;
        if (!more)
            break;
    }
    if (n > PROTO_CSV_FIELD_MAX)
        return too_long(field->line, err);
    field->s = t->buffer + t->next;
    field->n = n;
    t->next += n;
    return end_field(t, field, err);
}

static mi_status quoted_field(proto_csv_scanner *t, proto_csv_field *field, mi_error *err)
{
    size_t n = 0;
    t->next++;
    field->quoted = true;
    for (;;) {
        mi_status status = ensure(t, 2, err);
        if (status != MI_OK)
            return status;
        if (t->next == t->end)
            return mi_fail(err, MI_INVALID, "line %" PRIu64 ": the quote that opens here is never closed",
                           field->line);
        char c = t->buffer[t->next++];
        if (c == '"' && (t->next == t->end || t->buffer[t->next] != '"'))
            break;
        if (c == '"')
            t->next++;
        if (c == '\0')
            return mi_fail(err, MI_INVALID, "line %" PRIu64 ": NUL byte; expected text", t->line);
        if (c == '\n')
            t->line++;
        if (n == sizeof t->unquoted)
            return too_long(field->line, err);
        t->unquoted[n++] = c;
    }
    field->s = t->unquoted;
    field->n = n;
    mi_status status = ensure(t, 2, err); /* CR LF */
    return status == MI_OK ? end_field(t, field, err) : status;
}

static bool is_blank(const proto_csv_field *field)
{
    if (!field->first || !field->last || field->quoted)
        return false;
    for (size_t i = 0; i < field->n; i++)
        if (field->s[i] != ' ' && field->s[i] != '\t')
            return false;
    return true;
}

mi_status proto_csv_next(proto_csv_scanner *t, proto_csv_field *field, bool *end, mi_error *err)
{
    mi_status status;
    do {
        if (t->next == t->end) {
            status = ensure(t, 1, err);
            if (status != MI_OK)
                return status;
            *end = t->next == t->end && t->at_start;
            if (*end)
                return MI_OK;
        }
        *end = false;
        *field = (proto_csv_field){.line = t->line, .first = t->at_start};
        bool quote = t->next < t->end && t->buffer[t->next] == '"';
        status = quote ? quoted_field(t, field, err) : plain_field(t, field, err);
    } while (status == MI_OK && is_blank(field));
    return status;
}

proto_csv_field proto_csv_trimmed(proto_csv_field field)
{
    while (!field.quoted && field.n > 0 && (*field.s == ' ' || *field.s == '\t')) {
        field.s++;
        field.n--;
    }
    while (!field.quoted && field.n > 0 && (field.s[field.n - 1] == ' ' || field.s[field.n - 1] == '\t'))
        field.n--;
    return field;
}
