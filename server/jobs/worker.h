/*
 * A worker thread and what it does with a claimed run. Private to server/jobs.
 */
#ifndef JOBS_WORKER_H
#define JOBS_WORKER_H

#include "jobs/jobs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* Work that cannot look up (preparation, combining) holds its run for longer than an ordinary lease. */
#define LONG_LEASES 10u

typedef struct worker {
    job_pool *pool;
    uv_thread_t thread;
    uint64_t queue_seen;       /* own thread */
    char job_id[PROTO_ID_MAX]; /* of the run in hand, "" for none; pool's lock */
    atomic_bool look;          /* the job changed: ask the store whether it was canceled */
} worker;

struct job_pool {
    job_pool_config config;
    atomic_bool stopping;
    uv_mutex_t lock; /* of every worker's job_id */
    uint32_t n_workers;
    worker workers[];
};

/* Execute a claimed run, to the end or until it has to be let go. The result, the failure or the release is
 * in the store afterwards. */
void worker_step(worker *w, const store_run *run);
void worker_combine(worker *w, const store_run *run);

/*
 * How a run ended, other than well: MI_STALE drops it silently (somebody else has it), MI_CANCELED releases
 * it (cancel or stop), all else fails its job with a problem.
 */
void worker_settle(worker *w, const store_run *run, const mi_error *err);

/*
 * Call attempt until the disk takes what it writes: training that is done should not be lost to a disk that
 * is full for a while. Gives up with attempt's error when the job's time is over, or with MI_CANCELED or
 * MI_STALE.
 */
mi_status worker_persist(worker *w, const store_run *run, mi_status (*attempt)(void *ctx, mi_error *err),
                         void *ctx, mi_error *err);

/* Milliseconds until the job's time is over, on the wall clock that started it. */
int64_t worker_time_left_ms(const store_run *run);

static inline bool worker_stopping(const worker *w)
{
    return atomic_load_explicit(&w->pool->stopping, memory_order_relaxed);
}

#endif
