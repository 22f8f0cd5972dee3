#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The SQLite engine alone: what its file may be. */
static fixture f;

static void on_database(const char *sql)
{
    char path[512];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/mutuald.db", f.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(test_the_folder_of_a_newer_daemon_is_left_alone)
{
    fixture_setup(&f, 0);
    fixture_close(&f);
    on_database("PRAGMA user_version = 9999");
    ck_assert_int_eq(fixture_open(&f, 0), MI_UNSUPPORTED);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_error_of_the_engine_is_told_with_its_text)
{
    fixture_setup(&f, 0);
    char sha256[PROTO_SHA_HEX], id[PROTO_ID_MAX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    submit(&f, &s, id);
    on_database("DROP TABLE job_tags");
    proto_job_record job;
    bool existed;
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_IO);
    ck_assert_msg(strstr(f.err.message, "no such table: job_tags") != NULL, "%s", f.err.message);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_QUEUED); /* and nothing of it is left half done */
    store_queue_stats stats;
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_QUEUED], 1);
    fixture_teardown(&f);
}
END_TEST

/* The data folder of f, as the daemon of schema 1 left it that was killed within a job. */
static void put_schema_1_in_place(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[512], *sql;
    FILE *file = fopen(MUTUALD_TEST_SOURCE_DIR "/golden/store_schema_1.sql", "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    const size_t n = (size_t)ftell(file);
    rewind(file);
    sql = calloc(n + 1, 1);
    ck_assert_ptr_nonnull(sql);
    ck_assert_uint_eq(fread(sql, 1, n, file), n);
    fclose(file);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/mutuald.db%s", f.dir, suffixes[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/mutuald.db", f.dir);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    char *why = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s", why ? why : "");
    sqlite3_close(db);
    free(sql);
}

#define DONE   "job_01M85CP8QWFK78RZ97QGNPA83K"
#define BROKEN "job_01M85CP8R6B3GEZ7SH5DEMSW2A" /* fold 0 done, fold 1 leased by a worker that is gone */

static size_t count_points(const char *job_id, uint32_t fold)
{
    proto_curve_row *rows;
    size_t n, found = 0;
    ck_ok(&f, store_curve(f.store, job_id, &rows, &n, &f.err));
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(rows[i].variant, 0);
        found += rows[i].fold == fold;
    }
    free(rows);
    return found;
}

START_TEST(test_unfinished_jobs_of_schema_1_go_on)
{
    fixture_setup(&f, 0);
    fixture_close(&f);
    put_schema_1_in_place();
    on_database("INSERT INTO datasets VALUES ('old', 'ab', 'cd', 'npy', 9, 3, 2, 0, 1700000000000, NULL)");
    ck_ok(&f, fixture_open(&f, 0));

    proto_dataset_record old;
    ck_ok(&f, store_dataset_get(f.store, "old", &old, &f.err));
    ck_assert_str_eq(old.kind, "matrix"); /* as all were */
    proto_dataset_record_fini(&old);

    proto_job_record done = get_job(&f, DONE);
    ck_assert_int_eq(done.state, PROTO_JOB_SUCCEEDED);
    ck_assert_ptr_nonnull(strstr(done.result, "\"mi\""));
    ck_assert_int_eq(strlen(done.pmi_blob), PROTO_SHA_HEX - 1);
    proto_job_record_fini(&done);
    ck_assert_uint_gt(count_points(DONE, 1), 1);

    ck_assert_int_eq(state_of(&f, BROKEN), PROTO_JOB_RUNNING);
    ck_assert_uint_gt(count_points(BROKEN, 0), 1);
    store_run run = claim(&f);
    ck_assert_str_eq(run.job_id, BROKEN);
    ck_assert_uint_eq(run.id, 5); /* its checkpoint is named so */
    ck_assert(!run.combine && run.variant == 0 && run.replicate == 0 && run.fold == 1);
    ck_assert(run.variants == 1 && run.replicates == 1 && run.folds == 2);
    ck_assert_uint_gt(run.token, 1);
    ck_assert_ptr_nonnull(strstr(run.spec, "\"nwj\""));
    ck_assert(!run.blob_pairs[0] && !run.model_id[0] && !run.blob_model[0]);
    finish(&f, &run, "fold 1");
    ck_assert_uint_gt(count_points(BROKEN, 0), 1);

    store_run combine = claim(&f);
    ck_assert(combine.combine);
    store_bytes *results;
    size_t n;
    ck_ok(&f, store_run_results(f.store, &combine, 0, &results, &n, &f.err));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_gt(results[0].n, 100); /* what the old daemon kept */
    ck_assert_uint_eq(results[1].n, 6);
    store_run_results_free(results, n);
    ck_ok(&f, store_job_succeed(f.store, &combine, &(store_outcome){.result = "{}"}, &f.err));
    store_run_fini(&combine);

    /* Ids of runs are not used again, and what hangs on a job still goes with it. */
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    run = claim(&f);
    ck_assert_uint_gt(run.id, 6);
    store_run_fini(&run);
    ck_ok(&f, store_job_delete(f.store, BROKEN, &f.err));
    ck_assert_int_eq(store_job_delete(f.store, BROKEN, &f.err), MI_NOT_FOUND);
    fixture_close(&f);
    ck_ok(&f, fixture_open(&f, 0)); /* steps are taken once */
    fixture_teardown(&f);
}
END_TEST

static int64_t integer_of(const char *sql)
{
    char path[512];
    sqlite3 *db;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/mutuald.db", f.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return value;
}

/* States whose count is not what is there. */
static const char miscounted[] = "SELECT count(*) FROM counts WHERE n <> CASE object"
                                 " WHEN 'job' THEN (SELECT count(*) FROM jobs WHERE state = counts.state)"
                                 " ELSE (SELECT count(*) FROM runs WHERE state = counts.state) END";

START_TEST(test_jobs_and_runs_are_counted_through_all_their_states)
{
    char ids[4][PROTO_ID_MAX];
    store_queue_stats stats;
    fixture_setup(&f, 0);
    submit_simple(&f, ids[0]);
    succeed_job(&f, "");
    for (int i = 1; i < 4; i++)
        submit_simple(&f, ids[i]);
    store_run run = claim(&f), other = claim(&f);
    ck_ok(&f, store_job_fail(f.store, &run, "{}", &f.err));
    store_run_fini(&run);
    store_run_fini(&other);
    run = claim(&f);
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    store_run_fini(&run);
    run = claim(&f);
    store_run_fini(&run);
    proto_job_record record;
    ck_ok(&f, store_job_cancel(f.store, ids[3], &record, &f.err));
    proto_job_record_fini(&record);
    ck_ok(&f, store_job_delete(f.store, ids[0], &f.err));
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_RUNNING], 1);
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_FAILED], 1);
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_CANCELED], 1);
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_QUEUED] + stats.jobs[PROTO_JOB_SUCCEEDED], 0);
    ck_assert_uint_eq(stats.runs_leased, 1);
    ck_assert_uint_eq(stats.runs_waiting, 1);
    fixture_close(&f);
    ck_assert_int_eq(integer_of(miscounted), 0);
    ck_ok(&f, fixture_open(&f, 0)); /* the lease is void */
    fixture_close(&f);
    ck_assert_int_eq(integer_of(miscounted), 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_old_folder_and_a_new_one_have_the_same_schema)
{
    static const char digest[] = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'",
                      references[] = "SELECT count(*) FROM pragma_foreign_key_list('run_results')"
                                     " WHERE \"table\" = 'runs' AND on_delete = 'CASCADE'";
    fixture_setup(&f, 0);
    fixture_close(&f);
    const int64_t objects = integer_of(digest);
    ck_assert_int_eq(integer_of(references), 1);
    put_schema_1_in_place();
    ck_ok(&f, fixture_open(&f, 0));
    fixture_close(&f);
    ck_assert_int_eq(integer_of(digest), objects);
    ck_assert_int_eq(integer_of(references), 1);
    ck_assert_int_eq(integer_of("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    ck_assert_int_eq(integer_of(miscounted), 0);
    ck_assert_int_gt(integer_of("SELECT sum(n) FROM counts"), 0);
    ck_assert_int_eq(integer_of("SELECT count(*) FROM run_results"), 1);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store sqlite schema");
    TCase *tcase = tcase_create("schema");
    tcase_add_test(tcase, test_the_folder_of_a_newer_daemon_is_left_alone);
    tcase_add_test(tcase, test_an_error_of_the_engine_is_told_with_its_text);
    tcase_add_test(tcase, test_unfinished_jobs_of_schema_1_go_on);
    tcase_add_test(tcase, test_jobs_and_runs_are_counted_through_all_their_states);
    tcase_add_test(tcase, test_an_old_folder_and_a_new_one_have_the_same_schema);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
