/*
 * The model of a job: members of its runs, the null by all of them, the pairs that it was trained on. Private
 * to server/jobs.
 */
#ifndef JOBS_MODEL_H
#define JOBS_MODEL_H

#include "combine.h"

typedef struct job_model {
    char id[PROTO_ID_MAX];
    char sha256[PROTO_SHA_HEX];
    proto_text description; /* JSON object */
} job_model;

/* What the runs found (combined with their members kept) as a blob of the store, and its description. The
 * caller finishes the description. Errors as the store's, MI_MEMORY, MI_CORRUPT. */
mi_status job_model_keep(job_model *out, worker *w, const store_run *record, const job_inputs *inputs,
                         const combined *found, mi_error *err);

#endif
