/*
 * Minimum, maximum, mean and standard deviation of each column, in one pass over the rows.
 *
 * Welford's recurrence (Technometrics 1962): no cancellation when a column's mean is large beside its spread.
 * The result depends on the order of the rows, not on how they are cut into blocks.
 */
#ifndef PROTO_COLUMN_SUMMARY_H
#define PROTO_COLUMN_SUMMARY_H

#include "levels.h"

typedef struct proto_column_summary {
    size_t columns;            /* summarised: the first of the matrix */
    uint64_t rows;             /* seen */
    double *mean, *squares;    /* (columns); squares: sum of squared deviations */
    float *smallest, *largest; /* (columns) */
} proto_column_summary;

/* columns: of the matrix; the first PROTO_SUMMARY_COLUMNS are summarised. MI_MEMORY. */
mi_status proto_column_summary_init(proto_column_summary *summary, uint64_t columns, mi_error *err);
void proto_column_summary_fini(proto_column_summary *summary);
/* values: (rows, stride) row-major, finite */
void proto_column_summary_add(proto_column_summary *summary, const float *values, uint64_t rows,
                              size_t stride);
/*
 * [{"name","kind":"number","min","max","mean","sd"}, ...]; name is null without names (NULL or empty list);
 * sd, with n-1, is null for a single row. A categorical column is {"name","kind":"categorical","n_levels",
 * "levels"} with its first levels by name, or {"name","kind":"categorical","min","max"} of codes without
 * names. levels NULL: no column is categorical. *out is the caller's. MI_MEMORY.
 */
mi_status proto_column_summary_encode(const proto_column_summary *summary, const proto_string_list *names,
                                      const proto_levels *levels, char **out, mi_error *err);

#endif
