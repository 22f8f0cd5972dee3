#include "proto/pairs.h"
#include "string_sort.h"

#include <stdlib.h>
#include <string.h>

struct proto_id_index {
    const proto_matrix_view *view;
    proto_sort_key *keys; /* (n) sorted */
    uint32_t *first;      /* (buckets + 1): where the keys of each prefix of the hash begin */
    unsigned shift;       /* the hash's prefix is hash >> shift */
    uint64_t n;
};

static const char *id_at(const void *view, uint64_t row, size_t *n)
{
    return proto_matrix_id(view, row, n);
}

/* About one key to a bucket. */
static unsigned prefix_bits(uint64_t n)
{
    unsigned bits = 1;
    while (bits < 31 && (UINT64_C(1) << bits) < n)
        bits++;
    return bits;
}

static void fill_buckets(proto_id_index *index, uint64_t buckets)
{
    uint64_t key = 0;
    for (uint64_t bucket = 0; bucket <= buckets; bucket++) {
        while (key < index->n && index->keys[key].hash >> index->shift < bucket)
            key++;
        index->first[bucket] = (uint32_t)key;
    }
}

mi_status proto_id_index_new(proto_id_index **out, const proto_matrix_view *view, mi_error *err)
{
    const uint64_t n = view->matrix.rows;
    *out = NULL;
    if (!view->has_ids)
        return mi_fail(err, MI_INVALID, "the matrix has no ids");
    if (n >= PROTO_NO_ROW)
        return mi_fail(err, MI_LIMIT, "ids of more than 4294967294 rows");
    proto_id_index *index = calloc(1, sizeof *index);
    if (!index)
        return mi_fail(err, MI_MEMORY, "no memory for an index of ids");
    const unsigned bits = prefix_bits(n);
    index->view = view;
    index->n = n;
    index->shift = 64 - bits;
    index->keys = malloc(2 * n * sizeof *index->keys);
    index->first = malloc(((UINT64_C(1) << bits) + 1) * sizeof *index->first);
    if (!index->keys || !index->first) {
        proto_id_index_free(index);
        return mi_fail(err, MI_MEMORY, "no memory for an index of ids");
    }
    for (uint64_t row = 0; row < n; row++)
        index->keys[row].index = row;
    const proto_strings strings = {id_at, view};
    const proto_sort_key *sorted = proto_string_sort(&strings, index->keys, index->keys + n, n);
    if (sorted != index->keys)
        memcpy(index->keys, sorted, n * sizeof *sorted);
    proto_sort_key *smaller = realloc(index->keys, n * sizeof *index->keys);
    index->keys = smaller ? smaller : index->keys;
    fill_buckets(index, UINT64_C(1) << bits);
    *out = index;
    return MI_OK;
}

void proto_id_index_free(proto_id_index *index)
{
    if (!index)
        return;
    free(index->keys);
    free(index->first);
    free(index);
}

uint32_t proto_id_index_find(const proto_id_index *index, const char *id, size_t n)
{
    const uint64_t hash = proto_string_hash(id, n);
    uint64_t low = index->first[hash >> index->shift], high = index->first[(hash >> index->shift) + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const proto_sort_key *key = &index->keys[middle];
        int order = key->hash < hash ? -1 : key->hash > hash;
        if (order == 0) {
            size_t n_found;
            const char *found = proto_matrix_id(index->view, key->index, &n_found);
            order = proto_string_compare(found, n_found, id, n);
            if (order == 0)
                return (uint32_t)key->index;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return PROTO_NO_ROW;
}
