#include "proto/string_list.h"

#include "string_sort.h"

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

static const char *string_at(const void *list, uint64_t index, size_t *n)
{
    return proto_string_list_at(list, index, n);
}

mi_status proto_string_list_repeated(const proto_string_list *list, bool *repeated, uint64_t *first,
                                     uint64_t *second, mi_error *err)
{
    *repeated = false;
    if (list->n < 2)
        return MI_OK;
    const proto_strings strings = {string_at, list};
    proto_sort_key *keys = calloc(2 * list->n, sizeof *keys);
    if (!keys)
        return mi_fail(err, MI_MEMORY, "no memory to compare %llu ids", (unsigned long long)list->n);
    for (uint64_t i = 0; i < list->n; i++)
        keys[i].index = i;
    const proto_sort_key *sorted = proto_string_sort(&strings, keys, keys + list->n, list->n);
    /* Equal strings are neighbours in the order they came (the sort is stable). */
    for (uint64_t i = 1; i < list->n; i++)
        if (proto_sort_key_compare(&strings, &sorted[i - 1], &sorted[i]) == 0 &&
            (!*repeated || sorted[i].index < *second)) {
            *repeated = true;
            *first = sorted[i - 1].index;
            *second = sorted[i].index;
        }
    free(keys);
    return MI_OK;
}
