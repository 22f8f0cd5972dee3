#include "fixture.h"

#include <string.h>

static fixture f;

static proto_job_state cancel(const char *id)
{
    proto_job_record job;
    ck_ok(&f, store_job_cancel(f.store, id, &job, &f.err));
    proto_job_state state = job.state;
    proto_job_record_fini(&job);
    return state;
}

START_TEST(test_a_queued_job_is_canceled_at_once)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELED);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELED);
    ck_assert(nothing_to_claim(&f));
    ck_ok(&f, store_job_delete(f.store, id, &f.err));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_running_job_is_canceled_when_its_last_worker_lets_go)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    store_run a = claim(&f), b = claim(&f);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELING);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELING);
    ck_assert_int_eq(store_job_delete(f.store, id, &f.err), MI_CONFLICT);
    ck_ok(&f, store_run_renew(f.store, &a, LEASE_MS, &canceled, &f.err));
    ck_assert(canceled);
    store_report report = {.phase = "train", .fraction = 0.5};
    ck_ok(&f, store_run_report(f.store, &a, &report, &canceled, &f.err));
    ck_assert(canceled);
    ck_ok(&f, store_run_release(f.store, &a, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELING);
    ck_assert(nothing_to_claim(&f));
    ck_ok(&f, store_run_release(f.store, &b, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    store_run_fini(&a);
    store_run_fini(&b);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_runs_that_nobody_has_begun_are_not_begun_any_more)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run a = claim(&f);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELING);
    ck_assert(nothing_to_claim(&f));
    ck_ok(&f, store_run_release(f.store, &a, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    store_run_fini(&a);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_between_two_workers_is_canceled_at_once)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run a = claim(&f);
    finish(&f, &a, "r");
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_RUNNING);
    ck_assert_int_eq(cancel(id), PROTO_JOB_CANCELED);
    ck_assert(nothing_to_claim(&f));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_result_that_comes_after_the_cancel_is_not_taken)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run a = claim(&f);
    cancel(id);
    ck_assert_int_eq(store_run_finish(f.store, &a, "r", 1, &f.err), MI_STALE);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    store_run_fini(&a);

    submit_simple(&f, id);
    for (int i = 0; i < 2; i++) {
        a = claim(&f);
        finish(&f, &a, "r");
    }
    a = claim(&f);
    cancel(id);
    ck_assert_int_eq(store_job_succeed(f.store, &a, &(store_outcome){.result = "{}"}, &f.err), MI_STALE);
    proto_job_record job = get_job(&f, id);
    ck_assert_int_eq(job.state, PROTO_JOB_CANCELED);
    ck_assert_ptr_null(job.result);
    proto_job_record_fini(&job);
    store_run_fini(&a);

    submit_simple(&f, id);
    a = claim(&f);
    cancel(id);
    ck_assert_int_eq(store_job_fail(f.store, &a, "{}", &f.err), MI_STALE);
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    store_run_fini(&a);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_worker_that_died_does_not_hold_up_the_cancel)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run a = claim_lease(&f, 1), b = claim(&f);
    cancel(id);
    sleep_ms(10);
    ck_assert(nothing_to_claim(&f)); /* voids the lease, and gives it to nobody */
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELING);
    ck_ok(&f, store_run_release(f.store, &b, &f.err));
    ck_assert_int_eq(state_of(&f, id), PROTO_JOB_CANCELED);
    store_run_fini(&a);
    store_run_fini(&b);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_ended_job_cannot_be_canceled)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    proto_job_record job;
    submit_simple(&f, id);
    succeed_job(&f, "");
    ck_assert_int_eq(store_job_cancel(f.store, id, &job, &f.err), MI_CONFLICT);
    submit_simple(&f, id);
    store_run run = claim(&f);
    ck_ok(&f, store_job_fail(f.store, &run, "{}", &f.err));
    ck_assert_int_eq(store_job_cancel(f.store, id, &job, &f.err), MI_CONFLICT);
    ck_assert_int_eq(store_job_cancel(f.store, "job_none", &job, &f.err), MI_NOT_FOUND);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store cancel", {test_a_queued_job_is_canceled_at_once},
                        {test_a_running_job_is_canceled_when_its_last_worker_lets_go},
                        {test_runs_that_nobody_has_begun_are_not_begun_any_more},
                        {test_a_job_between_two_workers_is_canceled_at_once},
                        {test_a_result_that_comes_after_the_cancel_is_not_taken},
                        {test_a_worker_that_died_does_not_hold_up_the_cancel},
                        {test_an_ended_job_cannot_be_canceled});
}
