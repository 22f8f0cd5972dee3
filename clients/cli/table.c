#include "table.h"

#include "format.h"
#include "proto/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX_CELLS ((size_t)1 << 24)
#define TABLE_MAX_CELL  ((size_t)1 << 16)

void table_init(table *t, const char *align, const char *const *titles, bool csv, bool utf8)
{
    *t = (table){
        .csv = csv, .n_columns = (unsigned)strlen(align), .titles = titles, .align = align, .utf8 = utf8};
}

void table_fini(table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (table){0};
}

/* Takes ownership of text. */
static void add_cell(table *t, char *text)
{
    if (t->n_cells == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 64;
        char **cells = capacity <= TABLE_MAX_CELLS ? realloc(t->cells, capacity * sizeof *cells) : NULL;

        if (!cells) {
            t->failed = true;
            free(text);
            return;
        }
        t->cells = cells;
        t->capacity = capacity;
    }
    if (!text)
        t->failed = true;
    else
        t->cells[t->n_cells++] = text;
}

void table_text(table *t, const char *text)
{
    proto_text cell;

    if (!text || t->csv) {
        add_cell(t, strdup(text ? text : t->csv ? "" : "-"));
        return;
    }
    proto_text_init(&cell, TABLE_MAX_CELL);
    term_escape(&cell, text, strlen(text), t->utf8, false);
    add_cell(t, proto_text_take(&cell, NULL));
}

void table_count(table *t, double value)
{
    table_fixed(t, value >= 0 ? value : (double)NAN, 0);
}

static void exact_cell(table *t, double value)
{
    char buffer[32] = "";

    if (isfinite(value))
        proto_format_double(value, buffer);
    add_cell(t, strdup(buffer));
}

void table_fixed(table *t, double value, int decimals)
{
    char buffer[FORMAT_SIZE];

    if (t->csv)
        exact_cell(t, value);
    else
        add_cell(t, strdup(format_fixed(buffer, value, decimals)));
}

void table_number(table *t, double value)
{
    char buffer[FORMAT_SIZE];

    if (t->csv)
        exact_cell(t, value);
    else
        add_cell(t, strdup(format_number(buffer, value)));
}

void table_bytes(table *t, double value)
{
    char buffer[FORMAT_SIZE];

    if (t->csv)
        table_count(t, value);
    else
        add_cell(t, strdup(format_bytes(buffer, value)));
}

void table_row(table *t, const char *name, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    table_text(t, name);
    table_text(t, line);
}

static void print_csv(const table *t, proto_text *out)
{
    for (unsigned c = 0; t->titles && c < t->n_columns; c++) {
        proto_csv_field(t->titles[c], strlen(t->titles[c]), out);
        proto_text_puts(out, c + 1 < t->n_columns ? "," : "\n");
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        proto_csv_field(t->cells[i], strlen(t->cells[i]), out);
        proto_text_puts(out, (i + 1) % t->n_columns ? "," : "\n");
    }
}

/* Widths of the columns; 0 leaves a column out: one where no row has anything to say. */
static void measure(const table *t, size_t *widths)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t width = term_columns(t->cells[i]), *widest = &widths[i % t->n_columns];

        if (width > *widest && (!t->titles || strcmp(t->cells[i], "-") != 0))
            *widest = width;
    }
    for (unsigned c = 0; t->titles && c < t->n_columns; c++) {
        size_t width = term_columns(t->titles[c]);

        if ((widths[c] > 0 || t->n_cells == 0) && width > widths[c])
            widths[c] = width;
    }
}

static void print_row(const table *t, const char *const *cells, const size_t *widths, unsigned indent,
                      proto_text *out)
{
    size_t pending = indent; /* spaces owed before the next text; none at a line's end */

    for (unsigned c = 0; c < t->n_columns; c++) {
        size_t used = term_columns(cells[c]), pad = widths[c] > used ? widths[c] - used : 0;

        if (widths[c] == 0)
            continue;
        proto_text_printf(out, "%*s%s", (int)(pending + (t->align[c] == 'r' ? pad : 0)), "", cells[c]);
        pending = 2 + (t->align[c] == 'r' ? 0 : pad);
    }
    proto_text_puts(out, "\n");
}

bool table_print(const table *t, unsigned indent, proto_text *out)
{
    size_t *widths;

    if (t->failed)
        return false;
    if (t->csv) {
        print_csv(t, out);
        return proto_text_ok(out);
    }
    widths = calloc(t->n_columns, sizeof *widths);
    if (!widths)
        return false;
    measure(t, widths);
    if (t->titles)
        print_row(t, t->titles, widths, indent, out);
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        print_row(t, (const char *const *)t->cells + i, widths, indent, out);
    free(widths);
    return proto_text_ok(out);
}
