/*
 * Mutual information from nearest neighbours: the first estimator of Kraskov, Stoegbauer and Grassberger
 * (Phys. Rev. E 69, 066138, 2004), under the maximum norm.
 *
 * A sample i of n has, with e the distance to its k-th neighbour in (x,y) and n_x, n_y the samples whose x
 * (whose y) is strictly nearer than e,
 *
 *     pmi_i = psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1),     MI = mean pmi_i,
 *
 * where neighbours and counts are over the m = n - 1 other samples. A pair that is no sample, (x_i, y_j), is
 * treated as the same formula treats a sample: it is held against the samples that share neither value with
 * it, the m = n - 2 that are neither i nor j, and
 *
 *     pmi_ij = psi(k) + psi(m + 1) - psi(n_x + 1) - psi(n_y + 1).
 *
 * So it is the value that (x_i, y_j) would get as one more sample beside those m. Far from all samples it
 * falls to about psi(k) - psi(m + 1) and no lower: the estimate of a small ratio is bounded by what n samples
 * can tell.
 *
 * Ties are broken by noise of 1e-10 of each column's mean absolute deviation.
 */
#ifndef MI_KSG_H
#define MI_KSG_H

#include "arena.h"
#include "mi/status.h"
#include "neighbours.h"
#include "rng.h"

typedef struct mi_ksg {
    uint32_t n, k;
    uint32_t dim[2];   /* of x, of y */
    double *rows[2];   /* (n, dim) without ties */
    uint32_t *partner; /* (n) sample i is (x_i, y_partner[i]) */
    mi_neighbours joint, margin[2];
    /* of one group of queries */
    double *query;      /* (MI_NEIGHBOURS_GROUP, dim_x + dim_y) */
    double *side_query; /* (MI_NEIGHBOURS_GROUP, the larger of dim_x, dim_y) */
    double *nearest;    /* (MI_NEIGHBOURS_GROUP, k) */
} mi_ksg;

/* n > k + 1; any dim > 0. */
void mi_ksg_layout(mi_ksg *ksg, mi_arena *arena, uint32_t n, uint32_t dim_x, uint32_t dim_y, uint32_t k);
/* Scratch of fill and pair, released: measure with it. */
void mi_ksg_fill_layout(const mi_ksg *ksg, mi_arena *arena);

/*
 * x (n, dim_x), y (n, dim_y) row-major; copied. Noise is drawn from rng, columns of x first. Rows are paired
 * in order. MI_NUMERIC when a value is not finite. Scratch from the arena, given back.
 */
mi_status mi_ksg_fill(mi_ksg *ksg, mi_arena *arena, const float *x, const float *y, mi_rng *rng,
                      mi_error *err);
/* Sample i becomes (x_i, y_partner[i]), partner (n) a permutation, copied: the sample of a permutation test.
 * After fill. */
void mi_ksg_pair(mi_ksg *ksg, mi_arena *arena, const uint32_t *partner);

/* pmi (n) of the samples i (n), nats. Thread: one at a time (scratch). */
void mi_ksg_local(mi_ksg *ksg, const uint32_t *i, uint32_t n, double *pmi);
/* pmi (n) of the pairs (x_i, y_j), i != j, nats; with rows paired in order. Thread: as above. */
void mi_ksg_mismatched(mi_ksg *ksg, const uint32_t *i, const uint32_t *j, uint32_t n, double *pmi);
/* pmi (n) of pairs that are no samples, x (n, dim_x), y (n, dim_y), nats: each held against all samples, m =
 * n of them, as one more beside them. Thread: as above. */
void mi_ksg_outside(mi_ksg *ksg, const float *x, const float *y, uint32_t n, double *pmi);
/* The numbers 0 .. n-1 into `order` such that near samples of sample (n) follow each other: asked for in that
 * order they are answered sooner. */
void mi_ksg_sort_near(const mi_ksg *ksg, const uint32_t *sample, uint32_t n, uint32_t *order);

#endif
