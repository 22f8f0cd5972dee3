/*
 * Any bytes as a pair table: read or refused; what is read opens again with cells inside the blob, and joins
 * with a small matrix, the counts adding up. The first byte chooses the options, the rest is the file. The
 * same bytes are opened as a blob.
 */
#include "fuzz.h"
#include "proto/pairs.h"

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
    return proto_text_ok(ctx) ? MI_OK : mi_fail(err, MI_LIMIT, "the file makes too large a table");
}

/* Three rows with the ids "A", "B" and "P1". */
static proto_matrix_view small_matrix(void)
{
    static const float values[3];
    static const uint64_t offsets[] = {0, 1, 2, 4};
    return (proto_matrix_view){.matrix = {.data = values, .rows = 3, .cols = 1},
                               .has_ids = true,
                               .id_offsets = offsets,
                               .id_bytes = "ABP1"};
}

static void check_list(const proto_string_list *list)
{
    bool repeated;
    uint64_t first, second;
    if (proto_string_list_repeated(list, &repeated, &first, &second, NULL) != MI_OK || repeated)
        abort();
}

static void check_pairs(const proto_pairs *pairs, const proto_pair_source *source)
{
    if (pairs->rows != source->table->rows || pairs->n_negative > pairs->negatives ||
        pairs->rows != pairs->n + pairs->duplicates + pairs->negatives + pairs->without_embedding ||
        pairs->entities > pairs->entities_x + pairs->entities_y)
        abort();
    for (uint32_t i = 0; i < pairs->n; i++)
        if (pairs->x[i] >= 3 || pairs->y[i] >= 3 || pairs->entity_x[i] >= pairs->entities ||
            pairs->entity_y[i] >= pairs->entities)
            abort();
    check_list(&pairs->missing_x);
    check_list(&pairs->missing_y);
}

static void join(const proto_pair_table_view *view, bool symmetric)
{
    const proto_matrix_view x = small_matrix();
    proto_pair_source source = {.table = view, .x_column = 0, .y_column = 1, .symmetric = symmetric};
    source.label_column = proto_pair_table_find(view, "label");
    proto_pairs pairs;
    mi_error err = {0};
    if (proto_pairs_join(&pairs, &source, &x, &x, &err) == MI_OK)
        check_pairs(&pairs, &source);
    else if (err.message[0] == '\0' || pairs.x)
        abort();
    proto_pairs_fini(&pairs);
}

static void check_view(const proto_pair_table_view *view, const char *bytes, size_t size)
{
    for (uint64_t row = 0; row < view->rows; row++)
        for (uint32_t column = 0; column < view->cols; column++) {
            size_t n;
            const char *cell = proto_pair_table_cell(view, column, row, &n);
            if (cell < bytes || cell + n > bytes + size)
                abort();
        }
    for (uint32_t column = 0; column < view->cols; column++) {
        size_t n;
        const char *name = proto_pair_table_name(view, column, &n);
        if (name < bytes || name + n > bytes + size)
            abort();
    }
    if (view->cols > 1) {
        join(view, false);
        join(view, true);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    file f = {data + 1, size - 1};
    const proto_source source = {read_at, &f, f.n};
    const proto_table_options options = {.format = (proto_format)(data[0] & 3),
                                         .header = (proto_choice)((data[0] >> 2 & 3) % 3)};
    const proto_limits limits = {
        .max_body_bytes = 1u << 20, .max_rows = 100000, .max_columns = 1000, .max_cells = 1u << 20};
    proto_text blob;
    proto_text_init(&blob, 32u << 20);
    const proto_output output = {append, &blob};
    proto_dataset_record record = {0};
    proto_pair_table_view view;
    mi_error err = {0};
    mi_status status = proto_pair_table_read(&source, &options, &limits, &output, &record, &err);
    if (status == MI_OK) {
        if (proto_pair_table_open(&view, blob.data, blob.length, NULL) != MI_OK || view.rows != record.rows ||
            view.cols != record.cols || !record.columns)
            abort();
        check_view(&view, blob.data, blob.length);
    } else if (err.code != status || err.message[0] == '\0' || record.columns) {
        abort();
    }
    uint64_t *copy = malloc(f.n + 8);
    memcpy(copy, f.bytes, f.n);
    if (proto_pair_table_open(&view, copy, f.n, NULL) == MI_OK)
        check_view(&view, (const char *)copy, f.n);
    free(copy);
    proto_dataset_record_fini(&record);
    proto_text_fini(&blob);
    return 0;
}
