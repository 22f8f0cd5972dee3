/*
 * The log-scale of r, fitted on held-out scores.
 */
#ifndef MI_CALIBRATE_H
#define MI_CALIBRATE_H

#include <stddef.h>

/*
 * a minimising the anchor loss of scores + a (nu = 1, K = n - 1, rows and columns) over the whole (n, n)
 * score matrix: convex in one dimension, safeguarded Newton. scratch  (4n) doubles or what the implementation
 * states through mi_calibrate_scratch Returns 0 when n < 2 or the scores are not finite; |a| <= 20.
 */
double mi_calibrate_log_scale(const float *scores, size_t n, void *scratch);
size_t mi_calibrate_scratch(size_t n);

#endif
