/*
 * The join, in passes over arrays of one entry per row: look ids up; sort the pairs that were found, so that
 * equal ones are neighbours in the order they came; hand out what is left in the order of the source.
 */
#include "proto/pairs.h"

#include "pair_rows.h"

#include <stdlib.h>
#include <string.h>

#define MISSING_MAX (256u << 20) /* bytes of the ids of one side without an embedding */
#define UNSET       UINT32_MAX

enum { /* of a row */
       NEGATIVE = 1,
       REPEATED = 2, /* an earlier row is the same pair */
       MISSING_X = 4,
       MISSING_Y = 8,
};

typedef struct join_key {
    uint64_t pair; /* both codes */
    uint32_t row, label;
} join_key;

typedef struct join {
    const proto_pair_source *source;
    const proto_matrix_view *x, *y;
    const proto_id_index *index_x, *index_y;
    uint64_t rows, n_found;
    uint8_t *state;          /* (rows) */
    uint32_t *row_x, *row_y; /* (rows) of the matrices, or PROTO_NO_ROW */
    uint32_t *code_y;        /* (rows of y) of its id, UNSET until asked for */
    join_key *keys, *spare;  /* (n_found) */
    uint32_t *number;        /* (codes) of an entity, or UNSET */
    uint8_t *seen;           /* (codes) 1: as x, 2: as y */
} join;

/* An id's code is its row in x, or, when x lacks it, the number of x's rows and then its row in y. */
static uint32_t code_of_y(join *j, uint32_t row)
{
    if (j->x == j->y || j->index_x == j->index_y)
        return row;
    if (j->code_y[row] == UNSET) {
        size_t n;
        const char *id = proto_matrix_id(j->y, row, &n);
        const uint32_t twin = proto_id_index_find(j->index_x, id, n);
        j->code_y[row] = twin != PROTO_NO_ROW ? twin : (uint32_t)j->x->matrix.rows + row;
    }
    return j->code_y[row];
}

static mi_status allocate(join *j, mi_error *err)
{
    const uint64_t codes = j->x->matrix.rows + j->y->matrix.rows;
    if (j->rows >= UINT32_MAX || codes >= UINT32_MAX)
        return mi_fail(err, MI_LIMIT, "more than 4294967294 pairs or ids");
    const size_t n = j->rows > 0 ? (size_t)j->rows : 1;
    j->state = calloc(n, sizeof *j->state);
    j->row_x = malloc(n * sizeof *j->row_x);
    j->row_y = malloc(n * sizeof *j->row_y);
    j->code_y = malloc(j->y->matrix.rows * sizeof *j->code_y);
    j->keys = malloc(n * sizeof *j->keys);
    j->spare = malloc(n * sizeof *j->spare);
    j->number = malloc(codes * sizeof *j->number);
    j->seen = calloc(codes, sizeof *j->seen);
    if (!j->state || !j->row_x || !j->row_y || !j->code_y || !j->keys || !j->spare || !j->number || !j->seen)
        return mi_fail(err, MI_MEMORY, "no memory to join %llu pairs", (unsigned long long)j->rows);
    memset(j->code_y, 0xff, j->y->matrix.rows * sizeof *j->code_y);
    memset(j->number, 0xff, codes * sizeof *j->number);
    return MI_OK;
}

static void release(join *j)
{
    free(j->state);
    free(j->row_x);
    free(j->row_y);
    free(j->code_y);
    free(j->keys);
    free(j->spare);
    free(j->number);
    free(j->seen);
}

/* ---- rows to keys ---- */

static uint64_t pair_of(join *j, uint32_t x, uint32_t y)
{
    uint32_t a = x, b = code_of_y(j, y);
    if (j->source->symmetric && a > b) {
        const uint32_t swap = a;
        a = b;
        b = swap;
    }
    return (uint64_t)a << 32 | b;
}

static mi_status look_up(join *j, mi_error *err)
{
    for (uint64_t row = 0; row < j->rows; row++) {
        proto_pair_row pair;
        mi_status status = proto_pair_row_get(j->source, row, &pair, err);
        if (status != MI_OK)
            return status;
        j->row_x[row] = proto_id_index_find(j->index_x, pair.x, pair.n_x);
        j->row_y[row] = proto_id_index_find(j->index_y, pair.y, pair.n_y);
        j->state[row] =
            (uint8_t)((pair.negative ? NEGATIVE : 0) | (j->row_x[row] == PROTO_NO_ROW ? MISSING_X : 0) |
                      (j->row_y[row] == PROTO_NO_ROW ? MISSING_Y : 0));
        if (!(j->state[row] & (MISSING_X | MISSING_Y)))
            j->keys[j->n_found++] = (join_key){.pair = pair_of(j, j->row_x[row], j->row_y[row]),
                                               .row = (uint32_t)row,
                                               .label = !pair.negative};
    }
    return MI_OK;
}

/* Stable radix sort by the pair, a byte at a time; bytes that are the same everywhere cost nothing. */
static void sort_keys(join *j)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t count[256] = {0}, begin = 0;
        for (uint64_t i = 0; i < j->n_found; i++)
            count[j->keys[i].pair >> shift & 255]++;
        if (j->n_found == 0 || count[j->keys[0].pair >> shift & 255] == j->n_found)
            continue;
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint64_t n = count[byte];
            count[byte] = begin;
            begin += n;
        }
        for (uint64_t i = 0; i < j->n_found; i++)
            j->spare[count[j->keys[i].pair >> shift & 255]++] = j->keys[i];
        join_key *sorted = j->spare;
        j->spare = j->keys;
        j->keys = sorted;
    }
}

/* Rows of the same pair are neighbours now, the first of them first. */
static mi_status mark_repeated(join *j, mi_error *err)
{
    uint32_t conflict = UNSET, with = 0, first = 0;
    for (uint64_t i = 0; i < j->n_found; i++) {
        const join_key *key = &j->keys[i];
        if (i == 0 || key->pair != j->keys[i - 1].pair) {
            first = (uint32_t)i;
            continue;
        }
        j->state[key->row] |= REPEATED;
        if (key->label != j->keys[first].label && key->row < conflict) {
            conflict = key->row;
            with = j->keys[first].row;
        }
    }
    return conflict == UNSET ? MI_OK : proto_pair_row_conflict(j->source, conflict, with, err);
}

/* ---- the result ---- */

static uint32_t number_of(join *j, uint32_t code, uint8_t side, uint32_t *of_side, proto_pairs *out)
{
    if (j->number[code] == UNSET)
        j->number[code] = out->entities++;
    *of_side += !(j->seen[code] & side);
    j->seen[code] |= side;
    return j->number[code];
}

static void count(const join *j, proto_pairs *out)
{
    out->rows = j->rows;
    for (uint64_t row = 0; row < j->rows; row++) {
        const uint8_t state = j->state[row];
        const bool repeated = state & REPEATED;
        if (state & (MISSING_X | MISSING_Y)) {
            out->without_embedding++;
        } else if (state & NEGATIVE) {
            out->negatives++;
            out->n_negative += !repeated;
        } else {
            out->duplicates += repeated;
            out->n += !repeated;
        }
    }
}

static void emit(join *j, proto_pairs *out)
{
    uint32_t n = 0, n_negative = 0;
    for (uint64_t row = 0; row < j->rows; row++) {
        if (j->state[row] & (MISSING_X | MISSING_Y | REPEATED))
            continue;
        const uint32_t x = j->row_x[row], y = j->row_y[row];
        if (j->state[row] & NEGATIVE) {
            out->negative_x[n_negative] = x;
            out->negative_y[n_negative++] = y;
            continue;
        }
        out->x[n] = x;
        out->y[n] = y;
        out->entity_x[n] = number_of(j, x, 1, &out->entities_x, out);
        out->entity_y[n] = number_of(j, code_of_y(j, y), 2, &out->entities_y, out);
        n++;
    }
    for (uint32_t i = 0; out->mirrored && i < n; i++) {
        out->x[n + i] = out->y[i];
        out->y[n + i] = out->x[i];
        out->entity_x[n + i] = out->entity_y[i];
        out->entity_y[n + i] = out->entity_x[i];
    }
}

static uint32_t *rows_of(uint32_t n)
{
    return malloc((n > 0 ? (size_t)n : 1) * sizeof(uint32_t));
}

static mi_status hand_out(join *j, proto_pairs *out, mi_error *err)
{
    count(j, out);
    out->mirrored = j->source->symmetric && (j->x == j->y || j->index_x == j->index_y);
    const uint64_t rows = (uint64_t)out->n * (out->mirrored ? 2 : 1);
    if (rows >= UINT32_MAX)
        return mi_fail(err, MI_LIMIT, "more than 2147483647 pairs without an order");
    out->x = rows_of((uint32_t)rows);
    out->y = rows_of((uint32_t)rows);
    out->entity_x = rows_of((uint32_t)rows);
    out->entity_y = rows_of((uint32_t)rows);
    out->negative_x = rows_of(out->n_negative);
    out->negative_y = rows_of(out->n_negative);
    if (!out->x || !out->y || !out->entity_x || !out->entity_y || !out->negative_x || !out->negative_y)
        return mi_fail(err, MI_MEMORY, "no memory for %u pairs", out->n);
    emit(j, out);
    mi_status status = proto_pairs_list_missing(&out->missing_x, j->source, 0, j->row_x, err);
    return status == MI_OK ? proto_pairs_list_missing(&out->missing_y, j->source, 1, j->row_y, err) : status;
}

mi_status proto_pairs_join_indexed(proto_pairs *out, const proto_pair_source *source,
                                   const proto_matrix_view *x, const proto_id_index *index_x,
                                   const proto_matrix_view *y, const proto_id_index *index_y, mi_error *err)
{
    join j = {.source = source, .x = x, .y = y, .index_x = index_x, .index_y = index_y};
    j.rows = proto_pair_source_rows(source);
    *out = (proto_pairs){0};
    proto_string_list_init(&out->missing_x, MISSING_MAX);
    proto_string_list_init(&out->missing_y, MISSING_MAX);
    mi_status status = allocate(&j, err);
    if (status == MI_OK)
        status = look_up(&j, err);
    if (status == MI_OK) {
        sort_keys(&j);
        status = mark_repeated(&j, err);
    }
    if (status == MI_OK)
        status = hand_out(&j, out, err);
    release(&j);
    if (status != MI_OK)
        proto_pairs_fini(out);
    return status;
}

mi_status proto_pairs_join(proto_pairs *out, const proto_pair_source *source, const proto_matrix_view *x,
                           const proto_matrix_view *y, mi_error *err)
{
    const bool same = x->matrix.data == y->matrix.data;
    proto_id_index *index_x = NULL, *index_y = NULL;
    *out = (proto_pairs){0};
    if (!x->has_ids || !y->has_ids)
        return mi_fail_at(err, MI_INVALID, x->has_ids ? "/y" : "/x",
                          "pairs by id need a data set with ids; this one has none");
    mi_status status = proto_id_index_new(&index_x, x, err);
    if (status == MI_OK && !same)
        status = proto_id_index_new(&index_y, y, err);
    if (status == MI_OK)
        status = proto_pairs_join_indexed(out, source, x, index_x, y, same ? index_x : index_y, err);
    proto_id_index_free(index_x);
    proto_id_index_free(index_y);
    return status;
}

void proto_pairs_apply(const proto_pairs *pairs, mi_matrix *x, mi_matrix *y)
{
    x->rows = y->rows = (uint64_t)pairs->n * (pairs->mirrored ? 2 : 1);
    x->mirrored = y->mirrored = pairs->mirrored;
    x->index = pairs->x;
    y->index = pairs->y;
    x->entity = pairs->entity_x;
    y->entity = pairs->entity_y;
}

void proto_pairs_fini(proto_pairs *pairs)
{
    free(pairs->x);
    free(pairs->y);
    free(pairs->entity_x);
    free(pairs->entity_y);
    free(pairs->negative_x);
    free(pairs->negative_y);
    proto_string_list_fini(&pairs->missing_x);
    proto_string_list_fini(&pairs->missing_y);
    *pairs = (proto_pairs){0};
}
