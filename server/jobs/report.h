/*
 * Progress of a run on its way to the store: throttled snapshots and new curve points.
 */
#ifndef JOBS_REPORT_H
#define JOBS_REPORT_H

#include "store/store.h"
#include "task.h"

typedef struct reporter {
    store *store;
    const store_run *run;
    uint32_t n_workers;
    bool keep_curve;
    int64_t started_ms, sent_ms; /* monotonic */
    double first_fraction;       /* where this session began */
    uint32_t points_sent;
    mi_phase phase_sent;
} reporter;

/* keep_curve: the job wants its curve. */
void reporter_init(reporter *r, store *s, const store_run *run, uint32_t n_workers, bool keep_curve,
                   int64_t now_ms);
/* New points or another phase: at most every 100 ms; otherwise a sign of life now and then. */
bool reporter_due(const reporter *r, const task_progress *progress, int64_t now_ms);
/* Everything that is new. As store_run_report. */
mi_status reporter_send(reporter *r, const task_progress *progress, double steps_per_s, int64_t now_ms,
                        bool *canceled, mi_error *err);
/* Whether the store has all points of the curve. */
bool reporter_complete(const reporter *r, const task_progress *progress);

#endif
