#include "matrix_writer.h"

#include "blob_writer.h"
#include "column_summary.h"
#include "matrix_layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct proto_matrix_writer {
    uint64_t rows, cols;
    proto_column_summary summary;
    const proto_levels *levels; /* NULL: no column is categorical */
    proto_blob_writer blob;
};

mi_status proto_matrix_writer_new(proto_matrix_writer **out, const proto_output *output, uint64_t cols,
                                  mi_error *err)
{
    assert(cols > 0);
    proto_matrix_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return mi_fail(err, MI_MEMORY, "no memory to write a matrix");
    writer->blob.output = output;
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
    return proto_blob_put(&writer->blob, values, n * writer->cols * sizeof *values, err);
}

/* Offsets, then bytes, aligned; *at: where they begin, 0 when there are none. */
static mi_status put_strings(proto_matrix_writer *writer, const proto_string_list *strings, uint64_t *at,
                             mi_error *err)
{
    *at = 0;
    if (!strings || strings->n == 0)
        return MI_OK;
    mi_status status = proto_blob_pad(&writer->blob, err);
    *at = writer->blob.written;
    if (status == MI_OK)
        status =
            proto_blob_put(&writer->blob, strings->offsets, (strings->n + 1) * sizeof *strings->offsets, err);
    if (status == MI_OK)
        status = proto_blob_put(&writer->blob, strings->bytes, strings->offsets[strings->n], err);
    return status;
}

/* Where the names of each column's levels begin, then the names, in the columns' order. */
static mi_status put_level_names(proto_matrix_writer *writer, const proto_levels *levels, mi_error *err)
{
    proto_string_list names;
    uint64_t first = 0;
    mi_status status = proto_blob_put(&writer->blob, &first, sizeof first, err);
    proto_string_list_init(&names, levels->strings.max_bytes);
    for (uint64_t col = 0; col < levels->cols && status == MI_OK; col++) {
        for (uint32_t code = 0; code < levels->sets[col].n && status == MI_OK; code++) {
            size_t n;
            const char *name = proto_levels_name(levels, col, code, &n);
            status = proto_string_list_append(&names, name, n, err);
        }
        first += levels->sets[col].n;
        if (status == MI_OK)
            status = proto_blob_put(&writer->blob, &first, sizeof first, err);
    }
    uint64_t at;
    if (status == MI_OK && names.n > 0)
        status = put_strings(writer, &names, &at, err);
    else if (status == MI_OK)
        status = proto_blob_put(&writer->blob, &names.n, sizeof names.n, err); /* one offset: 0 */
    proto_string_list_fini(&names);
    return status;
}

static mi_status put_levels(proto_matrix_writer *writer, uint64_t *at, mi_error *err)
{
    const proto_levels *levels = writer->levels;
    *at = 0;
    if (!levels)
        return MI_OK;
    mi_status status = proto_blob_pad(&writer->blob, err);
    *at = writer->blob.written;
    if (status == MI_OK)
        status = proto_blob_put(&writer->blob, levels->categorical, levels->cols, err);
    if (status == MI_OK)
        status = proto_blob_pad(&writer->blob, err);
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
        status = proto_blob_pad(&writer->blob, err);
    if (status == MI_OK)
        status = proto_blob_put(&writer->blob, &footer, sizeof footer, err);
    if (status == MI_OK)
        status = proto_blob_flush(&writer->blob, err);
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
