/*
 * What a run works on: the decoded spec of its job, the settings of its variant, and the two mapped matrices
 * (a benchmark has none, a screen opens its own) with the pairs between them.
 */
#ifndef JOBS_INPUTS_H
#define JOBS_INPUTS_H

#include "proto/job.h"
#include "proto/pairs.h"
#include "store/store.h"

typedef struct job_inputs {
    store *store;
    proto_job *job;
    store_mapping mapping[2]; /* x, y */
    proto_matrix_view view[2];
    uint8_t *categorical[2];
    proto_pairs joined;         /* of pairs by id */
    const proto_pairs *pairs;   /* the same; NULL: x and y are paired by row */
    mi_matrix x, y;             /* inside the mappings, with their categorical columns; a row is a pair */
    mi_spec spec;               /* of the run's variant */
    struct screen_shelf *shelf; /* the pool's; set by who opens inputs for a run of a screen */
} job_inputs;

/* MI_CORRUPT when the data are gone or damaged, MI_INVALID when the spec does not decode (any more). On error
 * nothing is held. */
mi_status job_inputs_open(job_inputs *out, store *s, const store_run *run, const proto_limits *limits,
                          mi_error *err);
void job_inputs_close(job_inputs *inputs);

#endif
