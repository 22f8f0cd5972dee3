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

/* Every level lies inside the blob; codes of columns with named levels have a name. */
static void check_levels(const proto_matrix_view *view, const char *bytes, size_t size)
{
    for (uint64_t col = 0; col < view->matrix.cols && view->matrix.categorical; col++) {
        const char *name;
        size_t n;
        for (uint64_t code = 0; (name = proto_matrix_level(view, col, code, &n)); code++)
            if (!view->matrix.categorical[col] || name < bytes || name + n > bytes + size)
                abort();
    }
}

static void check_codes(const proto_matrix_view *view)
{
    for (uint64_t i = 0; i < view->matrix.rows * view->matrix.cols; i++) {
        const uint64_t col = i % view->matrix.cols;
        const float code = view->matrix.data[i];
        size_t n;
        if (!view->matrix.categorical || !view->matrix.categorical[col])
            continue;
        if (!mi_is_category(code) || (view->level_first[col + 1] > view->level_first[col] &&
                                      !proto_matrix_level(view, col, (uint64_t)code, &n)))
            abort();
    }
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
    check_levels(&view, blob->data, blob->length);
    check_codes(&view);
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
    if ((data[0] >> 4 & 3) == 3) {
        strcpy(options.key, "x");
        strcpy(options.ids_key, "ids");
    }
    if (data[0] & 0x40)
        strcpy(options.id_column, "id");
    if (data[0] & 0x80)
        options.categorical = "label,0";
    proto_limits limits = {
        .max_body_bytes = 1u << 20, .max_rows = 100000, .max_columns = 1000, .max_cells = 1u << 20};
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
    const bool opened = proto_matrix_open(&view, copy, f.n, NULL) == MI_OK;
    if (opened)
        check_levels(&view, (const char *)copy, f.n);
    if (opened)
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
