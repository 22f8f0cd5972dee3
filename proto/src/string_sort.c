#include "string_sort.h"

#include <string.h>

/* FNV-1a, then the finaliser of MurmurHash3, so that the high bits are as good as the low ones. */
uint64_t proto_string_hash(const char *s, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

int proto_string_compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
    int order = memcmp(a, b, n_a < n_b ? n_a : n_b);
    return order ? order : (n_a > n_b) - (n_a < n_b);
}

int proto_sort_key_compare(const proto_strings *strings, const proto_sort_key *a, const proto_sort_key *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    size_t n_a, n_b;
    const char *s_a = strings->at(strings->ctx, a->index, &n_a);
    const char *s_b = strings->at(strings->ctx, b->index, &n_b);
    return proto_string_compare(s_a, n_a, s_b, n_b);
}

/* Stable, bottom-up; returns which of the two arrays holds the sorted keys. */
static proto_sort_key *merge_sort(const proto_strings *strings, proto_sort_key *keys, proto_sort_key *spare,
                                  uint64_t n)
{
    for (uint64_t width = 1; width < n; width *= 2) {
        for (uint64_t begin = 0; begin < n; begin += 2 * width) {
            uint64_t middle = begin + width < n ? begin + width : n;
            uint64_t end = begin + 2 * width < n ? begin + 2 * width : n;
            uint64_t a = begin, b = middle;
            for (uint64_t k = begin; k < end; k++) {
                int left =
                    a < middle && (b == end || proto_sort_key_compare(strings, &keys[a], &keys[b]) <= 0);
                spare[k] = left ? keys[a++] : keys[b++];
            }
        }
        proto_sort_key *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

/* Dealt out by the first bits of their hashes, so that each part is sorted within the cache. */
proto_sort_key *proto_string_sort(const proto_strings *strings, proto_sort_key *keys, proto_sort_key *spare,
                                  uint64_t n)
{
    enum { BITS = 11, PARTS = 1 << BITS, SHIFT = 64 - BITS };
    uint64_t end[PARTS] = {0}, begin = 0;
    for (uint64_t i = 0; i < n; i++) {
        size_t length;
        const char *s = strings->at(strings->ctx, keys[i].index, &length);
        keys[i].hash = proto_string_hash(s, length);
        end[keys[i].hash >> SHIFT]++;
    }
    for (unsigned part = 0; part < PARTS; part++) {
        const uint64_t size = end[part];
        end[part] = begin;
        begin += size;
    }
    for (uint64_t i = 0; i < n; i++)
        spare[end[keys[i].hash >> SHIFT]++] = keys[i];
    begin = 0;
    for (unsigned part = 0; part < PARTS; begin = end[part++]) {
        const uint64_t size = end[part] - begin;
        if (merge_sort(strings, spare + begin, keys + begin, size) != spare + begin)
            memcpy(spare + begin, keys + begin, size * sizeof *keys);
    }
    return spare;
}
