#include "proto/pair_table.h"

#include "pair_table_layout.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Whether `table` holds n strings that fill exactly `room` bytes, each where the one before it ends. */
static bool fills(const uint64_t *table, uint64_t n, uint64_t room)
{
    if (table[0] != 0 || table[n] != room)
        return false;
    for (uint64_t i = 0; i < n; i++)
        if (table[i] > table[i + 1])
            return false;
    return true;
}

static mi_status open_cells(proto_pair_table_view *out, const proto_pair_footer *footer,
                            const unsigned char *bytes, uint64_t limit, mi_error *err)
{
    uint64_t cells;
    if (footer->rows == 0 || footer->cols == 0 || footer->cols > PROTO_PAIR_COLUMNS_MAX ||
        __builtin_mul_overflow(footer->rows, footer->cols, &cells) || footer->cells_at > limit ||
        footer->cells_at % 8 != 0 || cells >= (limit - footer->cells_at) / sizeof(uint64_t))
        return mi_fail(err, MI_CORRUPT, "pair table blob: %" PRIu64 " x %" PRIu64 " cells do not fit",
                       footer->rows, footer->cols);
    const uint64_t *table = (const void *)(bytes + footer->cells_at);
    if (!(table[cells] <= footer->cells_at && proto_matrix_align(table[cells]) == footer->cells_at &&
          fills(table, cells, table[cells])))
        return mi_fail(err, MI_CORRUPT, "pair table blob: the cells do not fit");
    out->cell_offsets = table;
    out->cell_bytes = (const char *)bytes;
    if (footer->names_at != footer->cells_at + (cells + 1) * sizeof *table)
        return mi_fail(err, MI_CORRUPT, "pair table blob: the names are not behind the cells");
    return MI_OK;
}

static mi_status open_names(proto_pair_table_view *out, const proto_pair_footer *footer,
                            const unsigned char *bytes, uint64_t limit, mi_error *err)
{
    const uint64_t *table = (const void *)(bytes + footer->names_at);
    if (footer->cols >= (limit - footer->names_at) / sizeof *table)
        return mi_fail(err, MI_CORRUPT, "pair table blob: the names do not fit");
    const uint64_t at = footer->names_at + (footer->cols + 1) * sizeof *table;
    if (table[footer->cols] > limit - at || proto_matrix_align(at + table[footer->cols]) != limit ||
        !fills(table, footer->cols, table[footer->cols]))
        return mi_fail(err, MI_CORRUPT, "pair table blob: the names do not fit");
    out->name_offsets = table;
    out->name_bytes = (const char *)(bytes + at);
    return MI_OK;
}

mi_status proto_pair_table_open(proto_pair_table_view *out, const void *bytes, size_t n, mi_error *err)
{
    proto_pair_footer footer;
    if (n < sizeof footer)
        return mi_fail(err, MI_CORRUPT, "pair table blob: %zu bytes; a footer alone has %zu", n,
                       sizeof footer);
    assert((uintptr_t)bytes % 8 == 0);
    const uint64_t limit = n - sizeof footer;
    memcpy(&footer, (const char *)bytes + limit, sizeof footer);
    if (memcmp(footer.magic, PROTO_PAIR_MAGIC, sizeof footer.magic) != 0)
        return mi_fail(err, MI_CORRUPT, "pair table blob: wrong magic");
    if (footer.reserved[0] || footer.reserved[1] || footer.reserved[2] || limit % 8 != 0)
        return mi_fail(err, MI_CORRUPT, "pair table blob: a footer of another kind");
    *out = (proto_pair_table_view){.rows = footer.rows, .cols = (uint32_t)footer.cols};
    mi_status status = open_cells(out, &footer, bytes, limit, err);
    return status == MI_OK ? open_names(out, &footer, bytes, limit, err) : status;
}

const char *proto_pair_table_cell(const proto_pair_table_view *view, uint32_t column, uint64_t row, size_t *n)
{
    assert(column < view->cols && row < view->rows);
    const uint64_t *cell = view->cell_offsets + row * view->cols + column;
    *n = (size_t)(cell[1] - cell[0]);
    return view->cell_bytes + cell[0];
}

const char *proto_pair_table_name(const proto_pair_table_view *view, uint32_t column, size_t *n)
{
    assert(column < view->cols);
    *n = (size_t)(view->name_offsets[column + 1] - view->name_offsets[column]);
    return view->name_bytes + view->name_offsets[column];
}

uint32_t proto_pair_table_find(const proto_pair_table_view *view, const char *name)
{
    const size_t wanted = strlen(name);
    for (uint32_t column = 0; column < view->cols; column++) {
        size_t n;
        const char *found = proto_pair_table_name(view, column, &n);
        if (n == wanted && memcmp(found, name, n) == 0)
            return column;
    }
    return PROTO_PAIR_NO_COLUMN;
}
