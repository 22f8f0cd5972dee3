/*
 * Readers of data files: npy, npz, safetensors and csv/tsv, streamed into the canonical matrix in bounded
 * memory. HDF5 is told apart here and read by a process of its own (proto/hdf5.h).
 *
 * Every byte is untrusted. An error names the place: "row 17, column 3 (\"height\"): NaN; expected a finite
 * number", "byte 8: ...". Rows and columns in messages count from 1 for csv (line numbers are given too),
 * from 0 for arrays, and say so.
 */
#ifndef PROTO_TABLE_H
#define PROTO_TABLE_H

#include "proto/limits.h"
#include "proto/matrix.h"

/* Random access to the file's bytes; reads are exact. */
typedef struct proto_source {
    mi_status (*read_at)(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err);
    void *ctx;
    uint64_t size;
} proto_source;

typedef enum proto_format {
    PROTO_FORMAT_AUTO,
    PROTO_FORMAT_NPY,
    PROTO_FORMAT_CSV,
    PROTO_FORMAT_TSV,
    PROTO_FORMAT_HDF5,
    PROTO_FORMAT_NPZ,
    PROTO_FORMAT_SAFETENSORS
} proto_format;
typedef enum proto_choice { PROTO_CHOICE_AUTO, PROTO_CHOICE_YES, PROTO_CHOICE_NO } proto_choice;

typedef struct proto_table_options {
    proto_format format; /* AUTO: by the first bytes; text with a tab in its first line is tsv */
    proto_choice header; /* text: AUTO: a header when a field of the first line, other than the id's, is not a
                            number */
    proto_choice
        ids; /* text: AUTO: the first of several columns holds ids when its first value is not a number */
    char id_column[PROTO_NAME_MAX + 1]; /* by name (needs a header); "" for the first */
    const char *categorical; /* columns whose cells are categories even where they are numbers: names and
                                numbers (from 0, without the id column) with commas between, or "all"; NULL:
                                none. Borrowed */
    char key[256];     /* files of several arrays: the one to read (HDF5: or the group); "": the only one */
    char ids_key[256]; /* likewise: the strings that are the rows' ids; "": the only ones that fit */
} proto_table_options;

const char *proto_format_name(proto_format format);
bool proto_format_parse(const char *text, proto_format *out);

/*
 * What a file's first bytes say it is; text is told apart by its first line. MI_UNSUPPORTED names a format
 * that is known but not read, MI_IO.
 */
mi_status proto_table_detect(const proto_source *source, proto_format *out, mi_error *err);

/*
 * A text column whose first value is not a number is categorical: each distinct string is a level (at most
 * MI_MAX_LEVELS), numbers among them too, and the matrix holds its place in bytewise order. Where one string
 * stands among numbers alone it is taken for a missing value or a slip, and refused unless the column is
 * named as categorical. An npy's categorical columns hold codes of their own, whole numbers 0 to 65535.
 *
 * Read the whole file, write the canonical matrix to `out`, describe it in `record` (kind, format, rows,
 * cols, has_ids, columns summary; the caller fills name, hashes, bytes and time). npy, and the array of an
 * npz or safetensors file that the options name: npy versions 1-3, dtypes f2 f4 f8 i1-i8 u1-u8 b1
 * (safetensors: bfloat16 too), either byte order, C and Fortran order, 1-D (n,) as one column, 2-D. Refused:
 * object and structured dtypes, NaN, infinities, values over float32's range, more or fewer bytes than the
 * shape needs. csv/tsv: quoted fields with "" inside, CRLF or LF, blank lines skipped, UTF-8 BOM skipped,
 * ragged rows refused with their line; ids unique; gzip of either, at most max_body_bytes inflated.
 * MI_INVALID (bad data), MI_UNSUPPORTED (unknown format or dtype, HDF5), MI_LIMIT, MI_MEMORY, MI_IO. Thread:
 * any.
 */
mi_status proto_table_read(const proto_source *source, const proto_table_options *options,
                           const proto_limits *limits, const proto_output *out, proto_dataset_record *record,
                           mi_error *err);

#endif
