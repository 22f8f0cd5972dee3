/*
 * The null of a model: PMIs of mismatched pairs by all of its members, the kind of number that it gives for
 * other pairs. (The out-of-fold PMIs of single members spread more than a mean of them does.) Private to
 * server/jobs.
 */
#ifndef JOBS_MODEL_NULL_H
#define JOBS_MODEL_NULL_H

#include "combine.h"
#include "mi/model.h"

typedef struct model_null {
    double *pmi; /* (n) ascending, without NaN */
    size_t n;
} model_null;

/* Of the mismatched pairs that the runs drew, or as many of them, evenly, as have room for their features.
 * Holds the run in between: combine_hold's states, MI_MEMORY. */
mi_status model_null_score(model_null *out, mi_model *model, worker *w, const store_run *record,
                           const job_inputs *inputs, const combined *found, mi_error *err);
void model_null_fini(model_null *null);

#endif
