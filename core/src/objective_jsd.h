/*
 * What a cross entropy of joint against mismatched pairs, equally many of each, says about KL. Thread: any.
 */
#ifndef MI_OBJECTIVE_JSD_H
#define MI_OBJECTIVE_JSD_H

/* The largest cross entropy (nats) that the best classifier can have when KL(joint, product) = kl. */
double mi_jsd_cross_entropy(double kl);

/* Its inverse: the least KL (nats) that goes with a cross entropy, negative above log 2. Infinite at 0, NaN
 * below. */
double mi_jsd_bound(double cross_entropy);

#endif
