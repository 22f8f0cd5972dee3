/*
 * What the workers add to the bytes of core that they keep in the store (checkpoints and run results): the
 * seconds of work behind them, so that a job's figures count every session of every run; and of a variant's
 * run that failed while its job goes on, why.
 *
 *     magic "MURUN2\0\0" | train_s, run_s, float64 | status, int64 | core's bytes, or the reason's text
 *
 * all little-endian. Bytes of the version before ("MURUN1": train_s alone) are read as well.
 */
#ifndef JOBS_RUN_ENVELOPE_H
#define JOBS_RUN_ENVELOPE_H

#include "mi/status.h"

#include <stddef.h>

#define RUN_ENVELOPE_BYTES 32

typedef struct run_envelope {
    double train_s, run_s; /* in optimiser steps; in all steps */
    mi_status status;      /* not MI_OK: the payload is a text */
} run_envelope;

void run_envelope_write(void *out, const run_envelope *envelope);
/* *payload is borrowed from bytes. MI_CORRUPT. */
mi_status run_envelope_open(run_envelope *out, const void **payload, size_t *n_payload, const void *bytes,
                            size_t n, mi_error *err);

#endif
