/*
 * The workers: threads that claim runs from the store, train, and give results back.
 *
 * DESIGN
 * Each worker is a thread of ours (not libuv's pool: work started there cannot be cancelled and exit waits
 * for it), one run at a time over single-threaded BLAS. It claims by lease, steps the run (core's
 * mi_run_step), and between steps: polls its cancel flag, renews the lease, reports progress (at most every
 * 100 ms), takes a checkpoint (every checkpoint_s). Workers know no HTTP and no JSON beyond proto's encoders;
 * they meet everybody in the store.
 *
 * A worker that finds nothing to claim helps with the run of another one (mi/crew.h) if that leaves no core
 * with two threads, until there is something to claim: one job alone uses two cores. Results do not depend on
 * it. idle.c has the rules.
 */
#ifndef JOBS_H
#define JOBS_H

#include "base/hub.h"
#include "store/store.h"

typedef struct job_pool job_pool;

typedef struct job_pool_config {
    store *store;
    hub *hub;
    const char *owner;  /* names this daemon in leases */
    const char *kernel; /* what computes, for results: "Cooperlake+avx512" */
    uint32_t n_workers, checkpoint_ms, lease_ms;
    uint32_t nice; /* of the threads: 0..19 */
    proto_limits limits;
} job_pool_config;

/* Start the threads. Strings and pointers in config must outlive the pool. */
mi_status job_pool_start(job_pool **out, const job_pool_config *config, mi_error *err);
/* The job was canceled or changed: workers on it look at once instead of at the next renewal. Any thread. */
void job_pool_hint(job_pool *pool, const char *job_id);
/* Ask all workers to stop claiming, checkpoint what they run and release it. Returns at once; any thread. */
void job_pool_stop(job_pool *pool);
/* Wait for them, after job_pool_stop. Not on the loop thread while HTTP should go on. */
void job_pool_join(job_pool *pool);
/* After job_pool_join, and once no thread can be inside job_pool_hint. NULL is legal. */
void job_pool_free(job_pool *pool);

#endif
