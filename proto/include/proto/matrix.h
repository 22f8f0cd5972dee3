/*
 * The canonical matrix: what a data set is on disk, whatever file it came from.
 *
 *     rows x cols float32, little-endian, row-major          at offset 0, so that a mapping is the array
 *     row ids: (rows+1) u64 offsets, then the bytes          when there are ids
 *     column names: (cols+1) u64 offsets, then the bytes     when there are names
 *     levels, when there are categorical columns: (cols) bytes, 1 for a categorical column; then where the
 *         names of each column's levels begin, (cols+1) u64; then those names, (n+1) u64 offsets and the
 * bytes footer, 64 bytes: magic "MIMATRX1", rows, cols, flags, offsets of ids, names and levels
 *
 * A cell of a categorical column holds a code: the place of its level among the names of the column, or a
 * number of the user's where there are no names. All parts begin at multiples of 8.
 *
 * The shape stands at the end because a csv's rows are known only there. Written in one pass, in bounded
 * memory.
 */
#ifndef PROTO_MATRIX_H
#define PROTO_MATRIX_H

#include "mi/run.h"
#include "mi/status.h"
#include "proto/record.h"

/* Where bytes go, in order. */
typedef struct proto_output {
    mi_status (*write)(void *ctx, const void *bytes, size_t n, mi_error *err);
    void *ctx;
} proto_output;

typedef struct proto_matrix_view { /* of a mapped blob, borrowed */
    mi_matrix matrix;              /* with its categorical columns */
    bool has_ids, has_names;
    const uint64_t *id_offsets, *name_offsets;
    const char *id_bytes, *name_bytes;
    const uint64_t *level_first, *level_offsets; /* (cols+1), (level_first[cols]+1); NULL: none */
    const char *level_bytes;
} proto_matrix_view;

/* Check a blob's structure (not every float) and look into it. MI_CORRUPT. bytes 8-aligned. */
mi_status proto_matrix_open(proto_matrix_view *out, const void *bytes, size_t n, mi_error *err);
/* Not NUL-terminated; *n is its length. NULL when there are none. */
const char *proto_matrix_id(const proto_matrix_view *view, uint64_t row, size_t *n);
/* The row of an id; rows when no row has it, or when there are no ids. For one id; for many see
 * proto_id_index_new. */
uint64_t proto_matrix_find_id(const proto_matrix_view *view, const char *id, size_t n);
/* Name of a code of a column, likewise; NULL when it has none. */
const char *proto_matrix_level(const proto_matrix_view *view, uint64_t col, uint64_t code, size_t *n);

/*
 * Which columns of a job's input are categorical: those of its matrix and those that the job says.
 * *flags: (cols) 0 or 1, the caller's; NULL when none is. MI_INVALID with the pointer "/categorical" below
 * the input; MI_MEMORY.
 */
mi_status proto_input_columns(const proto_input *input, const proto_matrix_view *view, uint8_t **flags,
                              mi_error *err);
/* The other way: the job says them all. flags may be NULL. MI_MEMORY. */
mi_status proto_input_set_columns(proto_input *input, const uint8_t *flags, uint64_t cols, mi_error *err);

/* Write an array in memory (an inline matrix) as a canonical blob. MI_INVALID names row and column of a NaN.
 */
mi_status proto_matrix_write(mi_matrix matrix, const proto_output *out, mi_error *err);

#endif
