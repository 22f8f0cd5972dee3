/*
 * A list of pairs to the canonical pair table.
 */
#include "blob_writer.h"
#include "pair_table_layout.h"
#include "proto/pair_table.h"

#include <stdlib.h>
#include <string.h>

static const char names[] = "xylabel"; /* one behind another */

/* One row: its cells' bytes, or where each of them begins. */
static mi_status put_cells(proto_blob_writer *blob, const char *const cells[3], const size_t lengths[3],
                           uint32_t cols, uint64_t *end, bool offsets, mi_error *err)
{
    mi_status status = MI_OK;
    for (uint32_t column = 0; column < cols && status == MI_OK; column++) {
        const uint64_t begin = *end;
        *end += lengths[column];
        status = offsets ? proto_blob_put(blob, &begin, sizeof begin, err)
                         : proto_blob_put(blob, cells[column], lengths[column], err);
    }
    return status;
}

static mi_status put_rows(proto_blob_writer *blob, const proto_string_list *x, const proto_string_list *y,
                          const uint8_t *labels, bool offsets, mi_error *err)
{
    mi_status status = MI_OK;
    uint64_t end = 0;
    for (uint64_t row = 0; row < x->n && status == MI_OK; row++) {
        const char *cells[3] = {NULL, NULL, labels && labels[row] ? "1" : "0"};
        size_t lengths[3] = {0, 0, 1};
        cells[0] = proto_string_list_at(x, row, &lengths[0]);
        cells[1] = proto_string_list_at(y, row, &lengths[1]);
        status = put_cells(blob, cells, lengths, labels ? 3 : 2, &end, offsets, err);
    }
    return status == MI_OK && offsets ? proto_blob_put(blob, &end, sizeof end, err) : status;
}

static mi_status put_tail(proto_blob_writer *blob, proto_pair_footer *footer, mi_error *err)
{
    static const uint64_t ends[] = {0, 1, 2, sizeof names - 1};
    memcpy(footer->magic, PROTO_PAIR_MAGIC, sizeof footer->magic);
    footer->names_at = blob->written;
    mi_status status = proto_blob_put(blob, ends, (footer->cols + 1) * sizeof *ends, err);
    if (status == MI_OK)
        status = proto_blob_put(blob, names, ends[footer->cols], err);
    if (status == MI_OK)
        status = proto_blob_pad(blob, err);
    if (status == MI_OK)
        status = proto_blob_put(blob, footer, sizeof *footer, err);
    return status == MI_OK ? proto_blob_flush(blob, err) : status;
}

mi_status proto_pair_table_write(const proto_string_list *x, const proto_string_list *y,
                                 const uint8_t *labels, const proto_output *out, mi_error *err)
{
    proto_pair_footer footer = {.rows = x->n, .cols = labels ? 3 : 2};
    proto_blob_writer *blob = calloc(1, sizeof *blob); /* 64 KiB */
    if (!blob)
        return mi_fail(err, MI_MEMORY, "no memory to write a pair table");
    blob->output = out;
    mi_status status = put_rows(blob, x, y, labels, false, err);
    if (status == MI_OK)
        status = proto_blob_pad(blob, err);
    footer.cells_at = blob->written;
    if (status == MI_OK)
        status = put_rows(blob, x, y, labels, true, err);
    if (status == MI_OK)
        status = put_tail(blob, &footer, err);
    free(blob);
    return status;
}
