#include "fixture.h"

#include "base/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOURS 3600

static fixture f;

/* A model of `content`, left by a job with `tags`. */
static void make_model(const char *content, const char *tags, char id[PROTO_ID_MAX])
{
    char matrix[PROTO_SHA_HEX], blob[PROTO_SHA_HEX], job_id[PROTO_ID_MAX], result[128];
    put_blob(&f, "matrix", 6, matrix);
    put_blob(&f, content, strlen(content), blob);
    store_submission s = submission_of(matrix);
    s.tags = tags;
    submit(&f, &s, job_id);
    id_make(id, PROTO_MODEL_PREFIX);
    snprintf(result, sizeof result, "{\"model\":\"%s\"}", id);
    const store_new_model model = {.id = id, .sha256 = blob, .description = "{\"spec\":{\"seed\":\"42\"}}"};
    succeed_job_with(&f, &(store_outcome){.result = result, .model = &model});
}

static proto_model_record get_model(const char *name)
{
    proto_model_record model;
    ck_ok(&f, store_model_get(f.store, name, &model, &f.err));
    return model;
}

static mi_status look(const char *name)
{
    proto_model_record model;
    mi_status status = store_model_get(f.store, name, &model, &f.err);
    proto_model_record_fini(&model);
    return status;
}

static mi_status change(const char *name, const char *json)
{
    proto_model_patch patch;
    proto_problem problem;
    proto_model_record model;
    ck_assert_int_eq(proto_model_patch_decode(&patch, json, strlen(json), &problem), MI_OK);
    mi_status status = store_model_update(f.store, name, &patch, &model, &f.err);
    proto_model_patch_fini(&patch);
    proto_model_record_fini(&model);
    return status;
}

static store_swept sweep(const store_retention *retention)
{
    store_swept swept;
    ck_ok(&f, store_sweep(f.store, retention, &swept, &f.err));
    return swept;
}

static bool blob_is_there(const char *sha256)
{
    int fd;
    uint64_t n;
    mi_status status = store_blob_open(f.store, sha256, &fd, &n, &f.err);
    if (!status)
        close(fd);
    return status == MI_OK;
}

START_TEST(test_a_success_leaves_its_model_with_the_tags_of_the_job)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX];
    make_model("weights", "{\"project\":\"lr\"}", id);
    for (int again = 0; again < 2; again++) {
        proto_model_record m = get_model(id);
        ck_assert_str_eq(m.id, id);
        ck_assert_str_eq(m.alias, "");
        ck_assert(!m.pinned);
        ck_assert_uint_eq(m.bytes, 7);
        ck_assert_int_gt(m.created_ms, 1700000000000);
        ck_assert_str_eq(m.tags, "{\"project\":\"lr\"}");
        ck_assert_str_eq(m.description, "{\"spec\":{\"seed\":\"42\"}}");
        ck_assert(blob_is_there(m.sha256));
        proto_job_record job = get_job(&f, m.job_id);
        ck_assert_int_eq(job.state, PROTO_JOB_SUCCEEDED);
        ck_assert_ptr_nonnull(strstr(job.result, id));
        proto_job_record_fini(&job);
        proto_model_record_fini(&m);
        fixture_close(&f); /* and it is there after a restart */
        ck_ok(&f, fixture_open(&f, _i));
    }
    ck_assert_int_eq(look("mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV"), MI_NOT_FOUND);
    store_queue_stats stats;
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.models, 1);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_without_its_blob_there_is_neither_success_nor_model)
{
    fixture_setup(&f, _i);
    char job_id[PROTO_ID_MAX], missing[PROTO_SHA_HEX] = "", id[PROTO_ID_MAX];
    memset(missing, 'a', PROTO_SHA_HEX - 1);
    submit_simple(&f, job_id);
    for (int i = 0; i < 2; i++) {
        store_run run = claim(&f);
        finish(&f, &run, "result");
    }
    store_run combine = claim(&f);
    id_make(id, PROTO_MODEL_PREFIX);
    const store_new_model model = {.id = id, .sha256 = missing, .description = "{}"};
    store_outcome outcome = {.result = "{}", .model = &model};
    ck_assert_int_eq(store_job_succeed(f.store, &combine, &outcome, &f.err), MI_NOT_FOUND);
    outcome = (store_outcome){.result = "{}", .screen_blob = missing};
    ck_assert_int_eq(store_job_succeed(f.store, &combine, &outcome, &f.err), MI_NOT_FOUND);
    ck_assert_int_eq(state_of(&f, job_id), PROTO_JOB_RUNNING);
    ck_assert_int_eq(look(id), MI_NOT_FOUND);
    store_run_fini(&combine);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_alias_names_one_model)
{
    fixture_setup(&f, _i);
    char a[PROTO_ID_MAX], b[PROTO_ID_MAX];
    make_model("a", "{}", a);
    make_model("b", "{}", b);
    ck_ok(&f, change(a, "{\"alias\":\"best\"}"));
    ck_ok(&f, change("best", "{\"alias\":\"best\",\"pinned\":true}"));
    ck_assert_int_eq(change(b, "{\"alias\":\"best\",\"pinned\":true}"), MI_CONFLICT);
    ck_assert_str_eq(f.err.pointer, "/alias");
    proto_model_record m = get_model("best");
    ck_assert_str_eq(m.id, a);
    ck_assert(m.pinned);
    proto_model_record_fini(&m);
    m = get_model(b);
    ck_assert(!m.pinned); /* nothing of a refused change stays */
    proto_model_record_fini(&m);
    ck_ok(&f, change("best", "{\"alias\":\"better\"}"));
    ck_assert_int_eq(look("best"), MI_NOT_FOUND);
    ck_ok(&f, change("better", "{\"alias\":null}"));
    ck_assert_int_eq(look("better"), MI_NOT_FOUND);
    ck_ok(&f, change(b, "{\"alias\":\"better\"}"));
    ck_assert_int_eq(change("nobody", "{}"), MI_NOT_FOUND);
    fixture_teardown(&f);
}
END_TEST

static size_t list(const store_model_filter *filter, char ids[][PROTO_ID_MAX], size_t room)
{
    proto_model_record found[8];
    ck_ok(&f, store_model_list(f.store, filter, found, &room, &f.err));
    for (size_t i = 0; i < room; i++) {
        memcpy(ids[i], found[i].id, PROTO_ID_MAX);
        ck_assert_ptr_null(found[i].description);
        proto_model_record_fini(&found[i]);
    }
    return room;
}

START_TEST(test_models_are_listed_newest_first_and_by_tag)
{
    fixture_setup(&f, _i);
    char ids[5][PROTO_ID_MAX], page[8][PROTO_ID_MAX];
    for (int i = 0; i < 5; i++)
        make_model("w", i % 2 ? "{\"project\":\"lr\"}" : "{}", ids[i]);
    store_model_filter filter = {0};
    ck_assert_uint_eq(list(&filter, page, 3), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(page[i], ids[4 - i]);
    filter.after = ids[2];
    ck_assert_uint_eq(list(&filter, page, 3), 2);
    ck_assert_str_eq(page[1], ids[0]);
    filter = (store_model_filter){.tag_key = "project", .tag_value = "lr"};
    ck_assert_uint_eq(list(&filter, page, 8), 2);
    ck_assert_str_eq(page[0], ids[3]);
    ck_ok(&f, change(ids[3], "{\"tags\":{\"stage\":\"old\"}}"));
    ck_assert_uint_eq(list(&filter, page, 8), 1);
    filter = (store_model_filter){.tag_key = "stage", .tag_value = "old", .after = ids[4]};
    ck_assert_uint_eq(list(&filter, page, 8), 1);
    filter.after = ids[3];
    ck_assert_uint_eq(list(&filter, page, 8), 0);
    fixture_teardown(&f);
}
END_TEST

/* A job of kind screen that uses the model. */
static store_submission screening(const char *blob, const char *model_id)
{
    store_submission s = submission_of(blob);
    s.kind = "screen";
    s.model_id = model_id;
    return s;
}

START_TEST(test_a_model_stays_while_a_job_needs_it)
{
    fixture_setup(&f, _i);
    char id[PROTO_ID_MAX], job_id[PROTO_ID_MAX], blob[PROTO_SHA_HEX], table[PROTO_SHA_HEX];
    proto_job_record job;
    bool existed;
    make_model("weights", "{}", id);
    proto_model_record m = get_model(id);
    put_blob(&f, "matrix", 6, blob);
    put_blob(&f, "hits", 4, table);
    store_submission s = screening(blob, id);
    submit(&f, &s, job_id);
    ck_ok(&f, change(id, "{\"alias\":\"best\"}"));
    ck_assert_int_eq(store_model_delete(f.store, "best", &f.err), MI_CONFLICT);
    store_run run = claim(&f);
    ck_assert_str_eq(run.model_id, id);
    ck_assert_str_eq(run.blob_model, m.sha256);
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    store_run_fini(&run);
    succeed_job_with(&f, &(store_outcome){.result = "{}", .screen_blob = table});
    ck_ok(&f, store_model_delete(f.store, "best", &f.err));
    ck_assert_int_eq(look(id), MI_NOT_FOUND);
    ck_assert_int_eq(store_model_delete(f.store, id, &f.err), MI_NOT_FOUND);
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NOT_FOUND);
    ck_assert_str_eq(f.err.pointer, "/model");
    fixture_age(&f, "blobs", 2 * HOURS);
    sweep(&(store_retention){0});
    ck_assert(!blob_is_there(m.sha256));
    job = get_job(&f, job_id); /* the job shows still what it used and made */
    ck_assert_str_eq(job.model_id, id);
    ck_assert_str_eq(job.screen_blob, table);
    ck_assert(blob_is_there(table));
    proto_job_record_fini(&job);
    proto_model_record_fini(&m);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_pair_table_stays_while_a_job_needs_it)
{
    fixture_setup(&f, _i);
    char blob[PROTO_SHA_HEX], id[PROTO_ID_MAX];
    proto_dataset_record d;
    proto_job_record job;
    bool existed;
    put_dataset(&f, "lr", "the pairs");
    ck_ok(&f, store_dataset_get(f.store, "lr", &d, &f.err));
    put_blob(&f, "matrix", 6, blob);
    store_submission s = submission_of(blob);
    s.dataset_pairs = "lr";
    s.blob_pairs = d.matrix_sha256;
    submit(&f, &s, id);
    store_run run = claim(&f);
    ck_assert_str_eq(run.blob_pairs, d.matrix_sha256);
    ck_assert_str_eq(run.model_id, "");
    ck_assert_str_eq(run.blob_model, "");
    ck_ok(&f, store_run_release(f.store, &run, &f.err));
    store_run_fini(&run);
    ck_assert_int_eq(store_dataset_delete(f.store, "lr", &f.err), MI_CONFLICT);
    succeed_job(&f, "");
    ck_ok(&f, store_dataset_delete(f.store, "lr", &f.err));
    fixture_age(&f, "blobs", 2 * HOURS);
    sweep(&(store_retention){0});
    ck_assert(blob_is_there(d.matrix_sha256)); /* for its job's sake */
    job = get_job(&f, id);
    ck_assert_str_eq(job.blob_pairs, d.matrix_sha256);
    proto_job_record_fini(&job);
    ck_assert_int_eq(store_job_submit(f.store, &s, &job, &existed, &f.err), MI_NOT_FOUND);
    ck_assert_str_eq(f.err.pointer, "/pairs");
    ck_ok(&f, store_job_delete(f.store, id, &f.err));
    sweep(&(store_retention){0});
    ck_assert(!blob_is_there(d.matrix_sha256));
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_model_outlives_its_job_and_goes_by_age_unless_pinned)
{
    fixture_setup(&f, _i);
    char ids[3][PROTO_ID_MAX], blob[PROTO_SHA_HEX], job_id[PROTO_ID_MAX];
    static const char *const contents[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++)
        make_model(contents[i], "{}", ids[i]);
    ck_ok(&f, change(ids[1], "{\"pinned\":true}"));
    proto_model_record m = get_model(ids[0]);
    proto_job_record job;
    put_blob(&f, "matrix", 6, blob);
    store_submission s = screening(blob, ids[2]);
    submit(&f, &s, job_id);
    sleep_ms(1100);
    fixture_age(&f, "blobs", 2 * HOURS);
    store_swept swept = sweep(&(store_retention){.keep_jobs_s = 1});
    ck_assert_uint_eq(swept.jobs, 3);
    ck_assert_uint_eq(swept.models, 0);
    ck_assert_int_eq(store_job_get(f.store, m.job_id, &job, &f.err), MI_NOT_FOUND);
    ck_assert(blob_is_there(m.sha256));
    swept = sweep(&(store_retention){.keep_models_s = 1});
    ck_assert_uint_eq(swept.models, 1);
    ck_assert(!blob_is_there(m.sha256));
    ck_assert_int_eq(look(ids[0]), MI_NOT_FOUND);
    ck_assert_int_eq(look(ids[1]), MI_OK); /* pinned */
    ck_assert_int_eq(look(ids[2]), MI_OK); /* in use */
    ck_ok(&f, store_job_cancel(f.store, job_id, &job, &f.err));
    proto_job_record_fini(&job);
    ck_assert_uint_eq(sweep(&(store_retention){.keep_models_s = 1}).models, 1);
    proto_model_record_fini(&m);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_beyond_the_bytes_jobs_go_before_models_and_pinned_ones_stay)
{
    fixture_setup(&f, _i);
    char ids[3][PROTO_ID_MAX], content[101] = "", table[PROTO_SHA_HEX], job_id[PROTO_ID_MAX];
    for (int i = 0; i < 3; i++) {
        memset(content, 'a' + i, 100);
        make_model(content, "{}", ids[i]);
        sleep_ms(2);
    }
    ck_ok(&f, change(ids[0], "{\"pinned\":true}"));
    submit_simple(&f, job_id);
    put_blob(&f, content, 50, table);
    succeed_job_with(&f, &(store_outcome){.result = "{}", .screen_blob = table});
    fixture_age(&f, "blobs", 2 * HOURS);
    store_swept swept = sweep(&(store_retention){.keep_bytes = 300}); /* 6 + 3 x 100 + 50 are held */
    ck_assert_uint_eq(swept.jobs, 4);
    ck_assert_uint_eq(swept.models, 0);
    swept = sweep(&(store_retention){.keep_bytes = 200});
    ck_assert_uint_eq(swept.models, 1);
    ck_assert_int_eq(look(ids[1]), MI_NOT_FOUND);
    ck_assert_uint_eq(sweep(&(store_retention){.keep_bytes = 1}).models, 1);
    ck_assert_int_eq(look(ids[0]), MI_OK);
    store_queue_stats stats;
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.models, 1);
    ck_assert_uint_eq(stats.blob_bytes, 100);
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store models", {test_a_success_leaves_its_model_with_the_tags_of_the_job},
                        {test_without_its_blob_there_is_neither_success_nor_model},
                        {test_an_alias_names_one_model}, {test_models_are_listed_newest_first_and_by_tag},
                        {test_a_model_stays_while_a_job_needs_it},
                        {test_a_pair_table_stays_while_a_job_needs_it},
                        {test_a_model_outlives_its_job_and_goes_by_age_unless_pinned},
                        {test_beyond_the_bytes_jobs_go_before_models_and_pinned_ones_stay});
}
