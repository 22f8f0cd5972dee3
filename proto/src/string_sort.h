/*
 * Sorting strings by a hash, and by their bytes where hashes are equal: most comparisons never touch the
 * strings, and no choice of strings makes it slower than O(n log n) comparisons.
 */
#ifndef PROTO_STRING_SORT_H
#define PROTO_STRING_SORT_H

#include <stddef.h>
#include <stdint.h>

typedef struct proto_strings { /* n strings, wherever they are */
    const char *(*at)(const void *ctx, uint64_t index, size_t *n);
    const void *ctx;
} proto_strings;

typedef struct proto_sort_key {
    uint64_t hash, index;
} proto_sort_key;

/* All 64 bits of it depend on every byte. Not keyed: equal hashes must be harmless. */
uint64_t proto_string_hash(const char *s, size_t n);
/* Bytewise; < 0, 0, > 0 */
int proto_string_compare(const char *a, size_t n_a, const char *b, size_t n_b);
int proto_sort_key_compare(const proto_strings *strings, const proto_sort_key *a, const proto_sort_key *b);
/* Stable. keys, spare: (n); returns which of the two holds the sorted keys. Hashes are filled here. */
proto_sort_key *proto_string_sort(const proto_strings *strings, proto_sort_key *keys, proto_sort_key *spare,
                                  uint64_t n);

#endif
