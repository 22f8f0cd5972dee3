/*
 * From the runs of a job to its estimate: MI with its sampling interval, PMI of every pair, null,
 * diagnostics.
 */
#ifndef MI_ESTIMATE_H
#define MI_ESTIMATE_H

#include "mi/run.h"

/* X(name, code, what to do next) */
#define MI_WARNING_MAP(X)                                                                            \
    X(NEAR_LOG_N, "near_log_n",                                                                      \
      "MI is close to the logarithm of the number of test pairs; treat it as a lower bound")         \
    X(NOT_CALIBRATED, "not_calibrated",                                                              \
      "the mean ratio over mismatched pairs is far from 1; the scale of r is off")                   \
    X(OVERFIT, "train_test_gap",                                                                     \
      "training MI is far above held-out MI; more pairs or a smaller critic would help")             \
    X(BRACKET, "outside_bracket", "the plug-in value is far above the DV bound of the same critic")  \
    X(FOLDS_DISAGREE, "folds_disagree", "folds differ by more than sampling noise explains")         \
    X(CONSTANT_COLUMNS, "constant_columns", "columns without variation were dropped")                \
    X(FEW_PAIRS, "few_pairs", "fewer than 500 pairs; expect an under-estimate")                      \
    X(DUPLICATE_ROWS, "duplicate_rows",                                                              \
      "many pairs are exact duplicates; held-out pairs are not independent of training")             \
    X(TIED_ROWS, "tied_rows",                                                                        \
      "nearest neighbours need continuous columns; rows of a side that repeat make them too low")    \
    X(NO_PMI, "no_pmi", "the objective does not tell the ratio itself; no PMI, null or calibration") \
    X(BOUND, "lower_bound",                                                                          \
      "the objective reports a lower bound, capped by the logarithm of the batch for InfoNCE")       \
    X(DIVERGED, "diverged", "training diverged; the best weights until then were kept")              \
    X(STEP_LIMIT, "step_limit", "training ended at max_steps while validation loss still fell")      \
    X(NON_FINITE, "non_finite", "a figure was not finite and is reported as null")

typedef enum mi_warning_code {
#define X(name, code, text) MI_WARN_##name,
    MI_WARNING_MAP(X)
#undef X
        MI_WARNING_COUNT
} mi_warning_code;

typedef struct mi_warning {
    mi_warning_code code;
    char detail[256]; /* with this job's figures */
} mi_warning;
const char *mi_warning_name(mi_warning_code code);

typedef struct mi_estimate {
    double mi_nats, std_err;
    double held_out_nats, train_nats; /* mi_nats is the first, or with debiasing the mean of both */
    double sampling95_nats[2];        /* mi_nats +- 1.96 se: sampling noise only, not the critic's bias */
    /* From 1.96 se below held_out_nats to 1.96 se above train_nats: noise, and what the critic missed or
     * memorised. NaN where the two values do not enclose a truth: nothing fitted, or a bound. */
    double interval_nats[2];
    uint32_t n_runs;
    double *per_run; /* (n_runs) nats, by replicate then fold */

    double infonce, nwj, dv, infonce_ceiling; /* bracket, nats; NaN without a critic */
    double slope, log_scale;                  /* of the calibration, means over runs */
    int has_null;                             /* 0: the objective gives no PMI */
    double null_mean_ratio;                   /* mean r over null pairs */
    uint32_t n_null;
    double null_mean, null_q95, null_q99, auroc;

    uint32_t n_permutations;
    double permutation_mean, permutation_p;

    uint64_t n_pairs;    /* rows of the data */
    uint64_t n_held_out; /* of them held out by some run: all, unless hold-out or a split by entity */
    uint64_t n_scored;   /* of them with an out-of-fold PMI */
    double *pmi;         /* (n_pairs) nats; mean over replicates; NaN where not held out */
    double *percentile;  /* (n_pairs) share of null pairs below, 0..1; NaN likewise */
    double *p_value;     /* (n_pairs) (1+#null>=)/(1+n_null) */
    double *q_value;     /* (n_pairs) Benjamini-Hochberg over the scored pairs */

    uint64_t steps; /* of all runs */
    uint32_t n_warnings;
    mi_warning warnings[MI_WARNING_COUNT];
} mi_estimate;

/*
 * results  (n_results) the runs in order: replicate-major, fold-minor
 * x, y     the data, for the duplicate check; data pointers may be NULL to skip it
 * Deterministic: sums are taken in the order of rows. Thread: any. MI_MEMORY, MI_INVALID.
 */
mi_status mi_estimate_combine(mi_estimate **out, const mi_spec *spec, mi_run_result *const *results,
                              uint32_t n_results, mi_matrix x, mi_matrix y, mi_error *err);
void mi_estimate_free(mi_estimate *estimate);

#endif
