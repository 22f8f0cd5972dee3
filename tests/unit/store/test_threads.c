#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define JOBS    10
#define FOLDS   20

static fixture f;
static _Atomic unsigned finished[JOBS][FOLDS], combined, stop_readers;
static char ids[JOBS][PROTO_ID_MAX];

/* Check's assertions are for the test's own thread: workers count, and the test asserts. */
static _Atomic unsigned failures;
#define must(call) ((call) == MI_OK ? (void)0 : (void)atomic_fetch_add(&failures, 1))

static int job_number(const char *id)
{
    for (int i = 0; i < JOBS; i++)
        if (strcmp(ids[i], id) == 0)
            return i;
    return 0;
}

static void work_on(store_run *run)
{
    bool canceled;
    proto_curve_row row = {.fold = run->fold, .point = {.step = 10}};
    store_report report = {
        .phase = "train", .fraction = 0.5, .progress = "{}", .points = &row, .n_points = !run->combine};
    must(store_run_renew(f.store, run, LEASE_MS, &canceled, NULL));
    must(store_run_report(f.store, run, &report, &canceled, NULL));
    if (run->combine) {
        store_bytes *results;
        size_t n = 0;
        must(store_run_results(f.store, run, 0, &results, &n, NULL));
        if (n != FOLDS)
            atomic_fetch_add(&failures, 1);
        store_run_results_free(results, n);
        must(store_job_succeed(f.store, run, &(store_outcome){.result = "{}"}, NULL));
        atomic_fetch_add(&combined, 1);
        return;
    }
    must(store_checkpoint_put(f.store, run, &run->id, sizeof run->id, NULL));
    must(store_run_finish(f.store, run, &run->id, sizeof run->id, NULL));
    atomic_fetch_add(&finished[job_number(run->job_id)][run->fold], 1);
}

static void *worker(void *ctx)
{
    (void)ctx;
    while (atomic_load(&combined) < JOBS && atomic_load(&failures) == 0) {
        store_run run;
        mi_status status = store_run_claim(f.store, "worker", LEASE_MS, &run, NULL);
        if (status == MI_NOT_FOUND) {
            sleep_ms(1);
            continue;
        }
        must(status);
        if (status == MI_OK)
            work_on(&run);
        store_run_fini(&run);
    }
    return NULL;
}

/* What handlers do meanwhile. */
static void *reader(void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; !atomic_load(&stop_readers); i++) {
        proto_job_record job, page[4];
        proto_event events[8];
        store_queue_stats stats;
        proto_curve_row *rows;
        size_t n = 4, n_events = 8, n_rows;
        must(store_job_get(f.store, ids[i % JOBS], &job, NULL));
        proto_job_record_fini(&job);
        must(store_job_list(f.store, &(store_job_filter){0}, page, &n, NULL));
        while (n > 0)
            proto_job_record_fini(&page[--n]);
        must(store_events(f.store, ids[i % JOBS], 0, events, &n_events, NULL));
        while (n_events > 0)
            free(events[--n_events].data);
        must(store_curve(f.store, ids[i % JOBS], &rows, &n_rows, NULL));
        free(rows);
        must(store_stats(f.store, &stats, NULL));
        must(store_ready(f.store, NULL));
    }
    return NULL;
}

START_TEST(test_threads_share_runs_and_each_is_done_once)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.folds = FOLDS;
    for (int i = 0; i < JOBS; i++)
        submit(&f, &s, ids[i]);
    pthread_t workers[THREADS], readers[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&readers[i], NULL, reader, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&workers[i], NULL, worker, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i], NULL);
    atomic_store(&stop_readers, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    ck_assert_uint_eq(failures, 0);
    ck_assert_uint_eq(combined, JOBS);
    for (int i = 0; i < JOBS; i++) {
        for (int k = 0; k < FOLDS; k++)
            ck_assert_uint_eq(finished[i][k], 1);
        ck_assert_int_eq(state_of(&f, ids[i]), PROTO_JOB_SUCCEEDED);
    }
    ck_assert_uint_eq(fixture_count_files(&f, "checkpoints"), 0);
    fixture_teardown(&f);
}
END_TEST

static void *blob_writer(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < 30; i++) {
        store_blob_writer *w;
        char sha256[PROTO_SHA_HEX], text[32];
        store_mapping m;
        int n = snprintf(text, sizeof text, "blob %d", i % 10);
        if (store_blob_begin(f.store, &w, NULL)) {
            atomic_fetch_add(&failures, 1);
            break;
        }
        must(store_blob_write(w, text, (size_t)n, NULL));
        must(store_blob_commit(w, sha256, NULL));
        must(store_blob_map(f.store, sha256, &m, NULL));
        store_blob_unmap(f.store, &m);
    }
    return NULL;
}

START_TEST(test_threads_that_write_the_same_blobs_keep_each_once)
{
    fixture_setup(&f, _i);
    pthread_t threads[4];
    store_queue_stats stats;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, blob_writer, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(failures, 0);
    ck_assert_uint_eq(fixture_count_files(&f, "blobs"), 10);
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.blob_bytes, 10 * strlen("blob 0"));
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store threads", {test_threads_share_runs_and_each_is_done_once},
                        {test_threads_that_write_the_same_blobs_keep_each_once});
}
