/*
 * What the workers add to the bytes of core that they keep in the store (checkpoints and run results): the
 * seconds of training behind them, so that a job's train_s counts every session of every run.
 *
 *     magic "MURUN1\0\0" | train_s, float64 little-endian | core's bytes
 */
#ifndef JOBS_RUN_ENVELOPE_H
#define JOBS_RUN_ENVELOPE_H

#include "mi/status.h"

#include <stddef.h>

#define RUN_ENVELOPE_BYTES 16

void run_envelope_write(void *out, double train_s);
/* *payload is borrowed from bytes. MI_CORRUPT. */
mi_status run_envelope_open(double *train_s, const void **payload, size_t *n_payload, const void *bytes,
                            size_t n, mi_error *err);

#endif
