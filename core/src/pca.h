/*
 * Principal components of standardised columns.
 *
 * With no more columns than rows the covariance matrix is decomposed; with more, the n x n Gram matrix, whose
 * eigenvectors give the same components: 20,000 columns cost rows^2 memory, not columns^2.
 */
#ifndef MI_PCA_H
#define MI_PCA_H

#include "arena.h"
#include "mi/run.h"
#include "mi/status.h"

#include <stdint.h>

/* Rows and columns to look at, and how to standardise: z = (value - mean) * scale. All borrowed. */
typedef struct mi_pca_input {
    mi_matrix data;
    const uint32_t *rows, *columns;
    uint32_t n, dim;
    const double *mean, *scale; /* (dim) */
    const float *levels;        /* (dim) of one-hot columns, see one_hot.h; NULL: all are numbers */
} mi_pca_input;

/* What mi_pca_fit borrows for at most these sizes; n_components < dim. */
void mi_pca_fit_layout(mi_arena *arena, uint32_t n, uint32_t dim, uint32_t n_components);

/*
 * components  (dim, *kept) out, row-major, unit length, the largest entry of each positive: one sign on every
 * machine variance    (*kept) out, descending kept        in: the most wanted; out: without directions whose
 * variance is rounding error MI_NUMERIC when the decomposition fails.
 */
mi_status mi_pca_fit(const mi_pca_input *in, mi_arena *arena, float *components, double *variance,
                     uint32_t *kept, mi_error *err);

/* out (n, dim) float: standardised rows. rows (n) of the data; in->rows is not looked at. */
void mi_pca_standardise(const mi_pca_input *in, const uint32_t *rows, uint32_t first, uint32_t n, float *out);

#endif
