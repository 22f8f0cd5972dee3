#include "proto/result.h"
#include "spool.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the blob is the arrays as they lie in memory");

/* Blob: this, then four columns of `rows` doubles; with the second magic, two columns of `rows` u32. */
typedef struct pmi_header {
    char magic[8];
    uint64_t rows;
} pmi_header;

static const char magic[8] = {'M', 'I', 'P', 'M', 'I', 'T', 'B', '1'},
                  magic_pairs[8] = {'M', 'I', 'P', 'M', 'I', 'T', 'B', '2'};
#define N_COLUMNS 4
#define ROW_BYTES (N_COLUMNS * sizeof(double))
_Static_assert(ROW_BYTES + 2 * sizeof(uint32_t) == PROTO_PMI_ROW_BYTES, "as the header says");

/* The end of a comparison's blob, behind n_variants offsets. */
typedef struct index_footer {
    uint64_t n_variants;
    char magic[8];
} index_footer;

static const char index_magic[8] = {'M', 'I', 'P', 'M', 'I', 'I', 'X', '1'};

mi_status proto_pmi_pack(const mi_estimate *estimate, const proto_pairs *pairs, proto_text *out)
{
    pmi_header header = {.rows = estimate->n_pairs};
    const double *columns[N_COLUMNS] = {estimate->pmi, estimate->percentile, estimate->p_value,
                                        estimate->q_value};
    memcpy(header.magic, pairs ? magic_pairs : magic, sizeof magic);
    proto_text_append(out, &header, sizeof header);
    for (int i = 0; i < N_COLUMNS; i++)
        proto_text_append(out, columns[i], (size_t)header.rows * sizeof(double));
    if (pairs) {
        assert(pairs->n == header.rows);
        proto_text_append(out, pairs->x, (size_t)header.rows * sizeof *pairs->x);
        proto_text_append(out, pairs->y, (size_t)header.rows * sizeof *pairs->y);
    }
    return proto_text_ok(out) ? MI_OK : MI_MEMORY;
}

void proto_pmi_pack_index(const uint64_t *offsets, uint32_t n, proto_text *out)
{
    index_footer footer = {.n_variants = n};
    memcpy(footer.magic, index_magic, sizeof index_magic);
    proto_text_append(out, offsets, n * sizeof *offsets);
    proto_text_append(out, &footer, sizeof footer);
}

/* Bytes of the table that begins here; 0: none does. */
static size_t table_bytes(const char *bytes, size_t n)
{
    pmi_header header;
    if (n < sizeof header)
        return 0;
    memcpy(&header, bytes, sizeof header);
    const bool pairs = memcmp(header.magic, magic_pairs, sizeof magic_pairs) == 0;
    const size_t row = pairs ? PROTO_PMI_ROW_BYTES : ROW_BYTES;
    if ((!pairs && memcmp(header.magic, magic, sizeof magic) != 0) || header.rows > (n - sizeof header) / row)
        return 0;
    return sizeof header + (size_t)header.rows * row;
}

/* bytes: of a table that is there whole. */
static void open_table(proto_pmi_view *out, const char *bytes)
{
    pmi_header header;
    memcpy(&header, bytes, sizeof header);
    const double *first = (const double *)(const void *)(bytes + sizeof header);
    const uint64_t rows = header.rows;
    *out = (proto_pmi_view){
        .rows = rows, .pmi = first, .percentile = first + rows, .p = first + 2 * rows, .q = first + 3 * rows};
    if (memcmp(header.magic, magic_pairs, sizeof magic_pairs) == 0) {
        out->x_row = (const uint32_t *)(const void *)(first + 4 * rows);
        out->y_row = out->x_row + rows;
    }
}

/* Where the variant's table begins, from the index at the end; n: without what the index takes. */
static mi_status find_table(const char *bytes, size_t *n, uint32_t variant, uint64_t *offset, mi_error *err)
{
    index_footer footer = {.n_variants = 0};
    if (*n >= sizeof footer)
        memcpy(&footer, bytes + *n - sizeof footer, sizeof footer);
    if (memcmp(footer.magic, index_magic, sizeof index_magic) != 0 ||
        footer.n_variants > (*n - sizeof footer) / sizeof *offset)
        return mi_fail(err, MI_CORRUPT, "a PMI table's header does not fit its %zu bytes", *n);
    *n -= sizeof footer + (size_t)footer.n_variants * sizeof *offset;
    uint64_t at = variant == PROTO_PMI_FIRST ? 0 : variant;
    *offset = PROTO_PMI_NONE;
    for (; at < footer.n_variants; at++) {
        memcpy(offset, bytes + *n + at * sizeof *offset, sizeof *offset);
        if (variant != PROTO_PMI_FIRST || *offset != PROTO_PMI_FAILED)
            break;
    }
    if (*offset == PROTO_PMI_FAILED)
        return mi_fail(err, MI_NOT_FOUND, "the objective has failed (see the job's result)");
    if (*offset == PROTO_PMI_NONE)
        return mi_fail(err, MI_NOT_FOUND, "the objective gives no PMI");
    if (*offset > *n || *offset % sizeof(double) != 0)
        return mi_fail(err, MI_CORRUPT, "a PMI table lies outside its %zu bytes", *n);
    return MI_OK;
}

mi_status proto_pmi_open(proto_pmi_view *out, const void *bytes, size_t n, uint32_t variant, mi_error *err)
{
    uint64_t offset = 0;
    if ((uintptr_t)bytes % sizeof(double) != 0)
        return mi_fail(err, MI_CORRUPT, "a PMI table is not aligned");
    if (n > 0 && table_bytes(bytes, n) == n) {
        if (variant != 0 && variant != PROTO_PMI_FIRST)
            return mi_fail(err, MI_NOT_FOUND, "there is one PMI table");
        open_table(out, bytes);
        return MI_OK;
    }
    mi_status status = find_table(bytes, &n, variant, &offset, err);
    if (status != MI_OK)
        return status;
    const char *table = (const char *)bytes + offset;
    if (table_bytes(table, n - (size_t)offset) == 0)
        return mi_fail(err, MI_CORRUPT, "a PMI table's header does not fit its %zu bytes", n);
    open_table(out, table);
    return MI_OK;
}

/* Which rows match, in the order in which they are shown. */
typedef struct selection {
    uint64_t *rows; /* NULL: rows of the table in their order, as far as they match */
    uint64_t total;
} selection;

static uint64_t x_row(const proto_pmi_view *view, uint64_t row)
{
    return view->x_row ? view->x_row[row] : row;
}

static uint64_t y_row(const proto_pmi_view *view, uint64_t row)
{
    return view->y_row ? view->y_row[row] : row;
}

static bool is_about(const proto_pmi_view *view, const proto_pmi_query *query, uint64_t row)
{
    const uint64_t x = x_row(view, row), y = y_row(view, row), of_x = query->x_row, of_y = query->y_row;
    const bool as_it_is = (of_x == 0 || of_x - 1 == x) && (of_y == 0 || of_y - 1 == y);
    return as_it_is || (query->symmetric && (of_x == 0 || of_x - 1 == y) && (of_y == 0 || of_y - 1 == x));
}

static bool matches(const proto_pmi_view *view, const proto_pmi_query *query, uint64_t row)
{
    return !isnan(view->pmi[row]) && view->pmi[row] >= query->min && is_about(view, query, row);
}

/* Whether row a comes before row b: higher first, ties by row. */
static bool precedes(const proto_pmi_view *view, uint64_t a, uint64_t b)
{
    return view->pmi[a] > view->pmi[b] || (view->pmi[a] == view->pmi[b] && a < b);
}

/* A heap with the last in order at its root: let rows[at] sink to its place. */
static void sink(const proto_pmi_view *view, uint64_t *rows, uint64_t n, uint64_t at)
{
    for (;;) {
        uint64_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && precedes(view, rows[child], rows[child + 1]))
            child++;
        if (!precedes(view, rows[at], rows[child]))
            return;
        uint64_t swapped = rows[at];
        rows[at] = rows[child];
        rows[child] = swapped;
        at = child;
    }
}

static void make_heap(const proto_pmi_view *view, uint64_t *rows, uint64_t n)
{
    for (uint64_t at = n / 2; at-- > 0;)
        sink(view, rows, n, at);
}

/* The `top` first of the matching rows in O(rows log top) time and O(top) memory. */
static mi_status select_top(selection *out, const proto_pmi_view *view, const proto_pmi_query *query)
{
    uint64_t most = query->top < view->rows ? query->top : view->rows, n = 0;
    uint64_t *rows = malloc((most > 0 ? most : 1) * sizeof *rows);
    if (!rows)
        return MI_MEMORY;
    for (uint64_t row = 0; row < view->rows; row++) {
        if (!matches(view, query, row))
            continue;
        if (n < most) {
            rows[n++] = row;
            if (n == most)
                make_heap(view, rows, n);
        } else if (precedes(view, row, rows[0])) {
            rows[0] = row;
            sink(view, rows, n, 0);
        }
    }
    if (n < most)
        make_heap(view, rows, n);
    for (uint64_t left = n; left > 1; left--) {
        uint64_t last = rows[0];
        rows[0] = rows[left - 1];
        rows[left - 1] = last;
        sink(view, rows, left - 1, 0);
    }
    *out = (selection){rows, n};
    return MI_OK;
}

static mi_status select_rows(selection *out, const proto_pmi_view *view, const proto_pmi_query *query)
{
    if (query->top > 0)
        return select_top(out, view, query);
    *out = (selection){NULL, 0};
    for (uint64_t row = 0; row < view->rows; row++)
        out->total += matches(view, query, row);
    return MI_OK;
}

/* A damaged table may name a row that is not there. */
static const char *id_of(const proto_matrix_view *matrix, uint64_t row, size_t *n)
{
    *n = 0;
    return matrix && row < matrix->matrix.rows ? proto_matrix_id(matrix, row, n) : NULL;
}

static void encode_row(const proto_pmi_view *view, uint64_t row, const proto_matrix_view *x,
                       const proto_matrix_view *y, proto_json_writer *w)
{
    size_t n;
    const char *id;
    proto_write_object(w, NULL);
    proto_write_u64(w, "row", row);
    if ((id = id_of(x, x_row(view, row), &n)))
        proto_write_string_n(w, "x_id", id, n);
    if ((id = id_of(y, y_row(view, row), &n)))
        proto_write_string_n(w, "y_id", id, n);
    proto_write_double(w, "pmi", view->pmi[row]);
    proto_write_double(w, "percentile", view->percentile[row]);
    proto_write_double(w, "p_value", view->p[row]);
    proto_write_double(w, "q_value", view->q[row]);
    proto_write_end_object(w);
}

mi_status proto_pmi_encode_json(const proto_pmi_view *view, const proto_pmi_query *query,
                                const proto_matrix_view *x, const proto_matrix_view *y, proto_text *out)
{
    selection chosen;
    proto_json_writer w;
    char next[24];
    mi_status status = select_rows(&chosen, view, query);
    if (status != MI_OK)
        return status;
    uint64_t from = query->after < chosen.total ? query->after : chosen.total;
    uint64_t to = query->limit < chosen.total - from ? from + query->limit : chosen.total;

    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "list");
    proto_write_string(&w, "unit", "nats");
    proto_write_array(&w, "data");
    if (chosen.rows)
        for (uint64_t i = from; i < to; i++)
            encode_row(view, chosen.rows[i], x, y, &w);
    else
        for (uint64_t row = 0, i = 0; i < to; row++)
            if (matches(view, query, row) && i++ >= from)
                encode_row(view, row, x, y, &w);
    proto_write_end_array(&w);
    snprintf(next, sizeof next, "%" PRIu64, to);
    proto_write_string(&w, "next", to < chosen.total ? next : NULL);
    proto_write_u64(&w, "total", chosen.total);
    proto_write_end_object(&w);
    free(chosen.rows);
    return proto_text_ok(out) ? MI_OK : MI_MEMORY;
}

static bool has_ids(const proto_matrix_view *view)
{
    return view && view->has_ids;
}

static void csv_id(const proto_matrix_view *view, uint64_t row, proto_text *out)
{
    size_t n = 0;
    if (!has_ids(view))
        return;
    const char *id = id_of(view, row, &n);
    proto_text_append(out, ",", 1);
    proto_csv_field(id ? id : "", n, out);
}

static void csv_row(const proto_pmi_view *view, uint64_t row, const proto_matrix_view *x,
                    const proto_matrix_view *y, proto_text *out)
{
    const double values[N_COLUMNS] = {view->pmi[row], view->percentile[row], view->p[row], view->q[row]};
    proto_text_printf(out, "%" PRIu64, row);
    csv_id(x, x_row(view, row), out);
    csv_id(y, y_row(view, row), out);
    for (int i = 0; i < N_COLUMNS; i++) {
        proto_text_append(out, ",", 1);
        proto_csv_double(values[i], out);
    }
    proto_text_append(out, "\n", 1);
}

mi_status proto_pmi_write_csv(const proto_pmi_view *view, const proto_pmi_query *query,
                              const proto_matrix_view *x, const proto_matrix_view *y, const proto_output *out,
                              mi_error *err)
{
    selection chosen;
    if (select_rows(&chosen, view, query) != MI_OK)
        return mi_fail(err, MI_MEMORY, "rows of the PMI table");
    proto_spool s;
    proto_spool_init(&s, out, err);
    proto_text_printf(&s.text, "row%s%s,pmi,percentile,p_value,q_value\n", has_ids(x) ? ",x_id" : "",
                      has_ids(y) ? ",y_id" : "");
    if (chosen.rows)
        for (uint64_t i = 0; i < chosen.total && proto_spool_pass(&s); i++)
            csv_row(view, chosen.rows[i], x, y, &s.text);
    else
        for (uint64_t row = 0; row < view->rows && proto_spool_pass(&s); row++)
            if (matches(view, query, row))
                csv_row(view, row, x, y, &s.text);
    free(chosen.rows);
    return proto_spool_end(&s);
}

static void npy_row(const proto_pmi_view *view, uint64_t row, proto_text *out)
{
    const double values[N_COLUMNS] = {view->pmi[row], view->percentile[row], view->p[row], view->q[row]};
    proto_text_append(out, values, sizeof values);
}

mi_status proto_pmi_write_npy(const proto_pmi_view *view, const proto_pmi_query *query,
                              const proto_output *out, mi_error *err)
{
    selection chosen;
    const bool all =
        query->top == 0 && query->min == -(double)INFINITY && query->x_row == 0 && query->y_row == 0;
    if (select_rows(&chosen, view, query) != MI_OK)
        return mi_fail(err, MI_MEMORY, "rows of the PMI table");
    proto_spool s;
    proto_spool_init(&s, out, err);
    proto_npy_header_f8(all ? view->rows : chosen.total, N_COLUMNS, &s.text);
    if (chosen.rows)
        for (uint64_t i = 0; i < chosen.total && proto_spool_pass(&s); i++)
            npy_row(view, chosen.rows[i], &s.text);
    else
        for (uint64_t row = 0; row < view->rows && proto_spool_pass(&s); row++)
            if (all || matches(view, query, row))
                npy_row(view, row, &s.text);
    free(chosen.rows);
    return proto_spool_end(&s);
}
