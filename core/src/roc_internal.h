/*
 * Inside of labelled scores: roc.c has their life and the areas, roc_find.c thresholds, roc_curve.c curves,
 * roc_bootstrap.c resamples.
 */
#ifndef MI_ROC_INTERNAL_H
#define MI_ROC_INTERNAL_H

#include "mi/roc.h"

/* Positives and negatives per group, group g that of the g-th highest score; of the pairs or of a resample of
 * them, in which a group may be empty. */
typedef struct mi_roc_tally {
    uint32_t positives, negatives; /* the sums */
    uint32_t n_groups;
    uint32_t *tp, *fp; /* (n_groups) of the group alone */
} mi_roc_tally;

/* One block. */
struct mi_roc {
    mi_roc_tally tally;
    uint32_t excluded;
    double *score; /* (n_groups) descending */
};

/* roc.c; NaN where the tally lacks what they need */
double mi_roc_tally_area(const mi_roc_tally *tally);
double mi_roc_tally_precision(const mi_roc_tally *tally); /* average precision */

/* Rules made ready for one pass over groups. */
typedef struct mi_roc_finder {
    const mi_roc_rule *rules; /* (n_rules) borrowed */
    uint32_t n_rules;
    uint32_t n[MI_ROC_FPR + 1];                       /* rules of each aim that has a target */
    uint32_t order[MI_ROC_FPR + 1][MI_ROC_MAX_RULES]; /* those rules, targets ascending */
} mi_roc_finder;

#define MI_ROC_NONE UINT32_MAX
void mi_roc_finder_init(mi_roc_finder *finder, const mi_roc_rule *rules, uint32_t n_rules);
/* groups (n_rules) out: the group that answers each rule, MI_ROC_NONE where none does. O(n_groups + n_rules).
 */
void mi_roc_finder_run(const mi_roc_finder *finder, const mi_roc_tally *tally, uint32_t *groups);

#endif
