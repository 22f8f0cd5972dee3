/*
 * The Gaussian baseline: the closed-form log ratio of a Gaussian fitted by CCA.
 *
 *   c_G(x,y) = sum_k [ -1/2 log(1-rho_k^2) - (rho_k^2 (u_k^2+v_k^2) - 2 rho_k u_k v_k) / (2 (1-rho_k^2)) ]
 *
 * with u = Wx'(x - mean), v = Wy'(y - mean) the canonical variates. It is bilinear plus a function of x plus
 * one of y, so it is an inner product of `width` = n_canonical + 2 fixed columns per side, which ride along
 * with the critic's embeddings: x: (rho_k/(1-rho_k^2) u_k ..., a(x) - 1/2 sum log(1-rho^2), 1)     y: (v_k
 * ..., 1, b(y))
 */
#ifndef MI_GAUSSIAN_H
#define MI_GAUSSIAN_H

#include "arena.h"
#include "mi/status.h"

#include <stdint.h>

typedef struct mi_gaussian {
    uint32_t dim_x, dim_y, n_canonical; /* min of both */
    uint32_t width;                     /* n_canonical + 2 */
    uint32_t n_train;
    double *ridge_x, *ridge_y; /* (dim) of each column; the caller's, before the fit */
    double *mean_x, *mean_y;
    double *map_x, *map_y; /* (dim, n_canonical) */
    double *rho_raw;       /* (n_canonical) as fitted, in [0,1) */
    double *rho;           /* (n_canonical) after shrinkage */
    double slope;          /* of the log ratio: 1, or less where the fit is overconfident */
} mi_gaussian;

#define MI_GAUSSIAN_SHRINKAGES 5
extern const double mi_gaussian_shrinkage[MI_GAUSSIAN_SHRINKAGES]; /* {0, 1/2, 1, 2, INFINITY} */

void mi_gaussian_layout(mi_gaussian *g, mi_arena *arena, uint32_t dim_x, uint32_t dim_y, uint32_t n_train);
void mi_gaussian_fit_layout(const mi_gaussian *g, mi_arena *arena);
/*
 * x (n_train, dim_x), y (n_train, dim_y) prepared, row-major. g->ridge times its variance is added to each
 * variance: the fit does not depend on the units of unprepared columns. Deterministic signs. MI_NUMERIC when
 * the decomposition fails.
 */
mi_status mi_gaussian_fit(mi_gaussian *g, mi_arena *arena, const float *x, const float *y, mi_error *err);
/* rho = tanh sqrt(max(atanh(rho_raw)^2 - s d/n_train, 0)), kept <= 1 - 1e-6; d is dim_x + dim_y, of which a
 * column with a ridge counts 1/(1 + ridge). */
void mi_gaussian_shrink(mi_gaussian *g, double s);
/* -1/2 sum log(1-rho^2), nats. */
double mi_gaussian_mi(const mi_gaussian *g);
/* out (n, width): the fixed columns of n prepared rows of that side. */
void mi_gaussian_columns_x(const mi_gaussian *g, const float *x, uint32_t n, float *out);
void mi_gaussian_columns_y(const mi_gaussian *g, const float *y, uint32_t n, float *out);

#endif
