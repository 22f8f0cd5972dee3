#include "proto/record.h"
#include "testing.h"

static char *job_text(const proto_job_record *job, bool brief)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, 1 << 16);
    proto_write_init(&w, &text);
    proto_job_record_encode(job, brief, &w, NULL);
    return proto_text_take(&text, NULL);
}

START_TEST(test_the_job_object_looks_as_the_api_shows_it)
{
    proto_job_record job = {.id = "job_01K",
                            .kind = "estimate",
                            .state = PROTO_JOB_SUCCEEDED,
                            .version = 41,
                            .priority = 5,
                            .attempt = 1,
                            .created_ms = 1700000000000,
                            .started_ms = 1700000000500,
                            .finished_ms = 1700000004600,
                            .phase = "done",
                            .runs = 5,
                            .runs_done = 5,
                            .fraction = 1.0,
                            .eta_s = 0};
    job.spec = strdup("{\"kind\":\"estimate\"}");
    job.tags = strdup("{\"project\":\"lr\"}");
    job.result = strdup("{\"mi\":{}}");
    char *text = job_text(&job, false);
    ck_assert_str_eq(
        text,
        "{\"object\":\"job\",\"id\":\"job_01K\",\"kind\":\"estimate\",\"state\":\"succeeded\",\"version\":41,"
        "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"started_at\":\"2023-11-14T22:13:20.500Z\","
        "\"finished_at\":\"2023-11-14T22:13:24.600Z\",\"attempt\":1,\"spec\":{\"kind\":\"estimate\"},"
        "\"progress\":{\"phase\":\"done\",\"runs_done\":5,\"runs\":5,\"fraction\":1,\"eta_s\":0},"
        "\"result\":{\"mi\":{}},\"error\":null,\"tags\":{\"project\":\"lr\"},\"priority\":5}");
    free(text);
    text = job_text(&job, true);
    ck_assert_ptr_null(strstr(text, "\"spec\""));
    ck_assert_ptr_null(strstr(text, "\"result\""));
    free(text);
    proto_job_record_fini(&job);
}
END_TEST

START_TEST(test_what_a_queued_job_does_not_know_yet_is_null)
{
    proto_job_record job = {.id = "job_1", .kind = "estimate", .phase = "queued", .eta_s = -1};
    char *text = job_text(&job, false);
    ck_assert_str_eq(
        text, "{\"object\":\"job\",\"id\":\"job_1\",\"kind\":\"estimate\",\"state\":\"queued\",\"version\":0,"
              "\"created_at\":null,\"started_at\":null,\"finished_at\":null,\"attempt\":0,\"spec\":null,"
              "\"progress\":{\"phase\":\"queued\",\"runs_done\":0,\"runs\":0,\"fraction\":0,\"eta_s\":null},"
              "\"result\":null,\"error\":null,\"tags\":{},\"priority\":0}");
    free(text);
}
END_TEST

START_TEST(test_states_have_names_and_know_whether_they_end)
{
    for (int i = 0; i < PROTO_JOB_STATE_COUNT; i++) {
        proto_job_state state;
        ck_assert(proto_job_state_parse(proto_job_state_name((proto_job_state)i), &state));
        ck_assert_int_eq((int)state, i);
    }
    proto_job_state state;
    ck_assert(!proto_job_state_parse("done", &state));
    ck_assert(proto_job_state_terminal(PROTO_JOB_FAILED));
    ck_assert(!proto_job_state_terminal(PROTO_JOB_CANCELING));
}
END_TEST

START_TEST(test_the_dataset_object_has_its_shape_hashes_and_summary)
{
    proto_dataset_record dataset = {.name = "receptors",
                                    .kind = "matrix",
                                    .sha256 = "ab",
                                    .matrix_sha256 = "cd",
                                    .format = "npy",
                                    .bytes = 928,
                                    .rows = 100,
                                    .cols = 2,
                                    .created_ms = 1700000000000};
    proto_text text;
    proto_json_writer w;
    dataset.columns = strdup("[{\"name\":null,\"min\":0,\"max\":1,\"mean\":0.5,\"sd\":0.1}]");
    proto_text_init(&text, 1 << 16);
    proto_write_init(&w, &text);
    proto_dataset_record_encode(&dataset, false, &w, NULL);
    ck_assert_str_eq(text.data,
                     "{\"object\":\"dataset\",\"name\":\"receptors\",\"kind\":\"matrix\",\"format\":"
                     "\"npy\",\"rows\":100,\"columns\":2,\"ids\":false,"
                     "\"bytes\":928,\"sha256\":\"ab\",\"matrix_sha256\":\"cd\",\"created_at\":"
                     "\"2023-11-14T22:13:20.000Z\","
                     "\"summary\":[{\"name\":null,\"min\":0,\"max\":1,\"mean\":0.5,\"sd\":0.1}]}");
    proto_text_fini(&text);
    proto_dataset_record_fini(&dataset);
}
END_TEST

int main(void)
{
    RUN_TESTS("record", test_the_job_object_looks_as_the_api_shows_it,
              test_what_a_queued_job_does_not_know_yet_is_null,
              test_states_have_names_and_know_whether_they_end,
              test_the_dataset_object_has_its_shape_hashes_and_summary);
}
