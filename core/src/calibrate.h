/*
 * The log-scale of r, fitted on held-out scores.
 */
#ifndef MI_CALIBRATE_H
#define MI_CALIBRATE_H

#include <stddef.h>

/*
 * The a in [-20, 20] that minimises the anchor loss of scores + a (nu = 1, K = n - 1, rows and columns
 * averaged, exact leave-one-out form) over the whole (n, n) score matrix: convex in one dimension,
 * safeguarded Newton.
 *
 * scores   (n, n) row-major, the diagonal holds the joint pairs; overwritten, it serves as scratch
 * scratch  mi_calibrate_scratch(n) bytes, aligned for double
 * Returns 0 when n < 2 or a score is not finite.
 */
double mi_calibrate_log_scale(float *scores, size_t n, void *scratch);
size_t mi_calibrate_scratch(size_t n);

#endif
