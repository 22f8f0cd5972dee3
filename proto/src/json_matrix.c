#include "json_scan.h"
#include "number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct lifting {
    proto_scanner *s;
    proto_json_matrix *m;
    float *data;
    uint64_t count, capacity;
} lifting;

/* Record what is wrong at row (and column, unless negative); returns MI_INVALID or MI_LIMIT. */
static mi_status reject(lifting *l, mi_status status, size_t at, int64_t row, int64_t column,
                        const char *format, ...) __attribute__((format(printf, 6, 7)));

static mi_status reject(lifting *l, mi_status status, size_t at, int64_t row, int64_t column,
                        const char *format, ...)
{
    char detail[200];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    proto_scan_fail(l->s, &l->m->error, status, at, "%s", detail);
    size_t n = strlen(l->m->error.pointer);
    char *end = l->m->error.pointer + n;
    if (row >= 0 && column >= 0)
        snprintf(end, sizeof l->m->error.pointer - n, "/%lld/%lld", (long long)row, (long long)column);
    else if (row >= 0)
        snprintf(end, sizeof l->m->error.pointer - n, "/%lld", (long long)row);
    return status;
}

static bool next_is(const proto_scanner *s, char c)
{
    return s->at < s->n && s->bytes[s->at] == c;
}

static mi_status grow(lifting *l)
{
    uint64_t capacity = l->capacity < 1024 ? 1024 : l->capacity * 2;
    if (capacity > l->m->max_numbers)
        capacity = l->m->max_numbers;
    if (capacity <= l->count)
        return reject(l, MI_LIMIT, l->s->at, -1, -1,
                      "more than %llu numbers; upload the matrix as a data set",
                      (unsigned long long)l->m->max_numbers);
    float *data =
        capacity > SIZE_MAX / sizeof *data ? NULL : realloc(l->data, (size_t)capacity * sizeof *data);
    if (!data)
        return MI_MEMORY;
    l->data = data;
    l->capacity = capacity;
    return MI_OK;
}

static mi_status lift_number(lifting *l, int64_t row, int64_t column)
{
    proto_scanner *s = l->s;
    size_t used;
    double value;
    proto_number_kind kind = proto_scan_number(s->bytes + s->at, s->n - s->at, &used, &value);
    if (kind == PROTO_NUMBER_NONE)
        return reject(l, MI_INVALID, s->at, row, column, "expected a number");
    if (kind == PROTO_NUMBER_RANGE || !isfinite((float)value))
        return reject(l, MI_INVALID, s->at, row, column, "the number is beyond the range of float32");
    if (l->count == l->capacity) {
        mi_status status = grow(l);
        if (status != MI_OK)
            return status;
    }
    l->data[l->count++] = (float)value;
    s->at += used;
    return MI_OK;
}

/* Numbers from behind '[' to ']'. row < 0: they are the rows of a one-column matrix. */
static mi_status lift_numbers(lifting *l, int64_t row)
{
    proto_scanner *s = l->s;
    for (int64_t i = 0;; i++) {
        proto_scan_blanks(s);
        mi_status status = row < 0 ? lift_number(l, i, -1) : lift_number(l, row, i);
        if (status != MI_OK)
            return status;
        proto_scan_blanks(s);
        if (next_is(s, ']'))
            break;
        if (!next_is(s, ','))
            return reject(l, MI_INVALID, s->at, row < 0 ? i : row, row < 0 ? -1 : i,
                          "expected ',' or ']' after the number");
        s->at++;
    }
    s->at++;
    return MI_OK;
}

static mi_status lift_row(lifting *l, int64_t row, uint64_t *cols)
{
    proto_scanner *s = l->s;
    size_t start = s->at;
    uint64_t before = l->count;
    if (!next_is(s, '['))
        return reject(l, MI_INVALID, start, row, -1, "expected a row of numbers");
    s->at++;
    proto_scan_blanks(s);
    if (next_is(s, ']')) {
        if (row > 0)
            return reject(l, MI_INVALID, start, row, -1, "has 0 numbers, expected %llu",
                          (unsigned long long)*cols);
        return reject(l, MI_INVALID, start, row, -1, "has no numbers");
    }
    mi_status status = lift_numbers(l, row);
    if (status != MI_OK)
        return status;
    uint64_t found = l->count - before;
    if (row == 0)
        *cols = found;
    if (found != *cols)
        return reject(l, MI_INVALID, start, row, -1, "has %llu number%s, expected %llu",
                      (unsigned long long)found, found == 1 ? "" : "s", (unsigned long long)*cols);
    return MI_OK;
}

/* The array at s->at. MI_INVALID, MI_LIMIT: m->error is filled. */
static mi_status lift(lifting *l)
{
    proto_scanner *s = l->s;
    proto_json_matrix *m = l->m;
    mi_status status;
    size_t start = s->at++;
    proto_scan_blanks(s);
    if (next_is(s, ']'))
        return reject(l, MI_INVALID, start, -1, -1, "has no rows");
    if (!next_is(s, '[')) {
        if ((status = lift_numbers(l, -1)) != MI_OK)
            return status;
        m->rows = l->count;
        m->cols = 1;
        return MI_OK;
    }
    for (m->rows = 0;; s->at++) {
        proto_scan_blanks(s);
        if ((status = lift_row(l, (int64_t)m->rows, &m->cols)) != MI_OK)
            return status;
        m->rows++;
        proto_scan_blanks(s);
        if (next_is(s, ']'))
            break;
        if (!next_is(s, ','))
            return reject(l, MI_INVALID, s->at, (int64_t)m->rows - 1, -1,
                          "expected ',' or ']' after the row");
    }
    s->at++;
    return MI_OK;
}

mi_status proto_scan_matrix(proto_scanner *s, proto_json_matrix *matrix)
{
    lifting l = {.s = s, .m = matrix};
    size_t start = s->at;
    mi_status status = lift(&l);
    if (status == MI_OK) {
        matrix->data = l.data;
        return MI_OK;
    }
    free(l.data);
    matrix->rows = matrix->cols = 0;
    if (status == MI_MEMORY)
        return mi_fail(s->err, MI_MEMORY, "out of memory for an inline matrix");

    /* Numbers that do not make a matrix may still be JSON: the other fields have a right to be checked too.
     */
    s->at = start;
    s->depth--;
    status = proto_scan_value(s);
    s->depth++;
    return status;
}
