/*
 * The workers over real training and a store that fails on demand.
 */
#include "../runner.h"
#include "base/hub.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "fake_store.h"
#include "mi/info.h"
#include "pool_bench.h"
#include "proto/result.h"
#include "run_envelope.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define N_PAIRS 200u

#define QUICK                                                                                                \
    ",\"critic\":{\"hidden\":[8],\"embed\":4},\"train\":{\"batch\":32,\"max_steps\":300,\"early_stopping\":" \
    "false,\"evaluate_every\":20}"
#define ENDLESS                                                                                       \
    ",\"critic\":{\"hidden\":[8],\"embed\":4},\"train\":{\"batch\":32,\"max_steps\":1000000,\"early_" \
    "stopping\":false}"

/* What an undisturbed job gives, made once. */
static const store_bytes *reference(size_t *n_points)
{
    static store_bytes pmi;
    static size_t points;
    if (!pmi.bytes) {
        bench b = {0};
        store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
        start(&b, s, 1, 60000);
        wait_until(&b, s, is_terminal);
        const fake_state *state = fake_store_lock(s);
        ck_assert_ptr_nonnull(state->result);
        pmi.n = state->pmi.n;
        pmi.bytes = malloc(pmi.n);
        memcpy(pmi.bytes, state->pmi.bytes, pmi.n);
        points = state->n_points;
        fake_store_unlock(s);
        finish(&b, s);
    }
    *n_points = points;
    return &pmi;
}

static void check_same_as_reference(store *s)
{
    size_t n_points;
    const store_bytes *expected = reference(&n_points);
    const fake_state *state = fake_store_lock(s);
    ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
    ck_assert_uint_eq(state->pmi.n, expected->n);
    ck_assert_mem_eq(state->pmi.bytes, expected->bytes, expected->n);
    ck_assert_uint_eq(state->n_points, n_points);
    fake_store_unlock(s);
}

START_TEST(test_job_gets_result_pmi_and_curve)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, 600, QUICK);
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_ptr_nonnull(state->result);
    ck_assert_ptr_nonnull(strstr(state->result, "\"mi\""));
    ck_assert_ptr_nonnull(strstr(state->result, "\"kernel\":\"test\""));
    ck_assert_uint_gt(state->pmi.n, N_PAIRS * 4 * sizeof(double));
    ck_assert_uint_ge(state->n_points, 2 * 15);
    ck_assert_uint_eq(state->released, 0);
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_number_of_workers_does_not_change_the_bytes)
{
    for (uint32_t n_workers = 2; n_workers <= 4; n_workers += 2) {
        bench b = {0};
        store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
        start(&b, s, n_workers, 60000);
        wait_until(&b, s, is_terminal);
        check_same_as_reference(s);
        finish(&b, s);
    }
}
END_TEST

static void interrupt_until_done(bool damage)
{
    bench b = {0};
    store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
    bool done = false;
    for (int i = 0; !done; i++) {
        start(&b, s, 2, 5);
        if (i < 20)
            uv_sleep(15);
        else
            wait_until(&b, s, is_terminal);
        done = is_terminal(fake_store_lock(s));
        fake_store_unlock(s);
        if (done)
            break;
        stop(&b);
        fake_store_restart(s);
        if (damage)
            fake_store_damage_checkpoints(s);
    }
    check_same_as_reference(s);
    finish(&b, s);
}

START_TEST(test_stopped_job_goes_on_to_the_same_bytes)
{
    interrupt_until_done(false);
}
END_TEST

START_TEST(test_damaged_checkpoints_cost_work_not_the_result)
{
    interrupt_until_done(true);
}
END_TEST

START_TEST(test_stop_keeps_a_checkpoint_and_lets_go)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, 600, ENDLESS);
    start(&b, s, 2, 600000);
    wait_until(&b, s, has_reports);
    stop(&b);
    ck_assert(fake_store_checkpointed(s));
    const fake_state *state = fake_store_lock(s);
    ck_assert_uint_eq(state->released, 2);
    fake_store_unlock(s);
    start(&b, s, 2, 600000);
    wait_until(&b, s, has_reports);
    finish(&b, s);
}
END_TEST

START_TEST(test_hint_of_a_cancel_is_followed_at_once)
{
    bench b = {0};
    store *s = fake_store_new(1, N_PAIRS, 600, ENDLESS);
    start(&b, s, 1, 600000);
    wait_until(&b, s, has_reports);
    fake_store_cancel(s);
    job_pool_hint(b.pool, "job_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    job_pool_hint(b.pool, "job_of_somebody_else");
    const int64_t began = clock_monotonic_ms();
    wait_until(&b, s, has_release);
    ck_assert_int_lt(clock_monotonic_ms() - began, 10000);
    finish(&b, s);
}
END_TEST

START_TEST(test_lost_lease_drops_the_run_without_a_word)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, 600, ENDLESS);
    start(&b, s, 2, 600000);
    wait_until(&b, s, has_reports);
    fake_store_steal(s);
    finish(&b, s); /* returns: the workers are free */
}
END_TEST

START_TEST(test_store_trouble_does_not_end_training)
{
    bench b = {0};
    store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
    fake_store_fail(s, FAKE_CLAIM, MI_IO, 1);
    fake_store_fail(s, FAKE_RENEW, MI_IO, 2);
    fake_store_fail(s, FAKE_REPORT, MI_IO, 1);
    fake_store_fail(s, FAKE_CHECKPOINT_PUT, MI_NO_SPACE, 3);
    start(&b, s, 2, 5);
    wait_until(&b, s, is_terminal);
    check_same_as_reference(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_result_waits_for_a_full_disk)
{
    bench b = {0};
    store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
    fake_store_fail(s, FAKE_FINISH, MI_NO_SPACE, 2);
    fake_store_fail(s, FAKE_BLOB_COMMIT, MI_NO_SPACE, 1);
    fake_store_fail(s, FAKE_SUCCEED, MI_IO, 1);
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    check_same_as_reference(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_a_model_is_made_though_leases_cannot_be_renewed)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, 600, QUICK ",\"outputs\":{\"model\":true}");
    fake_store_fail(s, FAKE_RENEW, MI_IO, 1000000);
    fake_store_fail(s, FAKE_BLOB_COMMIT, MI_NO_SPACE, 2);
    start(&b, s, 1, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
    ck_assert_int_eq(strncmp(state->model_id, "mdl_", 4), 0);
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

static void check_failure(const char *code, uint32_t timeout_s, const char *fields, bool drop_data)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, timeout_s, fields);
    if (drop_data)
        fake_store_drop_data(s);
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_ptr_nonnull(state->problem);
    ck_assert_msg(strstr(state->problem, code) != NULL, "%s", state->problem);
    fake_store_unlock(s);
    finish(&b, s);
}

START_TEST(test_failures_say_what_it_was)
{
    check_failure("\"code\":\"timeout\"", 1, ENDLESS, false);
    check_failure("\"code\":\"bad_data\"", 600, QUICK, true);
    check_failure("\"pointer\":\"/train/batch\"", 600, ",\"train\":{\"batch\":1}", false);
}
END_TEST

START_TEST(test_no_curve_where_none_is_wanted)
{
    bench b = {0};
    store *s = fake_store_new(2, N_PAIRS, 600, QUICK ",\"outputs\":{\"curve\":false,\"pmi\":false}");
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_ptr_nonnull(state->result);
    ck_assert_uint_eq(state->n_points, 0);
    ck_assert_uint_eq(state->pmi.n, 0);
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

/* ---- helping ---- */

/* Without hints in between: helpers leave for each. */
static void wait_for_helpers(int64_t n)
{
    const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    while (metric_get(METRIC_WORKERS_HELPING) != n) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline);
        uv_sleep(1);
    }
}

START_TEST(test_an_idle_worker_helps_with_the_run_of_another_until_there_is_work)
{
    bench b = {0};
    if (uv_available_parallelism() < 2)
        return;
    store *s = fake_store_new(1, N_PAIRS, 600, ENDLESS);
    start(&b, s, 2, 600000);
    wait_for_helpers(1);
    /* The run is to be had again, and whose it was does not know yet. */
    fake_store_restart(s);
    hub_notify_queue(b.hub);
    wait_until(&b, s, has_reports);
    wait_for_helpers(1);
    finish(&b, s); /* returns: a helper leaves when the workers stop */
    ck_assert_int_eq(metric_get(METRIC_WORKERS_HELPING), 0);
}
END_TEST

START_TEST(test_nobody_helps_when_all_cores_are_busy)
{
    bench b = {0};
    const uint32_t cores = uv_available_parallelism();
    if (cores > FAKE_RUNS_MAX - 1)
        return;
    store *s = fake_store_new(cores, N_PAIRS, 600, ENDLESS);
    start(&b, s, cores + 2, 600000);
    while (metric_get(METRIC_WORKERS_BUSY) < cores)
        uv_sleep(1);
    uv_sleep(20);
    ck_assert_int_eq(metric_get(METRIC_WORKERS_HELPING), 0);
    finish(&b, s);
}
END_TEST

/* Results do not depend on helpers that come and go. */
START_TEST(test_help_does_not_change_the_bytes)
{
    bench b = {0};
    store *s = fake_store_new(3, N_PAIRS, 600, QUICK);
    start(&b, s, 4, 60000);
    for (bool done = false; !done; uv_sleep(1)) {
        done = is_terminal(fake_store_lock(s));
        fake_store_unlock(s);
        hub_notify_queue(b.hub);
    }
    check_same_as_reference(s);
    finish(&b, s);
}
END_TEST

/* ---- comparisons ---- */

#define THREE ",\"objectives\":[\"infonce-anchor\",\"infonce\",\"nwj\"]"

/* The PMI blob of an undisturbed comparison, made once. */
static const store_bytes *comparison_reference(void)
{
    static store_bytes pmi;
    if (!pmi.bytes) {
        bench b = {0};
        store *s = fake_store_new_variants(3, 2, N_PAIRS, 600, QUICK THREE);
        start(&b, s, 1, 60000);
        wait_until(&b, s, is_terminal);
        const fake_state *state = fake_store_lock(s);
        ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
        pmi.n = state->pmi.n;
        pmi.bytes = malloc(pmi.n);
        memcpy(pmi.bytes, state->pmi.bytes, pmi.n);
        fake_store_unlock(s);
        finish(&b, s);
    }
    return &pmi;
}

START_TEST(test_comparison_has_the_estimates_of_its_objectives)
{
    const store_bytes *blob = comparison_reference();
    static const char *const alone[] = {",\"objective\":\"infonce-anchor\"", NULL, ",\"objective\":\"nwj\""};
    proto_pmi_view view, single;
    ck_assert_int_eq(proto_pmi_open(&view, blob->bytes, blob->n, 1, NULL), MI_NOT_FOUND);
    for (uint32_t variant = 0; variant < 3; variant += 2) {
        char fields[512];
        bench b = {0};
        snprintf(fields, sizeof fields, "%s%s", QUICK, alone[variant]);
        store *s = fake_store_new(2, N_PAIRS, 600, fields);
        start(&b, s, 2, 60000);
        wait_until(&b, s, is_terminal);
        const fake_state *state = fake_store_lock(s);
        ck_assert_int_eq(proto_pmi_open(&view, blob->bytes, blob->n, variant, NULL), MI_OK);
        ck_assert_int_eq(proto_pmi_open(&single, state->pmi.bytes, state->pmi.n, 0, NULL), MI_OK);
        ck_assert_uint_eq(view.rows, single.rows);
        ck_assert_mem_eq(view.pmi, single.pmi, view.rows * 4 * sizeof(double));
        fake_store_unlock(s);
        finish(&b, s);
    }
}
END_TEST

START_TEST(test_stopped_comparison_goes_on_to_the_same_bytes)
{
    const store_bytes *expected = comparison_reference();
    bench b = {0};
    store *s = fake_store_new_variants(3, 2, N_PAIRS, 600, QUICK THREE);
    bool done = false;
    for (int i = 0; !done; i++) {
        start(&b, s, 2, 5);
        if (i < 20)
            uv_sleep(15);
        else
            wait_until(&b, s, is_terminal);
        done = is_terminal(fake_store_lock(s));
        fake_store_unlock(s);
        if (done)
            break;
        stop(&b);
        fake_store_restart(s);
    }
    const fake_state *state = fake_store_lock(s);
    ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
    ck_assert_uint_eq(state->pmi.n, expected->n);
    ck_assert_mem_eq(state->pmi.bytes, expected->bytes, expected->n);
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_comparison_waits_for_a_full_disk)
{
    const store_bytes *expected = comparison_reference();
    bench b = {0};
    store *s = fake_store_new_variants(3, 2, N_PAIRS, 600, QUICK THREE);
    fake_store_fail(s, FAKE_BLOB_COMMIT, MI_NO_SPACE, 2);
    fake_store_fail(s, FAKE_SUCCEED, MI_IO, 1);
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_ptr_nonnull(state->result);
    ck_assert_uint_eq(state->pmi.n, expected->n);
    ck_assert_mem_eq(state->pmi.bytes, expected->bytes, expected->n);
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_an_objective_that_diverges_fails_alone)
{
    bench b = {0};
    store *s = fake_store_new_variants(2, 2, N_PAIRS, 600, DIVERGE ",\"objectives\":[\"nwj\",\"gaussian\"]");
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
    ck_assert_ptr_nonnull(strstr(state->result, "\"error\":{\"code\":\"numeric_divergence\""));
    ck_assert_ptr_nonnull(strstr(state->result, "1 objective failed"));
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_a_comparison_of_which_nothing_stands_fails)
{
    bench b = {0};
    store *s = fake_store_new_variants(1, 2, N_PAIRS, 600, DIVERGE ",\"objectives\":[\"nwj\"]");
    start(&b, s, 2, 60000);
    wait_until(&b, s, is_terminal);
    const fake_state *state = fake_store_lock(s);
    ck_assert_ptr_null(state->result);
    ck_assert_ptr_nonnull(strstr(state->problem, "numeric_divergence"));
    fake_store_unlock(s);
    finish(&b, s);
}
END_TEST

START_TEST(test_envelope_gives_back_what_was_put_in)
{
    char bytes[RUN_ENVELOPE_BYTES + 3];
    const void *payload;
    size_t n;
    run_envelope got;
    run_envelope_write(bytes, &(run_envelope){12.5, 13.5, MI_NUMERIC});
    memcpy(bytes + RUN_ENVELOPE_BYTES, "abc", 3);
    ck_assert_int_eq(run_envelope_open(&got, &payload, &n, bytes, sizeof bytes, NULL), MI_OK);
    ck_assert_double_eq(got.train_s, 12.5);
    ck_assert_double_eq(got.run_s, 13.5);
    ck_assert_int_eq(got.status, MI_NUMERIC);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(payload, "abc", 3);
    ck_assert_int_eq(run_envelope_open(&got, &payload, &n, bytes, RUN_ENVELOPE_BYTES - 1, NULL), MI_CORRUPT);
    bytes[0] ^= 1;
    ck_assert_int_eq(run_envelope_open(&got, &payload, &n, bytes, sizeof bytes, NULL), MI_CORRUPT);
    run_envelope_write(bytes, &(run_envelope){(double)NAN, 1, MI_OK});
    ck_assert_int_eq(run_envelope_open(&got, &payload, &n, bytes, sizeof bytes, NULL), MI_CORRUPT);
}
END_TEST

START_TEST(test_envelope_of_the_version_before_is_read)
{
    char bytes[16 + 3] = "MURUN1\0";
    const void *payload;
    size_t n;
    run_envelope got;
    memcpy(bytes + 8, &(double){2.5}, sizeof(double));
    memcpy(bytes + 16, "abc", 3);
    ck_assert_int_eq(run_envelope_open(&got, &payload, &n, bytes, sizeof bytes, NULL), MI_OK);
    ck_assert_double_eq(got.train_s, 2.5);
    ck_assert_double_eq(got.run_s, 2.5);
    ck_assert_int_eq(got.status, MI_OK);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(payload, "abc", 3);
}
END_TEST

int main(void)
{
    mi_blas_setup(NULL);
    log_setup(LOG_LEVEL_ERROR, 0);
    RUN_TESTS("jobs_pool", test_job_gets_result_pmi_and_curve,
              test_number_of_workers_does_not_change_the_bytes, test_stopped_job_goes_on_to_the_same_bytes,
              test_damaged_checkpoints_cost_work_not_the_result, test_stop_keeps_a_checkpoint_and_lets_go,
              test_hint_of_a_cancel_is_followed_at_once, test_lost_lease_drops_the_run_without_a_word,
              test_store_trouble_does_not_end_training, test_result_waits_for_a_full_disk,
              test_a_model_is_made_though_leases_cannot_be_renewed, test_failures_say_what_it_was,
              test_no_curve_where_none_is_wanted,
              test_an_idle_worker_helps_with_the_run_of_another_until_there_is_work,
              test_nobody_helps_when_all_cores_are_busy, test_help_does_not_change_the_bytes,
              test_comparison_has_the_estimates_of_its_objectives,
              test_stopped_comparison_goes_on_to_the_same_bytes, test_comparison_waits_for_a_full_disk,
              test_an_objective_that_diverges_fails_alone, test_a_comparison_of_which_nothing_stands_fails,
              test_envelope_gives_back_what_was_put_in, test_envelope_of_the_version_before_is_read);
}
