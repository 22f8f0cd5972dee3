/*
 * How far estimates of the same quantity, made from the same data, agree.
 */
#ifndef MI_AGREEMENT_H
#define MI_AGREEMENT_H

#include "mi/status.h"

#include <stdint.h>

typedef struct mi_agreement {
    uint32_t n; /* estimates that are finite; the rest is NaN when there is none */
    double median, median_std_err;
    double low, high;
} mi_agreement;

/*
 * nats, std_err  (n) the estimates; one that is not finite is left out
 * difference     (n) out, nats: estimate - median; NaN where left out
 * std_errs       (n) out: the same in combined standard errors, sqrt(se^2 + se of the median^2). Estimates
 *                from the same data share their sampling noise, so this errs on the side of agreement. NaN
 *                where a standard error is missing
 * The median of an even number is the mean of the middle two. Thread: any.
 */
void mi_agreement_of(mi_agreement *out, const double *nats, const double *std_err, uint32_t n,
                     double *difference, double *std_errs);

/*
 * Spearman's rank correlation of every two columns; ties have their mean rank.
 *
 * columns  (n_columns) of n_rows values each; a row that is not finite in some column is left out of all
 * out      (n_columns, n_columns), symmetric; NaN where a column is constant
 * n_used   rows that took part
 * MI_MEMORY. Thread: any.
 */
mi_status mi_rank_correlations(double *out, const double *const *columns, uint32_t n_columns, uint64_t n_rows,
                               uint64_t *n_used, mi_error *err);

#endif
