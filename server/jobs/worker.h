/*
 * A worker thread and what it does with a claimed run. Private to server/jobs.
 */
#ifndef JOBS_WORKER_H
#define JOBS_WORKER_H

#include "jobs/jobs.h"
#include "mi/crew.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* Work that cannot look up (preparation, combining) holds its run for longer than an ordinary lease. */
#define LONG_LEASES 10u

typedef struct worker {
    job_pool *pool;
    uv_thread_t thread;
    mi_crew *crew;             /* of the runs in hand; as long as the pool, so that a helper may leave late */
    uint64_t queue_seen;       /* own thread */
    char job_id[PROTO_ID_MAX]; /* of the run in hand, "" for none; pool's lock */
    bool welcomes;             /* the run in hand has use for a helper; pool's lock */
    struct worker *helper;     /* who is at `crew`, NULL: nobody; pool's lock */
    atomic_bool look;          /* the job changed: ask the store whether it was canceled */
} worker;

struct job_pool {
    job_pool_config config;
    atomic_bool stopping;
    uint32_t n_cores;
    struct screen_shelf *shelf; /* has its own lock */
    uv_mutex_t lock; /* of every worker's job_id, welcomes and helper, and of the next four; may be taken with
                        the hub's lock held, never the other way around */
    uv_cond_t wake;  /* the queue changed, a run welcomes help, or a core is free */
    uint64_t queue_generation;
    uint32_t n_busy, n_helping;
    uint32_t n_workers;
    worker workers[];
};

/* Execute a claimed run, to the end or until it has to be let go. The result, the failure or the release is
 * in the store afterwards. */
void worker_step(worker *w, const store_run *run);
void worker_combine(worker *w, const store_run *run);

/* ---- idle.c ---- */

/* Nothing is to be claimed: wait until the queue changes or the time is over, or help meanwhile. Back when it
 * is worth asking the queue again. */
void worker_idle(worker *w, uint32_t ms);
/* The same without helping. */
void worker_wait(worker *w, uint32_t ms);
/* A run is in hand, and no longer. */
void worker_hold(worker *w, const char *job_id);
void worker_let_go(worker *w);
/* From here on, an idle worker may be at w->crew; and from there on none joins, and who is there leaves, with
 * nothing of the run in its hands. */
void worker_welcome_help(worker *w);
void worker_end_help(worker *w);
/* Send the helper to look at the queue: it comes back when there is nothing. */
void worker_turn_help(worker *w);
/* The hub's queue listener. Any thread. */
void pool_queue_changed(void *pool);

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
