#include "column_summary.h"

#include "proto/record.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MAX (1u << 20)

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

mi_status proto_column_summary_encode(const proto_column_summary *summary, const proto_string_list *names,
                                      char **out, mi_error *err)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, JSON_MAX);
    proto_write_init(&w, &text);
    proto_write_array(&w, NULL);
    for (size_t c = 0; c < summary->columns; c++) {
        char name[PROTO_STRING_MAX + 1];
        size_t length = 0;
        bool named = names && c < names->n;
        if (named) {
            const char *bytes = proto_string_list_at(names, c, &length);
            assert(length < sizeof name);
            memcpy(name, bytes, length);
        }
        name[length] = '\0';
        double spread =
            summary->rows > 1 ? sqrt(summary->squares[c] / (double)(summary->rows - 1)) : (double)NAN;
        proto_write_object(&w, NULL);
        proto_write_string(&w, "name", named ? name : NULL);
        proto_write_double(&w, "min", (double)summary->smallest[c]);
        proto_write_double(&w, "max", (double)summary->largest[c]);
        proto_write_double(&w, "mean", summary->mean[c]);
        proto_write_double(&w, "sd", spread);
        proto_write_end_object(&w);
    }
    proto_write_end_array(&w);
    *out = proto_text_take(&text, NULL);
    return *out ? MI_OK
                : mi_fail(err, MI_MEMORY, "no memory for the summary of %zu columns", summary->columns);
}
