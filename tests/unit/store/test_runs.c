#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fixture f;

START_TEST(test_runs_are_claimed_by_priority_then_age_then_fold)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], ids[3][PROTO_ID_MAX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    submit(&f, &s, ids[0]);
    submit(&f, &s, ids[1]);
    s.priority = 9;
    s.replicates = 2;
    submit(&f, &s, ids[2]);
    static const struct {
        int job;
        unsigned replicate, fold;
    } expected[] = {{2, 0, 0}, {2, 0, 1}, {2, 1, 0}, {2, 1, 1}, {0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        store_run run = claim(&f);
        ck_assert_str_eq(run.job_id, ids[expected[i].job]);
        ck_assert_uint_eq(run.replicate, expected[i].replicate);
        ck_assert_uint_eq(run.fold, expected[i].fold);
        ck_assert(!run.combine);
        ck_assert_uint_eq(run.folds, 2);
        ck_assert_uint_eq(run.attempt, 1);
        ck_assert_str_eq(run.spec, s.spec);
        ck_assert_str_eq(run.blob_x, sha256);
        ck_assert_str_eq(run.blob_y, sha256);
        ck_assert_uint_eq(run.timeout_s, 3600);
        ck_assert(run.job_started_ms > 0);
        store_run_fini(&run);
    }
    ck_assert(nothing_to_claim(&f));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_the_combining_run_comes_after_all_others_with_their_results)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], id[PROTO_ID_MAX], text[32];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.replicates = 2;
    submit(&f, &s, id);
    store_run runs[4];
    for (int i = 0; i < 4; i++)
        runs[i] = claim(&f);
    for (int i = 3; i >= 0; i--) { /* in another order than theirs */
        ck_assert(nothing_to_claim(&f));
        snprintf(text, sizeof text, "r%u f%u", runs[i].replicate, runs[i].fold);
        finish(&f, &runs[i], text);
    }
    store_run combine = claim(&f);
    ck_assert(combine.combine);
    ck_assert(nothing_to_claim(&f));
    store_bytes *results;
    size_t n;
    ck_ok(&f, store_run_results(f.store, &combine, 0, &results, &n, &f.err));
    ck_assert_uint_eq(n, 4);
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "r%zu f%zu", i / 2, i % 2);
        ck_assert_uint_eq(results[i].n, strlen(text));
        ck_assert_mem_eq(results[i].bytes, text, results[i].n);
    }
    store_run_results_free(results, n);
    store_run_results_free(NULL, 0);
    ck_ok(&f, store_job_succeed(f.store, &combine, &(store_outcome){.result = "{}"}, &f.err));
    ck_assert_int_eq(store_job_succeed(f.store, &combine, &(store_outcome){.result = "{}"}, &f.err),
                     MI_STALE);
    store_run_fini(&combine);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_runs_of_variants_are_claimed_one_variant_after_another)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], id[PROTO_ID_MAX], text[32];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.variants = 3;
    s.replicates = 2;
    submit(&f, &s, id);
    proto_job_record job = get_job(&f, id);
    ck_assert_uint_eq(job.runs, 12);
    proto_job_record_fini(&job);
    for (unsigned i = 0; i < 12; i++) {
        store_run run = claim(&f);
        ck_assert(!run.combine);
        ck_assert_uint_eq(run.variants, 3);
        ck_assert_uint_eq(run.variant, i / 4);
        ck_assert_uint_eq(run.replicate, i / 2 % 2);
        ck_assert_uint_eq(run.fold, i % 2);
        snprintf(text, sizeof text, "run %u", i);
        finish(&f, &run, text);
    }
    store_run combine = claim(&f);
    ck_assert(combine.combine);
    ck_assert_uint_eq(combine.variants, 3);
    for (uint32_t variant = 0; variant < 3; variant++) {
        store_bytes *results;
        size_t n;
        ck_ok(&f, store_run_results(f.store, &combine, variant, &results, &n, &f.err));
        ck_assert_uint_eq(n, 4);
        for (size_t i = 0; i < n; i++) {
            snprintf(text, sizeof text, "run %zu", variant * 4 + i);
            ck_assert_uint_eq(results[i].n, strlen(text));
            ck_assert_mem_eq(results[i].bytes, text, results[i].n);
        }
        store_run_results_free(results, n);
    }
    store_run_fini(&combine);
    fixture_teardown(&f);
}
END_TEST

static void report_point(const store_run *run, uint32_t step)
{
    proto_curve_row row = {.variant = run->variant, .fold = run->fold, .point = {.step = step}};
    store_report report = {.phase = "train", .eta_s = -1, .points = &row, .n_points = 1};
    bool canceled;
    ck_ok(&f, store_run_report(f.store, run, &report, &canceled, &f.err));
}

START_TEST(test_curves_of_variants_stand_side_by_side)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], id[PROTO_ID_MAX];
    put_blob(&f, "m", 1, sha256);
    store_submission s = submission_of(sha256);
    s.variants = 2;
    s.folds = 1;
    submit(&f, &s, id);
    store_run a = claim(&f), b = claim(&f);
    report_point(&b, 1);
    report_point(&a, 1);
    report_point(&a, 1); /* is there already */
    report_point(&a, 2);
    proto_curve_row *rows;
    size_t n;
    ck_ok(&f, store_curve(f.store, id, &rows, &n, &f.err));
    ck_assert_uint_eq(n, 3);
    ck_assert(rows[0].variant == 0 && rows[0].point.step == 1);
    ck_assert(rows[1].variant == 0 && rows[1].point.step == 2);
    ck_assert(rows[2].variant == 1 && rows[2].point.step == 1);
    free(rows);
    proto_event events[8];
    size_t room = 8, metrics = 0;
    ck_ok(&f, store_events(f.store, id, 0, events, &room, &f.err));
    for (size_t i = 0; i < room; i++) {
        if (strcmp(events[i].name, "metric") == 0 && metrics++ == 0)
            ck_assert_ptr_nonnull(strstr(events[i].data, "\"variant\":1,"));
        free(events[i].data);
    }
    ck_assert_uint_eq(metrics, 3);
    store_run_fini(&a);
    store_run_fini(&b);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_large_and_empty_results_come_back)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    size_t size = 5000000, n;
    char *bytes = malloc(size);
    memset(bytes, 7, size);
    submit_simple(&f, id);
    store_run a = claim(&f), b = claim(&f);
    ck_ok(&f, store_run_finish(f.store, &a, bytes, size, &f.err));
    ck_ok(&f, store_run_finish(f.store, &b, NULL, 0, &f.err));
    store_run combine = claim(&f);
    store_bytes *results;
    ck_ok(&f, store_run_results(f.store, &combine, 0, &results, &n, &f.err));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(results[0].n, size);
    ck_assert(memcmp(results[0].bytes, bytes, size) == 0);
    ck_assert_uint_eq(results[1].n, 0);
    store_run_results_free(results, n);
    free(bytes);
    store_run_fini(&a);
    store_run_fini(&b);
    store_run_fini(&combine);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_success_needs_its_pmi_table)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], missing[PROTO_SHA_HEX] = "";
    memset(missing, 'a', PROTO_SHA_HEX - 1);
    submit_simple(&f, id);
    store_run run = claim(&f);
    finish(&f, &run, "");
    run = claim(&f);
    finish(&f, &run, "");
    run = claim(&f);
    ck_assert_int_eq(
        store_job_succeed(f.store, &run, &(store_outcome){.result = "{}", .pmi_blob = missing}, &f.err),
        MI_NOT_FOUND);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_RUNNING);
    ck_ok(&f, store_job_succeed(f.store, &run, &(store_outcome){.result = "{}"}, &f.err));
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_lease_that_ran_out_goes_to_the_next_and_fences_the_first)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    store_run first = claim_lease(&f, 1);
    sleep_ms(10);
    store_run second = claim(&f);
    ck_assert_uint_eq(second.id, first.id);
    ck_assert_uint_gt(second.token, first.token);
    ck_assert_uint_eq(second.attempt, 2);
    store_report report = {.phase = "train", .fraction = 0.5};
    void *bytes;
    size_t n;
    ck_assert_int_eq(store_run_renew(f.store, &first, LEASE_MS, &canceled, &f.err), MI_STALE);
    ck_assert_int_eq(store_run_report(f.store, &first, &report, &canceled, &f.err), MI_STALE);
    ck_assert_int_eq(store_checkpoint_put(f.store, &first, "c", 1, &f.err), MI_STALE);
    ck_assert_int_eq(store_checkpoint_get(f.store, &first, &bytes, &n, &f.err), MI_STALE);
    ck_assert_int_eq(store_run_finish(f.store, &first, "r", 1, &f.err), MI_STALE);
    ck_assert_int_eq(store_run_release(f.store, &first, &f.err), MI_STALE);
    ck_assert_int_eq(store_job_fail(f.store, &first, "{}", &f.err), MI_STALE);
    ck_ok(&f, store_run_renew(f.store, &second, LEASE_MS, &canceled, &f.err));
    ck_assert(!canceled);
    ck_assert_int_eq(store_checkpoint_get(f.store, &second, &bytes, &n, &f.err), MI_NOT_FOUND);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_RUNNING);
    store_run_fini(&first);
    store_run_fini(&second);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_renewed_lease_does_not_run_out)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    store_run run = claim_lease(&f, 1);
    ck_ok(&f, store_run_renew(f.store, &run, LEASE_MS, &canceled, &f.err));
    sleep_ms(10);
    store_run other = claim(&f);
    ck_assert_uint_ne(other.id, run.id);
    finish(&f, &run, "r");
    store_run_fini(&other);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_whose_only_lease_is_lost_is_queued_again)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run run = claim(&f);
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_QUEUED);
    ck_assert_str_eq(job.phase, "queued");
    ck_assert_int_eq(job.started_ms, 0);
    proto_job_record_fini(&job);
    store_run_fini(&run);
    /* Once a run is done, the job goes on running between two workers. */
    run = claim(&f);
    finish(&f, &run, "r");
    run = claim(&f);
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_RUNNING);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_whose_workers_die_too_often_fails_as_worker_lost)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], next[PROTO_ID_MAX];
    submit_simple(&f, id);
    submit_simple(&f, next);
    for (unsigned i = 0; i < f.max_attempts; i++) {
        store_run run = claim_lease(&f, 1);
        ck_assert_str_eq(run.job_id, id);
        store_run_fini(&run);
        sleep_ms(10);
    }
    store_run run = claim(&f);
    ck_assert_str_eq(run.job_id, next); /* passed over */
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_FAILED);
    ck_assert_ptr_nonnull(strstr(job.error, "\"worker_lost\""));
    proto_job_record_fini(&job);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_checkpoint_starts_the_attempts_anew)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], text[32];
    submit_simple(&f, id);
    for (unsigned i = 0; i < 3 * f.max_attempts; i++) {
        store_run run = claim_lease(&f, 200);
        void *bytes;
        size_t n;
        if (i > 0) {
            ck_ok(&f, store_checkpoint_get(f.store, &run, &bytes, &n, &f.err));
            snprintf(text, sizeof text, "checkpoint %u", i - 1);
            ck_assert_uint_eq(n, strlen(text));
            ck_assert_mem_eq(bytes, text, n);
            free(bytes);
        }
        snprintf(text, sizeof text, "checkpoint %u", i);
        ck_ok(&f, store_checkpoint_put(f.store, &run, text, strlen(text), &f.err));
        store_run_fini(&run);
        sleep_ms(250);
    }
    ck_assert_uint_eq(fixture_count_files(&f, "checkpoints"), 1);
    store_run run = claim(&f);
    ck_assert_uint_eq(run.attempt, 3 * f.max_attempts + 1);
    finish(&f, &run, "r");
    ck_assert_uint_eq(fixture_count_files(&f, "checkpoints"), 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_worker_that_lets_go_uses_up_no_attempt)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    for (unsigned i = 0; i < 3 * f.max_attempts; i++) {
        store_run run = claim(&f);
        ck_ok(&f, store_run_release(f.store, &run, &f.err));
        store_run_fini(&run);
    }
    succeed_job(&f, "");
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_SUCCEEDED);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_progress_is_the_mean_over_the_training_runs)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    store_run a = claim(&f), b = claim(&f);
    store_report report = {.phase = "train", .fraction = 0.5, .eta_s = 12};
    ck_ok(&f, store_run_report(f.store, &a, &report, &canceled, &f.err));
    ck_assert(!canceled);
    proto_job_record job = get_job(&f, id);
    ck_assert_double_eq(job.fraction, 0.25);
    ck_assert_double_eq(job.eta_s, 12);
    ck_assert_str_eq(job.phase, "train");
    uint64_t version = job.version;
    proto_job_record_fini(&job);
    finish(&f, &b, "r");
    report = (store_report){.phase = "score", .fraction = 2.0, .eta_s = -1}; /* out of range counts as done */
    ck_ok(&f, store_run_report(f.store, &a, &report, &canceled, &f.err));
    job = get_job(&f, id);
    ck_assert_double_eq(job.fraction, 1);
    ck_assert(job.eta_s < 0);
    ck_assert_uint_gt(job.version, version);
    proto_job_record_fini(&job);
    finish(&f, &a, "r");
    store_run combine = claim(&f);
    job = get_job(&f, id);
    ck_assert_str_eq(job.phase, "combine");
    proto_job_record_fini(&job);
    store_run_fini(&combine);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT(
        "store runs", {test_runs_are_claimed_by_priority_then_age_then_fold},
        {test_the_combining_run_comes_after_all_others_with_their_results},
        {test_runs_of_variants_are_claimed_one_variant_after_another},
        {test_curves_of_variants_stand_side_by_side}, {test_large_and_empty_results_come_back},
        {test_a_success_needs_its_pmi_table},
        {test_a_lease_that_ran_out_goes_to_the_next_and_fences_the_first},
        {test_a_renewed_lease_does_not_run_out}, {test_a_job_whose_only_lease_is_lost_is_queued_again},
        {test_a_job_whose_workers_die_too_often_fails_as_worker_lost},
        {test_a_checkpoint_starts_the_attempts_anew}, {test_a_worker_that_lets_go_uses_up_no_attempt},
        {test_progress_is_the_mean_over_the_training_runs});
}
