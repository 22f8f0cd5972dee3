/*
 * The pair table: a data set of kind "pairs", text columns with names. Which of them are ids and which is a
 * label is said where it is used (proto/pairs.h).
 *
 * On disk, whatever file it came from:
 *
 *     the cells' bytes, row by row, column after column      at offset 0
 *     (rows * cols + 1) u64 offsets of the cells             at the next multiple of 8
 *     names of the columns: (cols + 1) u64 offsets, then the bytes
 *     footer, 64 bytes: magic "MIPAIRS1", rows, cols, offsets of the cells' table and of the names
 *
 * All text is UTF-8. A blob is mapped from disk and nothing in it is trusted.
 */
#ifndef PROTO_PAIR_TABLE_H
#define PROTO_PAIR_TABLE_H

#include "proto/string_list.h"
#include "proto/table.h"

#define PROTO_PAIR_COLUMNS_MAX 256
#define PROTO_PAIR_CELL_MAX    16384 /* bytes; an id has at most PROTO_STRING_MAX (proto/string_list.h) */
#define PROTO_PAIR_NO_COLUMN   UINT32_MAX

/*
 * Read a csv or tsv file whole, write its blob to `out`, describe it in `record` (kind, format, rows, cols,
 * columns; the caller fills the rest). The first line names the columns unless options->header is NO: then
 * they are called "0", "1", and so on. Names are unique and at most 256 bytes. At least two columns and one
 * row; cells may be empty; blanks around an unquoted cell are dropped. The file is read twice, in bounded
 * memory. Errors as proto_table_read's. Thread: any.
 */
mi_status proto_pair_table_read(const proto_source *source, const proto_table_options *options,
                                const proto_limits *limits, const proto_output *out,
                                proto_dataset_record *record, mi_error *err);

/*
 * Write a list as the blob of a table: columns "x" and "y", with labels a third, "label", of 0 and 1. x and y
 * are of one length, at least 1. Errors are those of `out`. Thread: any.
 *
 * labels  (x->n) 0 or 1, or NULL
 */
mi_status proto_pair_table_write(const proto_string_list *x, const proto_string_list *y,
                                 const uint8_t *labels, const proto_output *out, mi_error *err);

typedef struct proto_pair_table_view { /* of a mapped blob, borrowed */
    uint64_t rows;
    uint32_t cols;
    const uint64_t *cell_offsets; /* (rows * cols + 1) */
    const char *cell_bytes;
    const uint64_t *name_offsets; /* (cols + 1) */
    const char *name_bytes;
} proto_pair_table_view;

/* Check a blob's structure and look into it. MI_CORRUPT. bytes 8-aligned. */
mi_status proto_pair_table_open(proto_pair_table_view *out, const void *bytes, size_t n, mi_error *err);
/* Not NUL-terminated; *n is its length, 0 for an empty cell. Never NULL. */
const char *proto_pair_table_cell(const proto_pair_table_view *view, uint32_t column, uint64_t row,
                                  size_t *n);
const char *proto_pair_table_name(const proto_pair_table_view *view, uint32_t column, size_t *n);
/* The column of that name, or PROTO_PAIR_NO_COLUMN. */
uint32_t proto_pair_table_find(const proto_pair_table_view *view, const char *name);

#endif
