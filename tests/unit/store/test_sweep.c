#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOURS 3600

static fixture f;

static store_swept sweep(uint64_t keep_jobs_s, uint64_t keep_bytes)
{
    store_retention retention = {.keep_jobs_s = keep_jobs_s, .keep_bytes = keep_bytes};
    store_swept swept;
    ck_ok(&f, store_sweep(f.store, &retention, &swept, &f.err));
    return swept;
}

static bool blob_is_there(const char *sha256)
{
    store_mapping m;
    mi_status status = store_blob_map(f.store, sha256, &m, &f.err);
    if (!status)
        store_blob_unmap(f.store, &m);
    return status == MI_OK;
}

/* A succeeded job with its own x, y and PMI table, each of `n` bytes that start with `letter`. */
static void ended_job(char letter, size_t n, char id[PROTO_ID_MAX], char blobs[3][PROTO_SHA_HEX])
{
    char *bytes = malloc(n);
    memset(bytes, letter, n);
    for (int i = 0; i < 3; i++) {
        bytes[n - 1] = (char)('0' + i);
        put_blob(&f, bytes, n, blobs[i]);
    }
    free(bytes);
    store_submission s = submission_of(blobs[0]);
    s.blob_y = blobs[1];
    submit(&f, &s, id);
    succeed_job(&f, blobs[2]);
}

START_TEST(test_a_young_blob_and_one_in_use_stay)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], orphan[PROTO_SHA_HEX], blobs[3][PROTO_SHA_HEX];
    proto_dataset_record d;
    put_blob(&f, "orphan", 6, orphan);
    put_dataset(&f, "x", "a data set");
    ended_job('j', 10, id, blobs);
    ck_assert_uint_eq(sweep(0, 0).blobs, 0);
    ck_assert(blob_is_there(orphan));
    fixture_age(&f, "blobs", 2 * HOURS);
    store_swept swept = sweep(0, 0);
    ck_assert_uint_eq(swept.blobs, 1);
    ck_assert_uint_eq(swept.bytes, 6);
    ck_assert(!blob_is_there(orphan));
    for (int i = 0; i < 3; i++)
        ck_assert(blob_is_there(blobs[i]));
    ck_ok(&f, store_dataset_get(f.store, "x", &d, &f.err));
    ck_assert(blob_is_there(d.matrix_sha256));
    proto_dataset_record_fini(&d);
    store_queue_stats stats;
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.blob_bytes, 10 + 3 * 10);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_blob_that_is_uploaded_again_is_young_again)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX];
    put_blob(&f, "orphan", 6, sha256);
    fixture_age(&f, "blobs", 2 * HOURS);
    put_blob(&f, "orphan", 6, sha256);
    ck_assert_uint_eq(sweep(0, 0).blobs, 0);
    ck_assert(blob_is_there(sha256));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_ended_jobs_go_by_age_and_their_blobs_with_them)
{
    fixture_setup(&f, _i);
    char old[PROTO_ID_MAX], waiting[PROTO_ID_MAX], blobs[3][PROTO_SHA_HEX];
    proto_job_record job;
    ended_job('j', 10, old, blobs);
    submit_simple(&f, waiting);
    ck_assert_uint_eq(sweep(1, 0).jobs, 0);
    fixture_age(&f, "blobs", 2 * HOURS);
    sleep_ms(1100);
    unsigned hints = f.job_hints;
    store_swept swept = sweep(1, 0);
    ck_assert_uint_eq(swept.jobs, 1);
    ck_assert_uint_eq(swept.blobs, 3);
    ck_assert_uint_gt(f.job_hints, hints);
    ck_assert_int_eq(store_job_get(f.store, old, &job, &f.err), MI_NOT_FOUND);
    ck_assert_int_eq(state_of(&f, waiting), PROTO_JOB_QUEUED);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_beyond_the_bytes_the_oldest_ended_jobs_go_first)
{
    fixture_setup(&f, _i);
    char ids[3][PROTO_ID_MAX], blobs[3][3][PROTO_SHA_HEX];
    proto_job_record job;
    for (int i = 0; i < 3; i++) {
        ended_job((char)('a' + i), 100, ids[i], blobs[i]);
        sleep_ms(2);
    }
    fixture_age(&f, "blobs", 2 * HOURS);
    ck_assert_uint_eq(sweep(0, 900).jobs, 0);
    store_swept swept = sweep(0, 650); /* 900 are held, 300 a job */
    ck_assert_uint_eq(swept.jobs, 1);
    ck_assert_uint_eq(swept.bytes, 300);
    ck_assert_int_eq(store_job_get(f.store, ids[0], &job, &f.err), MI_NOT_FOUND);
    ck_assert_int_eq(state_of(&f, ids[1]), PROTO_JOB_SUCCEEDED);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_data_sets_and_jobs_that_hold_nothing_else_stay_beyond_the_bytes)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    proto_dataset_record d;
    put_dataset(&f, "x", "a data set of some bytes");
    ck_ok(&f, store_dataset_get(f.store, "x", &d, &f.err));
    store_submission s = submission_of(d.matrix_sha256);
    s.dataset_x = s.dataset_y = "x";
    submit(&f, &s, id);
    succeed_job(&f, "");
    fixture_age(&f, "blobs", 2 * HOURS);
    ck_assert_uint_eq(sweep(0, 1).jobs, 0); /* its end would free nothing */
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_SUCCEEDED);
    ck_assert(blob_is_there(d.matrix_sha256));
    proto_dataset_record_fini(&d);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_stray_files_go_and_live_checkpoints_stay)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], path[512];
    submit_simple(&f, id);
    store_run run = claim(&f);
    ck_ok(&f, store_checkpoint_put(f.store, &run, "c", 1, &f.err));
    snprintf(path, sizeof path, "%s/checkpoints/4711.ckpt", f.dir);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    sweep(0, 0);
    ck_assert_uint_eq(fixture_count_files(&f, "checkpoints"), 1);
    void *bytes;
    size_t n;
    ck_ok(&f, store_checkpoint_get(f.store, &run, &bytes, &n, &f.err));
    free(bytes);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store sweep", {test_a_young_blob_and_one_in_use_stay},
                        {test_a_blob_that_is_uploaded_again_is_young_again},
                        {test_ended_jobs_go_by_age_and_their_blobs_with_them},
                        {test_beyond_the_bytes_the_oldest_ended_jobs_go_first},
                        {test_data_sets_and_jobs_that_hold_nothing_else_stay_beyond_the_bytes},
                        {test_stray_files_go_and_live_checkpoints_stay});
}
