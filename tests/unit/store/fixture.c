#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Another engine is another line. */
static mi_status (*const engines[])(store **, const store_options *, mi_error *) = {store_open_sqlite};
const int n_engines = (int)(sizeof engines / sizeof engines[0]);

static void count_hint(void *ctx, store_change change, const char *job_id)
{
    fixture *f = ctx;
    ck_assert(strncmp(job_id, "job_", 4) == 0);
    atomic_fetch_add(change == STORE_CHANGE_JOB ? &f->job_hints : &f->queue_hints, 1);
}

mi_status fixture_open(fixture *f, int engine)
{
    store_options options = {
        .data_dir = f->dir, .max_attempts = f->max_attempts, .listener = count_hint, .listener_ctx = f};
    return engines[engine](&f->store, &options, &f->err);
}

void fixture_close(fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

void fixture_setup(fixture *f, int engine)
{
    memset(f, 0, sizeof *f);
    f->max_attempts = 3;
    const char *base = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/mutuald-store-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    strcat(f->dir, "/data");
    ck_ok(f, fixture_open(f, engine));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void fixture_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fixture_teardown(fixture *f)
{
    fixture_close(f);
    *strrchr(f->dir, '/') = '\0';
    fixture_remove(f->dir);
}

static int wanted_age_s;
static unsigned files_seen;

static int age_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)ftw;
    struct timespec then[2] = {{.tv_sec = time(NULL) - wanted_age_s}, {.tv_sec = time(NULL) - wanted_age_s}};
    return type == FTW_F ? utimensat(AT_FDCWD, path, then, 0) : 0;
}

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path, (void)st, (void)ftw;
    files_seen += type == FTW_F;
    return 0;
}

void fixture_age(const fixture *f, const char *part, int age_s)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->dir, part);
    wanted_age_s = age_s;
    ck_assert_int_eq(nftw(path, age_one, 16, FTW_PHYS), 0);
}

unsigned fixture_count_files(const fixture *f, const char *part)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->dir, part);
    files_seen = 0;
    ck_assert_int_eq(nftw(path, count_one, 16, FTW_PHYS), 0);
    return files_seen;
}

void put_blob(fixture *f, const void *bytes, size_t n, char sha256[PROTO_SHA_HEX])
{
    store_blob_writer *w;
    ck_ok(f, store_blob_begin(f->store, &w, &f->err));
    ck_ok(f, store_blob_write(w, bytes, n, &f->err));
    ck_ok(f, store_blob_commit(w, sha256, &f->err));
}

void put_dataset(fixture *f, const char *name, const char *content)
{
    proto_dataset_record d = {.bytes = strlen(content), .rows = 3, .cols = 2};
    bool created;
    snprintf(d.name, sizeof d.name, "%s", name);
    snprintf(d.kind, sizeof d.kind, "matrix");
    snprintf(d.format, sizeof d.format, "npy");
    put_blob(f, content, strlen(content), d.matrix_sha256);
    memcpy(d.sha256, d.matrix_sha256, sizeof d.sha256);
    ck_ok(f, store_dataset_put(f->store, &d, &created, &f->err));
    ck_assert(created);
}

store_submission submission_of(const char *blob)
{
    return (store_submission){.kind = "estimate",
                              .spec = "{\"seed\":\"42\"}",
                              .tags = "{}",
                              .priority = 5,
                              .timeout_s = 3600,
                              .variants = 1,
                              .replicates = 1,
                              .folds = 2,
                              .dataset_x = "",
                              .dataset_y = "",
                              .blob_x = blob,
                              .blob_y = blob,
                              .idempotency_key = "",
                              .request_sha256 = "",
                              .max_queue = 1000};
}

void submit(fixture *f, const store_submission *submission, char id[PROTO_ID_MAX])
{
    proto_job_record job;
    bool existed;
    ck_ok(f, store_job_submit(f->store, submission, &job, &existed, &f->err));
    ck_assert(!existed);
    memcpy(id, job.id, PROTO_ID_MAX);
    proto_job_record_fini(&job);
}

void submit_simple(fixture *f, char id[PROTO_ID_MAX])
{
    char sha256[PROTO_SHA_HEX];
    put_blob(f, "matrix", 6, sha256);
    store_submission s = submission_of(sha256);
    submit(f, &s, id);
}

proto_job_record get_job(fixture *f, const char *id)
{
    proto_job_record job;
    ck_ok(f, store_job_get(f->store, id, &job, &f->err));
    return job;
}

proto_job_state state_of(fixture *f, const char *id)
{
    proto_job_record job = get_job(f, id);
    proto_job_state state = job.state;
    proto_job_record_fini(&job);
    return state;
}

store_run claim_lease(fixture *f, uint32_t lease_ms)
{
    store_run run;
    ck_ok(f, store_run_claim(f->store, "test", lease_ms, &run, &f->err));
    return run;
}

store_run claim(fixture *f)
{
    return claim_lease(f, LEASE_MS);
}

void finish(fixture *f, store_run *run, const char *result)
{
    ck_ok(f, store_run_finish(f->store, run, result, strlen(result), &f->err));
    store_run_fini(run);
}

void succeed_job(fixture *f, const char *pmi_blob)
{
    succeed_job_with(f, &(store_outcome){.result = "{\"mi\":1}", .pmi_blob = pmi_blob});
}

void succeed_job_with(fixture *f, const store_outcome *outcome)
{
    for (;;) {
        store_run run = claim(f);
        if (run.combine) {
            ck_ok(f, store_job_succeed(f->store, &run, outcome, &f->err));
            store_run_fini(&run);
            return;
        }
        finish(f, &run, "result");
    }
}

bool nothing_to_claim(fixture *f)
{
    store_run run;
    mi_status status = store_run_claim(f->store, "test", LEASE_MS, &run, &f->err);
    store_run_fini(&run);
    return status == MI_NOT_FOUND;
}

void sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

int run_contract(const char *name, const contract_test *tests, size_t n)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("contract");
    for (size_t i = 0; i < n; i++)
        tcase_add_loop_test(tcase, tests[i].test, 0, n_engines);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
