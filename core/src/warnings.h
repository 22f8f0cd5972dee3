/*
 * What a job's figures say about how far its estimate can be trusted.
 */
#ifndef MI_WARNINGS_H
#define MI_WARNINGS_H

#include "mi/estimate.h"

/* What the warnings need beside the estimate. */
typedef struct mi_evidence {
    const mi_spec *spec;
    mi_run_result *const *results;
    uint32_t n_results;
    int null_excludes_pairs; /* the mismatched pairs leave out those of the data: their mean ratio is below 1
                              */
    uint64_t n_duplicates;
    uint64_t n_tied[2];               /* rows of x, of y that repeat an earlier one; counted for neighbours */
    double null_ratio_error;          /* standard error of null_mean_ratio */
    double fold_chi2;                 /* fold means against their sampling errors */
    uint32_t fold_dof;                /* 0: not known */
    double fold_sd, fold_sd_expected; /* of a fold's mean, nats: seen, and explained by sampling */
} mi_evidence;

/* Fill estimate->warnings, in the order of MI_WARNING_MAP. */
void mi_estimate_warn(mi_estimate *estimate, const mi_evidence *evidence);

#endif
