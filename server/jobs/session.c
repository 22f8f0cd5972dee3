/*
 * A run at work: open its data, step it to its end, and look up between the steps.
 */
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inputs.h"
#include "report.h"
#include "run_envelope.h"
#include "task.h"
#include "worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS    100  /* at most this often on a hint: reports of the job's other runs hint too */
#define TURN_MS    2000 /* a helper looks at the queue at least this often: nobody else may, for lost leases */
#define TROUBLE_MS 1000 /* pause of reports and renewals after the store failed */

typedef struct session {
    worker *w;
    const store_run *record;
    job_inputs inputs;
    const task_ops *ops;
    void *task;
    task_progress progress; /* after the last step */
    reporter reporter;
    double train_s, session_s;       /* in optimiser steps: over all sessions, in this one */
    double run_s;                    /* in steps of any kind: over all sessions */
    uint64_t session_steps;          /* likewise */
    int64_t deadline_ms;             /* this and below: monotonic */
    int64_t renew_ms, checkpoint_ms; /* next due */
    int64_t turn_ms;                 /* next look at the queue by the helper */
    int64_t asked_ms, trouble_ms;    /* last talk with the store; no talk before */
    void *buffer;                    /* envelope and checkpoint */
    size_t capacity;
} session;

static store *store_of(const session *s)
{
    return s->w->pool->config.store;
}

/* ---- checkpoints ---- */

/* Losing one costs repeated work only, so trouble is logged and training goes on. MI_STALE alone ends it. */
static mi_status save_checkpoint(session *s, mi_error *err)
{
    mi_error trouble = {0};
    size_t n = s->ops->checkpoint(s->task, NULL, 0);
    if (n == 0)
        return MI_OK;
    if (s->capacity < RUN_ENVELOPE_BYTES + n) {
        void *grown = realloc(s->buffer, RUN_ENVELOPE_BYTES + n);
        if (!grown) {
            log_warn("no memory for a checkpoint", "job", s->record->job_id, NULL);
            return MI_OK;
        }
        s->buffer = grown;
        s->capacity = RUN_ENVELOPE_BYTES + n;
    }
    run_envelope_write(s->buffer, &(run_envelope){s->train_s, s->run_s, MI_OK});
    s->ops->checkpoint(s->task, (char *)s->buffer + RUN_ENVELOPE_BYTES, n);
    mi_status status =
        store_checkpoint_put(store_of(s), s->record, s->buffer, RUN_ENVELOPE_BYTES + n, &trouble);
    if (status == MI_STALE)
        return mi_fail(err, status, "%s", trouble.message);
    if (status != MI_OK)
        log_warn("checkpoint could not be kept", "job", s->record->job_id, "why", trouble.message, NULL);
    else
        metric_add(METRIC_CHECKPOINTS, 1);
    return MI_OK;
}

/* A damaged checkpoint costs the work behind it, not the job. */
static mi_status restore_checkpoint(session *s, mi_error *err)
{
    void *bytes = NULL;
    const void *payload;
    size_t n = 0, n_payload;
    run_envelope envelope = {0};
    mi_status status = store_checkpoint_get(store_of(s), s->record, &bytes, &n, err);
    if (status == MI_NOT_FOUND)
        return MI_OK;
    if (status == MI_STALE)
        return status;
    if (status == MI_OK)
        status = run_envelope_open(&envelope, &payload, &n_payload, bytes, n, err);
    if (status == MI_OK)
        status = s->ops->restore(s->task, payload, n_payload, err);
    if (status == MI_OK) {
        s->train_s = envelope.train_s;
        s->run_s = envelope.run_s;
        metric_add(METRIC_RUNS_RESUMED, 1);
        log_info("run resumed from a checkpoint", "job", s->record->job_id, NULL);
    } else if (status == MI_CORRUPT || status == MI_IO) { /* the task is still new */
        log_warn("checkpoint is damaged; the run starts anew", "job", s->record->job_id, "why", err->message,
                 NULL);
        status = MI_OK;
    }
    free(bytes);
    return status;
}

/* ---- between steps ---- */

static mi_status answer(session *s, mi_status status, bool canceled, int64_t now, mi_error *err)
{
    s->asked_ms = now;
    if (status == MI_STALE)
        return status;
    if (status != MI_OK) {
        log_warn("store did not take a report", "job", s->record->job_id, "why", err->message, NULL);
        s->trouble_ms = now + TROUBLE_MS;
        return MI_OK;
    }
    return canceled ? mi_fail(err, MI_CANCELED, "canceled") : MI_OK;
}

static mi_status renew(session *s, int64_t now, mi_error *err)
{
    const uint32_t lease_ms = s->w->pool->config.lease_ms;
    /* Only optimiser steps are sure to be short. */
    const uint32_t leases = s->progress.phase == MI_PHASE_TRAIN ? 1 : LONG_LEASES;
    bool canceled = false;
    atomic_store(&s->w->look, false);
    mi_status status = store_run_renew(store_of(s), s->record, lease_ms * leases, &canceled, err);
    s->renew_ms = now + lease_ms / 3;
    return answer(s, status, canceled, now, err);
}

static mi_status report(session *s, int64_t now, mi_error *err)
{
    bool canceled = false;
    double rate = s->session_s > 0.0 ? (double)s->session_steps / s->session_s : 0.0;
    atomic_store(&s->w->look, false);
    mi_status status = reporter_send(&s->reporter, &s->progress, rate, now, &canceled, err);
    return answer(s, status, canceled, now, err);
}

static mi_status look_up(session *s, mi_error *err)
{
    const int64_t now = clock_monotonic_ms();
    mi_status status = MI_OK;
    if (worker_stopping(s->w)) {
        status = save_checkpoint(s, err);
        return status == MI_OK ? mi_fail(err, MI_CANCELED, "stopping") : status;
    }
    if (now >= s->deadline_ms)
        return mi_fail(err, MI_TIMEOUT, "the job was not done within timeout_s = %" PRIu32,
                       s->record->timeout_s);
    if (now >= s->checkpoint_ms) {
        s->checkpoint_ms = now + s->w->pool->config.checkpoint_ms;
        status = save_checkpoint(s, err);
    }
    if (now >= s->turn_ms) {
        s->turn_ms = now + TURN_MS;
        worker_turn_help(s->w);
    }
    if (now < s->trouble_ms || status != MI_OK)
        return status;
    if (reporter_due(&s->reporter, &s->progress, now))
        status = report(s, now, err);
    const bool hinted =
        atomic_load_explicit(&s->w->look, memory_order_relaxed) && now - s->asked_ms >= LOOK_MS;
    if (status == MI_OK && (hinted || now >= s->renew_ms))
        status = renew(s, now, err);
    return status;
}

/* ---- the run ---- */

static mi_status open_session(session *s, mi_error *err)
{
    const job_pool_config *config = &s->w->pool->config;
    const int64_t now = clock_monotonic_ms();
    s->deadline_ms = now + worker_time_left_ms(s->record);
    s->checkpoint_ms = now + config->checkpoint_ms;
    mi_status status = renew(s, now, err);
    if (status == MI_OK)
        status = job_inputs_open(&s->inputs, config->store, s->record, &config->limits, err);
    if (status != MI_OK)
        return status;
    reporter_init(&s->reporter, config->store, s->record, config->n_workers, s->inputs.job->want_curve, now);
    static const task_ops *const ops[] = {[PROTO_KIND_ESTIMATE] = &task_train,
                                          [PROTO_KIND_BENCHMARK] = &task_benchmark,
                                          [PROTO_KIND_SCREEN] = &task_screen};
    const bool is_cell = s->inputs.job->kind == PROTO_KIND_BENCHMARK;
    s->ops = ops[s->inputs.job->kind];
    s->inputs.shelf = s->w->pool->shelf;
    s->progress.n_levels = is_cell ? proto_job_levels(s->inputs.job) : 0;
    status = s->ops->open(&s->task, &s->inputs, s->record, err);
    if (status == MI_OK)
        status = restore_checkpoint(s, err);
    if (status == MI_OK && s->ops->set_crew) {
        s->ops->set_crew(s->task, s->w->crew);
        worker_welcome_help(s->w);
    }
    return status;
}

static mi_status step_to_end(session *s, mi_error *err)
{
    bool training = false;
    while (s->progress.phase != MI_PHASE_DONE) {
        mi_status status = look_up(s, err);
        if (status != MI_OK)
            return status;
        const uint32_t step = s->progress.step;
        const mi_phase phase = s->progress.phase;
        const uint64_t began = uv_hrtime();
        status = s->ops->step(s->task, &s->progress, err);
        const double seconds = (double)(uv_hrtime() - began) / 1e9;
        s->run_s += seconds;
        if (status != MI_OK)
            return status;
        if (training) {
            s->train_s += seconds;
            s->session_s += seconds;
            s->session_steps += s->progress.step - step;
            metric_add(METRIC_TRAIN_STEPS, s->progress.step - step);
        }
        training = s->progress.phase == MI_PHASE_TRAIN;
        if (phase != s->progress.phase)
            s->renew_ms = 0; /* phases differ in how long a lease they need */
    }
    return MI_OK;
}

typedef struct packed {
    session *s;
    const void *bytes;
    size_t n;
} packed;

static mi_status keep_result(void *ctx, mi_error *err)
{
    const packed *p = ctx;
    mi_status status = report(p->s, clock_monotonic_ms(), err); /* the curve's last points */
    if (status == MI_OK && !reporter_complete(&p->s->reporter, &p->s->progress))
        return MI_IO; /* err tells; a curve with a gap would differ from an undisturbed one */
    return status == MI_OK ? store_run_finish(store_of(p->s), p->s->record, p->bytes, p->n, err) : status;
}

static mi_status finish(session *s, mi_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    mi_status status = s->ops->finish(s->task, RUN_ENVELOPE_BYTES, &bytes, &n, err);
    if (status != MI_OK)
        return status;
    run_envelope_write(bytes, &(run_envelope){s->train_s, s->run_s, MI_OK});
    packed p = {s, bytes, n};
    status = worker_persist(s->w, s->record, keep_result, &p, err);
    free(bytes);
    return status;
}

/* Whether it says something about the objective rather than about the server. */
static bool is_of_the_objective(mi_status status)
{
    return status == MI_NUMERIC || status == MI_INVALID || status == MI_UNSUPPORTED;
}

/* Where a job has several variants, one fails alone: why it did is its run's result. */
static bool fails_alone(const session *s)
{
    return s->task && (s->inputs.job->kind == PROTO_KIND_BENCHMARK || s->inputs.job->n_objectives > 0);
}

static mi_status keep_failure(session *s, mi_error *err)
{
    char bytes[RUN_ENVELOPE_BYTES + sizeof err->message];
    const size_t n = RUN_ENVELOPE_BYTES + strlen(err->message);
    const mi_error why = *err;
    run_envelope_write(bytes, &(run_envelope){s->train_s, s->run_s, why.code});
    memcpy(bytes + RUN_ENVELOPE_BYTES, why.message, n - RUN_ENVELOPE_BYTES);
    packed p = {s, bytes, n};
    log_warn("an objective of the job failed", "job", s->record->job_id, "objective",
             s->inputs.spec.objective.entry->name, "why", why.message, NULL);
    return worker_persist(s->w, s->record, keep_result, &p, err);
}

void worker_step(worker *w, const store_run *run)
{
    session s = {.w = w, .record = run};
    mi_error err = {0};
    mi_status status = open_session(&s, &err);
    if (status == MI_OK)
        status = step_to_end(&s, &err);
    if (is_of_the_objective(status) && fails_alone(&s))
        status = keep_failure(&s, &err);
    else if (status == MI_OK)
        status = finish(&s, &err);
    if (status == MI_OK) {
        metric_add(METRIC_RUNS_FINISHED, 1);
        log_debug("run finished", "job", run->job_id, NULL);
    } else {
        worker_settle(w, run, &err);
    }
    metric_add(METRIC_TRAIN_MS, (int64_t)(s.session_s * 1000.0));
    worker_end_help(w);
    if (s.ops)
        s.ops->close(s.task);
    job_inputs_close(&s.inputs);
    free(s.buffer);
}
