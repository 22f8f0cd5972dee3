#include "string_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void proto_string_list_init(proto_string_list *list, size_t max_bytes)
{
    *list = (proto_string_list){.max_bytes = max_bytes};
}

void proto_string_list_fini(proto_string_list *list)
{
    free(list->bytes);
    free(list->offsets);
    proto_string_list_init(list, list->max_bytes);
}

/* Capacity for `needed` elements, doubling. False: out of memory. */
static bool grow(void **array, size_t *capacity, size_t needed, size_t element)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < needed)
        wanted = wanted > SIZE_MAX / 2 ? needed : wanted * 2;
    if (wanted > SIZE_MAX / element)
        return false;
    void *bigger = realloc(*array, wanted * element);
    if (!bigger)
        return false;
    *array = bigger;
    *capacity = wanted;
    return true;
}

mi_status proto_string_list_append(proto_string_list *list, const char *string, size_t n, mi_error *err)
{
    size_t used = list->offsets ? list->offsets[list->n] : 0;
    if (n > list->max_bytes - used)
        return mi_fail(err, MI_LIMIT, "ids, column names or levels take more than %zu bytes",
                       list->max_bytes);
    void *bytes = list->bytes, *offsets = list->offsets;
    bool grown = grow(&bytes, &list->bytes_capacity, used + n + 1, 1);
    list->bytes = bytes;
    grown = grown && grow(&offsets, &list->offsets_capacity, list->n + 2, sizeof *list->offsets);
    list->offsets = offsets;
    if (!grown)
        return mi_fail(err, MI_MEMORY, "no memory for ids, column names or levels");
    memcpy(list->bytes + used, string, n);
    list->offsets[list->n] = used;
    list->offsets[++list->n] = used + n;
    return MI_OK;
}

const char *proto_string_list_at(const proto_string_list *list, uint64_t i, size_t *n)
{
    assert(i < list->n);
    *n = list->offsets[i + 1] - list->offsets[i];
    return list->bytes + list->offsets[i];
}

/* Most comparisons are settled by the hash, without touching the strings. */
typedef struct sort_key {
    uint64_t hash, index;
} sort_key;

/* FNV-1a. Strings made to collide cost a memcmp each, not more. */
static uint64_t hash_of(const char *s, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int compare_strings(const proto_string_list *list, uint64_t a, uint64_t b)
{
    size_t n_a, n_b;
    const char *s_a = proto_string_list_at(list, a, &n_a), *s_b = proto_string_list_at(list, b, &n_b);
    int order = memcmp(s_a, s_b, n_a < n_b ? n_a : n_b);
    return order ? order : (n_a > n_b) - (n_a < n_b);
}

static int compare_keys(const proto_string_list *list, const sort_key *a, const sort_key *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return compare_strings(list, a->index, b->index);
}

/* Stable bottom-up merge sort; returns where the sorted keys are (keys or spare). */
static sort_key *sort_keys(const proto_string_list *list, sort_key *keys, sort_key *spare)
{
    for (uint64_t width = 1; width < list->n; width *= 2) {
        for (uint64_t begin = 0; begin < list->n; begin += 2 * width) {
            uint64_t middle = begin + width < list->n ? begin + width : list->n;
            uint64_t end = begin + 2 * width < list->n ? begin + 2 * width : list->n;
            uint64_t a = begin, b = middle;
            for (uint64_t k = begin; k < end; k++) {
                bool left = a < middle && (b == end || compare_keys(list, &keys[a], &keys[b]) <= 0);
                spare[k] = left ? keys[a++] : keys[b++];
            }
        }
        sort_key *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

mi_status proto_string_list_repeated(const proto_string_list *list, bool *repeated, uint64_t *first,
                                     uint64_t *second, mi_error *err)
{
    *repeated = false;
    if (list->n < 2)
        return MI_OK;
    sort_key *keys = calloc(2 * list->n, sizeof *keys);
    if (!keys)
        return mi_fail(err, MI_MEMORY, "no memory to compare %llu ids", (unsigned long long)list->n);
    for (uint64_t i = 0; i < list->n; i++) {
        size_t n;
        const char *s = proto_string_list_at(list, i, &n);
        keys[i] = (sort_key){.hash = hash_of(s, n), .index = i};
    }
    const sort_key *sorted = sort_keys(list, keys, keys + list->n);
    /* Equal strings are neighbours in the order they came (the sort is stable). */
    for (uint64_t i = 1; i < list->n; i++)
        if (compare_keys(list, &sorted[i - 1], &sorted[i]) == 0 &&
            (!*repeated || sorted[i].index < *second)) {
            *repeated = true;
            *first = sorted[i - 1].index;
            *second = sorted[i].index;
        }
    free(keys);
    return MI_OK;
}
