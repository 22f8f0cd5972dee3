/*
 * Workers over a fake store, for tests of them: a hub, a pool, and waiting.
 */
#ifndef POOL_BENCH_H
#define POOL_BENCH_H

#include "base/hub.h"
#include "base/ids.h"
#include "fake_store.h"
#include "jobs/jobs.h"

#include <check.h>
#include <uv.h>

#define PATIENCE_MS 60000

/* NWJ of raw data at a rate that nothing survives; anchor's loss stays finite with so little weight on it. */
#define DIVERGE                                                                                            \
    ",\"recipe\":\"paper\",\"critic\":{\"hidden\":[8],\"embed\":4},\"train\":{\"batch\":32,\"max_steps\":" \
    "60,"                                                                                                  \
    "\"learning_rate\":1,\"early_stopping\":false,\"evaluate_every\":20}"

/* A hub on a loop that need not turn: workers only wait on it. */
typedef struct bench {
    uv_loop_t loop;
    hub *hub;
    job_pool *pool;
} bench;

static inline void start(bench *b, store *s, uint32_t n_workers, uint32_t checkpoint_ms)
{
    job_pool_config config = {.hub = b->hub,
                              .store = s,
                              .owner = "test",
                              .kernel = "test",
                              .n_workers = n_workers,
                              .checkpoint_ms = checkpoint_ms,
                              .lease_ms = 3000};
    proto_limits_default(&config.limits);
    if (!b->hub) {
        ck_assert_int_eq(uv_loop_init(&b->loop), 0);
        ck_assert_int_eq(hub_new(&b->hub, &b->loop, NULL), MI_OK);
        config.hub = b->hub;
    }
    ck_assert_int_eq(job_pool_start(&b->pool, &config, NULL), MI_OK);
}

static inline void stop(bench *b)
{
    job_pool_stop(b->pool);
    job_pool_join(b->pool);
    job_pool_free(b->pool);
}

static inline void finish(bench *b, store *s)
{
    stop(b);
    hub_close(b->hub);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&b->loop), 0);
    fake_store_free(s);
}

typedef bool condition(const fake_state *state);

static inline bool is_terminal(const fake_state *state)
{
    return state->terminal;
}
static inline bool has_reports(const fake_state *state)
{
    return state->calls[FAKE_REPORT] > 3;
}
static inline bool has_release(const fake_state *state)
{
    return state->released > 0;
}

/* A hint a turn makes up for the queue notifications that a real store would give. */
static inline void wait_until(bench *b, store *s, condition *holds)
{
    const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    for (bool done = false; !done;) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline);
        done = holds(fake_store_lock(s));
        fake_store_unlock(s);
        hub_notify_queue(b->hub);
        uv_sleep(2);
    }
}

#endif
