/*
 * An empirical null, the PMIs of mismatched pairs, and what follows from it: p-values, q-values, the share of
 * null pairs among candidates (pi0), thresholds for a false positive rate (FPR) or a false discovery rate
 * (FDR).
 *
 * DESIGN
 * "Above a threshold t" is "at or above t" everywhere. The FPR of t is its p-value,
 *
 *     p(t) = (1 + #{null >= t}) / (1 + n)
 *
 * which is never 0 and is valid as a p-value for any n; n null pairs resolve nothing below 1 / (1 + n). Its
 * 95 % interval is that of Clopper and Pearson for the #{null >= t} of n. All of it holds for the null that
 * was given: mismatched pairs, some of which may be true ones that nobody knows (then an FPR errs upwards).
 *
 * Deterministic; allocates nothing unless said; any thread. NaN is an answer where a figure is not defined.
 */
#ifndef MI_NULL_H
#define MI_NULL_H

#include <stddef.h>
#include <stdint.h>

/* PMIs of null pairs, ascending, none a NaN; borrowed. */
typedef struct mi_null {
    const double *sorted; /* (n) nats */
    size_t n;
} mi_null;

/* Sort values in place, NaNs left out; returns how many are left: the first ones of values. */
size_t mi_sort_numbers(double *values, size_t n);

/* A null in a few figures, nats; all NaN for n = 0, sd for n = 1 too. Quantiles are linear between order
 * statistics (type 7). */
typedef struct mi_null_summary {
    double mean, sd, q50, q95, q99, q999, max;
} mi_null_summary;

void mi_null_summarize(mi_null_summary *out, const mi_null *null);

/* Share of null pairs below t, 0..1. NaN for a NaN t or an empty null. */
double mi_null_percentile(const mi_null *null, double t);
/* p(t), in (0,1]. NaN likewise. */
double mi_null_p_value(const mi_null *null, double t);
/* 1 / (1 + n), the least p-value. */
double mi_null_smallest_fpr(const mi_null *null);

typedef struct mi_null_tail {
    double threshold;    /* nats */
    uint64_t n_at_least; /* null pairs at or above it */
    double fpr;          /* p(threshold) */
    double fpr95[2];     /* Clopper-Pearson */
} mi_null_tail;

/*
 * The smallest double t with p(t) <= fpr, fpr in (0,1): the one behind the largest null PMI that has to stay
 * below; -INFINITY when all of the null may be above.
 * returns  1; 0: no t has, because fpr < 1 / (1 + n) (or a null PMI is infinite). Then threshold is NaN and
 *          fpr is mi_null_smallest_fpr
 */
int mi_null_threshold(mi_null_tail *out, const mi_null *null, double fpr);

/*
 * Storey's pi0: the share of null pairs among those with the p-values p (n); in (0,1], 1 for n = 0. NaN p are
 * left out. pi0(lambda) = #{p > lambda} / (n (1 - lambda)). From 100 p-values on, lambda is the one of 0.05,
 * 0.10, ..., 0.95 whose pi0 has the least bootstrap mean squared error about their 10 % quantile, in closed
 * form (Storey, Taylor and Siegmund 2004; Robinson). Fewer cannot choose one: lambda = 0.5 and one p-value
 * more above it.
 */
#define MI_PI0_FEW 100u
double mi_pi0(const double *p, size_t n);

/*
 * q-values by Benjamini and Hochberg times pi0 (Storey); pi0 = 1 is the former's alone.
 *
 * p      (n), n < 2^32; a NaN p gives a NaN q and is not counted
 * q      (n) out; may not be p
 * order  scratch (n)
 */
void mi_q_values(const double *p, size_t n, double pi0, double *q, uint32_t *order);

/* What is to be expected of the pairs at or above a threshold. */
typedef struct mi_fdr {
    double threshold; /* nats; NaN: none reaches the target */
    double fpr, fpr95[2];
    uint64_t n_above;
    double expected_false; /* of n_above; at most all of them */
    double expected_fdr;   /* NaN for n_above = 0 */
    double fdr95[2];       /* from fpr95 alone: what the size of the null leaves open */
} mi_fdr;

/*
 * A screen or a list: n_scored pairs were scored, n_above of them are at or above t, and a share pi0 of the
 * n_scored is null (1 for a screen of nearly all pairs there are): pi0 n_scored p(t) / n_above.
 */
void mi_fdr_at(mi_fdr *out, const mi_null *null, double t, uint64_t n_scored, uint64_t n_above, double pi0);

/*
 * The lowest of the candidates' PMIs, sorted (n) ascending without NaN, with an expected FDR of at most
 * target: the candidates at or above it are those with a Storey q-value of at most target.
 * returns  1; 0: none has one (threshold NaN, n_above 0)
 */
int mi_fdr_threshold(mi_fdr *out, const mi_null *null, const double *sorted, size_t n, double pi0,
                     double target);

/* FDR of a list whose pairs are true with probability prior: (1-prior) fpr / ((1-prior) fpr + prior tpr). */
double mi_fdr_of_prior(double fpr, double tpr, double prior);

/*
 * The lowest of the known pairs' PMIs, sorted (n_known) ascending without NaN, at which mi_fdr_of_prior is at
 * most target; tpr(t) is the share of known pairs at or above t, so they have to be out-of-fold PMIs. n_above
 * counts known pairs, expected_false is NaN: it depends on how many pairs are looked at.
 * returns  1; 0: none (threshold NaN)
 */
int mi_fdr_prior_threshold(mi_fdr *out, const mi_null *null, const double *sorted_known, size_t n_known,
                           double prior, double target);

#endif
