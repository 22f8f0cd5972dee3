#include "fixture.h"

#include <stdio.h>
#include <string.h>

static fixture f;

START_TEST(test_a_submitted_job_reads_back)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.tags = "{\"project\":\"lr\"}";
    s.replicates = 3;
    s.folds = 5;
    proto_job_record job, again;
    bool existed;
    ck_ok(&f, store_job_submit(f.store, &s, &job, &existed, &f.err));
    again = get_job(&f, job.id);
    ck_assert(!existed);
    ck_assert_str_eq(again.id, job.id);
    ck_assert_str_eq(again.kind, "estimate");
    ck_assert_int_eq(again.state, PROTO_JOB_QUEUED);
    ck_assert_uint_eq(again.version, 1);
    ck_assert_int_eq(again.priority, 5);
    ck_assert_uint_eq(again.timeout_s, 3600);
    ck_assert_uint_eq(again.runs, 15);
    ck_assert_uint_eq(again.runs_done, 0);
    ck_assert_uint_eq(again.attempt, 0);
    ck_assert_str_eq(again.phase, "queued");
    ck_assert_double_eq(again.fraction, 0);
    ck_assert(again.eta_s < 0);
    ck_assert(again.created_ms > 0 && again.started_ms == 0 && again.finished_ms == 0);
    ck_assert_str_eq(again.spec, s.spec);
    ck_assert_str_eq(again.tags, s.tags);
    ck_assert_ptr_null(again.result);
    ck_assert_ptr_null(again.error);
    ck_assert_str_eq(again.pmi_blob, "");
    proto_job_record_fini(&job);
    proto_job_record_fini(&again);
    ck_assert_int_eq(store_job_get(f.store, "job_none", &job, &f.err), MI_NOT_FOUND);
    ck_assert(f.job_hints > 0 && f.queue_hints > 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_goes_from_queued_over_running_to_succeeded)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], pmi[PROTO_SHA_HEX];
    put_blob(&f, "pmi", 3, pmi);
    submit_simple(&f, id);
    store_run run = claim(&f);
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_RUNNING);
    ck_assert(job.started_ms > 0);
    ck_assert_uint_eq(job.attempt, 1);
    uint64_t version = job.version;
    proto_job_record_fini(&job);
    finish(&f, &run, "r");
    job = get_job(&f, id);
    ck_assert_uint_eq(job.runs_done, 1);
    ck_assert_double_eq(job.fraction, 0.5);
    ck_assert_uint_gt(job.version, version);
    version = job.version;
    proto_job_record_fini(&job);
    succeed_job(&f, pmi);
    job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_SUCCEEDED);
    ck_assert_uint_gt(job.version, version);
    ck_assert_str_eq(job.result, "{\"mi\":1}");
    ck_assert_str_eq(job.pmi_blob, pmi);
    ck_assert_str_eq(job.phase, "done");
    ck_assert_double_eq(job.fraction, 1);
    ck_assert_double_eq(job.eta_s, 0);
    ck_assert(job.finished_ms >= job.started_ms);
    proto_job_record_fini(&job);
    ck_assert(nothing_to_claim(&f));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_failed_job_keeps_its_problem)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run run = claim(&f), other = claim(&f);
    ck_ok(&f, store_job_fail(f.store, &run, "{\"code\":\"timeout\"}", &f.err));
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_FAILED);
    ck_assert_str_eq(job.error, "{\"code\":\"timeout\"}");
    ck_assert(job.finished_ms > 0);
    proto_job_record_fini(&job);
    bool canceled;
    ck_assert_int_eq(store_run_renew(f.store, &other, LEASE_MS, &canceled, &f.err), MI_STALE);
    ck_assert(canceled);
    ck_assert_int_eq(store_run_finish(f.store, &other, "r", 1, &f.err), MI_STALE);
    ck_assert_int_eq(store_job_fail(f.store, &other, "{}", &f.err), MI_STALE);
    store_run_fini(&run);
    store_run_fini(&other);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_repeated_key_gives_the_first_job)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.idempotency_key = "key-1";
    s.request_sha256 = "aaaa";
    proto_job_record first, second;
    bool existed;
    ck_ok(&f, store_job_submit(f.store, &s, &first, &existed, &f.err));
    s.max_queue = 1; /* a repeated key is no new job */
    ck_ok(&f, store_job_submit(f.store, &s, &second, &existed, &f.err));
    ck_assert(existed);
    ck_assert_str_eq(first.id, second.id);
    proto_job_record_fini(&second);
    s.request_sha256 = "bbbb";
    ck_assert_int_eq(store_job_submit(f.store, &s, &second, &existed, &f.err), MI_CONFLICT);
    s.request_sha256 = "aaaa";
    succeed_job(&f, "");
    ck_ok(&f, store_job_submit(f.store, &s, &second, &existed, &f.err));
    ck_assert(existed);
    ck_assert_int_eq(second.state, PROTO_JOB_SUCCEEDED);
    proto_job_record_fini(&second);
    ck_ok(&f, store_job_delete(f.store, first.id, &f.err));
    ck_ok(&f, store_job_submit(f.store, &s, &second, &existed, &f.err));
    ck_assert(!existed);
    ck_assert_str_ne(first.id, second.id);
    proto_job_record_fini(&first);
    proto_job_record_fini(&second);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_the_queue_has_a_limit_of_waiting_jobs)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], id[PROTO_ID_MAX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    proto_job_record job;
    bool existed;
    s.max_queue = 2;
    submit(&f, &s, id);
    submit(&f, &s, id);
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_LIMIT);
    store_run run = claim(&f); /* a job that runs does not wait */
    submit(&f, &s, id);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_needs_its_inputs)
{
    fixture_setup(&f, _i);
    char missing[PROTO_SHA_HEX] = "", there[PROTO_SHA_HEX];
    memset(missing, 'a', PROTO_SHA_HEX - 1);
    put_blob(&f, "m", 1, there);
    proto_job_record job;
    bool existed;
    store_submission s = submission_of(there);
    s.blob_y = missing;
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NOT_FOUND);
    ck_assert_str_eq(f.err.pointer, "/y");
    s = submission_of(there);
    s.dataset_x = "nobody";
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NOT_FOUND);
    ck_assert_str_eq(f.err.pointer, "/x");
    put_dataset(&f, "changed", "other bytes than the job was checked with");
    s.dataset_x = "changed";
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NOT_FOUND);
    ck_assert(nothing_to_claim(&f));
    fixture_teardown(&f);
}
END_TEST

static unsigned list_all(store_job_filter filter, size_t page_size, char ids[][PROTO_ID_MAX])
{
    unsigned seen = 0;
    char after[PROTO_ID_MAX];
    for (size_t n = page_size; n == page_size;) {
        proto_job_record page[8];
        ck_ok(&f, store_job_list(f.store, &filter, page, &n, &f.err));
        for (size_t i = 0; i < n; i++) {
            ck_assert_ptr_null(page[i].spec);
            ck_assert_ptr_null(page[i].result);
            memcpy(ids[seen++], page[i].id, PROTO_ID_MAX);
            memcpy(after, page[i].id, PROTO_ID_MAX);
            proto_job_record_fini(&page[i]);
        }
        filter.after = after;
    }
    return seen;
}

START_TEST(test_jobs_are_listed_newest_first_by_page_and_filter)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], ids[10][PROTO_ID_MAX], got[16][PROTO_ID_MAX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    for (int i = 0; i < 10; i++) {
        s.kind = i % 2 ? "screen" : "estimate";
        s.tags = i < 4 ? "{\"project\":\"lr\",\"od'd \\\"key\\u00e9\":\"v\"}" : "{\"project\":\"other\"}";
        submit(&f, &s, ids[i]);
    }
    store_run run = claim(&f); /* the oldest runs */
    store_run_fini(&run);
    for (size_t page = 1; page <= 8; page++) {
        ck_assert_uint_eq(list_all((store_job_filter){0}, page, got), 10);
        for (int i = 0; i < 10; i++)
            ck_assert_str_eq(got[i], ids[9 - i]);
    }
    ck_assert_uint_eq(list_all((store_job_filter){.kind = "screen"}, 2, got), 5);
    ck_assert_str_eq(got[4], ids[1]);
    ck_assert_uint_eq(list_all((store_job_filter){.by_state = true, .state = PROTO_JOB_RUNNING}, 3, got), 1);
    ck_assert_str_eq(got[0], ids[0]);
    ck_assert_uint_eq(list_all((store_job_filter){.by_state = true, .kind = "estimate"}, 3, got), 4);
    ck_assert_uint_eq(list_all((store_job_filter){.tag_key = "project", .tag_value = "lr"}, 3, got), 4);
    ck_assert_str_eq(got[0], ids[3]);
    ck_assert_uint_eq(list_all((store_job_filter){.tag_key = "od'd \"key\xc3\xa9", .tag_value = "v"}, 3, got),
                      4);
    ck_assert_uint_eq(
        list_all(
            (store_job_filter){.tag_key = "project", .tag_value = "lr", .by_state = true, .kind = "screen"},
            1, got),
        2);
    store_job_filter rare = {
        .tag_key = "project", .tag_value = "lr", .by_state = true, .state = PROTO_JOB_RUNNING};
    ck_assert_uint_eq(list_all(rare, 3, got), 1); /* one in ten: looked for from the state's side */
    ck_assert_str_eq(got[0], ids[0]);
    rare.kind = "screen";
    ck_assert_uint_eq(list_all(rare, 3, got), 0);
    ck_assert_uint_eq(list_all((store_job_filter){.tag_key = "project", .tag_value = "none"}, 3, got), 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_only_ended_jobs_can_be_deleted)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    ck_assert_int_eq(store_job_delete(f.store, id, &f.err), MI_CONFLICT);
    succeed_job(&f, "");
    ck_ok(&f, store_job_delete(f.store, id, &f.err));
    ck_assert_int_eq(store_job_delete(f.store, id, &f.err), MI_NOT_FOUND);
    proto_job_record job;
    ck_assert_int_eq(store_job_get(f.store, id, &job, &f.err), MI_NOT_FOUND);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_statistics_count_what_is_there)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    store_queue_stats stats;
    put_dataset(&f, "x", "matrix x");
    submit_simple(&f, id);
    sleep_ms(20); /* a job that took some time */
    succeed_job(&f, "");
    submit_simple(&f, id);
    submit_simple(&f, id);
    store_run run = claim(&f);
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_SUCCEEDED], 1);
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_RUNNING], 1);
    ck_assert_uint_eq(stats.jobs[PROTO_JOB_QUEUED], 1);
    ck_assert_uint_eq(stats.runs_waiting, 3);
    ck_assert_uint_eq(stats.runs_leased, 1);
    ck_assert_uint_eq(stats.datasets, 1);
    ck_assert_uint_eq(stats.blob_bytes, strlen("matrix x") + strlen("matrix"));
    ck_assert(stats.oldest_queued_ms > 0);
    ck_assert(stats.mean_job_s >= 0 && stats.mean_job_s < 60);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store jobs", {test_a_submitted_job_reads_back},
                        {test_a_job_goes_from_queued_over_running_to_succeeded},
                        {test_a_failed_job_keeps_its_problem}, {test_a_repeated_key_gives_the_first_job},
                        {test_the_queue_has_a_limit_of_waiting_jobs}, {test_a_job_needs_its_inputs},
                        {test_jobs_are_listed_newest_first_by_page_and_filter},
                        {test_only_ended_jobs_can_be_deleted}, {test_statistics_count_what_is_there});
}
