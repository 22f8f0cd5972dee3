#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proto/problem.h"
#include "worker.h"

#include <stdlib.h>

#define PROBLEM_MAX 65536
#define RETRY_MS    1000

int64_t worker_time_left_ms(const store_run *run)
{
    return run->job_started_ms + (int64_t)run->timeout_s * 1000 - clock_unix_ms();
}

mi_status worker_persist(worker *w, const store_run *run, mi_status (*attempt)(void *ctx, mi_error *err),
                         void *ctx, mi_error *err)
{
    const job_pool_config *config = &w->pool->config;
    bool warned = false;
    for (;;) {
        mi_status status = attempt(ctx, err);
        if ((status != MI_IO && status != MI_NO_SPACE) || worker_time_left_ms(run) <= 0)
            return status;
        if (!warned)
            log_warn("result cannot be kept yet", "job", run->job_id, "why", err ? err->message : "", NULL);
        warned = true;
        worker_wait(w, RETRY_MS);
        bool canceled = false;
        status = store_run_renew(config->store, run, config->lease_ms, &canceled, err);
        if (status == MI_STALE)
            return status;
        if (canceled || worker_stopping(w))
            return mi_fail(err, MI_CANCELED, canceled ? "canceled" : "stopping");
    }
}

static mi_status fail_job(store *s, const store_run *run, const mi_error *why, mi_error *err)
{
    proto_text text;
    mi_status status = MI_MEMORY;
    proto_problem *problem = malloc(sizeof *problem);
    proto_text_init(&text, PROBLEM_MAX);
    if (problem) {
        proto_problem_from_error(problem, why);
        proto_problem_encode(problem, NULL, &text);
    }
    if (problem && proto_text_ok(&text))
        status = store_job_fail(s, run, text.data, err);
    else
        mi_fail(err, MI_MEMORY, "no memory to say why");
    proto_text_fini(&text);
    free(problem);
    return status;
}

void worker_settle(worker *w, const store_run *run, const mi_error *err)
{
    store *s = w->pool->config.store;
    mi_error trouble = {0};
    mi_status status;
    if (err->code == MI_STALE) {
        log_debug("run lost to another claim", "job", run->job_id, NULL);
        return;
    }
    if (err->code == MI_CANCELED) {
        status = store_run_release(s, run, &trouble);
        log_info("run released", "job", run->job_id, "why", err->message, NULL);
    } else {
        status = fail_job(s, run, err, &trouble);
        if (status == MI_OK) {
            metric_add(METRIC_JOBS_FAILED, 1);
            log_warn("job failed", "job", run->job_id, "status", mi_status_name(err->code), "why",
                     err->message, NULL);
        }
    }
    /* The lease runs out by itself, and the run is claimed again. */
    if (status != MI_OK && status != MI_STALE)
        log_error("run could not be settled", "job", run->job_id, "status", mi_status_name(err->code), "why",
                  err->message, "store", trouble.message, NULL);
}
