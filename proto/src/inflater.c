#include "inflater.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE   (64u << 10)
#define AT_ONCE (1u << 30) /* zlib counts in 32 bits */

struct proto_inflater {
    const proto_source *source;
    uint64_t begin, end; /* of the compressed bytes in the source */
    uint64_t next;       /* the next of them that is not in `piece` */
    uint64_t given, limit;
    proto_deflated form;
    uLong crc;  /* of what was given */
    bool ended; /* the last member is complete */
    z_stream z;
    unsigned char piece[PIECE];
};

static const char *name_of(const proto_inflater *f)
{
    return f->form == PROTO_GZIP ? "gzip" : "deflate";
}

mi_status proto_inflater_new(proto_inflater **out, const proto_source *source, uint64_t begin, uint64_t n,
                             proto_deflated form, uint64_t limit, mi_error *err)
{
    proto_inflater *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f || inflateInit2(&f->z, form == PROTO_GZIP ? MAX_WBITS + 16 : -MAX_WBITS) != Z_OK) {
        free(f);
        return mi_fail(err, MI_MEMORY, "no memory to inflate");
    }
    f->source = source;
    f->begin = f->next = begin;
    f->end = begin + n;
    f->form = form;
    f->limit = limit;
    *out = f;
    return MI_OK;
}

void proto_inflater_free(proto_inflater *f)
{
    if (f)
        inflateEnd(&f->z);
    free(f);
}

void proto_inflater_rewind(proto_inflater *f)
{
    inflateReset(&f->z);
    f->z.avail_in = 0;
    f->next = f->begin;
    f->given = 0;
    f->crc = 0;
    f->ended = false;
}

/* Where in the source the next compressed byte stands. */
static uint64_t place(const proto_inflater *f)
{
    return f->next - f->z.avail_in;
}

/* Compressed bytes at hand, unless there are none left. */
static mi_status feed(proto_inflater *f, mi_error *err)
{
    if (f->z.avail_in > 0 || f->next == f->end)
        return MI_OK;
    const uint64_t left = f->end - f->next;
    const size_t n = left < PIECE ? (size_t)left : PIECE;
    mi_status status = f->source->read_at(f->source->ctx, f->next, f->piece, n, err);
    if (status != MI_OK)
        return status;
    f->z.next_in = f->piece;
    f->z.avail_in = (uInt)n;
    f->next += n;
    return MI_OK;
}

/* A member is complete: another one of a gzip file, the end, or something that does not belong there. */
static mi_status end_member(proto_inflater *f, mi_error *err)
{
    mi_status status = feed(f, err);
    if (status != MI_OK)
        return status;
    f->ended = f->z.avail_in == 0;
    if (f->ended)
        return MI_OK;
    if (f->form == PROTO_RAW_DEFLATE || f->z.next_in[0] != 0x1f)
        return mi_fail(err, MI_INVALID, "byte %" PRIu64 ": the %s data ends here, but the file goes on",
                       place(f), name_of(f));
    inflateReset(&f->z);
    return MI_OK;
}

static mi_status step(proto_inflater *f, mi_error *err)
{
    mi_status status = feed(f, err);
    if (status != MI_OK)
        return status;
    if (f->z.avail_in == 0)
        return mi_fail(err, MI_INVALID, "byte %" PRIu64 ": the file ends inside its %s data", f->end,
                       name_of(f));
    switch (inflate(&f->z, Z_NO_FLUSH)) {
    case Z_OK:
        return MI_OK;
    case Z_STREAM_END:
        return end_member(f, err);
    case Z_MEM_ERROR:
        return mi_fail(err, MI_MEMORY, "no memory to inflate");
    default:
        return mi_fail(err, MI_INVALID, "byte %" PRIu64 ": damaged %s data%s%s", place(f), name_of(f),
                       f->z.msg ? ": " : "", f->z.msg ? f->z.msg : "");
    }
}

mi_status proto_inflater_read(proto_inflater *f, void *buffer, size_t room, size_t *n, mi_error *err)
{
    mi_status status = MI_OK;
    *n = 0;
    while (status == MI_OK && *n < room && !f->ended) {
        const size_t left = room - *n;
        const uInt part = left < AT_ONCE ? (uInt)left : AT_ONCE;
        f->z.next_out = (unsigned char *)buffer + *n;
        f->z.avail_out = part;
        status = step(f, err);
        *n += part - f->z.avail_out;
    }
    f->given += *n;
    for (size_t done = 0; done < *n && f->form == PROTO_RAW_DEFLATE; done += AT_ONCE) /* gzip has its own */
        f->crc =
            crc32(f->crc, (unsigned char *)buffer + done, *n - done < AT_ONCE ? (uInt)(*n - done) : AT_ONCE);
    if (status == MI_OK && f->given > f->limit)
        return mi_fail(err, MI_LIMIT, "the %s data inflates to more than %" PRIu64 " bytes", name_of(f),
                       f->limit);
    return status;
}

mi_status proto_inflater_read_at(proto_inflater *f, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    unsigned char skipped[4096];
    size_t got = 0;
    if (offset < f->given)
        proto_inflater_rewind(f);
    mi_status status = MI_OK;
    while (status == MI_OK && f->given < offset && !f->ended) {
        const uint64_t left = offset - f->given;
        status =
            proto_inflater_read(f, skipped, left < sizeof skipped ? (size_t)left : sizeof skipped, &got, err);
    }
    if (status == MI_OK)
        status = proto_inflater_read(f, buffer, n, &got, err);
    if (status == MI_OK && got < n)
        return mi_fail(err, MI_INVALID, "the %s data inflates to %" PRIu64 " bytes; expected %" PRIu64,
                       name_of(f), f->given, f->limit);
    return status;
}

mi_status proto_inflater_end(proto_inflater *f, uint32_t *crc, mi_error *err)
{
    unsigned char more;
    size_t n = 0;
    mi_status status = f->given < f->limit ? MI_OK : proto_inflater_read(f, &more, 1, &n, err);
    *crc = (uint32_t)f->crc;
    if (status == MI_LIMIT)
        return mi_fail(err, MI_INVALID, "%s", "the data inflates to more bytes than its archive says");
    if (status == MI_OK && (f->given != f->limit || !f->ended))
        return mi_fail(err, MI_INVALID, "the %s data inflates to %" PRIu64 " bytes; expected %" PRIu64,
                       name_of(f), f->given, f->limit);
    return status;
}
