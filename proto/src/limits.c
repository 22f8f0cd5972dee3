#include "proto/limits.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)

void proto_limits_default(proto_limits *limits)
{
    *limits = (proto_limits){
        .max_body_bytes = 4 * GiB,
        .max_job_bytes = 64 * MiB,
        .max_inline_numbers = 4 * 1000 * 1000,
        .max_rows = 10 * 1000 * 1000,
        .max_columns = 65536,
        .max_cells = UINT64_C(1) << 30,
        .max_workspace_bytes = 8 * GiB,
        .max_steps = 1000 * 1000,
        .max_runs = 1000,
        .max_queue = 1000,
        .max_wait_s = 60,
        .max_score_pairs = 100 * 1000,
        .max_labelled_pairs = 200 * 1000,
        .max_streams = 512,
    };
}
