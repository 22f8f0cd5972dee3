/*
 * The model of a job: members of its runs, the null by all of them, the pairs that it was trained on. Private
 * to server/jobs.
 */
#ifndef JOBS_MODEL_H
#define JOBS_MODEL_H

#include "combine.h"

typedef struct job_model {
    char id[PROTO_ID_MAX];
    char sha256[PROTO_SHA_HEX]; /* "": not written */
    proto_text description;     /* JSON object */
    struct model_work *work;
} job_model;

/* What the runs found (combined with their members kept) as a model; scores the null, which may take long.
 * inputs and found outlive it. combine_hold's states, MI_MEMORY, MI_CORRUPT. The caller finis it, after an
 * error too. */
mi_status job_model_make(job_model *out, worker *w, const store_run *record, const job_inputs *inputs,
                         const combined *found, mi_error *err);
/* As a blob of the store; may be tried again. The store's states. */
mi_status job_model_write(job_model *model, store *s, mi_error *err);
void job_model_fini(job_model *model); /* a zeroed one is legal */

#endif
