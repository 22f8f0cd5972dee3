/*
 * Text into records and fields, as RFC 4180 has it, streamed through one fixed buffer.
 *
 * Lines end with LF or CRLF. A field may stand in quotes, with "" for a quote inside; then separators and
 * line ends belong to it. Blank lines (empty, or blanks alone) are no records. A UTF-8 byte order mark at the
 * start is skipped. Refused, with its line: a quote inside an unquoted field, text after a closing quote, a
 * quote that never closes, a lone CR, NUL, a field over PROTO_CSV_FIELD_MAX.
 */
#ifndef PROTO_CSV_SCAN_H
#define PROTO_CSV_SCAN_H

#include "inflater.h"

#define PROTO_CSV_FIELD_MAX 16384
#define PROTO_CSV_BUFFER    (128u << 10)

typedef struct proto_csv_scanner {
    const proto_source *source;
    proto_inflater *inflater; /* of gzipped text; NULL: the source is the text */
    uint64_t read;            /* bytes of the text that have been in the buffer */
    uint64_t line;            /* of the next byte, from 1 */
    size_t next, end;         /* unread bytes in the buffer */
    char separator;
    bool at_start; /* of a record */
    char buffer[PROTO_CSV_BUFFER];
    char unquoted[PROTO_CSV_FIELD_MAX]; /* a quoted field without its quotes */
} proto_csv_scanner;

typedef struct proto_csv_field {
    const char *s; /* borrowed until the next call */
    size_t n;
    uint64_t line;    /* where it begins */
    bool first, last; /* of its record */
    bool quoted;
} proto_csv_field;

/* At the first byte of the source, or of what the inflater makes of it; both are borrowed. */
void proto_csv_begin(proto_csv_scanner *scanner, const proto_source *source, proto_inflater *inflater,
                     char separator);
/* At the same first byte again. */
void proto_csv_again(proto_csv_scanner *scanner);
/* The next field; *end instead when there are no more records. MI_INVALID, MI_IO. */
mi_status proto_csv_next(proto_csv_scanner *scanner, proto_csv_field *field, bool *end, mi_error *err);
/* Blanks around an unquoted field belong to the layout of the file. */
proto_csv_field proto_csv_trimmed(proto_csv_field field);

#endif
