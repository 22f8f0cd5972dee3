/*
 * How well scores tell pairs of label 1 (positives) from pairs of label 0 (negatives): ROC and
 * precision-recall curves, AUROC, average precision, and thresholds for what a user asks for.
 *
 * DESIGN
 * The labelled scores are kept as groups of equal score in descending order, so that ties are exact
 * everywhere: a threshold is one of the scores that occur, and "above" is at or above. All counts are whole
 * numbers; nothing depends on the order of the input.
 *
 *     precision = tp / (tp + fp)   recall = tp / positives   fpr = fp / negatives
 *
 * A NaN score is left out and counted. Without positives, or without negatives, figures that need them are
 * NaN; everything else is defined.
 *
 * A label 0 has to mean "known not to be a pair". Where it means "not known", precision and AUROC are lower
 * bounds.
 */
#ifndef MI_ROC_H
#define MI_ROC_H

#include "mi/status.h"

#include <stddef.h>
#include <stdint.h>

#define MI_ROC_MAX_PAIRS 0x7fffffffu
#define MI_ROC_MAX_RULES 64u /* of a bootstrap */

typedef struct mi_roc mi_roc; /* immutable; any number of threads */

/*
 * scores  (n) NaN: left out
 * labels  (n) 0 or 1
 * MI_INVALID: a label that is neither, or no score that is a number; MI_LIMIT: more than MI_ROC_MAX_PAIRS;
 * MI_MEMORY.
 */
mi_status mi_roc_new(mi_roc **out, const double *scores, const uint8_t *labels, size_t n, mi_error *err);
void mi_roc_free(mi_roc *roc);

typedef struct mi_roc_counts {
    uint32_t positives, negatives;
    uint32_t excluded; /* scores that are NaN */
    uint32_t distinct; /* scores */
} mi_roc_counts;
mi_roc_counts mi_roc_count(const mi_roc *roc);

typedef struct mi_figure {
    double value, std_err;
    double interval95[2];
} mi_figure;

/*
 * AUROC by Mann and Whitney, ties count 1/2; standard error by DeLong, DeLong and Clarke-Pearson (1988) in
 * O(n) on sorted scores (Sun and Xu 2014); interval by the normal quantile on the logit scale. The error is
 * NaN for fewer than two positives or negatives, and with it the interval, which is NaN too where the error
 * is 0: where all comparisons agree the method knows no uncertainty.
 */
mi_figure mi_roc_auroc(const mi_roc *roc);

/* Average precision: sum of (recall_k - recall_(k-1)) precision_k over the distinct scores from the highest
 * down, without interpolation. Chance is the share of positives. NaN without positives. */
double mi_roc_average_precision(const mi_roc *roc);

/* What a threshold gives on the labelled pairs. Intervals by Wilson's score; they know nothing of the
 * threshold's having been chosen on the same pairs. */
typedef struct mi_roc_point {
    double threshold; /* NaN: no threshold does what was asked, and nothing else is filled */
    uint32_t n_above, tp, fp;
    double precision, recall, fpr, f1, youden;
    double precision95[2], recall95[2], fpr95[2];
} mi_roc_point;

/* Any threshold, not only a score that occurs. */
void mi_roc_at(mi_roc_point *out, const mi_roc *roc, double threshold);

typedef enum mi_roc_aim {
    MI_ROC_PRECISION, /* the lowest threshold with precision >= target; above it precision may be lower again
                       */
    MI_ROC_RECALL,    /* the highest with recall >= target */
    MI_ROC_FPR,       /* the lowest with fpr <= target; none when already the highest score has more */
    MI_ROC_F1,        /* the greatest F1 = 2 tp / (2 tp + fp + fn); of equals the highest threshold */
    MI_ROC_YOUDEN     /* the greatest recall - fpr; likewise */
} mi_roc_aim;

typedef struct mi_roc_rule {
    mi_roc_aim aim;
    double target; /* in (0,1); of the first three aims */
} mi_roc_rule;

/* out (n_rules), n_rules at most MI_ROC_MAX_RULES. No threshold where none does it, or where a figure that it
 * needs is not defined. O(n + n_rules). */
void mi_roc_find(mi_roc_point *out, const mi_roc *roc, const mi_roc_rule *rules, uint32_t n_rules);

/*
 * Curves: a point per distinct score, from the highest down. Points that lie on the line between their
 * neighbours are left out, and of more than max_points those nearest to the curve without them
 * (Douglas-Peucker, the farthest point first); the first and the last stay. max_points >= 2. O(max_points n)
 * at worst.
 */
typedef struct mi_roc_curve {
    uint32_t n;
    double *x, *y, *threshold; /* (n); owned, one block at x */
} mi_roc_curve;

/* x = fpr, y = recall, from (0,0) at the threshold INFINITY to (1,1). No points without positives or without
 * negatives. MI_MEMORY. */
mi_status mi_roc_curve_new(mi_roc_curve *out, const mi_roc *roc, uint32_t max_points, mi_error *err);
/* x = recall, y = precision, one per distinct score: no point (0,1) is made up. No points without positives.
 */
mi_status mi_roc_precision_curve_new(mi_roc_curve *out, const mi_roc *roc, uint32_t max_points,
                                     mi_error *err);
void mi_roc_curve_free(mi_roc_curve *curve);

/* Resamples of a bootstrap of n labelled pairs: 2000, fewer above 50 000 pairs so that they stay 1e8 draws,
 * never fewer than 200. */
uint32_t mi_roc_resamples(const mi_roc *roc);

#define MI_ROC_REACHED_ENOUGH 0.95 /* of the resamples */

/* Of the threshold of a rule, over the resamples in which there was one. */
typedef struct mi_roc_spread {
    double threshold95[2]; /* NaN when fewer than MI_ROC_REACHED_ENOUGH of the resamples have one */
    double reached;        /* share of resamples that have one */
} mi_roc_spread;

/*
 * Stratified bootstrap: positives and negatives are drawn with replacement on their own; 2.5 % and 97.5 %
 * quantiles. Resample i depends on (seed, i) alone.
 *
 * rules     (n_rules) at most MI_ROC_MAX_RULES; MI_LIMIT
 * auroc, average_precision  out; std_err is the sd over resamples; may be NULL
 * spreads   (n_rules) out
 * All NaN without positives or without negatives. O(resamples (n + n_rules)).
 * MI_MEMORY.
 */
mi_status mi_roc_bootstrap(const mi_roc *roc, const mi_roc_rule *rules, uint32_t n_rules, uint64_t seed,
                           uint32_t resamples, mi_figure *auroc, mi_figure *average_precision,
                           mi_roc_spread *spreads, mi_error *err);

#endif
