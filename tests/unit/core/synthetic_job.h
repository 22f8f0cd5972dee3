/*
 * Results as runs would give them, with figures of our choosing, for the tests of what combines them.
 */
#ifndef TEST_SYNTHETIC_JOB_H
#define TEST_SYNTHETIC_JOB_H

#include "mi/estimate.h"

typedef struct synthetic_job {
    mi_spec spec;
    uint32_t n_rows, n_results;
    mi_run_result **results;
    double *pmi, *null_pmi,
        *permuted; /* behind the results: (n_results, n_rows), (n_results, n_null), (n_results, P) */
    uint32_t *rows;
    uint32_t n_null, n_permutations;
} synthetic_job;

/* The default recipe on n_rows. Row i is tested by fold i % folds with PMI mean + sd z; null PMIs are those
 * of a calibrated ratio (mean -1/2, variance 1). */
synthetic_job *synthetic_job_new(uint32_t n_rows, uint32_t folds, uint32_t replicates, uint32_t n_null,
                                 uint32_t n_permutations, double mean, double sd);
void synthetic_job_free(synthetic_job *job);

/* Asserts (by Check) that it works. Free with mi_estimate_free. */
mi_estimate *synthetic_job_combine(const synthetic_job *job);
int has_warning(const mi_estimate *e, mi_warning_code code);

#endif
