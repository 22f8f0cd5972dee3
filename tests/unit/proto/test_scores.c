#include "proto/scores.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static mi_status decode(proto_scores_request **out, const char *text, uint64_t most, proto_problem *problem)
{
    proto_limits limits;
    proto_limits_default(&limits);
    limits.max_score_pairs = most;
    return proto_scores_decode(out, text, strlen(text), &limits, problem);
}

static proto_scores_request *good(const char *text)
{
    proto_scores_request *request;
    proto_problem problem;
    ck_assert_msg(decode(&request, text, 3, &problem) == MI_OK, "%s: %s: %s", text, problem.errors[0].pointer,
                  problem.errors[0].detail);
    return request;
}

static void bad(const char *text, int status, const char *pointer, const char *part)
{
    proto_scores_request *request;
    proto_problem problem;
    ck_assert_msg(decode(&request, text, 3, &problem) != MI_OK, "accepted: %s", text);
    ck_assert_ptr_null(request);
    ck_assert_msg(proto_problem_status(&problem) == status, "%s: %d", text, proto_problem_status(&problem));
    ck_assert_msg(problem.n_errors > 0 && strcmp(problem.errors[0].pointer, pointer) == 0 &&
                      strstr(problem.errors[0].detail, part),
                  "%s: %u errors, %s: %s", text, problem.n_errors, problem.errors[0].pointer,
                  problem.errors[0].detail);
}

START_TEST(test_lists_tables_and_vectors)
{
    size_t n;
    proto_scores_request *r = good("{\"pairs\":[[\"a\",\"b\"],[\"c\",\"d\"]],\"y\":{\"dataset\":\"other\"}}");
    ck_assert(r->has_pairs && r->pairs.x.n == 2 && r->pairs.labels == NULL && r->dataset[0][0] == '\0');
    ck_assert_str_eq(r->dataset[1], "other");
    ck_assert_int_eq(*proto_string_list_at(&r->pairs.y, 1, &n), 'd');
    proto_scores_free(r);
    r = good("{\"pairs\":{\"dataset\":\"lr\",\"x_id\":\"l\",\"y_id\":\"r\"}}");
    ck_assert_str_eq(r->pairs.dataset, "lr");
    ck_assert_str_eq(r->pairs.y_id, "r");
    proto_scores_free(r);
    r = good("{\"x\":[[1,2],[3,4]],\"y\":[5,6]}");
    ck_assert(!r->has_pairs && r->rows == 2 && r->cols[0] == 2 && r->cols[1] == 1 && r->vectors[0][3] == 4 &&
              r->vectors[1][1] == 6);
    proto_scores_free(r);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
    bad("{}", 422, "/pairs", "is required");
    bad("[1]", 422, "", "an object");
    bad("{\"paris\":[]}", 422, "/paris", "did you mean \"pairs\"");
    bad("{\"pairs\":[[\"a\",\"b\",1]]}", 422, "/pairs/0", "a pair of ids");
    bad("{\"pairs\":[[\"a\",1]]}", 422, "/pairs/0/1", "an id");
    bad("{\"pairs\":[[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"]]}", 413, "/pairs", "at most 3");
    bad("{\"pairs\":{\"dataset\":\"lr\",\"label\":\"l\"}}", 422, "/pairs/label", "every pair");
    bad("{\"pairs\":{\"data\":[[\"a\",\"b\",1]]}}", 422, "/pairs/data", "every pair");
    bad("{\"pairs\":{\"dataset\":\"lr\",\"symmetric\":true}}", 422, "/pairs/symmetric", "means nothing");
    bad("{\"pairs\":[[\"a\",\"b\"]],\"x\":[[1]]}", 422, "/pairs", "one of them");
    bad("{\"x\":[[1]]}", 422, "/y", "as many");
    bad("{\"x\":[[1],[2]],\"y\":[[1]]}", 422, "/y", "expected 2 rows");
    bad("{\"x\":[[1],[1,2]],\"y\":[[1]]}", 422, "/x/1", "expected 1");
    bad("{\"x\":[[1e300]],\"y\":[[1]]}", 422, "/x/0/0", "float32");
    bad("{\"x\":\"a\",\"y\":[[1]]}", 422, "/x", "rows of numbers");
    bad("{\"pairs\":[[\"a\",\"b\"]],\"x\":{\"dataset\":\"-\"}}", 422, "/x/dataset", "the name of a data set");
    bad("{\"pairs\":[[\"a\",\"b\"]],\"x\":{\"dataset\":\"l\",\"rows\":1}}", 422, "/x/rows", "unknown field");
}
END_TEST

START_TEST(test_more_vectors_than_allowed)
{
    proto_scores_request *request;
    proto_problem problem;
    ck_assert_int_eq(decode(&request, "{\"x\":[1,2,3,4],\"y\":[1,2,3,4]}", 3, &problem), MI_LIMIT);
    ck_assert_int_eq(proto_problem_status(&problem), 413);
    ck_assert_int_eq(decode(&request, "{\"x\":[1,2", 3, &problem), MI_INVALID);
    ck_assert_int_eq(proto_problem_status(&problem), 400);
}
END_TEST

START_TEST(test_answers)
{
    proto_scores_request *r = good("{\"pairs\":[[\"a,1\",\"b\"],[\"c\",\"d\"]]}");
    const proto_pair_source source = {.x = &r->pairs.x, .y = &r->pairs.y};
    const double pmi[] = {1.5, (double)NAN}, p[] = {0.25, (double)NAN};
    const uint8_t trained[] = {1, 0};
    proto_string_list none;
    proto_text text;
    proto_string_list_init(&none, 10);
    const proto_scores scores = {.model = "mdl_1",
                                 .n = 2,
                                 .pairs = &source,
                                 .pmi = pmi,
                                 .percentile = p,
                                 .p_value = p,
                                 .q_value = p,
                                 .trained = trained,
                                 .missing = {&none, &r->pairs.y},
                                 .null_pairs = 9};
    proto_text_init(&text, 1 << 16);
    proto_scores_encode_json(&scores, &text);
    ck_assert_str_eq(
        text.data,
        "{\"object\":\"list\",\"unit\":\"nats\",\"model\":\"mdl_1\",\"total\":2,\"trained\":1,"
        "\"null\":{\"kind\":\"model\",\"pairs\":9},\"missing\":{\"x\":{\"count\":0,\"ids\":[]},"
        "\"y\":{\"count\":2,\"ids\":[\"b\",\"d\"]}},\"data\":[{\"x_id\":\"a,1\",\"y_id\":\"b\",\"pmi\":1.5,"
        "\"percentile\":0.25,\"p_value\":0.25,\"q_value\":0.25,\"trained\":true},{\"x_id\":\"c\",\"y_id\":"
        "\"d\",\"pmi\":null,\"percentile\":null,\"p_value\":null,\"q_value\":null,\"trained\":false}]}");
    proto_text_fini(&text);
    proto_text_init(&text, 1 << 16);
    proto_scores_encode_csv(&scores, &text);
    ck_assert_str_eq(text.data, "x_id,y_id,pmi,percentile,p_value,q_value,trained\n"
                                "\"a,1\",b,1.5,0.25,0.25,0.25,true\nc,d,nan,nan,nan,nan,false\n");
    proto_text_fini(&text);
    proto_text_init(&text, 1 << 16);
    proto_scores_encode_npy(&scores, &text);
    ck_assert(text.length % 64 == 0 && memcmp(text.data + text.length - 64, &pmi[0], sizeof *pmi) == 0);
    proto_text_fini(&text);
    proto_scores_free(r);
}
END_TEST

int main(void)
{
    RUN_TESTS("scores", test_lists_tables_and_vectors, test_what_is_wrong_is_named,
              test_more_vectors_than_allowed, test_answers);
}
