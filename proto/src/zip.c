#include "zip.h"

#include "array.h"
#include "table_readers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define END_SIZE     22u /* of the records, without what varies */
#define LOCATOR_SIZE 20u
#define END64_SIZE   56u
#define ENTRY_SIZE   46u
#define LOCAL_SIZE   30u
#define COMMENT_MAX  65535u
#define ENCRYPTED    (1u | 1u << 6 | 1u << 13) /* flags */

static uint16_t le16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const unsigned char *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* What the end of the archive says of its directory. */
typedef struct directory {
    uint64_t at, size, n;
    uint64_t end_at; /* where the records that end the archive begin */
} directory;

static mi_status read_exactly(const proto_source *file, uint64_t at, void *buffer, size_t n, mi_error *err)
{
    if (at > file->size || n > file->size - at)
        return mi_fail(err, MI_INVALID, "zip: the file ends at byte %" PRIu64 ", inside a record at %" PRIu64,
                       file->size, at);
    return file->read_at(file->ctx, at, buffer, n, err);
}

/* ---- the end of the archive ---- */

/* Where the record is that says how long the comment behind it is, to the very end of the file. */
static mi_status find_end(const proto_source *file, unsigned char end[END_SIZE], uint64_t *at, mi_error *err)
{
    const size_t n = file->size < END_SIZE + COMMENT_MAX ? (size_t)file->size : END_SIZE + COMMENT_MAX;
    unsigned char *tail = malloc(n > 0 ? n : 1);
    if (!tail)
        return mi_fail(err, MI_MEMORY, "no memory to read a zip archive");
    mi_status status = read_exactly(file, file->size - n, tail, n, err);
    bool found = false;
    for (size_t i = n >= END_SIZE ? n - END_SIZE + 1 : 0; status == MI_OK && !found && i-- > 0;)
        if (memcmp(tail + i, "PK\5\6", 4) == 0 && le16(tail + i + 20) == n - i - END_SIZE) {
            memcpy(end, tail + i, END_SIZE);
            *at = file->size - n + i;
            found = true;
        }
    free(tail);
    if (status == MI_OK && !found)
        return mi_fail(err, MI_INVALID,
                       "zip: no end of the central directory; the file is cut short or damaged");
    return status;
}

static mi_status read_end64(const proto_source *file, directory *d, mi_error *err)
{
    unsigned char locator[LOCATOR_SIZE], end[END64_SIZE];
    const uint64_t locator_at = d->end_at - LOCATOR_SIZE;
    if (d->end_at < LOCATOR_SIZE + END64_SIZE)
        return mi_fail(err, MI_INVALID, "zip: the 64-bit end of the directory is missing");
    mi_status status = read_exactly(file, locator_at, locator, sizeof locator, err);
    if (status != MI_OK)
        return status;
    d->end_at = le64(locator + 8);
    if (memcmp(locator, "PK\6\7", 4) != 0 || d->end_at != locator_at - END64_SIZE)
        return mi_fail(err, MI_INVALID, "zip: the 64-bit end of the directory is not where it should be");
    status = read_exactly(file, d->end_at, end, sizeof end, err);
    if (status != MI_OK)
        return status;
    if (memcmp(end, "PK\6\6", 4) != 0 || le64(end + 4) != END64_SIZE - 12 || le32(end + 16) != 0 ||
        le32(end + 20) != 0 || le64(end + 24) != le64(end + 32))
        return mi_fail(err, MI_INVALID, "zip: a bad 64-bit end of the directory");
    d->n = le64(end + 32);
    d->size = le64(end + 40);
    d->at = le64(end + 48);
    return MI_OK;
}

static mi_status read_end(const proto_source *file, directory *d, mi_error *err)
{
    unsigned char end[END_SIZE] = {0};
    mi_status status = find_end(file, end, &d->end_at, err);
    if (status != MI_OK)
        return status;
    if (le16(end + 4) != 0 || le16(end + 6) != 0 || le16(end + 8) != le16(end + 10))
        return mi_fail(err, MI_UNSUPPORTED, "zip: an archive of several disks");
    d->n = le16(end + 10);
    d->size = le32(end + 12);
    d->at = le32(end + 16);
    if (d->n == UINT16_MAX || d->size == UINT32_MAX || d->at == UINT32_MAX)
        status = read_end64(file, d, err);
    if (status != MI_OK)
        return status;
    if (d->at > d->end_at || d->size != d->end_at - d->at)
        return mi_fail(err, MI_INVALID,
                       "zip: the central directory does not end where the archive's end begins");
    if (d->n > PROTO_ZIP_MEMBERS_MAX || d->size > PROTO_ZIP_DIRECTORY_MAX)
        return mi_fail(err, MI_LIMIT,
                       "zip: %" PRIu64 " members in a directory of %" PRIu64
                       " bytes; expected up to %d and %u",
                       d->n, d->size, PROTO_ZIP_MEMBERS_MAX, PROTO_ZIP_DIRECTORY_MAX);
    return MI_OK;
}

/* ---- the central directory ---- */

/* Sizes and place that are too large for 32 bits stand in an extra field, in this order. */
static bool take_extra64(const unsigned char *extra, size_t n, proto_zip_member *m)
{
    uint64_t *const wanted[] = {&m->size, &m->compressed, &m->header_at};
    bool taken = false;
    while (n >= 4) {
        const size_t id = le16(extra), length = le16(extra + 2);
        const unsigned char *p = extra + 4;
        if (length > n - 4)
            return false;
        for (size_t k = 0, left = length; id == 1 && !taken && k < 3; k++) {
            if (*wanted[k] != UINT32_MAX)
                continue;
            if (left < 8)
                return false;
            *wanted[k] = le64(p);
            p += 8;
            left -= 8;
        }
        taken = taken || id == 1;
        extra += 4 + length;
        n -= 4 + length;
    }
    return taken || (m->size != UINT32_MAX && m->compressed != UINT32_MAX && m->header_at != UINT32_MAX);
}

static mi_status check_kind(const unsigned char *entry, const char *name, mi_error *err)
{
    char excerpt[PROTO_EXCERPT];
    proto_excerpt(name, strlen(name), excerpt);
    if (le16(entry + 8) & ENCRYPTED)
        return mi_fail(err, MI_UNSUPPORTED, "zip: the member \"%s\" is encrypted", excerpt);
    if (le16(entry + 10) != 0 && le16(entry + 10) != 8)
        return mi_fail(err, MI_UNSUPPORTED,
                       "zip: the member \"%s\" is compressed by method %u; expected stored or deflated",
                       excerpt, le16(entry + 10));
    return MI_OK;
}

static mi_status take_entry(proto_zip_member *m, const unsigned char *entry, size_t left, size_t *used,
                            mi_error *err)
{
    if (left < ENTRY_SIZE || memcmp(entry, "PK\1\2", 4) != 0)
        return mi_fail(err, MI_INVALID, "zip: a damaged central directory");
    const size_t n_name = le16(entry + 28), n_extra = le16(entry + 30), n_comment = le16(entry + 32);
    const char *name = (const char *)entry + ENTRY_SIZE;
    *used = ENTRY_SIZE + n_name + n_extra + n_comment;
    if (*used > left || le16(entry + 34) != 0)
        return mi_fail(err, MI_INVALID, "zip: a damaged central directory");
    if (proto_id_fault(name, n_name))
        return mi_fail(err, MI_INVALID, "zip: a member's name is %s", proto_id_fault(name, n_name));
    memcpy(m->name, name, n_name);
    mi_status status = check_kind(entry, m->name, err);
    if (status != MI_OK)
        return status;
    m->deflated = le16(entry + 10) == 8;
    m->crc = le32(entry + 16);
    m->compressed = le32(entry + 20);
    m->size = le32(entry + 24);
    m->header_at = le32(entry + 42);
    if (!take_extra64((const unsigned char *)name + n_name, n_extra, m) ||
        (!m->deflated && m->compressed != m->size))
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" has no sizes that make sense", m->name);
    return MI_OK;
}

/* The header in front of a member's bytes says where they begin. */
static mi_status read_local(const proto_source *file, const directory *d, proto_zip_member *m, mi_error *err)
{
    unsigned char local[LOCAL_SIZE];
    char name[PROTO_STRING_MAX];
    const size_t n_name = strlen(m->name);
    if (m->header_at > d->at || d->at - m->header_at < LOCAL_SIZE)
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" is not within the archive", m->name);
    mi_status status = read_exactly(file, m->header_at, local, sizeof local, err);
    if (status != MI_OK)
        return status;
    m->data_at = m->header_at + LOCAL_SIZE + le16(local + 26) + le16(local + 28);
    if (memcmp(local, "PK\3\4", 4) != 0 || le16(local + 26) != n_name || (le16(local + 6) & ENCRYPTED) ||
        le16(local + 8) != (m->deflated ? 8 : 0))
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" is another one in its own header",
                       m->name);
    if (m->data_at > d->at || m->compressed > d->at - m->data_at)
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" is not within the archive", m->name);
    status = read_exactly(file, m->header_at + LOCAL_SIZE, name, n_name, err);
    if (status == MI_OK && memcmp(name, m->name, n_name) != 0)
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" has another name in its own header",
                       m->name);
    return status;
}

static int by_place(const void *a, const void *b)
{
    const proto_zip_member *const *x = a, *const *y = b;
    return ((*x)->header_at > (*y)->header_at) - ((*x)->header_at < (*y)->header_at);
}

static int by_name(const void *a, const void *b)
{
    const proto_zip_member *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* No two members share bytes or a name. */
static mi_status check_apart(const proto_zip *zip, mi_error *err)
{
    const proto_zip_member **order = calloc(zip->n + 1, sizeof *order);
    if (!order)
        return mi_fail(err, MI_MEMORY, "no memory to read a zip archive");
    mi_status status = MI_OK;
    for (size_t i = 0; i < zip->n; i++)
        order[i] = &zip->members[i];
    qsort(order, zip->n, sizeof(const proto_zip_member *), by_place);
    for (size_t i = 1; i < zip->n && status == MI_OK; i++)
        if (order[i]->header_at < order[i - 1]->data_at + order[i - 1]->compressed)
            status = mi_fail(err, MI_INVALID, "zip: the members \"%.60s\" and \"%.60s\" overlap",
                             order[i - 1]->name, order[i]->name);
    qsort(order, zip->n, sizeof(const proto_zip_member *), by_name);
    for (size_t i = 1; i < zip->n && status == MI_OK; i++)
        if (strcmp(order[i]->name, order[i - 1]->name) == 0)
            status = mi_fail(err, MI_INVALID, "zip: two members are named \"%.60s\"", order[i]->name);
    free(order);
    return status;
}

static mi_status read_directory(proto_zip *zip, const directory *d, mi_error *err)
{
    unsigned char *bytes = malloc(d->size + 1);
    zip->members = calloc(d->n + 1, sizeof *zip->members);
    mi_status status = bytes && zip->members ? read_exactly(zip->file, d->at, bytes, d->size, err)
                                             : mi_fail(err, MI_MEMORY, "no memory to read a zip archive");
    size_t at = 0, used = 0;
    for (; status == MI_OK && zip->n < d->n; at += used) {
        proto_zip_member *m = &zip->members[zip->n];
        status = take_entry(m, bytes + at, d->size - at, &used, err);
        if (status == MI_OK)
            status = read_local(zip->file, d, m, err);
        zip->n += status == MI_OK;
    }
    free(bytes);
    if (status == MI_OK && at != d->size)
        return mi_fail(err, MI_INVALID, "zip: the central directory is longer than its members");
    return status;
}

mi_status proto_zip_open(proto_zip *out, const proto_source *file, mi_error *err)
{
    directory d = {0};
    *out = (proto_zip){.file = file};
    mi_status status = read_end(file, &d, err);
    if (status == MI_OK)
        status = read_directory(out, &d, err);
    return status == MI_OK ? check_apart(out, err) : status;
}

void proto_zip_close(proto_zip *zip)
{
    free(zip->members);
    *zip = (proto_zip){0};
}

/* ---- a member ---- */

static mi_status read_stored(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    const proto_zip_file *f = ctx;
    return f->zip->file->read_at(f->zip->file->ctx, f->member->data_at + offset, buffer, n, err);
}

static mi_status read_deflated(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    return proto_inflater_read_at(((const proto_zip_file *)ctx)->inflater, offset, buffer, n, err);
}

mi_status proto_zip_check_ratio(const proto_zip_member *m, mi_error *err)
{
    if (m->deflated && m->size > proto_inflate_limit(m->compressed))
        return mi_fail(err, MI_LIMIT,
                       "zip: the member \"%.60s\" is to inflate from %" PRIu64 " to %" PRIu64
                       " bytes; more than %u-fold is not taken: store it uncompressed",
                       m->name, m->compressed, m->size, PROTO_INFLATE_FACTOR);
    return MI_OK;
}

mi_status proto_zip_file_open(proto_zip_file *out, const proto_zip *zip, size_t index, mi_error *err)
{
    const proto_zip_member *m = &zip->members[index];
    *out = (proto_zip_file){.zip = zip, .member = m};
    out->source = (proto_source){m->deflated ? read_deflated : read_stored, out, m->size};
    if (!m->deflated)
        return MI_OK;
    return proto_inflater_new(&out->inflater, zip->file, m->data_at, m->compressed, PROTO_RAW_DEFLATE,
                              m->size, err);
}

static mi_status stored_crc(const proto_zip_file *f, uint32_t *out, mi_error *err)
{
    enum { PIECE = 64 << 10 };
    unsigned char *piece = malloc(PIECE);
    mi_status status = piece ? MI_OK : mi_fail(err, MI_MEMORY, "no memory to read a zip archive");
    uLong crc = crc32(0, NULL, 0);
    for (uint64_t at = 0; at < f->member->size && status == MI_OK; at += PIECE) {
        const uint64_t left = f->member->size - at;
        const size_t n = left < PIECE ? (size_t)left : PIECE;
        status = f->source.read_at(f->source.ctx, at, piece, n, err);
        if (status == MI_OK)
            crc = crc32(crc, piece, (uInt)n);
    }
    free(piece);
    *out = (uint32_t)crc;
    return status;
}

mi_status proto_zip_file_check(proto_zip_file *f, mi_error *err)
{
    uint32_t crc = 0;
    mi_status status = f->inflater ? proto_inflater_end(f->inflater, &crc, err) : stored_crc(f, &crc, err);
    if (status == MI_OK && crc != f->member->crc)
        return mi_fail(err, MI_INVALID, "zip: the member \"%.60s\" is damaged: its check sum is another",
                       f->member->name);
    return status;
}

void proto_zip_file_close(proto_zip_file *f)
{
    proto_inflater_free(f->inflater);
    f->inflater = NULL;
}
