/*
 * Workers with nothing to claim: they wait, or help at another worker's run.
 *
 * A helper leaves as soon as the queue changes, its run ends or the pool stops, and then looks for a run of
 * its own first. Whoever dismisses does so with the pool's lock held and a helper registered; a dismissal
 * that comes when the helper is on its way out costs the next one one more turn, nothing else.
 */
#include "base/metrics.h"
#include "worker.h"

#include <stdio.h>

#define NS_PER_MS UINT64_C(1000000)

/* All below: with the pool's lock held. */

static void dismiss_helper(worker *w)
{
    if (w->helper)
        mi_crew_dismiss(w->crew);
}

static void dismiss_helpers(job_pool *pool)
{
    for (uint32_t i = 0; i < pool->config.n_workers; i++)
        dismiss_helper(&pool->workers[i]);
}

/* A helper without a core of its own would be in the way of those that it helps. */
static bool cores_left(const job_pool *pool)
{
    return pool->n_busy + pool->n_helping < pool->n_cores;
}

static worker *who_welcomes(job_pool *pool)
{
    for (uint32_t i = 0; i < pool->config.n_workers && cores_left(pool); i++)
        if (pool->workers[i].welcomes && !pool->workers[i].helper)
            return &pool->workers[i];
    return NULL;
}

static void help(worker *w, worker *whom)
{
    job_pool *pool = w->pool;
    whom->helper = w;
    pool->n_helping++;
    uv_mutex_unlock(&pool->lock);
    metric_add(METRIC_WORKERS_HELPING, 1);
    metric_add(METRIC_HELP_HALVES, (int64_t)mi_crew_help(whom->crew));
    metric_add(METRIC_WORKERS_HELPING, -1);
    uv_mutex_lock(&pool->lock);
    pool->n_helping--;
    whom->helper = NULL;
}

static bool queue_changed(const worker *w)
{
    return w->queue_seen != w->pool->queue_generation || worker_stopping(w);
}

/* False: the time is over. */
static bool wait_for_wake(job_pool *pool, uint64_t deadline)
{
    const uint64_t now = uv_hrtime();
    return now < deadline && uv_cond_timedwait(&pool->wake, &pool->lock, deadline - now) == 0;
}

/* ---- the lock is taken here ---- */

void worker_idle(worker *w, uint32_t ms)
{
    job_pool *pool = w->pool;
    const uint64_t deadline = uv_hrtime() + ms * NS_PER_MS;
    bool helped = false;
    uv_mutex_lock(&pool->lock);
    while (!queue_changed(w) && !helped) {
        worker *whom = who_welcomes(pool);
        helped = whom != NULL;
        if (whom)
            help(w, whom);
        else if (!wait_for_wake(pool, deadline))
            break;
    }
    w->queue_seen = pool->queue_generation;
    uv_mutex_unlock(&pool->lock);
}

void worker_wait(worker *w, uint32_t ms)
{
    job_pool *pool = w->pool;
    const uint64_t deadline = uv_hrtime() + ms * NS_PER_MS;
    uv_mutex_lock(&pool->lock);
    while (!queue_changed(w) && wait_for_wake(pool, deadline))
        ;
    w->queue_seen = pool->queue_generation;
    uv_mutex_unlock(&pool->lock);
}

void worker_hold(worker *w, const char *job_id)
{
    job_pool *pool = w->pool;
    uv_mutex_lock(&pool->lock);
    snprintf(w->job_id, sizeof w->job_id, "%s", job_id);
    atomic_store(&w->look, false);
    pool->n_busy++;
    if (pool->n_busy + pool->n_helping > pool->n_cores)
        dismiss_helpers(pool);
    uv_mutex_unlock(&pool->lock);
    metric_add(METRIC_WORKERS_BUSY, 1);
}

void worker_let_go(worker *w)
{
    job_pool *pool = w->pool;
    uv_mutex_lock(&pool->lock);
    w->job_id[0] = '\0';
    pool->n_busy--;
    uv_cond_broadcast(&pool->wake); /* a core is left, for an idle worker to help with */
    uv_mutex_unlock(&pool->lock);
    metric_add(METRIC_WORKERS_BUSY, -1);
}

void worker_welcome_help(worker *w)
{
    uv_mutex_lock(&w->pool->lock);
    w->welcomes = true;
    uv_cond_broadcast(&w->pool->wake);
    uv_mutex_unlock(&w->pool->lock);
}

void worker_end_help(worker *w)
{
    uv_mutex_lock(&w->pool->lock);
    w->welcomes = false;
    dismiss_helper(w);
    uv_mutex_unlock(&w->pool->lock);
}

void worker_turn_help(worker *w)
{
    uv_mutex_lock(&w->pool->lock);
    dismiss_helper(w);
    uv_mutex_unlock(&w->pool->lock);
}

void pool_queue_changed(void *ctx)
{
    job_pool *pool = ctx;
    uv_mutex_lock(&pool->lock);
    pool->queue_generation++;
    dismiss_helpers(pool);
    uv_cond_broadcast(&pool->wake);
    uv_mutex_unlock(&pool->lock);
}
