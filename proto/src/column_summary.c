#include "column_summary.h"

#include "proto/record.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MAX     (1u << 20)
#define LEVELS_SHOWN 32u /* of a column */
#define LEVELS_BYTES \
    (64u << 10) /* of all columns, so that the summary stays below JSON_MAX when each is escaped */

mi_status proto_column_summary_init(proto_column_summary *summary, uint64_t columns, mi_error *err)
{
    size_t n = columns < PROTO_SUMMARY_COLUMNS ? columns : PROTO_SUMMARY_COLUMNS;
    *summary = (proto_column_summary){.columns = n};
    summary->mean = calloc(n, sizeof *summary->mean);
    summary->squares = calloc(n, sizeof *summary->squares);
    summary->smallest = calloc(n, sizeof *summary->smallest);
    summary->largest = calloc(n, sizeof *summary->largest);
    if (!summary->mean || !summary->squares || !summary->smallest || !summary->largest) {
        proto_column_summary_fini(summary);
        return mi_fail(err, MI_MEMORY, "no memory to summarise %zu columns", n);
    }
    for (size_t c = 0; c < n; c++) {
        summary->smallest[c] = INFINITY;
        summary->largest[c] = -INFINITY;
    }
    return MI_OK;
}

void proto_column_summary_fini(proto_column_summary *summary)
{
    free(summary->mean);
    free(summary->squares);
    free(summary->smallest);
    free(summary->largest);
    *summary = (proto_column_summary){0};
}

void proto_column_summary_add(proto_column_summary *summary, const float *values, uint64_t rows,
                              size_t stride)
{
    size_t n = summary->columns;
    double *restrict mean = summary->mean, *restrict squares = summary->squares;
    float *restrict smallest = summary->smallest, *restrict largest = summary->largest;
    for (uint64_t r = 0; r < rows; r++, values += stride) {
        double weight = 1.0 / (double)++summary->rows;
#pragma omp simd
        for (size_t c = 0; c < n; c++) {
            double value = (double)values[c], deviation = value - mean[c];
            mean[c] += deviation * weight;
            squares[c] += deviation * (value - mean[c]);
            smallest[c] = values[c] < smallest[c] ? values[c] : smallest[c];
            largest[c] = values[c] > largest[c] ? values[c] : largest[c];
        }
    }
}

/* A string that need not end with NUL; at most PROTO_STRING_MAX bytes. */
static void write_bytes(proto_json_writer *w, const char *key, const char *bytes, size_t n)
{
    char string[PROTO_STRING_MAX + 1];
    assert(n < sizeof string);
    memcpy(string, bytes, n);
    string[n] = '\0';
    proto_write_string(w, key, string);
}

static void write_name(proto_json_writer *w, const proto_string_list *names, size_t column)
{
    size_t n = 0;
    const char *name = names && column < names->n ? proto_string_list_at(names, column, &n) : NULL;
    if (name)
        write_bytes(w, "name", name, n);
    else
        proto_write_null(w, "name");
}

static void write_number(const proto_column_summary *summary, size_t c, proto_json_writer *w)
{
    double spread = summary->rows > 1 ? sqrt(summary->squares[c] / (double)(summary->rows - 1)) : (double)NAN;
    proto_write_string(w, "kind", "number");
    proto_write_double(w, "min", (double)summary->smallest[c]);
    proto_write_double(w, "max", (double)summary->largest[c]);
    proto_write_double(w, "mean", summary->mean[c]);
    proto_write_double(w, "sd", spread);
}

/* *room: bytes that names of levels may still take. */
static void write_categorical(const proto_column_summary *summary, const proto_levels *levels, size_t c,
                              size_t *room, proto_json_writer *w)
{
    const uint32_t n_levels = levels->sets[c].n;
    proto_write_string(w, "kind", "categorical");
    if (n_levels == 0) {
        proto_write_double(w, "min", (double)summary->smallest[c]);
        proto_write_double(w, "max", (double)summary->largest[c]);
        return;
    }
    proto_write_u64(w, "n_levels", n_levels);
    proto_write_array(w, "levels");
    for (uint32_t code = 0; code < n_levels && code < LEVELS_SHOWN; code++) {
        size_t n;
        const char *name = proto_levels_name(levels, c, code, &n);
        if (n > *room)
            break;
        *room -= n;
        write_bytes(w, NULL, name, n);
    }
    proto_write_end_array(w);
}

mi_status proto_column_summary_encode(const proto_column_summary *summary, const proto_string_list *names,
                                      const proto_levels *levels, char **out, mi_error *err)
{
    proto_text text;
    proto_json_writer w;
    size_t room = LEVELS_BYTES;
    proto_text_init(&text, JSON_MAX);
    proto_write_init(&w, &text);
    proto_write_array(&w, NULL);
    for (size_t c = 0; c < summary->columns; c++) {
        proto_write_object(&w, NULL);
        write_name(&w, names, c);
        if (levels && levels->categorical[c])
            write_categorical(summary, levels, c, &room, &w);
        else
            write_number(summary, c, &w);
        proto_write_end_object(&w);
    }
    proto_write_end_array(&w);
    *out = proto_text_take(&text, NULL);
    return *out ? MI_OK
                : mi_fail(err, MI_MEMORY, "no memory for the summary of %zu columns", summary->columns);
}
