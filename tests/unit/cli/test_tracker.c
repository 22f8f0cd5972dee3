#include "api.h"
#include "testing.h"
#include "tracker.h"

#include <string.h>

typedef struct fixture {
    cli c;
    progress_view view;
    tracker tracker;
} fixture;

static void begin(fixture *f, const char *job)
{
    proto_json *json = NULL;

    *f = (fixture){0};
    progress_init(&f->view);
    tracker_init(&f->tracker, &f->c, &f->view);
    ck_assert_int_eq(proto_json_parse(&json, job, strlen(job), 1 << 16, NULL, 0, NULL), MI_OK);
    tracker_job(&f->tracker, proto_json_root(json));
    proto_json_free(json);
}

static void event(fixture *f, const char *name, const char *data, double elapsed_s)
{
    proto_json *json = NULL;

    ck_assert_int_eq(proto_json_parse(&json, data, strlen(data), 1 << 16, NULL, 0, NULL), MI_OK);
    tracker_event(&f->tracker, name, proto_json_root(json), elapsed_s);
    proto_json_free(json);
}

START_TEST(test_the_whole_is_the_mean_of_its_runs)
{
    fixture f;

    begin(&f, "{\"state\":\"queued\",\"version\":1,\"progress\":{\"phase\":\"queued\",\"runs\":4,\"runs_"
              "done\":0,\"fraction\":0,\"eta_s\":null}}");
    ck_assert_str_eq(f.view.phase, "queued");
    event(&f, "state", "{\"state\":\"running\",\"version\":2}", 0.1);
    event(&f, "progress", "{\"phase\":\"train\",\"run\":0,\"fraction\":1,\"step\":300}", 1);
    event(&f, "progress", "{\"phase\":\"train\",\"run\":1,\"fraction\":1.0,\"step\":10}", 2);
    ck_assert_str_eq(f.view.phase, "train");
    ck_assert_double_eq_tol(f.view.fraction, 0.5, 1e-12);
    ck_assert_double_eq(f.view.runs_done, 2);
    ck_assert_double_eq(f.view.step, 10);
    ck_assert_double_eq_tol(f.view.eta_s, 2, 1e-12);
    ck_assert_double_eq(f.tracker.version, 2);
    tracker_fini(&f.tracker);
}
END_TEST

START_TEST(test_a_job_half_done_when_watching_begins_does_not_fall_back)
{
    fixture f;

    begin(&f, "{\"state\":\"running\",\"version\":9,\"progress\":{\"phase\":\"train\",\"runs\":4,\"runs_"
              "done\":2,\"fraction\":0.5,\"eta_s\":7}}");
    ck_assert_double_eq(f.view.eta_s, 7);
    event(&f, "progress", "{\"phase\":\"train\",\"run\":2,\"fraction\":0.1,\"step\":3}", 1);
    ck_assert_double_eq(f.view.fraction, 0.5);
    ck_assert_double_eq(f.view.runs_done, 2);
    tracker_fini(&f.tracker);
}
END_TEST

START_TEST(test_events_that_make_no_sense_are_harmless)
{
    static const char *const odd[] = {"{}",
                                      "[]",
                                      "null",
                                      "{\"run\":-1,\"fraction\":1}",
                                      "{\"run\":4,\"fraction\":1}",
                                      "{\"run\":1e18,\"fraction\":1}",
                                      "{\"run\":\"0\",\"fraction\":[]}",
                                      "{\"run\":0,\"fraction\":-5}",
                                      "{\"phase\":{},\"step\":null}"};
    fixture f;

    begin(&f, "{\"state\":\"running\",\"version\":2,\"progress\":{\"phase\":\"train\",\"runs\":4,\"runs_"
              "done\":0,\"fraction\":0}}");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        event(&f, "progress", odd[i], 1);
        event(&f, "state", odd[i], 1);
        event(&f, "unheard-of", odd[i], 1);
    }
    ck_assert_double_eq(f.view.fraction, 0);
    tracker_fini(&f.tracker);
    begin(&f, "{\"state\":7,\"progress\":{\"runs\":1e300,\"fraction\":\"x\"}}");
    event(&f, "progress", "{\"run\":0,\"fraction\":0.5}", 1);
    ck_assert_double_eq(f.view.fraction, 0);
    tracker_fini(&f.tracker);
}
END_TEST

int main(void)
{
    RUN_TESTS("tracker", test_the_whole_is_the_mean_of_its_runs,
              test_a_job_half_done_when_watching_begins_does_not_fall_back,
              test_events_that_make_no_sense_are_harmless);
}
