/*
 * What a training run leaves in the store: its result and, where the job keeps a model, its member of it.
 *
 *     n_result u64 | result, padded to 8 bytes | tensors of the member        with a member
 *     result                                                                  without
 *
 * Private to server/jobs.
 */
#ifndef JOBS_RUN_PAYLOAD_H
#define JOBS_RUN_PAYLOAD_H

#include "mi/model.h"

#include <stdbool.h>

/* *out malloc'ed with `room` bytes in front. MI_MEMORY; MI_LIMIT when a member is too large to keep. */
mi_status run_payload_make(const mi_run *run, const mi_run_result *result, bool with_member, size_t room,
                           char **out, size_t *n, mi_error *err);

typedef struct run_payload {
    const void *result, *member; /* borrowed; member NULL without one, else 8-aligned if the payload is */
    size_t n_result, n_member;
} run_payload;
/* MI_CORRUPT. */
mi_status run_payload_open(run_payload *out, const void *bytes, size_t n, bool with_member, mi_error *err);

#endif
