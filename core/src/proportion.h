/*
 * Intervals of 95 % for the probability behind k hits of n trials. n = 0 gives [0, 1].
 */
#ifndef MI_PROPORTION_H
#define MI_PROPORTION_H

#include <stdint.h>

#define MI_NORMAL_QUANTILE_975 1.959963984540054

/* Score interval without continuity correction: close to 95 % coverage on average. Thread: any. */
void mi_wilson95(uint64_t k, uint64_t n, double out[2]);
/* Exact: never less than 95 %. Thread: any. */
void mi_clopper_pearson95(uint64_t k, uint64_t n, double out[2]);

#endif
