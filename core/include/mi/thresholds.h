/*
 * Thresholds of PMI for what a user asks for: from the null alone, among candidates, and from labelled pairs.
 *
 * Whoever holds the model gathers the PMIs; this is the arithmetic from them to an answer, by mi/null.h and
 * mi/roc.h. "Above" is at or above.
 */
#ifndef MI_THRESHOLDS_H
#define MI_THRESHOLDS_H

#include "mi/null.h"
#include "mi/roc.h"

#define MI_THRESHOLDS_MAX        20u /* targets of a kind */
#define MI_THRESHOLDS_MAX_POINTS 1000u
#define MI_THRESHOLDS_STABLE     10u /* pairs above, at least */

typedef struct mi_thresholds_request {
    uint32_t n_fpr, n_fdr, n_precision, n_recall;
    double fpr[MI_THRESHOLDS_MAX], fdr[MI_THRESHOLDS_MAX]; /* all targets in (0,1) */
    double precision[MI_THRESHOLDS_MAX], recall[MI_THRESHOLDS_MAX];
    double prior;        /* share of true pairs where the thresholds will be used, in (0,1); NaN: FDR is that
                            among the candidates */
    int auroc_bootstrap; /* 1: AUROC's interval by the bootstrap instead of DeLong's */
    int curves;          /* 1: ROC and precision-recall curve */
    uint32_t max_points; /* of a curve, 2 .. MI_THRESHOLDS_MAX_POINTS */
    uint64_t seed;       /* of the bootstrap */
} mi_thresholds_request;

/* FPR 0.05, 0.01, 0.001; FDR 0.05, 0.1, 0.2; no other targets, no prior, DeLong, curves of 200 points, seed
 * 42. */
void mi_thresholds_request_default(mi_thresholds_request *request);

/* The PMIs, nats. NaNs are left out and counted. null, known and candidates are sorted in place; known and
 * candidates may be the same array. */
typedef struct mi_thresholds_data {
    double *null; /* (n_null) of mismatched pairs */
    size_t n_null;
    double *known; /* (n_known) of the model's own pairs, out of fold */
    size_t n_known;
    double *candidates; /* (n_candidates) the list that an FDR is asked for */
    size_t n_candidates;
    const double *scores;  /* (n_labelled) of labelled pairs; n_labelled = 0: there are no labels */
    const uint8_t *labels; /* (n_labelled) 0 or 1 */
    size_t n_labelled;
    uint64_t n_overlap; /* labelled pairs that the model was trained on: among the scores, by their PMIs out
                           of fold */
} mi_thresholds_data;

/* X(name, code, what it means) */
#define MI_THRESHOLD_NOTE_MAP(X)                                                                   \
    X(SMALL_NULL, "null_too_small", "a target is below what the null pairs resolve")               \
    X(NO_CANDIDATES, "no_candidates", "there is no list of pairs to tell an FDR of")               \
    X(FEW_CANDIDATES, "few_candidates", "pi0 of few candidates is rough, and errs upwards")        \
    X(NO_KNOWN, "no_known_pairs", "without out-of-fold PMIs of known pairs a prior tells no FDR")  \
    X(FDR_NOT_REACHED, "fdr_not_reached", "no threshold has an expected FDR so low")               \
    X(UNLABELLED, "unlabelled_is_not_negative",                                                    \
      "where label 0 means not known, precision and AUROC are lower bounds")                       \
    X(NO_POSITIVES, "no_positives", "figures that need positives are null")                        \
    X(NO_NEGATIVES, "no_negatives", "figures that need negatives are null")                        \
    X(FEW_LABELS, "few_labels", "intervals from few positives or negatives are rough")             \
    X(NO_SPREAD, "no_spread", "AUROC's standard error is 0 because all comparisons agree")         \
    X(TARGET_NOT_REACHED, "target_not_reached", "no threshold does what was asked on the labels")  \
    X(UNSTABLE, "unstable_threshold", "a threshold hangs on few pairs or is missing in resamples") \
    X(OVERLAP, "training_overlap", "labelled pairs are among those that the model was trained on") \
    X(MIXED, "mixed_scores", "some PMIs are out of fold and the others by the whole model")        \
    X(EXCLUDED, "excluded", "PMIs that are no numbers were left out")

typedef enum mi_threshold_note_code {
#define X(name, code, text) MI_THRESHOLD_NOTE_##name,
    MI_THRESHOLD_NOTE_MAP(X)
#undef X
        MI_THRESHOLD_NOTE_COUNT
} mi_threshold_note_code;

typedef struct mi_threshold_note {
    mi_threshold_note_code code;
    char detail[256]; /* with this answer's figures */
} mi_threshold_note;
const char *mi_threshold_note_name(mi_threshold_note_code code);

/* For a target FPR. */
typedef struct mi_threshold_fpr {
    double target;
    int resolved;         /* 0: below smallest_fpr; the threshold is NaN */
    mi_null_tail tail;    /* of the threshold */
    uint64_t pairs_above; /* candidates */
    double recall;        /* share of known pairs above; NaN without any */
} mi_threshold_fpr;

/* For a target FDR: among the candidates, or by the prior. */
typedef struct mi_threshold_fdr {
    double target;
    int reached; /* 0: no threshold; NaNs */
    mi_fdr fdr;
    uint64_t pairs_above; /* candidates */
    double recall;
} mi_threshold_fdr;

/* For a target on the labelled pairs. */
typedef struct mi_threshold_label {
    double target; /* NaN for F1 and Youden */
    mi_roc_point point;
    mi_roc_spread spread;
    int stable; /* at least MI_THRESHOLDS_STABLE pairs above, and 95 % of the resamples have a threshold */
} mi_threshold_label;

typedef struct mi_thresholds_labels {
    mi_roc_counts counts;
    mi_figure auroc;             /* interval by DeLong or the bootstrap, as asked */
    mi_figure average_precision; /* interval by the bootstrap */
    double chance;               /* share of positives: average precision of chance */
    uint32_t resamples;          /* of the bootstrap; 0: there was none */
    mi_threshold_label f1, youden;
    mi_threshold_label fpr[MI_THRESHOLDS_MAX]; /* on labelled negatives, for the request's FPRs */
    mi_threshold_label precision[MI_THRESHOLDS_MAX], recall[MI_THRESHOLDS_MAX];
    mi_roc_curve roc, precision_recall; /* no points unless asked for */
} mi_thresholds_labels;

typedef struct mi_thresholds {
    mi_thresholds_request request;
    size_t n_null; /* that are numbers, like the other counts */
    double null_mean, null_sd, null_q95, null_q99, smallest_fpr;
    size_t n_known, n_candidates;
    double pi0; /* of the candidates; NaN without any */
    mi_threshold_fpr fpr[MI_THRESHOLDS_MAX];
    mi_threshold_fdr fdr[MI_THRESHOLDS_MAX];
    int has_labels;
    uint64_t n_overlap;
    mi_thresholds_labels labels;
    uint32_t n_notes;
    mi_threshold_note notes[MI_THRESHOLD_NOTE_COUNT]; /* each code once */
} mi_thresholds;

/*
 * MI_INVALID: a target, prior or number of points out of range, no null PMI that is a number, a label that is
 * neither 0 nor 1, labels without any score; MI_LIMIT; MI_MEMORY. Deterministic. Thread: any. Some seconds
 * for a million labelled pairs. Free with mi_thresholds_free.
 */
mi_status mi_thresholds_compute(mi_thresholds **out, const mi_thresholds_request *request,
                                const mi_thresholds_data *data, mi_error *err);
void mi_thresholds_free(mi_thresholds *thresholds);

#endif
