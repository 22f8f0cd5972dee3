/*
 * Screens: their document, and their lists as a blob and as people read them.
 */
#include "proto/screen.h"
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the document ---- */

static proto_problem problem;

static proto_job *decoded(const char *model, const char *text)
{
    proto_limits limits;
    proto_job *job = NULL;
    proto_limits_default(&limits);
    if (model)
        proto_job_decode_screen(&job, model, text, strlen(text), &limits, &problem);
    else
        proto_job_decode(&job, text, strlen(text), &limits, &problem);
    return job;
}

static void expect_bad(const char *text, const char *pointer)
{
    proto_job *job = decoded("lr", text);
    ck_assert_msg(!job && problem.n_errors == 1, "%s: %u errors", text, problem.n_errors);
    ck_assert_str_eq(problem.errors[0].pointer, pointer);
}

START_TEST(test_a_resolved_screen_is_the_same_screen)
{
    static const char text[] =
        "{\"kind\":\"screen\",\"x\":{\"dataset\":\"human\",\"sha256\":"
        "\"51ce3e459c75381826a20eebcef4130bf405f88a735d80d10baedcbc1897d3cf\",\"rows\":60,\"columns\":2,"
        "\"ids\":[\"P1\",\"P\\u00e42\"]},\"y\":{},\"model\":\"lr\",\"top\":7,\"top_per_x\":3,\"top_per_y\":0,"
        "\"above\":{\"fdr\":0.1},\"max_above\":50,\"exclude_known\":false,\"skip_same\":true,\"symmetric\":"
        "false,"
        "\"histogram\":true,\"priority\":6,\"timeout_s\":60,\"tags\":{\"a\":\"b\"}}";
    proto_job *job = decoded(NULL, text);
    proto_text out;
    ck_assert_ptr_nonnull(job);
    ck_assert_int_eq(job->kind, PROTO_KIND_SCREEN);
    ck_assert_uint_eq(job->screen.ids[0].n, 2);
    ck_assert(job->screen.has_ids[0] && !job->screen.has_ids[1] && !job->screen.exclude_known);
    ck_assert(job->screen.above == PROTO_ABOVE_FDR && job->screen.above_value == 0.1);
    ck_assert_uint_eq(proto_job_variants(job), 1);
    ck_assert_uint_eq(proto_job_replicates(job), 1);
    ck_assert_uint_eq(proto_job_folds(job), 1);
    proto_text_init(&out, 1 << 16);
    proto_job_encode_spec(job, &out);
    proto_job *again = decoded(NULL, out.data);
    ck_assert_ptr_nonnull(again);
    proto_text second;
    proto_text_init(&second, 1 << 16);
    proto_job_encode_spec(again, &second);
    ck_assert_str_eq(out.data, second.data);
    ck_assert_ptr_nonnull(strstr(out.data, "\"above\":{\"fdr\":0.1}"));
    proto_text_fini(&second);
    proto_text_fini(&out);
    proto_job_free(again);
    proto_job_free(job);
}
END_TEST

/* Resolved, a document has more to say than what was sent at the size that is just accepted. */
START_TEST(test_a_screen_of_many_ids_can_be_read_again)
{
    proto_text text, spec;
    mi_error err = {0};
    proto_job *again;
    proto_text_init(&text, 2 * PROTO_JOB_TREE_MAX);
    proto_text_puts(&text, "{\"top\":1,\"x\":{\"ids\":[\"a\"");
    for (int i = 0; text.length < PROTO_JOB_TREE_MAX - 64; i++)
        proto_text_printf(&text, ",\"id number %d\"", i);
    proto_text_puts(&text, "]}}");
    proto_job *job = decoded("lr", text.data);
    ck_assert_msg(job, "%s", problem.detail);
    proto_text_init(&spec, 2 * PROTO_JOB_TREE_MAX);
    proto_job_encode_spec(job, &spec);
    ck_assert_uint_gt(spec.length, PROTO_JOB_TREE_MAX);
    ck_assert_msg(proto_job_reopen(&again, spec.data, &err) == MI_OK, "%s", err.message);
    ck_assert_uint_eq(again->screen.ids[0].n, job->screen.ids[0].n);
    ck_assert_ptr_null(decoded(NULL, spec.data));
    ck_assert_int_eq(proto_problem_status(&problem), 413);
    proto_job_free(again);
    proto_job_free(job);
    proto_text_fini(&spec);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_what_is_wrong_is_told)
{
    proto_job *job = decoded("lr", "{\"top\":1}");
    ck_assert_ptr_nonnull(job);
    ck_assert_str_eq(job->screen.model, "lr");
    proto_job_free(job);
    expect_bad("{}", "/top");
    expect_bad("{\"top\":1,\"model\":\"other\"}", "/model");
    expect_bad("{\"top\":1,\"above\":{}}", "/above");
    expect_bad("{\"top\":1,\"above\":{\"fpr\":0}}", "/above/fpr");
    expect_bad("{\"top\":1,\"above\":{\"pmi\":\"high\"}}", "/above/pmi");
    expect_bad("{\"top\":1,\"x\":[]}", "/x");
    expect_bad("{\"top\":1,\"x\":{\"categorical\":\"all\"}}", "/x/categorical");
    expect_bad("{\"top\":1,\"y\":{\"ids\":[\"\"]}}", "/y/ids/0");
    expect_bad("{\"top\":1,\"y\":{\"ids\":[\"a\",\"b\",\"a\"]}}", "/y/ids/2");
    expect_bad("{\"top\":1,\"objective\":\"nwj\"}", "/objective");
    expect_bad("{\"top\":1000001}", "/top");
    ck_assert_ptr_null(decoded(NULL, "{\"kind\":\"screen\",\"top\":1}"));
    ck_assert_str_eq(problem.errors[0].pointer, "/model");
    ck_assert_ptr_null(decoded(NULL, "{\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"},\"top\":1}"));
    ck_assert_str_eq(problem.errors[0].pointer, "/top");
}
END_TEST

/* ---- lists ---- */

enum { N_X = 3, N_Y = 4 };

static mi_status append(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, bytes, n);
    return MI_OK;
}

/* Two rows of three of x, all of y; lists of which one is shorter. */
typedef struct sample {
    proto_text blob, x_text, y_text;
    proto_screen_view view;
    proto_matrix_view x, y;
} sample;

static void open_matrix(proto_text *text, proto_matrix_view *view, uint64_t rows)
{
    static const float values[8];
    const proto_output out = {append, text};
    proto_text_init(text, 1 << 16);
    ck_assert_int_eq(proto_matrix_write((mi_matrix){.data = values, .rows = rows, .cols = 1}, &out, NULL),
                     MI_OK);
    ck_assert_int_eq(proto_matrix_open(view, text->data, text->length, NULL), MI_OK);
}

static void sample_init(sample *s)
{
    static const uint32_t x_rows[] = {2, 0}, x_best[] = {3, 1, 0, MI_SCREEN_NOBODY};
    static const float x_output[] = {2.0f, 1.0f, -1.0f, NAN};
    static const mi_screen_pair top[] = {{0, 3, 2.0f}, {0, 1, 1.0f}, {1, 0, -1.0f}};
    static const double null[] = {-1.0, 0.0, 1.0};
    const mi_screen_result result = {
        .spec = {.n_x = 2, .n_y = N_Y, .slope = 1.0, .log_scale = 0.5, .top = 5, .above = 1},
        .per_x = 2,
        .x_best = x_best,
        .x_output = x_output,
        .n_top = 3,
        .top = top};
    const proto_screen_parts parts = {
        .result = &result, .above = top, .n_above = 1, .rows = {x_rows, NULL}, .null = {null, 3}};
    const proto_output out = {append, &s->blob};
    proto_text_init(&s->blob, 1 << 16);
    ck_assert_int_eq(proto_screen_write(&parts, &out, NULL), MI_OK);
    ck_assert_int_eq(proto_screen_open(&s->view, s->blob.data, s->blob.length, NULL), MI_OK);
    open_matrix(&s->x_text, &s->x, N_X);
    open_matrix(&s->y_text, &s->y, N_Y);
}

static void sample_fini(sample *s)
{
    proto_text_fini(&s->blob);
    proto_text_fini(&s->x_text);
    proto_text_fini(&s->y_text);
}

static void expect_csv(const sample *s, proto_screen_query query, const char *expected)
{
    proto_text text;
    const proto_output out = {append, &text};
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(proto_screen_write_csv(&s->view, &query, &s->x, &s->y, &out, NULL), MI_OK);
    ck_assert_str_eq(text.data, expected);
    proto_text_fini(&text);
}

static void expect_page(const sample *s, proto_screen_query query, const char *expected)
{
    proto_text text;
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(proto_screen_encode_json(&s->view, &query, &s->x, &s->y, &text, NULL), MI_OK);
    ck_assert_msg(strstr(text.data, expected) != NULL, "%s in %s", expected, text.data);
    proto_text_fini(&text);
}

START_TEST(test_lists_are_read_as_they_were_written)
{
    sample s;
    sample_init(&s);
    ck_assert(proto_screen_has(&s.view, PROTO_SCREEN_TOP) && proto_screen_has(&s.view, PROTO_SCREEN_X));
    ck_assert(!proto_screen_has(&s.view, PROTO_SCREEN_Y) && proto_screen_has(&s.view, PROTO_SCREEN_ABOVE));
    ck_assert_uint_eq(proto_screen_row(&s.view, 0, 2), 0);
    ck_assert_uint_eq(proto_screen_row(&s.view, 0, 1), PROTO_SCREEN_NOBODY);
    ck_assert_uint_eq(proto_screen_row(&s.view, 1, 3), 3);
#define HEAD "rank,x_row,y_row,pmi,p_value\n"
    expect_csv(&s, (proto_screen_query){.list = PROTO_SCREEN_TOP},
               HEAD "1,2,3,2.5,0.25\n2,2,1,1.5,0.25\n3,0,0,-0.5,0.75\n");
    expect_csv(&s, (proto_screen_query){.list = PROTO_SCREEN_ABOVE}, HEAD "1,2,3,2.5,0.25\n");
    expect_csv(&s, (proto_screen_query){.list = PROTO_SCREEN_X},
               HEAD "1,2,3,2.5,0.25\n2,2,1,1.5,0.25\n1,0,0,-0.5,0.75\n");
    expect_csv(&s, (proto_screen_query){.list = PROTO_SCREEN_X, .of_row = true, .row = 1},
               HEAD "1,0,0,-0.5,0.75\n");
    expect_page(&s, (proto_screen_query){.list = PROTO_SCREEN_X, .limit = 2}, "\"next\":\"2\",\"total\":3}");
    expect_page(
        &s, (proto_screen_query){.list = PROTO_SCREEN_X, .limit = 2, .after = 2},
        "[{\"rank\":1,\"x_row\":0,\"y_row\":0,\"pmi\":-0.5,\"p_value\":0.75}],\"next\":null,\"total\":3}");
    expect_page(&s, (proto_screen_query){.list = PROTO_SCREEN_TOP, .limit = 1, .after = 99},
                "\"data\":[],\"next\":null,\"total\":3}");
    sample_fini(&s);
}
END_TEST

START_TEST(test_damaged_lists_are_refused)
{
    sample s;
    proto_screen_view view;
    sample_init(&s);
    for (size_t n = 0; n < s.blob.length; n++)
        ck_assert_int_eq(proto_screen_open(&view, s.blob.data, n, NULL), MI_CORRUPT);
    /* rows that there are not are found where they are read */
    for (size_t at = 0; at + 4 <= s.blob.length; at += 4) {
        const proto_screen_query query = {.list = PROTO_SCREEN_TOP, .limit = 10};
        proto_text text;
        uint32_t kept, wild = 0xfffffff0u;
        memcpy(&kept, s.blob.data + at, sizeof kept);
        memcpy(s.blob.data + at, &wild, sizeof wild);
        proto_text_init(&text, 1 << 16);
        if (proto_screen_open(&view, s.blob.data, s.blob.length, NULL) == MI_OK)
            proto_screen_encode_json(&view, &query, &s.x, &s.y, &text, NULL);
        proto_text_fini(&text);
        memcpy(s.blob.data + at, &kept, sizeof kept);
    }
    uint32_t beyond = N_X;
    memcpy((void *)(uintptr_t)&s.view.rows[0][0], &beyond, sizeof beyond);
    proto_text text;
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(
        proto_screen_encode_json(&s.view, &(proto_screen_query){.limit = 10}, &s.x, &s.y, &text, NULL),
        MI_CORRUPT);
    proto_text_fini(&text);
    sample_fini(&s);
}
END_TEST

int main(void)
{
    RUN_TESTS("screen", test_a_resolved_screen_is_the_same_screen,
              test_a_screen_of_many_ids_can_be_read_again, test_what_is_wrong_is_told,
              test_lists_are_read_as_they_were_written, test_damaged_lists_are_refused);
}
