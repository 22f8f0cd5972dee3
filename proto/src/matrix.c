#include "proto/matrix.h"

#include "matrix_layout.h"
#include "matrix_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/*
 * The strings (n of them) that stand at *at, which must be where the bytes so far end; moves *at past them.
 * limit: where the footer begins.
 */
static mi_status open_strings(const unsigned char *bytes, uint64_t limit, uint64_t claimed, uint64_t n,
                              uint64_t *at, const uint64_t **offsets, const char **strings, mi_error *err)
{
    uint64_t begin = proto_matrix_align(*at);
    if (claimed != begin || begin > limit || n >= (limit - begin) / sizeof **offsets)
        return mi_fail(err, MI_CORRUPT, "matrix blob: a string table does not fit");
    const uint64_t *table = (const void *)(bytes + begin);
    uint64_t room = limit - begin - (n + 1) * sizeof *table;
    if (table[0] != 0 || table[n] > room)
        return mi_fail(err, MI_CORRUPT, "matrix blob: a string table does not fit");
    for (uint64_t i = 0; i < n; i++)
        if (table[i] > table[i + 1])
            return mi_fail(err, MI_CORRUPT, "matrix blob: string %" PRIu64 " ends before it begins", i);
    *offsets = table;
    *strings = (const char *)(table + n + 1);
    *at = begin + (n + 1) * sizeof *table + table[n];
    return MI_OK;
}

/* Flags of the columns, then the names of their levels, at *at; moves *at past them. */
static mi_status open_levels(const unsigned char *bytes, uint64_t limit, const proto_matrix_footer *footer,
                             uint64_t *at, proto_matrix_view *out, mi_error *err)
{
    const uint64_t cols = footer->cols, flags_at = proto_matrix_align(*at);
    /* cols values fit before limit, so that this does not overflow. */
    const uint64_t first_at = proto_matrix_align(flags_at + cols);
    if (footer->levels_at != flags_at || first_at > limit || cols >= (limit - first_at) / sizeof(uint64_t))
        return mi_fail(err, MI_CORRUPT, "matrix blob: the levels do not fit");
    const uint8_t *flags = bytes + flags_at;
    const uint64_t *first = (const void *)(bytes + first_at);
    if (first[0] != 0)
        return mi_fail(err, MI_CORRUPT, "matrix blob: the levels do not begin at 0");
    for (uint64_t col = 0; col < cols; col++)
        if (flags[col] > 1 || first[col] > first[col + 1] || (!flags[col] && first[col] != first[col + 1]))
            return mi_fail(err, MI_CORRUPT, "matrix blob: bad levels of column %" PRIu64, col);
    out->matrix.categorical = flags;
    out->level_first = first;
    *at = first_at + (cols + 1) * sizeof *first;
    return open_strings(bytes, limit, proto_matrix_align(*at), first[cols], at, &out->level_offsets,
                        &out->level_bytes, err);
}

mi_status proto_matrix_open(proto_matrix_view *out, const void *bytes, size_t n, mi_error *err)
{
    proto_matrix_footer footer;
    if (n < sizeof footer)
        return mi_fail(err, MI_CORRUPT, "matrix blob: %zu bytes; a footer alone has %zu", n, sizeof footer);
    assert((uintptr_t)bytes % 8 == 0);
    uint64_t limit = n - sizeof footer, cells, at;
    memcpy(&footer, (const char *)bytes + limit, sizeof footer);
    if (memcmp(footer.magic, PROTO_MATRIX_MAGIC, sizeof footer.magic) != 0)
        return mi_fail(err, MI_CORRUPT, "matrix blob: wrong magic");
    bool has_ids = footer.flags & PROTO_MATRIX_IDS, has_names = footer.flags & PROTO_MATRIX_NAMES;
    const bool has_levels = footer.flags & PROTO_MATRIX_LEVELS;
    if (footer.flags & ~(uint64_t)(PROTO_MATRIX_IDS | PROTO_MATRIX_NAMES | PROTO_MATRIX_LEVELS) ||
        footer.reserved)
        return mi_fail(err, MI_CORRUPT, "matrix blob: unknown flags");
    if (footer.rows == 0 || footer.cols == 0 || __builtin_mul_overflow(footer.rows, footer.cols, &cells) ||
        cells > limit / sizeof(float))
        return mi_fail(err, MI_CORRUPT, "matrix blob: %" PRIu64 " x %" PRIu64 " values do not fit",
                       footer.rows, footer.cols);
    at = cells * sizeof(float);
    *out = (proto_matrix_view){.matrix = {.data = bytes, .rows = footer.rows, .cols = footer.cols},
                               .has_ids = has_ids,
                               .has_names = has_names};
    mi_status status = MI_OK;
    if (has_ids)
        status = open_strings(bytes, limit, footer.ids_at, footer.rows, &at, &out->id_offsets, &out->id_bytes,
                              err);
    if (status == MI_OK && has_names)
        status = open_strings(bytes, limit, footer.names_at, footer.cols, &at, &out->name_offsets,
                              &out->name_bytes, err);
    if (status == MI_OK && has_levels)
        status = open_levels(bytes, limit, &footer, &at, out, err);
    if (status != MI_OK)
        return status;
    if ((!has_ids && footer.ids_at) || (!has_names && footer.names_at) || (!has_levels && footer.levels_at) ||
        proto_matrix_align(at) != limit)
        return mi_fail(err, MI_CORRUPT, "matrix blob: its parts do not fill it");
    return MI_OK;
}

const char *proto_matrix_id(const proto_matrix_view *view, uint64_t row, size_t *n)
{
    *n = 0;
    if (!view->has_ids)
        return NULL;
    assert(row < view->matrix.rows);
    *n = view->id_offsets[row + 1] - view->id_offsets[row];
    return view->id_bytes + view->id_offsets[row];
}

uint64_t proto_matrix_find_id(const proto_matrix_view *view, const char *id, size_t n)
{
    uint64_t row = 0;
    for (; view->has_ids && row < view->matrix.rows; row++) {
        size_t n_found;
        const char *found = proto_matrix_id(view, row, &n_found);
        if (n_found == n && memcmp(found, id, n) == 0)
            return row;
    }
    return view->matrix.rows;
}

const char *proto_matrix_level(const proto_matrix_view *view, uint64_t col, uint64_t code, size_t *n)
{
    *n = 0;
    assert(col < view->matrix.cols);
    if (!view->level_first || code >= view->level_first[col + 1] - view->level_first[col])
        return NULL;
    const uint64_t level = view->level_first[col] + code;
    *n = view->level_offsets[level + 1] - view->level_offsets[level];
    return view->level_bytes + view->level_offsets[level];
}

mi_status proto_matrix_write(mi_matrix matrix, const proto_output *out, mi_error *err)
{
    if (matrix.rows == 0 || matrix.cols == 0)
        return mi_fail(err, MI_INVALID, "the matrix is empty: %" PRIu64 " x %" PRIu64, matrix.rows,
                       matrix.cols);
    size_t cells = matrix.rows * matrix.cols, bad = proto_first_not_finite(matrix.data, cells);
    if (bad < cells)
        return mi_fail(err, MI_INVALID,
                       "row %" PRIu64 ", column %" PRIu64 " (from 0): %s; expected a finite number",
                       bad / matrix.cols, bad % matrix.cols, isnan(matrix.data[bad]) ? "NaN" : "infinity");
    proto_matrix_writer *writer;
    mi_status status = proto_matrix_writer_new(&writer, out, matrix.cols, err);
    if (status != MI_OK)
        return status;
    status = proto_matrix_writer_rows(writer, matrix.data, matrix.rows, err);
    if (status == MI_OK)
        status = proto_matrix_writer_finish(writer, NULL, NULL, NULL, err);
    proto_matrix_writer_free(writer);
    return status;
}
