#include "matrix_writer.h"

#include "column_summary.h"
#include "matrix_layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Small rows are gathered; blocks at least this large go out as they are. */
#define GATHER (64u << 10)

struct proto_matrix_writer {
    const proto_output *output;
    uint64_t rows, cols, written; /* written: bytes, gathered ones included */
    proto_column_summary summary;
    const proto_levels *levels; /* NULL: no column is categorical */
    size_t gathered;
    unsigned char gather[GATHER];
};

mi_status proto_matrix_writer_new(proto_matrix_writer **out, const proto_output *output, uint64_t cols,
                                  mi_error *err)
{
    assert(cols > 0);
    proto_matrix_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return mi_fail(err, MI_MEMORY, "no memory to write a matrix");
    writer->output = output;
    writer->cols = cols;
    mi_status status = proto_column_summary_init(&writer->summary, cols, err);
    if (status != MI_OK) {
        free(writer);
        return status;
    }
    *out = writer;
    return MI_OK;
}

void proto_matrix_writer_free(proto_matrix_writer *writer)
{
    if (writer)
        proto_column_summary_fini(&writer->summary);
    free(writer);
}

static mi_status flush(proto_matrix_writer *writer, mi_error *err)
{
    size_t n = writer->gathered;
    writer->gathered = 0;
    return n > 0 ? writer->output->write(writer->output->ctx, writer->gather, n, err) : MI_OK;
}

static mi_status put(proto_matrix_writer *writer, const void *bytes, size_t n, mi_error *err)
{
    mi_status status = MI_OK;
    if (n > GATHER - writer->gathered)
        status = flush(writer, err);
    if (status != MI_OK || n == 0)
        return status;
    writer->written += n;
    if (n >= GATHER)
        return writer->output->write(writer->output->ctx, bytes, n, err);
    memcpy(writer->gather + writer->gathered, bytes, n);
    writer->gathered += n;
    return MI_OK;
}

/* Zeros up to the next multiple of 8, so that offsets can be read in place. */
static mi_status pad(proto_matrix_writer *writer, mi_error *err)
{
    static const unsigned char zeros[8];
    return put(writer, zeros, (size_t)(proto_matrix_align(writer->written) - writer->written), err);
}

size_t proto_first_not_finite(const float *values, size_t n)
{
    enum { STEP = 256 };
    for (size_t begin = 0; begin < n; begin += STEP) {
        size_t end = n - begin < STEP ? n : begin + STEP;
        /* x - x is 0 for finite x and NaN for the others: one test for a whole stretch. */
        unsigned bad = 0;
#pragma omp simd reduction(| : bad)
        for (size_t i = begin; i < end; i++)
            bad |= values[i] - values[i] != 0.0f;
        if (!bad)
            continue;
        while (values[begin] - values[begin] == 0.0f)
            begin++;
        return begin;
    }
    return n;
}

mi_status proto_matrix_writer_rows(proto_matrix_writer *writer, const float *values, uint64_t n,
                                   mi_error *err)
{
    proto_column_summary_add(&writer->summary, values, n, writer->cols);
    writer->rows += n;
    return put(writer, values, n * writer->cols * sizeof *values, err);
}

/* Offsets, then bytes, aligned; *at: where they begin, 0 when there are none. */
static mi_status put_strings(proto_matrix_writer *writer, const proto_string_list *strings, uint64_t *at,
                             mi_error *err)
{
    *at = 0;
    if (!strings || strings->n == 0)
        return MI_OK;
    mi_status status = pad(writer, err);
    *at = writer->written;
    if (status == MI_OK)
        status = put(writer, strings->offsets, (strings->n + 1) * sizeof *strings->offsets, err);
    if (status == MI_OK)
        status = put(writer, strings->bytes, strings->offsets[strings->n], err);
    return status;
}

/* Where the names of each column's levels begin, then the names, in the columns' order. */
static mi_status put_level_names(proto_matrix_writer *writer, const proto_levels *levels, mi_error *err)
{
    proto_string_list names;
    uint64_t first = 0;
    mi_status status = put(writer, &first, sizeof first, err);
    proto_string_list_init(&names, levels->strings.max_bytes);
    for (uint64_t col = 0; col < levels->cols && status == MI_OK; col++) {
        for (uint32_t code = 0; code < levels->sets[col].n && status == MI_OK; code++) {
            size_t n;
            const char *name = proto_levels_name(levels, col, code, &n);
            status = proto_string_list_append(&names, name, n, err);
        }
        first += levels->sets[col].n;
        if (status == MI_OK)
            status = put(writer, &first, sizeof first, err);
    }
    uint64_t at;
    if (status == MI_OK && names.n > 0)
        status = put_strings(writer, &names, &at, err);
    else if (status == MI_OK)
        status = put(writer, &names.n, sizeof names.n, err); /* one offset: 0 */
    proto_string_list_fini(&names);
    return status;
}

static mi_status put_levels(proto_matrix_writer *writer, uint64_t *at, mi_error *err)
{
    const proto_levels *levels = writer->levels;
    *at = 0;
    if (!levels)
        return MI_OK;
    mi_status status = pad(writer, err);
    *at = writer->written;
    if (status == MI_OK)
        status = put(writer, levels->categorical, levels->cols, err);
    if (status == MI_OK)
        status = pad(writer, err);
    return status == MI_OK ? put_level_names(writer, levels, err) : status;
}

void proto_matrix_writer_levels(proto_matrix_writer *writer, const proto_levels *levels)
{
    assert(levels->cols == writer->cols);
    writer->levels = levels->n_categorical > 0 ? levels : NULL;
}

mi_status proto_matrix_writer_finish(proto_matrix_writer *writer, const proto_string_list *ids,
                                     const proto_string_list *names, proto_dataset_record *record,
                                     mi_error *err)
{
    bool has_ids = ids && ids->n > 0, has_names = names && names->n > 0;
    assert(!has_ids || ids->n == writer->rows);
    assert(!has_names || names->n == writer->cols);
    proto_matrix_footer footer = {
        .rows = writer->rows,
        .cols = writer->cols,
        .flags = (has_ids ? PROTO_MATRIX_IDS : 0u) | (has_names ? PROTO_MATRIX_NAMES : 0u) |
                 (writer->levels ? PROTO_MATRIX_LEVELS : 0u),
    };
    memcpy(footer.magic, PROTO_MATRIX_MAGIC, sizeof footer.magic);
    mi_status status = put_strings(writer, ids, &footer.ids_at, err);
    if (status == MI_OK)
        status = put_strings(writer, names, &footer.names_at, err);
    if (status == MI_OK)
        status = put_levels(writer, &footer.levels_at, err);
    if (status == MI_OK)
        status = pad(writer, err);
    if (status == MI_OK)
        status = put(writer, &footer, sizeof footer, err);
    if (status == MI_OK)
        status = flush(writer, err);
    if (status != MI_OK || !record)
        return status;
    char *columns;
    status = proto_column_summary_encode(&writer->summary, names, writer->levels, &columns, err);
    if (status != MI_OK)
        return status;
    record->rows = writer->rows;
    record->cols = writer->cols;
    record->has_ids = has_ids;
    free(record->columns);
    record->columns = columns;
    return MI_OK;
}
