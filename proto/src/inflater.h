/*
 * Compressed bytes of a source as a stream, in bounded memory: gzip (RFC 1952, any number of members one
 * after the other) or raw deflate (a member of a zip archive).
 *
 * Nothing is inflated before it is asked for, so that whoever finds the text to be bad stops early; and never
 * more than `limit` bytes.
 */
#ifndef PROTO_INFLATER_H
#define PROTO_INFLATER_H

#include "proto/table.h"

/*
 * What n compressed bytes may inflate to. deflate packs zeros a thousandfold; what is sent is to be in
 * proportion to the work it makes.
 */
#define PROTO_INFLATE_FREE   (UINT64_C(256) << 20) /* bytes, whatever the ratio */
#define PROTO_INFLATE_FACTOR 200u

static inline uint64_t proto_inflate_limit(uint64_t n)
{
    const uint64_t most = n < UINT64_MAX / PROTO_INFLATE_FACTOR ? PROTO_INFLATE_FACTOR * n : UINT64_MAX;
    return most > PROTO_INFLATE_FREE ? most : PROTO_INFLATE_FREE;
}

typedef enum proto_deflated { PROTO_GZIP, PROTO_RAW_DEFLATE } proto_deflated;
typedef struct proto_inflater proto_inflater;

/* The n bytes at `begin` of the source, which is borrowed. MI_MEMORY. */
mi_status proto_inflater_new(proto_inflater **out, const proto_source *source, uint64_t begin, uint64_t n,
                             proto_deflated form, uint64_t limit, mi_error *err);
void proto_inflater_free(proto_inflater *inflater); /* NULL is legal */
/* From the first byte again. */
void proto_inflater_rewind(proto_inflater *inflater);
/*
 * The next bytes, as many as there are up to `room`; *n is less than that only at the end. MI_INVALID:
 * damaged, cut short, or something stands behind it; MI_LIMIT; MI_IO; MI_MEMORY.
 */
mi_status proto_inflater_read(proto_inflater *inflater, void *buffer, size_t room, size_t *n, mi_error *err);

/* Exactly n bytes from `offset` on: forwards from where it stands, or anew from the front. MI_INVALID when
 * there are fewer. */
mi_status proto_inflater_read_at(proto_inflater *inflater, uint64_t offset, void *buffer, size_t n,
                                 mi_error *err);
/* That exactly `limit` bytes were there, all of which have been handed out; their CRC-32. MI_INVALID. */
mi_status proto_inflater_end(proto_inflater *inflater, uint32_t *crc, mi_error *err);

#endif
