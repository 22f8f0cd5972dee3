/*
 * Many short strings in two arrays (all bytes; where each begins): the row ids and column names of a data
 * set, in memory as the canonical matrix has them.
 */
#ifndef PROTO_STRING_LIST_H
#define PROTO_STRING_LIST_H

#include "mi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_STRING_MAX 256 /* bytes of one id or name */

typedef struct proto_string_list {
    char *bytes;
    uint64_t *offsets; /* (n+1), offsets[0] == 0; NULL while empty */
    uint64_t n;
    size_t bytes_capacity, offsets_capacity, max_bytes;
} proto_string_list;

void proto_string_list_init(proto_string_list *list, size_t max_bytes);
void proto_string_list_fini(proto_string_list *list);
/* MI_LIMIT past max_bytes, MI_MEMORY. */
mi_status proto_string_list_append(proto_string_list *list, const char *string, size_t n, mi_error *err);
/* Not NUL-terminated; borrowed until the next append. */
const char *proto_string_list_at(const proto_string_list *list, uint64_t i, size_t *n);

/*
 * Whether two of them are equal: then *second is the first string that repeats an earlier one, *first that
 * one. O(n log n) comparisons whatever the strings, so that no choice of ids is slow. MI_MEMORY.
 */
mi_status proto_string_list_repeated(const proto_string_list *list, bool *repeated, uint64_t *first,
                                     uint64_t *second, mi_error *err);

#endif
