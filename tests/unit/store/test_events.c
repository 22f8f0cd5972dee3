#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fixture f;

/* All events after a sequence, read in pages; sequences must ascend. Returns how many; the first `room` are
 * kept. */
static size_t read_events(const char *id, uint64_t after, proto_event *kept, size_t room)
{
    size_t total = 0;
    for (size_t n = 7; n == 7;) {
        proto_event page[7];
        ck_ok(&f, store_events(f.store, id, after, page, &n, &f.err));
        for (size_t i = 0; i < n; i++, total++) {
            ck_assert_uint_gt(page[i].sequence, after);
            after = page[i].sequence;
            if (total < room)
                kept[total] = page[i];
            else
                free(page[i].data);
        }
    }
    return total;
}

static void report_point(const store_run *run, uint32_t step, double loss)
{
    bool canceled;
    proto_curve_row row = {
        .replicate = run->replicate,
        .fold = run->fold,
        .point = {
            .step = step, .train_loss = loss, .val_loss = (double)NAN, .train_mi = 0.1, .val_mi = 0.25}};
    store_report report = {.phase = "train", .fraction = 0.1, .points = &row, .n_points = 1};
    ck_ok(&f, store_run_report(f.store, run, &report, &canceled, &f.err));
}

START_TEST(test_a_stream_tells_each_state_and_ends_with_done)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    succeed_job(&f, "");
    proto_event events[4];
    ck_assert_uint_eq(read_events(id, 0, events, 4), 4);
    static const char *const names[] = {"state", "state", "state", "done"};
    static const char *const states[] = {"queued", "running", "succeeded", "succeeded"};
    for (int i = 0; i < 4; i++) {
        char expected[64];
        ck_assert_uint_eq(events[i].sequence, (uint64_t)i + 1);
        ck_assert_str_eq(events[i].name, names[i]);
        snprintf(expected, sizeof expected, "{\"state\":\"%s\"", states[i]);
        ck_assert_msg(strncmp(events[i].data, expected, strlen(expected)) == 0, "%s", events[i].data);
        free(events[i].data);
    }
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_state_event_carries_the_version_of_the_job)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], expected[64];
    submit_simple(&f, id);
    proto_job_record job;
    ck_ok(&f, store_job_cancel(f.store, id, &job, &f.err));
    proto_event events[3];
    ck_assert_uint_eq(read_events(id, 0, events, 3), 3);
    snprintf(expected, sizeof expected, "{\"state\":\"canceled\",\"version\":%llu}",
             (unsigned long long)job.version);
    ck_assert_str_eq(events[0].data, "{\"state\":\"queued\",\"version\":1}");
    ck_assert_str_eq(events[1].data, expected);
    ck_assert_str_eq(events[2].data, "{\"state\":\"canceled\"}");
    for (int i = 0; i < 3; i++)
        free(events[i].data);
    proto_job_record_fini(&job);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_stream_resumes_after_the_last_event_seen)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run run = claim(&f);
    for (uint32_t step = 0; step < 20; step++)
        report_point(&run, step, 1.0);
    ck_assert_uint_eq(read_events(id, 0, NULL, 0), 22);
    ck_assert_uint_eq(read_events(id, 15, NULL, 0), 7);
    ck_assert_uint_eq(read_events(id, 22, NULL, 0), 0);
    ck_assert_uint_eq(read_events(id, UINT64_MAX, NULL, 0), 0);
    size_t n = 1;
    proto_event event;
    ck_assert_int_eq(store_events(f.store, "job_none", 0, &event, &n, &f.err), MI_NOT_FOUND);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_point_told_twice_is_one_point_and_one_event)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    store_run a = claim(&f), b = claim(&f);
    report_point(&b, 100, 2.0);
    report_point(&a, 200, 0.5);
    report_point(&a, 100, 1.0 / 3.0);
    report_point(&a, 100, 1.0 / 3.0); /* as after a resume from an older checkpoint */
    proto_curve_row *rows;
    size_t n;
    ck_ok(&f, store_curve(f.store, id, &rows, &n, &f.err));
    ck_assert_uint_eq(n, 3);
    ck_assert(rows[0].fold == 0 && rows[0].point.step == 100 && rows[0].point.train_loss == 1.0 / 3.0);
    ck_assert(isnan(rows[0].point.val_loss));
    ck_assert_double_eq(rows[0].point.train_mi, 0.1);
    ck_assert_double_eq(rows[0].point.val_mi, 0.25);
    ck_assert(rows[1].fold == 0 && rows[1].point.step == 200);
    ck_assert(rows[2].fold == 1 && rows[2].point.step == 100);
    free(rows);
    proto_event events[6];
    ck_assert_uint_eq(read_events(id, 0, events, 6), 5);
    ck_assert_str_eq(events[3].name, "metric");
    ck_assert_str_eq(events[3].data,
                     "{\"replicate\":0,\"fold\":0,\"step\":200,\"train_loss\":0.5,\"val_loss\":null,"
                     "\"train_mi\":0.1,\"val_mi\":0.25}");
    for (int i = 0; i < 5; i++)
        free(events[i].data);
    ck_assert_int_eq(store_curve(f.store, "job_none", &rows, &n, &f.err), MI_NOT_FOUND);
    store_run_fini(&a);
    store_run_fini(&b);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_job_without_points_has_an_empty_curve)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    submit_simple(&f, id);
    proto_curve_row *rows;
    size_t n;
    ck_ok(&f, store_curve(f.store, id, &rows, &n, &f.err));
    ck_assert_uint_eq(n, 0);
    free(rows);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_old_progress_is_dropped_and_sequences_go_on)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], text[64];
    bool canceled;
    submit_simple(&f, id);
    store_run run = claim(&f);
    report_point(&run, 1, 1.0);
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "{\"fraction\":%d}", i);
        store_report report = {.phase = "train", .fraction = 0.1, .progress = text};
        ck_ok(&f, store_run_report(f.store, &run, &report, &canceled, &f.err));
    }
    static proto_event events[2000];
    size_t n = read_events(id, 0, events, 2000);
    ck_assert_uint_ge(n, 200);
    ck_assert_uint_le(n, 300);
    ck_assert_str_eq(events[2].name, "metric"); /* only progress goes */
    ck_assert_uint_eq(events[n - 1].sequence, 1003);
    ck_assert_str_eq(events[n - 1].data, "{\"fraction\":999}");
    for (size_t i = 0; i < n; i++)
        free(events[i].data);
    store_run_fini(&run);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_listeners_are_told_of_every_change)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    bool canceled;
    submit_simple(&f, id);
    ck_assert_uint_eq(f.job_hints, 1);
    ck_assert_uint_eq(f.queue_hints, 1);
    store_run run = claim(&f);
    ck_assert_uint_eq(f.job_hints, 2);
    store_report report = {.phase = "train", .fraction = 0.5};
    ck_ok(&f, store_run_report(f.store, &run, &report, &canceled, &f.err));
    ck_assert_uint_eq(f.job_hints, 3);
    finish(&f, &run, "r");
    ck_assert_uint_eq(f.job_hints, 4);
    run = claim(&f);
    finish(&f, &run, "r");
    ck_assert_uint_eq(f.queue_hints, 2); /* the combining run */
    run = claim(&f);
    unsigned before = f.queue_hints;
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    ck_assert_uint_eq(f.queue_hints, before + 1);
    store_run_fini(&run);
    before = f.job_hints;
    ck_assert_int_eq(store_job_delete(f.store, id, &f.err), MI_CONFLICT);
    ck_assert_uint_eq(f.job_hints, before); /* nothing changed, nothing is told */
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT(
        "store events", {test_a_stream_tells_each_state_and_ends_with_done},
        {test_a_state_event_carries_the_version_of_the_job},
        {test_a_stream_resumes_after_the_last_event_seen},
        {test_a_point_told_twice_is_one_point_and_one_event}, {test_a_job_without_points_has_an_empty_curve},
        {test_old_progress_is_dropped_and_sequences_go_on}, {test_listeners_are_told_of_every_change});
}
