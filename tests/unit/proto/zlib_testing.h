/*
 * Compressed bytes for tests.
 */
#ifndef PROTO_ZLIB_TESTING_H
#define PROTO_ZLIB_TESTING_H

#include "testing.h"

#include <zlib.h>

/* gzip (bits 31) or raw deflate (bits -15) of n bytes; the caller frees. */
static inline unsigned char *deflated(const void *bytes, size_t n, int bits, size_t *n_out)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&z, n) + 32;
    unsigned char *out = malloc(room);
    z.next_in = (unsigned char *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    *n_out = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

#endif
