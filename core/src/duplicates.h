/*
 * Exact repeats among the pairs: a repeated pair that falls on both sides of a split is not held out.
 */
#ifndef MI_DUPLICATES_H
#define MI_DUPLICATES_H

#include "mi/run.h"

/* How many rows equal an earlier row in every column of x and y (0 and -0 differ). x.rows == y.rows.
 * MI_MEMORY. */
mi_status mi_count_duplicates(uint64_t *out, mi_matrix x, mi_matrix y, mi_error *err);

#endif
