/*
 * Tables: aligned columns for people, csv for programs, from the same calls.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "proto/text.h"
#include "term.h"

typedef struct table {
    bool csv;
    unsigned n_columns;
    const char *const
        *titles;       /* borrowed; NULL: no header line (csv still needs one, so give titles there) */
    const char *align; /* 'l' or 'r' per column */
    char **cells;      /* row-major, owned */
    size_t n_cells, capacity;
    bool utf8, failed;
} table;

/* titles: n_columns = strlen(align) of them, borrowed. utf8: as the term that will show it. */
void table_init(table *t, const char *align, const char *const *titles, bool csv, bool utf8);
void table_fini(table *t);

/* Cells, left to right, row by row. NULL and non-finite numbers are "-" for people and empty in csv. */
void table_text(table *t, const char *text);            /* foreign text: escaped for people */
void table_count(table *t, double value);               /* a whole number; negative: absent */
void table_fixed(table *t, double value, int decimals); /* every digit in csv */
void table_number(table *t, double value);              /* likewise, by significant digits */
void table_bytes(table *t, double value);               /* a size; in csv a count */
/* A row of two: a name, and what is printed beside it. */
void table_row(table *t, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Append the whole table, each line after `indent` spaces (not in csv). False when memory ran out. */
bool table_print(const table *t, unsigned indent, proto_text *out);

#endif
