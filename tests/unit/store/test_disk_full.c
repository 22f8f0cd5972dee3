#include "fixture.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static fixture f;

/* A data folder on a disk of 4 MB, seen by this process only. False: this place does not let us mount. */
static bool setup_small_disk(int engine)
{
    fixture_setup(&f, engine);
    fixture_close(&f);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", f.dir, "tmpfs", 0, "size=4m,mode=700") != 0) {
        printf("skipped: cannot mount a small disk (%s)\n", strerror(errno));
        return false;
    }
    ck_ok(&f, fixture_open(&f, engine));
    return true;
}

static void teardown_small_disk(void)
{
    fixture_close(&f);
    umount2(f.dir, MNT_DETACH);
    *strrchr(f.dir, '/') = '\0';
    fixture_remove(f.dir);
}

/* Fill the disk with blobs; returns the status of the one that did not fit. */
static mi_status fill_disk(void)
{
    static char bytes[100000];
    for (int i = 0; i < 1000; i++) {
        store_blob_writer *w;
        char sha256[PROTO_SHA_HEX];
        mi_status status = store_blob_begin(f.store, &w, &f.err);
        if (status)
            return status;
        memcpy(bytes, &i, sizeof i);
        status = store_blob_write(w, bytes, sizeof bytes, &f.err);
        if (status) {
            store_blob_abort(w);
            return status;
        }
        if ((status = store_blob_commit(w, sha256, &f.err)))
            return status;
    }
    return MI_OK;
}

START_TEST(test_a_full_disk_is_told_and_nothing_that_was_kept_is_lost)
{
    if (!setup_small_disk(_i)) {
        fixture_remove(f.dir);
        return;
    }
    char id[PROTO_ID_MAX], sha256[PROTO_SHA_HEX];
    proto_job_record job;
    bool existed;
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    submit(&f, &s, id);
    ck_assert_int_eq(fill_disk(), MI_NO_SPACE);
    static char spec[400000];
    memset(spec, ' ', sizeof spec - 1);
    s.spec = spec;
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NO_SPACE);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_QUEUED);
    store_queue_stats stats;
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_QUEUED], 1);
    fixture_close(&f);
    /* With room again, everything goes on. */
    ck_assert_int_eq(mount(NULL, f.dir, NULL, MS_REMOUNT, "size=16m"), 0);
    ck_ok(&f, fixture_open(&f, _i));
    ck_ok(&f, store_ready(f.store, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_QUEUED);
    succeed_job(&f, "");
    teardown_small_disk();
}
END_TEST

START_TEST(test_a_daemon_on_a_full_disk_is_not_ready)
{
    if (!setup_small_disk(_i)) {
        fixture_remove(f.dir);
        return;
    }
    char path[512], page[4096] = {0};
    ck_ok(&f, store_ready(f.store, &f.err));
    snprintf(path, sizeof path, "%s/ballast", f.dir);
    FILE *ballast = fopen(path, "w");
    setvbuf(ballast, NULL, _IONBF, 0);
    while (fwrite(page, sizeof page, 1, ballast) == 1) {
    }
    fclose(ballast);
    ck_assert_int_eq(store_ready(f.store, &f.err), MI_NO_SPACE);
    unlink(path);
    ck_ok(&f, store_ready(f.store, &f.err));
    teardown_small_disk();
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store disk full", {test_a_full_disk_is_told_and_nothing_that_was_kept_is_lost},
                        {test_a_daemon_on_a_full_disk_is_not_ready});
}
