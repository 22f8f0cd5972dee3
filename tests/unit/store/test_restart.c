#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static fixture f;

static void reopen(int engine)
{
    fixture_close(&f);
    ck_ok(&f, fixture_open(&f, engine));
}

START_TEST(test_everything_is_there_after_a_restart)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], pmi[PROTO_SHA_HEX];
    put_dataset(&f, "x", "matrix x");
    put_blob(&f, "pmi", 3, pmi);
    submit_simple(&f, id);
    succeed_job(&f, pmi);
    proto_job_record before = get_job(&f, id);
    reopen(_i);
    proto_job_record after = get_job(&f, id);
    ck_assert_int_eq(after.state, PROTO_JOB_SUCCEEDED);
    ck_assert_uint_eq(after.version, before.version);
    ck_assert_str_eq(after.result, before.result);
    ck_assert_str_eq(after.pmi_blob, pmi);
    proto_dataset_record d;
    ck_ok(&f, store_dataset_get(f.store, "x", &d, &f.err));
    proto_dataset_record_fini(&d);
    store_mapping m;
    ck_ok(&f, store_blob_map(f.store, pmi, &m, &f.err));
    store_blob_unmap(f.store, &m);
    proto_job_record_fini(&before);
    proto_job_record_fini(&after);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_runs_of_a_dead_process_are_claimed_again_from_their_checkpoints)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    store_run old = claim(&f);
    ck_ok(&f, store_checkpoint_put(f.store, &old, "half way", 8, &f.err));
    reopen(_i);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_QUEUED);
    ck_assert_int_eq(store_run_renew(f.store, &old, LEASE_MS, &canceled, &f.err), MI_STALE);
    store_run run = claim(&f);
    ck_assert_uint_eq(run.id, old.id);
    ck_assert_uint_gt(run.token, old.token);
    void *bytes;
    size_t n;
    ck_ok(&f, store_checkpoint_get(f.store, &run, &bytes, &n, &f.err));
    ck_assert_uint_eq(n, 8);
    ck_assert_mem_eq(bytes, "half way", 8);
    free(bytes);
    finish(&f, &run, "r");
    /* Results are kept, too. */
    run = claim(&f);
    reopen(_i);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_RUNNING);
    succeed_job(&f, "");
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_SUCCEEDED);
    store_run_fini(&run);
    store_run_fini(&old);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_that_kills_its_process_fails_in_the_end)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    for (unsigned i = 0; i < f.max_attempts; i++) {
        ck_assert_int_eq(state_of(&f, id), PROTO_JOB_QUEUED);
        store_run run = claim(&f);
        store_run_fini(&run);
        reopen(_i);
    }
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_FAILED);
    ck_assert_ptr_nonnull(strstr(job.error, "\"worker_lost\""));
    proto_job_record_fini(&job);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_cancel_that_was_answered_holds_after_a_restart)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run run = claim(&f);
    proto_job_record job;
    ck_ok(&f, store_job_cancel(f.store, id, &job, &f.err));
    ck_assert_int_eq(job.state, PROTO_JOB_CANCELING);
    reopen(_i);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    proto_job_record_fini(&job);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_second_daemon_on_the_folder_is_told_who_has_it)
{
    fixture_setup(&f, _i);
    fixture other = {.max_attempts = 3};
    char pid[32];
    strcpy(other.dir, f.dir);
    ck_assert_int_eq(fixture_open(&other, _i), MI_CONFLICT);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    ck_assert_msg(strstr(other.err.message, pid) != NULL, "%s", other.err.message);
    fixture_close(&f);
    ck_ok(&other, fixture_open(&other, _i));
    fixture_close(&other);
    ck_ok(&f, fixture_open(&f, _i));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_what_a_dead_process_left_half_written_goes)
{
    fixture_setup(&f, _i);
    char path[512];
    snprintf(path, sizeof path, "%s/tmp/77", f.dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    reopen(_i);
    ck_assert_uint_eq(fixture_count_files(&f, "tmp"), 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_database_that_is_none_is_refused)
{
    fixture_setup(&f, _i);
    char path[512], junk[8192];
    fixture_close(&f);
    snprintf(path, sizeof path, "%s/mutuald.db", f.dir);
    memset(junk, 'j', sizeof junk);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    ck_assert_int_eq(fixture_open(&f, _i), MI_IO);
    ck_assert_int_eq(fixture_open(&f, _i), MI_IO); /* and the folder is not left locked */
    fixture_teardown(&f);
}
END_TEST

/* The child: open, then submit and say each id, until killed. */
static void submit_forever(int engine, int pipe_out)
{
    char id[PROTO_ID_MAX], sha256[PROTO_SHA_HEX];
    if (fixture_open(&f, engine))
        _exit(3);
    for (unsigned i = 0;; i++) {
        put_blob(&f, &i, sizeof i, sha256);
        store_submission s = submission_of(sha256);
        s.max_queue = UINT64_MAX;
        submit(&f, &s, id);
        if (write(pipe_out, id, sizeof id) != sizeof id)
            _exit(4);
    }
}

START_TEST(test_every_job_that_was_acknowledged_survives_a_kill)
{
    fixture_setup(&f, _i);
    fixture_close(&f);
    for (int round = 0; round < 5; round++) {
        int ends[2];
        char ids[64][PROTO_ID_MAX];
        int n = 0;
        ck_assert_int_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            submit_forever(_i, ends[1]);
        }
        close(ends[1]);
        while (n < 10 + 7 * round && read(ends[0], ids[n], PROTO_ID_MAX) == PROTO_ID_MAX)
            n++;
        kill(child, SIGKILL);
        while (n < 64 && read(ends[0], ids[n], PROTO_ID_MAX) == PROTO_ID_MAX)
            n++;
        waitpid(child, NULL, 0);
        close(ends[0]);
        ck_assert_int_ge(n, 10 + 7 * round);
        ck_ok(&f, fixture_open(&f, _i));
        for (int i = 0; i < n; i++)
            ck_assert_int_eq(state_of(&f, ids[i]), PROTO_JOB_QUEUED);
        store_run run = claim(&f); /* and it works on */
        ck_ok(&f, store_run_release(f.store, &run, &f.err));
        store_run_fini(&run);
        fixture_close(&f);
    }
    ck_ok(&f, fixture_open(&f, _i));
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store restart", {test_everything_is_there_after_a_restart},
                        {test_runs_of_a_dead_process_are_claimed_again_from_their_checkpoints},
                        {test_a_job_that_kills_its_process_fails_in_the_end},
                        {test_a_cancel_that_was_answered_holds_after_a_restart},
                        {test_a_second_daemon_on_the_folder_is_told_who_has_it},
                        {test_what_a_dead_process_left_half_written_goes},
                        {test_a_database_that_is_none_is_refused},
                        {test_every_job_that_was_acknowledged_survives_a_kill});
}
