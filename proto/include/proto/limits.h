/*
 * What a server accepts. Each is a setting and each is shown in /v1/info.
 */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#include <stdint.h>

typedef struct proto_limits {
    uint64_t max_body_bytes;                   /* of a data set upload */
    uint64_t max_job_bytes;                    /* of a job document, inline matrices included */
    uint64_t max_inline_numbers;               /* of one inline matrix */
    uint64_t max_rows, max_columns, max_cells; /* of a data set */
    uint64_t max_workspace_bytes;              /* of one run */
    uint64_t max_steps;                        /* of one run: bounds train.max_steps */
    uint64_t max_runs;                         /* of one job: objectives x folds x replicates */
    uint64_t max_queue;                        /* jobs waiting */
    uint64_t max_wait_s;                       /* of a long-poll */
    uint64_t max_score_pairs;                  /* of one request for their PMIs */
    uint64_t max_labelled_pairs;               /* of one request for thresholds */
    uint64_t max_streams;                      /* open SSE streams and long-polls */
} proto_limits;

void proto_limits_default(proto_limits *limits);

#endif
