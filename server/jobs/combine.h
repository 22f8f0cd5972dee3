/*
 * What the combining run of every kind of job does: results of the runs in, estimates out. Private to
 * server/jobs.
 */
#ifndef JOBS_COMBINE_H
#define JOBS_COMBINE_H

#include "inputs.h"
#include "mi/estimate.h"
#include "proto/result.h"
#include "worker.h"

#define RESULT_MAX   (UINT64_C(16) << 20)
#define PMI_OVERHEAD 4096u

/* One variant of a job from its runs. */
typedef struct combined {
    mi_estimate *estimate; /* NULL: a run failed, see failure */
    double train_s, run_s; /* over its runs */
    mi_error failure;      /* of the first run that has one */
    /* What the runs found, (n) each, and their members where the job keeps a model (mi/model.h). */
    size_t n;
    mi_run_result **results;
    const void **member; /* inside packed */
    size_t *n_member;
    store_bytes *packed;
} combined;

/* The combining run has no point to be interrupted at, so it asks in between: MI_CANCELED, MI_STALE. */
mi_status combine_hold(worker *w, const store_run *record, mi_error *err);
/* Read a variant's run results and combine them. The caller frees what there is, after a failure too. */
mi_status combine_variant(combined *out, worker *w, const store_run *record, const job_inputs *inputs,
                          uint32_t variant, mi_error *err);
void combined_fini(combined *c);
/* Begin the context of a result: everything but train_s and has_pmi. */
proto_result_context combine_context(const worker *w, const store_run *record);

/* compare.c: the result of a comparison; it is in the store afterwards. */
mi_status combine_comparison(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err);

/* benchmark.c: the same of a benchmark. */
mi_status combine_benchmark(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err);

/* screen.c: the same of a screen. */
mi_status combine_screen(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err);

#endif
