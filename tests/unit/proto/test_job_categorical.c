/*
 * "categorical" of x and y in a job: in, out, and together with what the matrix itself says.
 */
#include "job_testing.h"
#include "proto/matrix.h"

static const char *with_x(const char *x)
{
    static char text[4096];
    snprintf(text, sizeof text, "{\"x\":%s,\"y\":{\"dataset\":\"b\"}}", x);
    return text;
}

static proto_job *good(const char *x)
{
    return job_good(with_x(x));
}

/* The job's spec holds this text. */
static void encodes(const proto_job *job, const char *part)
{
    proto_text text;
    proto_text_init(&text, 1 << 20);
    proto_job_encode_spec(job, &text);
    ck_assert(proto_text_ok(&text));
    ck_assert_msg(strstr(text.data, part) != NULL, "%s lacks %s", text.data, part);
    proto_job *again;
    proto_problem problem;
    proto_limits limits;
    proto_limits_default(&limits);
    ck_assert_int_eq(proto_job_decode(&again, text.data, text.length, &limits, &problem), MI_OK);
    ck_assert(again->x.all_categorical == job->x.all_categorical);
    ck_assert_uint_eq(again->x.n_categorical, job->x.n_categorical);
    for (uint32_t i = 0; i < job->x.n_categorical; i++)
        ck_assert_uint_eq(again->x.categorical[i], job->x.categorical[i]);
    proto_job_free(again);
    proto_text_fini(&text);
}

START_TEST(test_columns_survive_in_order_and_once)
{
    proto_job *job = good("{\"dataset\":\"a\",\"categorical\":[7,0,3,7]}");
    ck_assert_uint_eq(job->x.n_categorical, 3);
    ck_assert_uint_eq(job->x.categorical[2], 7);
    ck_assert(!job->x.all_categorical && job->y.n_categorical == 0);
    encodes(job, "\"categorical\":[0,3,7]");
    proto_job_free(job);
    job = good("{\"data\":[[1,2],[3,4]],\"categorical\":\"all\"}");
    ck_assert(job->x.all_categorical);
    encodes(job, "\"categorical\":\"all\"");
    proto_job_free(job);
    job = good("{\"dataset\":\"a\",\"categorical\":[]}");
    encodes(job, "\"x\":{\"dataset\":\"a\"}");
    proto_job_free(job);
}
END_TEST

START_TEST(test_what_is_no_column_is_named)
{
    static const struct {
        const char *value, *pointer, *part;
    } cases[] = {
        {"[0,-1]", "/x/categorical/1", "expected the number of a column, from 0, found -1"},
        {"[0.5]", "/x/categorical/0", "0.5"},
        {"[1e300]", "/x/categorical/0", "1e+300"},
        {"[65536]", "/x/categorical/0", "65536"},
        {"[\"a\"]", "/x/categorical/0", "\"a\""},
        {"[null]", "/x/categorical/0", "null"},
        {"\"some\"", "/x/categorical", "expected \"all\" or a list of column numbers"},
        {"3", "/x/categorical", "found 3"},
        {"null", "/x/categorical", "null"},
        {"true", "/x/categorical", "true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char x[128];
        proto_job *job;
        proto_problem problem;
        snprintf(x, sizeof x, "{\"dataset\":\"a\",\"categorical\":%s}", cases[i].value);
        ck_assert_int_eq(job_decode(&job, with_x(x), &problem), MI_INVALID);
        ck_assert_uint_eq(problem.n_errors, 1);
        ck_assert_str_eq(problem.errors[0].pointer, cases[i].pointer);
        ck_assert_msg(strstr(problem.errors[0].detail, cases[i].part) != NULL, "%s",
                      problem.errors[0].detail);
    }
    proto_job *job;
    proto_problem problem;
    ck_assert_int_eq(job_decode(&job, with_x("{\"dataset\":\"a\",\"categoricals\":[0]}"), &problem),
                     MI_INVALID);
    ck_assert_msg(strstr(problem.errors[0].detail, "did you mean \"categorical\"?"), "%s",
                  problem.errors[0].detail);
}
END_TEST

START_TEST(test_columns_of_the_matrix_and_of_the_job_come_together)
{
    static const float data[4] = {0};
    static const uint8_t own[4] = {0, 1, 0, 0};
    proto_matrix_view view = {.matrix = {data, 1, 4}};
    uint8_t *flags;
    mi_error err;
    proto_job *job = good("{\"dataset\":\"a\",\"categorical\":[3]}");

    ck_assert_int_eq(proto_input_columns(&job->y, &view, &flags, &err), MI_OK);
    ck_assert_ptr_null(flags);
    view.matrix.categorical = own;
    ck_assert_int_eq(proto_input_columns(&job->x, &view, &flags, &err), MI_OK);
    ck_assert_mem_eq(flags, ((uint8_t[]){0, 1, 0, 1}), 4);
    ck_assert_int_eq(proto_input_set_columns(&job->x, flags, 4, &err), MI_OK);
    encodes(job, "\"categorical\":[1,3]");
    free(flags);

    ck_assert_int_eq(proto_input_columns(&job->x, &view, &flags, &err), MI_OK); /* again: the same */
    ck_assert_mem_eq(flags, ((uint8_t[]){0, 1, 0, 1}), 4);
    free(flags);
    ck_assert_int_eq(proto_input_set_columns(&job->x, (uint8_t[]){1, 1, 1, 1}, 4, &err), MI_OK);
    encodes(job, "\"categorical\":\"all\"");
    ck_assert_int_eq(proto_input_columns(&job->x, &view, &flags, &err), MI_OK);
    ck_assert_mem_eq(flags, ((uint8_t[]){1, 1, 1, 1}), 4);
    free(flags);
    ck_assert_int_eq(proto_input_set_columns(&job->x, NULL, 4, &err), MI_OK);
    ck_assert(!job->x.all_categorical && job->x.n_categorical == 0);
    proto_job_free(job);

    job = good("{\"dataset\":\"a\",\"categorical\":[4]}");
    ck_assert_int_eq(proto_input_columns(&job->x, &view, &flags, &err), MI_INVALID);
    ck_assert_ptr_null(flags);
    ck_assert_msg(strstr(err.message, "column 4 of a matrix with 4 columns") != NULL, "%s", err.message);
    proto_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS("job_categorical", test_columns_survive_in_order_and_once, test_what_is_no_column_is_named,
              test_columns_of_the_matrix_and_of_the_job_come_together);
}
