#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "screens/shelf.h"
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define IDLE_MS    2000 /* leases that ran out are found by asking, not by a hint */
#define TROUBLE_MS 1000

static void execute(worker *w, const store_run *run)
{
    /* A hint that comes between the claim and this is missed; the run's next report finds the cancel. */
    worker_hold(w, run->job_id);
    screen_shelf_tidy(w->pool->shelf, run->job_id);
    if (run->combine)
        worker_combine(w, run);
    else
        worker_step(w, run);
    worker_let_go(w);
}

/* Training takes all that the cores can give; whoever serves requests goes first. In Linux a nice value is a
 * thread's own. Never upwards: the daemon as a whole may stand back already. */
static void stand_back(int nice)
{
    const id_t self = (id_t)gettid();
    if (getpriority(PRIO_PROCESS, self) < nice && setpriority(PRIO_PROCESS, self, nice) != 0)
        log_warn("workers keep their priority", "why", strerror(errno), NULL);
}

static void work(void *arg)
{
    worker *w = arg;
    const job_pool_config *config = &w->pool->config;
    stand_back((int)config->nice);
    while (!worker_stopping(w)) {
        store_run run = {0};
        mi_error err = {0};
        mi_status status = store_run_claim(config->store, config->owner, config->lease_ms, &run, &err);
        if (status == MI_OK) {
            execute(w, &run);
            store_run_fini(&run);
            continue;
        }
        if (status == MI_NOT_FOUND) {
            screen_shelf_tidy(w->pool->shelf, NULL);
            worker_idle(w, IDLE_MS);
        } else {
            log_error("claiming failed", "status", mi_status_name(status), "why", err.message, NULL);
            worker_wait(w, TROUBLE_MS);
        }
    }
}

static mi_status new_pool(job_pool **out, const job_pool_config *config, mi_error *err)
{
    job_pool *pool = calloc(1, sizeof *pool + config->n_workers * sizeof *pool->workers);
    if (!pool)
        return mi_fail(err, MI_MEMORY, "%u workers", config->n_workers);
    pool->config = *config;
    pool->n_cores = uv_available_parallelism();
    if (uv_mutex_init(&pool->lock)) {
        free(pool);
        return mi_fail(err, MI_MEMORY, "workers' lock");
    }
    if (uv_cond_init(&pool->wake)) {
        uv_mutex_destroy(&pool->lock);
        free(pool);
        return mi_fail(err, MI_MEMORY, "workers' lock");
    }
    mi_status status = screen_shelf_new(&pool->shelf, err);
    for (uint32_t i = 0; i < config->n_workers && status == MI_OK; i++) {
        pool->workers[i].pool = pool;
        status = mi_crew_new(&pool->workers[i].crew, err);
    }
    if (status == MI_OK)
        *out = pool;
    else
        job_pool_free(pool);
    return status;
}

mi_status job_pool_start(job_pool **out, const job_pool_config *config, mi_error *err)
{
    job_pool *pool = NULL;
    *out = NULL;
    mi_status status = new_pool(&pool, config, err);
    if (status != MI_OK)
        return status;
    hub_subscribe_queue(config->hub, pool_queue_changed, pool);
    /* hint walks all of workers[] from the first claim on, so n_workers counts threads and config.n_workers
     * slots. */
    for (; pool->n_workers < config->n_workers; pool->n_workers++) {
        worker *w = &pool->workers[pool->n_workers];
        int failed = uv_thread_create(&w->thread, work, w);
        if (failed) {
            job_pool_stop(pool);
            job_pool_join(pool);
            job_pool_free(pool);
            return mi_fail(err, MI_MEMORY, "worker %u of %u: %s", pool->n_workers + 1, config->n_workers,
                           uv_strerror(failed));
        }
    }
    metric_set(METRIC_WORKERS, config->n_workers);
    *out = pool;
    return MI_OK;
}

void job_pool_hint(job_pool *pool, const char *job_id)
{
    uv_mutex_lock(&pool->lock);
    for (uint32_t i = 0; i < pool->config.n_workers; i++)
        if (strcmp(pool->workers[i].job_id, job_id) == 0)
            atomic_store(&pool->workers[i].look, true);
    uv_mutex_unlock(&pool->lock);
}

void job_pool_stop(job_pool *pool)
{
    atomic_store(&pool->stopping, true);
    hub_notify_queue(pool->config.hub);
}

void job_pool_join(job_pool *pool)
{
    for (uint32_t i = 0; i < pool->n_workers; i++)
        uv_thread_join(&pool->workers[i].thread);
    hub_subscribe_queue(pool->config.hub, NULL, NULL);
    metric_set(METRIC_WORKERS, 0);
}

void job_pool_free(job_pool *pool)
{
    if (!pool)
        return;
    for (uint32_t i = 0; i < pool->config.n_workers; i++)
        mi_crew_free(pool->workers[i].crew);
    screen_shelf_free(pool->shelf);
    uv_cond_destroy(&pool->wake);
    uv_mutex_destroy(&pool->lock);
    free(pool);
}
