/*
 * What a terminal can show, and making foreign text safe to show.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include "proto/text.h"

#include <stdio.h>

typedef struct term {
    bool tty;
    bool utf8;  /* the locale's character set */
    bool color; /* a terminal that is not "dumb", and NO_COLOR is not set */
    int width;  /* columns; 80 when unknown */
} term;

/* After setlocale. COLUMNS overrides the width of what is not a terminal. */
term term_probe(FILE *file);

/*
 * Append n bytes of text made harmless: control characters (C0, DEL, C1), bidirectional overrides, line
 * separators and bytes that are not UTF-8 appear as \xNN or \u{NNNN}. Without utf8, so does everything beyond
 * ASCII. multiline keeps newlines and tabs.
 */
void term_escape(proto_text *out, const char *bytes, size_t n, bool utf8, bool multiline);
/* Append escaped text as lines of at most `width` columns behind `indent` spaces, broken at spaces. */
void term_wrap(proto_text *out, const char *text, unsigned indent, int width);
/* Columns that escaped text takes on a terminal. */
size_t term_columns(const char *text);
/* The code point at *bytes and its length in *length; -1 (length 1) when it is not well-formed UTF-8. n > 0.
 */
long term_decode(const char *bytes, size_t n, size_t *length);

#endif
