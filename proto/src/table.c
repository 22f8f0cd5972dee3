#include "proto/table.h"

#include "table_readers.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How much of a file is looked at to tell its format. */
#define LOOK_AHEAD 65536

static const char *const format_names[] = {[PROTO_FORMAT_AUTO] = "auto",
                                           [PROTO_FORMAT_NPY] = "npy",
                                           [PROTO_FORMAT_CSV] = "csv",
                                           [PROTO_FORMAT_TSV] = "tsv",
                                           [PROTO_FORMAT_HDF5] = "hdf5",
                                           [PROTO_FORMAT_NPZ] = "npz",
                                           [PROTO_FORMAT_SAFETENSORS] = "safetensors"};

const char *proto_format_name(proto_format format)
{
    return format_names[format];
}

bool proto_format_parse(const char *text, proto_format *out)
{
    for (size_t i = 0; i < sizeof format_names / sizeof *format_names; i++)
        if (strcmp(format_names[i], text) == 0) {
            *out = (proto_format)i;
            return true;
        }
    return false;
}

mi_status proto_table_check_shape(uint64_t rows, uint64_t cols, const proto_limits *limits, mi_error *err)
{
    uint64_t cells;
    if (rows > limits->max_rows)
        return mi_fail(err, MI_LIMIT, "%" PRIu64 " rows; this server takes up to %" PRIu64, rows,
                       limits->max_rows);
    if (cols > limits->max_columns)
        return mi_fail(err, MI_LIMIT, "%" PRIu64 " columns; this server takes up to %" PRIu64, cols,
                       limits->max_columns);
    /* The last term keeps byte counts (8 bytes a value at most, and a header) from overflowing. */
    if (__builtin_mul_overflow(rows, cols, &cells) || cells > limits->max_cells || cells > UINT64_MAX / 16)
        return mi_fail(err, MI_LIMIT, "%" PRIu64 " x %" PRIu64 " values; this server takes up to %" PRIu64,
                       rows, cols, limits->max_cells);
    return MI_OK;
}

const char *proto_excerpt(const char *bytes, size_t n, char buffer[PROTO_EXCERPT])
{
    static const char more[] = "...";
    size_t used = 0, i = 0;
    while (i < n) {
        size_t length = proto_utf8_next(bytes + i, n - i);
        if (used + (length ? length : 1) + sizeof more > PROTO_EXCERPT)
            break;
        if (length > 1 || (length == 1 && bytes[i] >= ' ' && bytes[i] != 0x7f)) {
            memcpy(buffer + used, bytes + i, length);
            used += length;
        } else {
            buffer[used++] = '?';
        }
        i += length ? length : 1;
    }
    memcpy(buffer + used, i < n ? more : "", i < n ? sizeof more : 1);
    return buffer;
}

/* Formats that people send and that are told apart by their first bytes, to say more than "not text". */
static const struct {
    const char *magic;
    size_t n;
    const char *what;
} foreign[] = {
    {"BZh", 3, "bzip2; send it decompressed"},
    {"\xfd"
     "7zXZ",
     5, "xz; send it decompressed"},
    {"\x28\xb5\x2f\xfd", 4, "zstandard; send it decompressed"},
    {"PAR1", 4, "Parquet; send npy or csv"},
    {"ARROW1", 6, "Arrow; send npy or csv"},
    {"\x80\x02", 2, "a pickle; send npy or csv"},
    {"\x80\x04", 2, "a pickle; send npy or csv"},
    {"\x80\x05", 2, "a pickle; send npy or csv"},
    {"\xff\xfe", 2, "UTF-16 text; send UTF-8"},
    {"\xfe\xff", 2, "UTF-16 text; send UTF-8"},
};

/* Separator of text: a tab in the first line that is not blank makes it tsv. */
static proto_format text_format(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && (text[i] == '\n' || text[i] == '\r'))
        i++;
    const char *end = memchr(text + i, '\n', n - i);
    return memchr(text + i, '\t', end ? (size_t)(end - text) - i : n - i) ? PROTO_FORMAT_TSV
                                                                          : PROTO_FORMAT_CSV;
}

/* The format of a file that begins with these bytes. */
static mi_status detect(const char *head, size_t n, proto_format *out, mi_error *err)
{
    static const struct {
        const char *magic;
        size_t n;
        proto_format format;
    } known[] = {{"\x93NUMPY", 6, PROTO_FORMAT_NPY},
                 {"\x89HDF\r\n\x1a\n", 8, PROTO_FORMAT_HDF5},
                 {"PK\x03\x04", 4, PROTO_FORMAT_NPZ},
                 {"PK\x05\x06", 4, PROTO_FORMAT_NPZ}}; /* an empty one */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].n && memcmp(head, known[i].magic, known[i].n) == 0) {
            *out = known[i].format;
            return MI_OK;
        }
    if (n > 8 && memcmp(head + 4, "\0\0\0\0{", 5) == 0) { /* a length, and JSON of that length */
        *out = PROTO_FORMAT_SAFETENSORS;
        return MI_OK;
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (n >= foreign[i].n && memcmp(head, foreign[i].magic, foreign[i].n) == 0)
            return mi_fail(err, MI_UNSUPPORTED, "the file is %s", foreign[i].what);
    const char *nul = memchr(head, '\0', n);
    if (nul)
        return mi_fail(err, MI_UNSUPPORTED,
                       "byte %td: NUL; the file is neither text (csv, tsv) nor npy, npz, safetensors or HDF5",
                       nul - head);
    *out = text_format(head, n);
    return MI_OK;
}

static bool is_gzip(const char *head, size_t n)
{
    return n >= 2 && memcmp(head, "\x1f\x8b", 2) == 0;
}

/* What the first bytes of the inflated file tell; only text is read so. */
static mi_status detect_gzipped(const proto_source *source, char *head, proto_format *out, mi_error *err)
{
    proto_inflater *inflater;
    size_t n = 0;
    mi_status status = proto_inflater_new(&inflater, source, 0, source->size, PROTO_GZIP, LOOK_AHEAD, err);
    if (status == MI_OK)
        status = proto_inflater_read(inflater, head, LOOK_AHEAD, &n, err);
    proto_inflater_free(inflater);
    if (status == MI_OK && n == 0)
        return mi_fail(err, MI_INVALID, "the gzipped file is empty");
    if (status == MI_OK && is_gzip(head, n))
        return mi_fail(err, MI_UNSUPPORTED, "the file is gzip of gzip; send gzip of csv or tsv");
    if (status == MI_OK)
        status = detect(head, n, out, err);
    if (status == MI_OK && *out != PROTO_FORMAT_CSV && *out != PROTO_FORMAT_TSV)
        return mi_fail(err, MI_UNSUPPORTED,
                       "the file is gzip of %s; only csv and tsv are read so: send it "
                       "decompressed",
                       proto_format_name(*out));
    return status;
}

mi_status proto_table_detect(const proto_source *source, proto_format *out, mi_error *err)
{
    char head[LOOK_AHEAD];
    size_t n = source->size < sizeof head ? (size_t)source->size : sizeof head;
    mi_status status = source->read_at(source->ctx, 0, head, n, err);
    if (status != MI_OK)
        return status;
    return is_gzip(head, n) ? detect_gzipped(source, head, out, err) : detect(head, n, out, err);
}

mi_status proto_table_inflater(proto_inflater **out, const proto_source *source, const proto_limits *limits,
                               mi_error *err)
{
    char head[2];
    *out = NULL;
    if (source->size < sizeof head)
        return MI_OK;
    mi_status status = source->read_at(source->ctx, 0, head, sizeof head, err);
    if (status != MI_OK || !is_gzip(head, sizeof head))
        return status;
    const uint64_t most = proto_inflate_limit(source->size);
    return proto_inflater_new(out, source, 0, source->size, PROTO_GZIP,
                              most < limits->max_body_bytes ? most : limits->max_body_bytes, err);
}

static mi_status read_format(proto_format format, const proto_source *source,
                             const proto_table_options *options, const proto_limits *limits,
                             const proto_output *out, proto_dataset_record *record, mi_error *err)
{
    switch (format) {
    case PROTO_FORMAT_NPY:
        return proto_table_read_npy(source, options, limits, out, record, err);
    case PROTO_FORMAT_NPZ:
        return proto_table_read_npz(source, options, limits, out, record, err);
    case PROTO_FORMAT_SAFETENSORS:
        return proto_table_read_safetensors(source, options, limits, out, record, err);
    default:
        return proto_table_read_text(source, format == PROTO_FORMAT_TSV ? '\t' : ',', options, limits, out,
                                     record, err);
    }
}

mi_status proto_table_read(const proto_source *source, const proto_table_options *options,
                           const proto_limits *limits, const proto_output *out, proto_dataset_record *record,
                           mi_error *err)
{
    if (source->size == 0)
        return mi_fail(err, MI_INVALID, "the file is empty");
    proto_format format = options->format;
    mi_status status = MI_OK;
    if (format == PROTO_FORMAT_AUTO)
        status = proto_table_detect(source, &format, err);
    if (status == MI_OK && format == PROTO_FORMAT_HDF5)
        return mi_fail(err, MI_UNSUPPORTED, "the file is HDF5, which is not read here");
    if (status == MI_OK)
        status = read_format(format, source, options, limits, out, record, err);
    if (status == MI_OK) {
        snprintf(record->kind, sizeof record->kind, "matrix");
        snprintf(record->format, sizeof record->format, "%s", proto_format_name(format));
    }
    return status;
}
