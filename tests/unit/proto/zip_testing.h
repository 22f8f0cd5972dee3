/*
 * npy files and zip archives made by hand, so that each field can be wrong.
 */
#ifndef PROTO_ZIP_TESTING_H
#define PROTO_ZIP_TESTING_H

#include "zlib_testing.h"

#include <stdio.h>

typedef struct bytes {
    unsigned char *at;
    size_t n;
} bytes;

static inline void put(bytes *b, const void *more, size_t n)
{
    b->at = realloc(b->at, b->n + n + 1);
    ck_assert_ptr_nonnull(b->at);
    memcpy(b->at + b->n, more, n);
    b->n += n;
}

/* `size` bytes, little-endian. */
static inline void put_le(bytes *b, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        const unsigned char byte = (unsigned char)value;
        put(b, &byte, 1);
    }
}

/* An npy file, version 1. */
static inline bytes npy_of(const char *descr, const char *shape, bool fortran, const void *data, size_t n)
{
    char header[119];
    bytes b = {0};
    memset(header, ' ', sizeof header);
    const int used = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
                              descr, fortran ? "True" : "False", shape);
    ck_assert(used > 0 && used < 117);
    header[used] = ' ';
    header[117] = '\n';
    put(&b, "\x93NUMPY\1\0", 8);
    put_le(&b, 118, 2);
    put(&b, header, 118);
    put(&b, data, n);
    return b;
}

typedef struct zip_entry { /* a member and how it is to be told of; 0: as it is */
    const char *name;
    bytes content; /* freed by zip_of */
    bool deflate;
    uint64_t size, compressed; /* other than the true ones */
    uint32_t crc, local_at;
    unsigned flags, method;
    const char *local_name;
    bool extra64; /* sizes in the extra fields, in both headers */
} zip_entry;

static inline void put_entry(bytes *b, const zip_entry *e, uint64_t size, uint64_t compressed, uint32_t crc,
                             uint32_t at, bool local)
{
    const char *name = local && e->local_name ? e->local_name : e->name;
    put(b, local ? "PK\3\4" : "PK\1\2", 4);
    put_le(b, 20, local ? 2 : 4);
    put_le(b, e->flags, 2);
    put_le(b, e->method ? e->method : e->deflate ? 8 : 0, 2);
    put_le(b, 0, 4);
    put_le(b, crc, 4);
    put_le(b, e->extra64 ? UINT32_MAX : compressed, 4);
    put_le(b, e->extra64 ? UINT32_MAX : size, 4);
    put_le(b, strlen(name), 2);
    put_le(b, e->extra64 ? 20 : 0, 2);
    if (!local) {
        put_le(b, 0, 2);
        put_le(b, 0, 2 + 2 + 4);
        put_le(b, at, 4);
    }
    put(b, name, strlen(name));
    if (e->extra64) {
        put_le(b, 1, 2);
        put_le(b, 16, 2);
        put_le(b, size, 8);
        put_le(b, compressed, 8);
    }
}

static inline bytes zip_of(zip_entry *entries, size_t n)
{
    bytes b = {0}, directory = {0};
    for (size_t i = 0; i < n; i++) {
        zip_entry *e = &entries[i];
        const uint32_t at = e->local_at ? e->local_at - 1 : (uint32_t)b.n;
        const uint32_t crc = e->crc ? e->crc : (uint32_t)crc32(0, e->content.at, (uInt)e->content.n);
        uint64_t size = e->content.n;
        if (e->deflate) {
            unsigned char *packed = deflated(e->content.at, e->content.n, -15, &e->content.n);
            free(e->content.at);
            e->content.at = packed;
        }
        size = e->size ? e->size : size;
        const uint64_t compressed = e->compressed ? e->compressed : e->content.n;
        put_entry(&b, e, size, compressed, crc, at, true);
        put(&b, e->content.at, e->content.n);
        put_entry(&directory, e, size, compressed, crc, at, false);
        free(e->content.at);
    }
    const size_t at = b.n;
    put(&b, directory.at, directory.n);
    put(&b, "PK\5\6", 4);
    put_le(&b, 0, 4);
    put_le(&b, n, 2);
    put_le(&b, n, 2);
    put_le(&b, directory.n, 4);
    put_le(&b, at, 4);
    put_le(&b, 0, 2);
    free(directory.at);
    return b;
}

#endif
