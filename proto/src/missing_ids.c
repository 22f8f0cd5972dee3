#include "proto/pairs.h"
#include "string_sort.h"

#include <stdlib.h>

static const char *x_at(const void *source, uint64_t row, size_t *n)
{
    return proto_pair_source_id(source, 0, row, n);
}

static const char *y_at(const void *source, uint64_t row, size_t *n)
{
    return proto_pair_source_id(source, 1, row, n);
}

static int by_index(const void *a, const void *b)
{
    const proto_sort_key *p = a, *q = b;
    return (p->index > q->index) - (p->index < q->index);
}

/* The first row of each distinct id among n keys, in order; *n becomes how many. spare: (n). */
static proto_sort_key *first_rows(const proto_strings *strings, proto_sort_key *keys, proto_sort_key *spare,
                                  uint64_t *n)
{
    proto_sort_key *sorted = proto_string_sort(strings, keys, spare, *n);
    uint64_t distinct = 0;
    for (uint64_t i = 0; i < *n; i++)
        if (i == 0 || proto_sort_key_compare(strings, &sorted[distinct - 1], &sorted[i]) != 0)
            sorted[distinct++] = sorted[i];
    qsort(sorted, distinct, sizeof *sorted, by_index);
    *n = distinct;
    return sorted;
}

mi_status proto_pairs_list_missing(proto_string_list *out, const proto_pair_source *source, int side,
                                   const uint32_t *rows, mi_error *err)
{
    const proto_strings strings = {side ? y_at : x_at, source};
    const uint64_t n_rows = proto_pair_source_rows(source);
    uint64_t n = 0;
    for (uint64_t row = 0; row < n_rows; row++)
        n += rows[row] == PROTO_NO_ROW;
    if (n == 0)
        return MI_OK;
    proto_sort_key *keys = malloc(2 * n * sizeof *keys), *spare;
    if (!keys)
        return mi_fail(err, MI_MEMORY, "no memory to list ids without an embedding");
    spare = keys + n;
    n = 0;
    for (uint64_t row = 0; row < n_rows; row++)
        if (rows[row] == PROTO_NO_ROW)
            keys[n++].index = row;
    const proto_sort_key *first = first_rows(&strings, keys, spare, &n);
    mi_status status = MI_OK;
    for (uint64_t i = 0; i < n && status == MI_OK; i++) {
        size_t length;
        const char *id = strings.at(source, first[i].index, &length);
        status = proto_string_list_append(out, id, length, err);
    }
    free(keys);
    return status;
}

static void encode(const proto_string_list *ids, uint64_t listed, proto_json_writer *w)
{
    proto_write_array(w, "ids");
    for (uint64_t i = 0; i < listed; i++) {
        size_t n;
        const char *id = proto_string_list_at(ids, i, &n);
        proto_write_string_n(w, NULL, id, n);
    }
    proto_write_end_array(w);
}

void proto_missing_ids_encode(const proto_string_list *ids, const char *key, proto_json_writer *w)
{
    proto_write_object(w, key);
    proto_write_u64(w, "count", ids->n);
    encode(ids, ids->n < PROTO_MISSING_IDS ? ids->n : PROTO_MISSING_IDS, w);
    proto_write_end_object(w);
}

void proto_missing_side_encode(const proto_string_list *ids, const char *key, proto_json_writer *w)
{
    const uint64_t listed = ids->n < PROTO_MISSING_LISTED ? ids->n : PROTO_MISSING_LISTED;
    proto_write_object(w, key);
    proto_write_u64(w, "count", ids->n);
    proto_write_u64(w, "listed", listed);
    encode(ids, listed, w);
    proto_write_end_object(w);
}
