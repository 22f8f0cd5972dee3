/*
 * Calibration of a critic on held-out scores: log r = slope * score + log_scale.
 */
#ifndef MI_CALIBRATE_H
#define MI_CALIBRATE_H

#include <stddef.h>

/*
 * The a in [-20, 20] that minimises the anchor loss of slope * scores + a (nu = 1, K = n - 1, rows and
 * columns averaged, exact leave-one-out form) over the whole (n, n) score matrix: convex in one dimension,
 * safeguarded Newton.
 *
 * scores   (n, n) row-major, the diagonal holds the joint pairs; those above 80 nats become 80: they are as
 *          certain at any scale
 * from     where to start
 * loss     out, nats: the loss there, averaged over the joint pairs
 * scratch  mi_calibrate_scratch(n) bytes, aligned for double
 * Returns 0, and NaN as the loss, when n < 2 or a score is not finite.
 */
double mi_calibrate_log_scale(float *scores, size_t n, double slope, double from, double *loss,
                              void *scratch);
size_t mi_calibrate_scratch(size_t n);

typedef struct mi_calibration {
    double slope, log_scale;
} mi_calibration;

/*
 * Log-scale and, where the critic is overconfident, a slope below 1: few rows and many columns make scores
 * whose order is right and whose spread is not (temperature scaling; Guo et al., ICML 2017). The loss is
 * convex in both. A slope other than 1 has to earn its place: it must lower the loss over all independent
 * pairs by more than 1.92 nats, the 95 % point of a likelihood ratio with one degree of freedom. So a critic
 * that is right is left alone.
 *
 * n_pairs           of the n joint ones, how many are independent: half of pairs in both orders
 * scores, scratch   as above
 */
mi_calibration mi_calibrate(float *scores, size_t n, size_t n_pairs, void *scratch);

#endif
