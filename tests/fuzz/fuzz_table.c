/*
 * Any bytes as a data file: read or refused, and what is read opens again as a matrix of finite numbers.
 * The first byte chooses the options, the rest is the file.
 */
#include "fuzz.h"
#include "proto/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    const uint8_t *bytes;
    size_t n;
} file;

static mi_status read_at(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    const file *f = ctx;
    if (offset > f->n || n > f->n - offset)
        abort();
    (void)err;
    if (n > 0)
        memcpy(buffer, f->bytes + offset, n);
    return MI_OK;
}

static mi_status append(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    proto_text_append(ctx, bytes, n);
    return proto_text_ok(ctx) ? MI_OK : mi_fail(err, MI_LIMIT, "the file makes too large a matrix");
}

static void check_blob(const proto_text *blob, const proto_dataset_record *record)
{
    proto_matrix_view view;
    if (proto_matrix_open(&view, blob->data, blob->length, NULL) != MI_OK ||
        view.matrix.rows != record->rows || view.matrix.cols != record->cols ||
        view.has_ids != record->has_ids || !record->columns)
        abort();
    for (uint64_t i = 0; i < view.matrix.rows * view.matrix.cols; i++)
        if (!isfinite(view.matrix.data[i]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    file f = {data + 1, size - 1};
    const proto_source source = {read_at, &f, f.n};
    proto_table_options options = {
        .format = (proto_format)(data[0] & 3),
        .header = (proto_choice)((data[0] >> 2 & 3) % 3),
        .ids = (proto_choice)((data[0] >> 4 & 3) % 3),
    };
    if (data[0] & 0x40)
        strcpy(options.id_column, "id");
    proto_limits limits = {.max_rows = 100000, .max_columns = 1000, .max_cells = 1u << 20};
    proto_text blob;
    proto_text_init(&blob, 32u << 20);
    const proto_output output = {append, &blob};
    proto_dataset_record record = {0};
    mi_error err = {0};
    mi_status status = proto_table_read(&source, &options, &limits, &output, &record, &err);
    if (status == MI_OK)
        check_blob(&blob, &record);
    else if (err.code != status || err.message[0] == '\0' || record.columns)
        abort();
    /* The same bytes as a blob, 8-aligned as a mapping is. */
    uint64_t *copy = malloc(f.n + 8);
    proto_matrix_view view;
    memcpy(copy, f.bytes, f.n);
    if (proto_matrix_open(&view, copy, f.n, NULL) == MI_OK)
        for (uint64_t row = 0; row < view.matrix.rows && view.has_ids; row++) {
            size_t n;
            const char *id = proto_matrix_id(&view, row, &n);
            if (id < (char *)copy || id + n > (char *)copy + f.n)
                abort();
        }
    free(copy);
    proto_dataset_record_fini(&record);
    proto_text_fini(&blob);
    return 0;
}
