/*
 * The canonical matrix, written in one pass as its rows become known.
 */
#ifndef PROTO_MATRIX_WRITER_H
#define PROTO_MATRIX_WRITER_H

#include "levels.h"
#include "proto/matrix.h"

typedef struct proto_matrix_writer proto_matrix_writer;

/* output: borrowed for the writer's life; cols > 0. MI_MEMORY. */
mi_status proto_matrix_writer_new(proto_matrix_writer **out, const proto_output *output, uint64_t cols,
                                  mi_error *err);
void proto_matrix_writer_free(proto_matrix_writer *writer);
/* values: (n, cols) row-major, finite (the reader has checked: only it can name the place). */
mi_status proto_matrix_writer_rows(proto_matrix_writer *writer, const float *values, uint64_t n,
                                   mi_error *err);
/* Categorical columns and their levels, borrowed until finish; none are categorical without this. */
void proto_matrix_writer_levels(proto_matrix_writer *writer, const proto_levels *levels);
/*
 * Ids, names, levels and footer. ids: one per row, or empty; names: one per column, or empty. Fills rows,
 * cols, has_ids and columns (owned by the record) of `record`, which may be NULL.
 */
mi_status proto_matrix_writer_finish(proto_matrix_writer *writer, const proto_string_list *ids,
                                     const proto_string_list *names, proto_dataset_record *record,
                                     mi_error *err);

/* Index of the first of n values that is no finite number, or n. */
size_t proto_first_not_finite(const float *values, size_t n);

#endif
