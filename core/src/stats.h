/*
 * Order statistics on finished numbers. All deterministic; none allocates.
 */
#ifndef MI_STATS_H
#define MI_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Pairwise (cascade) summation: error grows with log n, order fixed. */
double mi_sum(const double *values, size_t n);
double mi_mean(const double *values, size_t n);
/* Sample standard deviation (n-1); 0 for n < 2. */
double mi_sd(const double *values, size_t n, double mean);

void mi_sort_doubles(double *values, size_t n);
/* Linear interpolation between order statistics (type 7) of ascending values. */
double mi_quantile_sorted(const double *sorted, size_t n, double q);
/* How many of the ascending values are < v, and <= v. */
size_t mi_count_below(const double *sorted, size_t n, double v);
size_t mi_count_at_most(const double *sorted, size_t n, double v);

/* P(positive > negative) + half of ties, from ascending negatives. */
double mi_auroc(const double *positives, size_t n_positives, const double *sorted_negatives,
                size_t n_negatives);

#endif
