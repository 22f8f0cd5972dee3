#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

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

int main(void)
{
    Suite *suite = suite_create("store sqlite schema");
    TCase *tcase = tcase_create("schema");
    tcase_add_test(tcase, test_the_folder_of_a_newer_daemon_is_left_alone);
    tcase_add_test(tcase, test_an_error_of_the_engine_is_told_with_its_text);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
