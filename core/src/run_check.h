/*
 * What a spec can ask of these pairs: refusals that name the field, before anything is laid out.
 */
#ifndef MI_RUN_CHECK_H
#define MI_RUN_CHECK_H

#include "split.h"

/* The runs that a check is about: one of them, or all. */
typedef struct mi_runs_of {
    int one;
    uint32_t replicate, fold; /* of one */
    mi_split *size; /* of folds by group: (replicates x folds), or of one alone, is filled with their sizes */
} mi_runs_of;

/* n: pairs->n before it is known to fit. of->size is filled when all is well up to it. MI_INVALID, MI_LIMIT,
 * MI_UNSUPPORTED with the field's pointer. */
mi_status mi_run_check(const mi_spec *asked, const mi_split_pairs *pairs, uint64_t n, const mi_runs_of *of,
                       mi_error *err);

/* B: what was asked for, or all training rows when they are fewer. */
uint32_t mi_run_batch(const mi_spec *spec, const mi_split *split);

#endif
