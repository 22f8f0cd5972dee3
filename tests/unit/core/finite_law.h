/*
 * A joint law on a finite alphabet and the exact expected loss of a table c[x][y] under it, for tests.
 */
#ifndef TEST_FINITE_LAW_H
#define TEST_FINITE_LAW_H

#include "mi/objective.h"
#include "rng.h"

#define FINITE_SIDE  4u
#define FINITE_CELLS (FINITE_SIDE * FINITE_SIDE)

typedef struct finite_law {
    size_t n_x, n_y;
    double p[FINITE_CELLS]; /* (n_x, n_y) */
    double p_x[FINITE_SIDE], p_y[FINITE_SIDE];
    double log_ratio[FINITE_CELLS]; /* log p / (p_x p_y); -infinity where p is 0 */
} finite_law;

finite_law finite_law_of(size_t n_x, size_t n_y, const double *p);
/* Positive everywhere. */
finite_law finite_law_random(size_t n_x, size_t n_y, mi_rng *rng);
double finite_law_mi(const finite_law *law);

/*
 * Expected loss, by the objective's reference, over batches of `batch` <= 5 independent pairs, and its
 * gradient by the entries of c; gradient may be NULL. A sum over the unordered batches: right where the order
 * of the pairs does not matter, so for tuples of K candidates when K = batch - 1 or batch <= 4, where all
 * windows of a size are all sets of it.
 */
double finite_law_loss(const mi_objective_spec *spec, const finite_law *law, size_t batch, const double *c,
                       double *gradient);

#endif
