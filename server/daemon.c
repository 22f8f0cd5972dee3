#include "daemon.h"

#include "base/hub.h"
#include "base/ids.h"
#include "base/log.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "mi/info.h"
#include "models/models.h"
#include "port_file.h"
#include "store/store.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define FIRST_SWEEP_MS 10000
#define SWEEP_MS       (10 * 60 * 1000)

typedef enum life { STARTING, RUNNING, STOPPING_WORKERS, DRAINING, CLOSED } life;

typedef struct daemon_state {
    const options *settings;
    mi_build_info build;
    char owner[ID_MAX], started_at[32];
    char kernels[64]; /* that results come from: OpenBLAS's and ours */
    uint32_t n_workers;

    uv_loop_t loop;
    hub *hub;
    store *store;
    models *models;
    job_pool *workers;
    _Atomic(job_pool *)
        hinted; /* workers, for the store's listener: it may be called before job_pool_start returns */
    http_server *http;
    http_config http_config;

    life life; /* loop thread, as all below */
    uv_signal_t sigterm, sigint;
    uv_timer_t sweep_timer, stop_timer, watchdog_timer;
    uv_async_t workers_joined;
    uv_thread_t joiner;
    uv_work_t sweep;
    bool handles_open, port_file_written, sweeping, joined, drained;
} daemon_state;

/* ---- hints: any thread ---- */

static void on_store_change(void *ctx, store_change change, const char *job_id)
{
    daemon_state *d = ctx;
    if (change == STORE_CHANGE_QUEUE) {
        hub_notify_queue(d->hub);
        return;
    }
    hub_notify_job(d->hub, job_id);
    job_pool *workers = atomic_load(&d->hinted);
    if (workers)
        job_pool_hint(workers, job_id);
}

/* ---- retention ---- */

static void sweep_work(uv_work_t *work)
{
    daemon_state *d = work->data;
    const store_retention retention = {.keep_jobs_s = d->settings->keep_jobs_s,
                                       .keep_models_s = d->settings->keep_models_s,
                                       .keep_bytes = d->settings->keep_bytes};
    store_swept swept = {0};
    mi_error err = {0};
    const mi_status status = store_sweep(d->store, &retention, &swept, &err);
    if (swept.blobs > 0)
        models_tidy(d->models);
    if (status != MI_OK) {
        log_error("retention sweep failed", "why", err.message, NULL);
    } else if (swept.jobs + swept.models + swept.blobs > 0) {
        char jobs[24], n_models[24], blobs[24], bytes[24];
        snprintf(jobs, sizeof jobs, "%" PRIu64, swept.jobs);
        snprintf(n_models, sizeof n_models, "%" PRIu64, swept.models);
        snprintf(blobs, sizeof blobs, "%" PRIu64, swept.blobs);
        snprintf(bytes, sizeof bytes, "%" PRIu64, swept.bytes);
        log_info("retention sweep", "jobs", jobs, "models", n_models, "blobs", blobs, "bytes", bytes, NULL);
    }
}

static void close_when_idle(daemon_state *d);

static void on_swept(uv_work_t *work, int status)
{
    (void)status;
    daemon_state *d = work->data;
    d->sweeping = false;
    close_when_idle(d);
}

static void on_sweep_timer(uv_timer_t *timer)
{
    daemon_state *d = timer->data;
    if (d->life != RUNNING || d->sweeping)
        return;
    d->sweep.data = d;
    d->sweeping = uv_queue_work(&d->loop, &d->sweep, sweep_work, on_swept) == 0;
}

static void on_watchdog_timer(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

/* ---- the end ---- */

static void close_handle(void *handle)
{
    uv_close(handle, NULL);
}

static void close_handles(daemon_state *d)
{
    close_handle(&d->sigterm);
    close_handle(&d->sigint);
    close_handle(&d->sweep_timer);
    close_handle(&d->stop_timer);
    close_handle(&d->watchdog_timer);
    close_handle(&d->workers_joined);
    hub_close(d->hub);
    d->hub = NULL;
}

/* Once nothing is left that could notify the hub. */
static void close_when_idle(daemon_state *d)
{
    if (d->life != DRAINING || !d->drained || d->sweeping)
        return;
    if (!d->joined) {
        /* A worker deep in one long piece of work: it keeps the store open, and loses what a kill would lose.
         */
        log_warn("exit without waiting for busy workers", NULL);
        _exit(EXIT_SUCCESS);
    }
    d->life = CLOSED;
    close_handles(d);
}

static void on_drained(void *ctx)
{
    daemon_state *d = ctx;
    d->drained = true;
    close_when_idle(d);
}

static void drain(daemon_state *d)
{
    if (d->life != STOPPING_WORKERS)
        return;
    d->life = DRAINING;
    http_server_drain(d->http, d->settings->drain_s * 1000, on_drained, d);
}

static void on_stop_timer(uv_timer_t *timer)
{
    drain(timer->data);
}

static void on_workers_joined(uv_async_t *async)
{
    daemon_state *d = async->data;
    if (d->joined)
        return;
    uv_thread_join(&d->joiner);
    d->joined = true;
    log_info("workers stopped", NULL);
    drain(d);
}

static void join_workers(void *arg)
{
    daemon_state *d = arg;
    job_pool_join(d->workers);
    uv_async_send(&d->workers_joined);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    daemon_state *d = handle->data;
    if (d->life != RUNNING) {
        log_warn("second signal: exit at once", NULL);
        _exit(EXIT_FAILURE);
    }
    d->life = STOPPING_WORKERS;
    log_info("stopping", "signal", signum == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
    sd_notify(0, "STOPPING=1");
    http_server_set_ready(d->http, false);
    job_pool_stop(d->workers);
    uv_timer_start(&d->stop_timer, on_stop_timer, (uint64_t)d->settings->drain_s * 1000, 0);
    if (uv_thread_create(&d->joiner, join_workers, d) != 0)
        drain(d); /* no thread to wait on: as if the workers were too busy */
}

/* ---- the start ---- */

static mi_status open_handles(daemon_state *d, mi_error *err)
{
    uv_loop_t *loop = &d->loop;
    if (uv_signal_init(loop, &d->sigterm) || uv_signal_init(loop, &d->sigint) ||
        uv_timer_init(loop, &d->sweep_timer) || uv_timer_init(loop, &d->stop_timer) ||
        uv_timer_init(loop, &d->watchdog_timer) || uv_async_init(loop, &d->workers_joined, on_workers_joined))
        return mi_fail(err, MI_INTERNAL, "event loop handles");
    d->handles_open = true;
    d->sigterm.data = d->sigint.data = d->sweep_timer.data = d->stop_timer.data = d->workers_joined.data = d;
    if (uv_signal_start(&d->sigterm, on_signal, SIGTERM) || uv_signal_start(&d->sigint, on_signal, SIGINT))
        return mi_fail(err, MI_INTERNAL, "signal handlers");
    return MI_OK;
}

static mi_status start_workers(daemon_state *d, mi_error *err)
{
    const options *o = d->settings;
    const job_pool_config config = {
        .store = d->store,
        .hub = d->hub,
        .owner = d->owner,
        .kernel = d->kernels,
        .n_workers = d->n_workers,
        .nice = o->worker_nice,
        .checkpoint_ms = o->checkpoint_s * 1000,
        .lease_ms = o->lease_s * 1000,
        .limits = o->limits,
    };
    mi_status status = job_pool_start(&d->workers, &config, err);
    atomic_store(&d->hinted, d->workers);
    return status;
}

static mi_status start_http(daemon_state *d, const char *token, mi_error *err)
{
    d->http_config = (http_config){
        .settings = d->settings,
        .store = d->store,
        .models = d->models,
        .hub = d->hub,
        .token = token,
        .version = MUTUALD_VERSION,
        .blas = d->build.blas,
        .kernel = d->build.kernel,
        .engine = d->build.engine,
        .bf16 = d->build.bf16,
        .started_at = d->started_at,
        .workers = d->n_workers,
    };
    return http_server_new(&d->http, &d->loop, &d->http_config, err);
}

static void announce(daemon_state *d)
{
    uint64_t watchdog_us = 0;
    char port[8], workers[16];
    snprintf(port, sizeof port, "%u", (unsigned)http_server_port(d->http));
    snprintf(workers, sizeof workers, "%u", d->n_workers);
    log_info("ready", "version", MUTUALD_VERSION, "listen", d->settings->listen, "port", port, "data_dir",
             d->settings->data_dir, "workers", workers, "kernel", d->build.kernel, "engine", d->build.engine,
             NULL);
    sd_notifyf(0, "READY=1\nSTATUS=Serving on port %s", port);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us > 2000) {
        const uint64_t half_ms = watchdog_us / 2000;
        uv_timer_start(&d->watchdog_timer, on_watchdog_timer, half_ms, half_ms);
    }
}

static mi_status start(daemon_state *d, const char *token, mi_error *err)
{
    const options *o = d->settings;
    const store_options store_settings = {.data_dir = o->data_dir,
                                          .max_attempts = o->max_attempts,
                                          .listener = on_store_change,
                                          .listener_ctx = d};
    mi_status status = hub_new(&d->hub, &d->loop, err);
    if (status != MI_OK || (status = open_handles(d, err)) != MI_OK ||
        (status = store_open_sqlite(&d->store, &store_settings, err)) != MI_OK ||
        (status = models_new(&d->models, d->store, o->model_cache_bytes, err)) != MI_OK ||
        (status = start_http(d, token, err)) != MI_OK)
        return status;
    if (o->port_file[0]) {
        if ((status = port_file_write(o->port_file, http_server_port(d->http), err)) != MI_OK)
            return status;
        d->port_file_written = true;
    }
    if ((status = start_workers(d, err)) != MI_OK)
        return status;
    uv_timer_start(&d->sweep_timer, on_sweep_timer, FIRST_SWEEP_MS, SWEEP_MS);
    http_server_set_ready(d->http, true);
    d->life = RUNNING;
    announce(d);
    return MI_OK;
}

/* A start that failed is taken apart the same way, without workers. */
static void undo_start(daemon_state *d)
{
    d->life = STOPPING_WORKERS;
    d->joined = true;
    if (d->http) {
        drain(d);
    } else if (d->handles_open) {
        d->life = CLOSED;
        close_handles(d);
    } else if (d->hub) {
        hub_close(d->hub);
    }
}

static void describe(daemon_state *d, const options *settings)
{
    time_t now = time(NULL);
    struct tm utc;
    d->settings = settings;
    d->n_workers = settings->workers ? settings->workers : uv_available_parallelism();
    mi_build_info_get(&d->build);
    snprintf(d->kernels, sizeof d->kernels, "%s+%s", d->build.kernel, d->build.engine);
    id_make(d->owner, "node");
    strftime(d->started_at, sizeof d->started_at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

mi_status daemon_run(const options *settings, const char *token, mi_error *err)
{
    daemon_state *d = calloc(1, sizeof *d);
    if (!d || uv_loop_init(&d->loop) != 0) {
        free(d);
        return mi_fail(err, MI_MEMORY, "event loop");
    }
    describe(d, settings);
    mi_status status = start(d, token, err);
    if (status != MI_OK)
        undo_start(d);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    if (d->http)
        http_server_free(d->http);
    job_pool_free(d->workers);
    models_free(d->models);
    if (d->store)
        store_close(d->store);
    uv_loop_close(&d->loop);
    if (d->port_file_written)
        unlink(settings->port_file);
    if (status == MI_OK)
        log_info("stopped", NULL);
    free(d);
    return status;
}
