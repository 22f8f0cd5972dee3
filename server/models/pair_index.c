#include "pair_index.h"

#include <stdlib.h>

static int by_ids(const void *a, const void *b)
{
    const pair_place *p = a, *q = b;
    if (p->ids != q->ids)
        return p->ids < q->ids ? -1 : 1;
    return (p->at > q->at) - (p->at < q->at);
}

static uint64_t join(uint32_t x, uint32_t y)
{
    return (uint64_t)x << 32 | y;
}

mi_status pair_index_init(pair_index *index, const proto_model_view *view, bool symmetric, mi_error *err)
{
    *index = (pair_index){.symmetric = symmetric};
    if (!view->pair_rows || view->n_pairs == 0)
        return MI_OK;
    index->n = view->n_pairs;
    index->places = malloc(index->n * sizeof *index->places);
    if (!index->places)
        return mi_fail(err, MI_MEMORY, "no memory for an index of pairs");
    for (uint64_t i = 0; i < index->n; i++)
        index->places[i] = (pair_place){join(view->pair_rows[2 * i], view->pair_rows[2 * i + 1]), i};
    qsort(index->places, index->n, sizeof *index->places, by_ids);
    for (int side = 0; side < 2; side++) {
        index->ids[side] = (proto_matrix_view){.matrix = {.rows = view->ids[side].n},
                                               .has_ids = true,
                                               .id_offsets = view->ids[side].offsets,
                                               .id_bytes = view->ids[side].bytes};
        const mi_status status = proto_id_index_new(&index->find[side], &index->ids[side], err);
        if (status != MI_OK)
            return status;
    }
    return MI_OK;
}

void pair_index_fini(pair_index *index)
{
    for (int side = 0; side < 2; side++)
        proto_id_index_free(index->find[side]);
    free(index->places);
    *index = (pair_index){.n = 0};
}

uint64_t pair_index_bytes(const pair_index *index)
{
    return index->n * sizeof *index->places +
           (index->ids[0].matrix.rows + index->ids[1].matrix.rows) * PROTO_ID_INDEX_ROW_BYTES;
}

static uint64_t find_ordered(const pair_index *index, const char *x, size_t n_x, const char *y, size_t n_y)
{
    const uint32_t a = proto_id_index_find(index->find[0], x, n_x),
                   b = proto_id_index_find(index->find[1], y, n_y);
    if (a == PROTO_NO_ROW || b == PROTO_NO_ROW)
        return PAIR_INDEX_NONE;
    const uint64_t ids = join(a, b);
    uint64_t low = 0, high = index->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (index->places[middle].ids < ids)
            low = middle + 1;
        else
            high = middle;
    }
    return low < index->n && index->places[low].ids == ids ? index->places[low].at : PAIR_INDEX_NONE;
}

uint64_t pair_index_find(const pair_index *index, const char *x, size_t n_x, const char *y, size_t n_y)
{
    if (!index->places)
        return PAIR_INDEX_NONE;
    const uint64_t at = find_ordered(index, x, n_x, y, n_y);
    return at == PAIR_INDEX_NONE && index->symmetric ? find_ordered(index, y, n_y, x, n_x) : at;
}
