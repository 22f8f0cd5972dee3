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
                                           [PROTO_FORMAT_HDF5] = "hdf5"};

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
    {"PK\x03\x04", 4, "a zip archive (npz, xlsx); send the npy or csv inside it"},
    {"\x1f\x8b", 2, "gzip; send it decompressed"},
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

mi_status proto_table_detect(const proto_source *source, proto_format *out, mi_error *err)
{
    char head[LOOK_AHEAD];
    size_t n = source->size < sizeof head ? (size_t)source->size : sizeof head;
    mi_status status = source->read_at(source->ctx, 0, head, n, err);
    if (status != MI_OK)
        return status;
    if (n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) {
        *out = PROTO_FORMAT_NPY;
        return MI_OK;
    }
    if (n >= 8 && memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0) {
        *out = PROTO_FORMAT_HDF5;
        return MI_OK;
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (n >= foreign[i].n && memcmp(head, foreign[i].magic, foreign[i].n) == 0)
            return mi_fail(err, MI_UNSUPPORTED, "the file is %s", foreign[i].what);
    const char *nul = memchr(head, '\0', n);
    if (nul)
        return mi_fail(err, MI_UNSUPPORTED, "byte %td: NUL; the file is neither npy nor text (csv, tsv)",
                       nul - head);
    *out = text_format(head, n);
    return MI_OK;
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
        return mi_fail(err, MI_UNSUPPORTED, "the file is HDF5; send the array as npy");
    if (status == MI_OK && format == PROTO_FORMAT_NPY)
        status = proto_table_read_npy(source, options, limits, out, record, err);
    else if (status == MI_OK)
        status = proto_table_read_text(source, format == PROTO_FORMAT_TSV ? '\t' : ',', options, limits, out,
                                       record, err);
    if (status == MI_OK) {
        snprintf(record->kind, sizeof record->kind, "matrix");
        snprintf(record->format, sizeof record->format, "%s", proto_format_name(format));
    }
    return status;
}
