#include "proto/thresholds.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static mi_status decode(proto_thresholds_request **out, const char *text, proto_problem *problem)
{
    proto_limits limits;
    proto_limits_default(&limits);
    return proto_thresholds_decode(out, text, strlen(text), &limits, problem);
}

static proto_thresholds_request *good(const char *text)
{
    proto_thresholds_request *request;
    proto_problem problem;
    ck_assert_msg(decode(&request, text, &problem) == MI_OK, "%s: %s: %s", text, problem.errors[0].pointer,
                  problem.errors[0].detail);
    return request;
}

static void bad(const char *text, const char *pointer, const char *part)
{
    proto_thresholds_request *request;
    proto_problem problem;
    ck_assert_msg(decode(&request, text, &problem) == MI_INVALID, "accepted: %s", text);
    ck_assert_ptr_null(request);
    ck_assert_int_eq(proto_problem_status(&problem), 422);
    ck_assert_msg(problem.n_errors == 1 && strcmp(problem.errors[0].pointer, pointer) == 0 &&
                      strstr(problem.errors[0].detail, part),
                  "%s: %u errors, %s: %s", text, problem.n_errors, problem.errors[0].pointer,
                  problem.errors[0].detail);
}

#define PAIRS "\"pairs\":{\"dataset\":\"lr\"}"

START_TEST(test_nothing_is_needed)
{
    proto_thresholds_request *request = good("{}");
    const mi_thresholds_request *t = &request->targets;
    ck_assert(t->n_fpr == 3 && t->fpr[0] == 0.05 && t->fpr[1] == 0.01 && t->fpr[2] == 0.001);
    ck_assert(t->n_fdr == 3 && t->fdr[0] == 0.05 && t->fdr[1] == 0.1 && t->fdr[2] == 0.2);
    ck_assert(t->n_precision == 0 && t->n_recall == 0 && isnan(t->prior));
    ck_assert(t->curves && t->max_points == 200 && t->seed == 42 && !t->auroc_bootstrap);
    ck_assert(!request->has_pairs && !request->allow_training_pairs && request->x[0] == '\0');
    proto_thresholds_free(request);
}
END_TEST

START_TEST(test_every_field_arrives)
{
    proto_thresholds_request *request =
        good("{\"fpr\":[0.02],\"fdr\":[],\"prior\":0.01,\"pairs\":{\"data\":[[\"P1\",\"Q1\",1]]},"
             "\"x\":{\"dataset\":\"a\"},\"y\":{\"dataset\":\"b\"},\"precision\":[0.9,0.5],\"recall\":[0.5],"
             "\"interval\":\"bootstrap\",\"curves\":false,\"max_points\":50,\"allow_training_pairs\":true,"
             "\"seed\":\"18446744073709551615\"}");
    const mi_thresholds_request *t = &request->targets;
    ck_assert(t->n_fpr == 1 && t->fpr[0] == 0.02 && t->n_fdr == 0 && t->prior == 0.01);
    ck_assert(t->n_precision == 2 && t->precision[1] == 0.5 && t->n_recall == 1 && t->recall[0] == 0.5);
    ck_assert(t->auroc_bootstrap && !t->curves && t->max_points == 50 && t->seed == UINT64_MAX);
    ck_assert(request->has_pairs && request->pairs.x.n == 1 && request->allow_training_pairs);
    ck_assert_str_eq(request->x, "a");
    ck_assert_str_eq(request->y, "b");
    proto_thresholds_free(request);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
    bad("[]", "", "an object");
    bad("{\"fpr\":0.1}", "/fpr", "an array");
    bad("{\"fpr\":[0.1,1]}", "/fpr/1", "between 0 and 1");
    bad("{\"fdr\":[0]}", "/fdr/0", "between 0 and 1");
    bad("{\"fdr\":[0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1]}",
        "/fdr", "20");
    bad("{\"prior\":1}", "/prior", "a share");
    bad("{\"prior\":null}", "/prior", "a share");
    bad("{\"fprs\":[0.1]}", "/fprs", "did you mean \"fpr\"");
    bad("{\"nothing_known\":1}", "/nothing_known", "unknown field");
    bad("{\"precision\":[0.9]}", "/precision", "give them as \"pairs\"");
    bad("{\"x\":{\"dataset\":\"a\"}}", "/x", "give them as \"pairs\"");
    bad("{" PAIRS ",\"x\":\"a\"}", "/x", "an object");
    bad("{" PAIRS ",\"x\":{\"dataset\":\"-\"}}", "/x/dataset", "the name of a data set");
    bad("{" PAIRS ",\"x\":{\"dataset\":\"a\",\"rows\":1}}", "/x/rows", "unknown field");
    bad("{" PAIRS ",\"interval\":\"wald\"}", "/interval", "\"delong\" or \"bootstrap\"");
    bad("{" PAIRS ",\"curves\":1}", "/curves", "true or false");
    bad("{" PAIRS ",\"max_points\":1}", "/max_points", "2 to 1000");
    bad("{" PAIRS ",\"seed\":\"-1\"}", "/seed", "decimal digits");
    bad("{\"pairs\":{\"data\":[[\"P\"]]}}", "/pairs/data/0", "a pair of ids");
}
END_TEST

START_TEST(test_all_that_is_wrong_is_told_at_once)
{
    proto_thresholds_request *request;
    proto_problem problem;
    ck_assert(decode(&request, "{\"fpr\":[2,3],\"prior\":7,\"pairs\":{},\"curves\":0}", &problem) ==
              MI_INVALID);
    ck_assert_uint_eq(problem.n_errors, 5);
    ck_assert(decode(&request, "{\"fpr\":", &problem) == MI_INVALID);
    ck_assert_int_eq(proto_problem_status(&problem), 400);
    char *large = malloc(PROTO_THRESHOLDS_TREE_MAX + 2);
    memset(large, ' ', PROTO_THRESHOLDS_TREE_MAX + 1);
    large[PROTO_THRESHOLDS_TREE_MAX + 1] = '\0';
    ck_assert(decode(&request, large, &problem) == MI_LIMIT);
    ck_assert_int_eq(proto_problem_status(&problem), 413);
    free(large);
}
END_TEST

/* Of a small null, candidates and labels, as JSON. */
static proto_json *answer(mi_thresholds_request *request, bool labelled, const proto_pairs *pairs)
{
    double null[99], known[] = {50.0, 97.5, 200.0, 300.0};
    const double scores[] = {5.0, 4.0, 3.0, 2.0, 1.0, (double)NAN};
    const uint8_t labels[] = {1, 1, 0, 1, 0, 0};
    const mi_thresholds_data data = {null, 99, known, 4, known, 4, scores, labels, labelled ? 6 : 0, 2};
    mi_thresholds *numbers;
    proto_text text;
    proto_json *json;
    mi_error err = {0};
    for (int i = 0; i < 99; i++)
        null[i] = i;
    ck_assert(mi_thresholds_compute(&numbers, request, &data, &err) == MI_OK);
    proto_text_init(&text, 1 << 20);
    ck_assert(proto_thresholds_encode(&(proto_thresholds_answer){"mdl_1", numbers, NULL, pairs}, &text) ==
              MI_OK);
    ck_assert_msg(proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, &err) == MI_OK, "%s: %s",
                  err.message, text.data);
    proto_text_fini(&text);
    mi_thresholds_free(numbers);
    return json;
}

static double number(const proto_json *json, const char *pointer)
{
    const proto_node *node = proto_json_at(proto_json_root(json), pointer);
    ck_assert_msg(proto_node_kind(node) == PROTO_NUMBER, "%s", pointer);
    return proto_node_number(node, 0);
}

static void is_null(const proto_json *json, const char *pointer)
{
    const proto_node *node = proto_json_at(proto_json_root(json), pointer);
    ck_assert_msg(node && proto_node_kind(node) == PROTO_NULL, "%s", pointer);
}

START_TEST(test_an_answer_without_labels)
{
    mi_thresholds_request request;
    mi_thresholds_request_default(&request);
    proto_json *json = answer(&request, false, NULL);
    const proto_node *root = proto_json_root(json);
    ck_assert_str_eq(proto_node_string(proto_node_member(root, "object"), ""), "thresholds");
    ck_assert_str_eq(proto_node_string(proto_node_member(root, "model"), ""), "mdl_1");
    ck_assert_double_eq(number(json, "/null/pairs"), 99);
    ck_assert_double_eq(number(json, "/null/smallest_fpr"), 0.01);
    ck_assert_double_eq(number(json, "/fpr/0/threshold"), nextafter(94.0, 100.0));
    ck_assert_double_eq(number(json, "/fpr/0/pairs_above"), 3);
    ck_assert_double_eq(number(json, "/fpr/0/recall_of_known"), 0.75);
    is_null(json, "/fpr/2/threshold"); /* 0.001 of 99 null pairs */
    is_null(json, "/fpr/2/expected_fpr95");
    ck_assert_double_eq(number(json, "/fdr/0/expected_fdr"), number(json, "/pi0") * 4 * 0.02 / 3);
    is_null(json, "/labels");
    is_null(json, "/prior");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/notes/0/code"), ""), "null_too_small");
    proto_json_free(json);
}
END_TEST

/* FPRs are those of another null than all the rest: what is noted of them is too. */
START_TEST(test_a_note_of_fprs_is_about_the_null_that_they_are_of)
{
    double null[999], known[] = {50.0, 97.5};
    mi_thresholds_request request;
    mi_thresholds *of[2];
    mi_thresholds_request_default(&request);
    for (int i = 0; i < 999; i++)
        null[i] = i;
    for (int large = 0; large < 2; large++)
        ck_assert(mi_thresholds_compute(&of[large], &request,
                                        &(mi_thresholds_data){.null = null,
                                                              .n_null = large ? 999 : 9,
                                                              .known = known,
                                                              .n_known = 2,
                                                              .candidates = known,
                                                              .n_candidates = 2},
                                        NULL) == MI_OK);
    for (int large = 0; large < 2; large++) {
        proto_text text;
        proto_text_init(&text, 1 << 20);
        ck_assert(proto_thresholds_encode(
                      &(proto_thresholds_answer){
                          .model = "mdl_1", .numbers = of[!large], .fprs = of[large], .held_out = true},
                      &text) == MI_OK);
        ck_assert_msg((strstr(text.data, "null_too_small") == NULL) == (large == 1), "%s", text.data);
        ck_assert(large || strstr(text.data, "9 null pairs resolve an FPR of 0.1 "));
        proto_text_fini(&text);
    }
    mi_thresholds_free(of[0]);
    mi_thresholds_free(of[1]);
}
END_TEST

START_TEST(test_an_answer_with_labels)
{
    mi_thresholds_request request;
    proto_pairs pairs = {.without_embedding = 3};
    mi_thresholds_request_default(&request);
    request.n_precision = 2;
    request.precision[0] = 0.7;
    request.precision[1] = 0.99999;
    request.n_fpr = 1;
    proto_string_list_init(&pairs.missing_x, 100);
    proto_string_list_init(&pairs.missing_y, 100);
    ck_assert(proto_string_list_append(&pairs.missing_y, "Q\"7", 3, NULL) == MI_OK);
    proto_json *json = answer(&request, true, &pairs);
    const proto_node *root = proto_json_root(json);
    ck_assert_double_eq(number(json, "/labels/pairs"), 5);
    ck_assert_double_eq(number(json, "/labels/positives"), 3);
    ck_assert_double_eq(number(json, "/labels/overlap_with_training"), 2);
    ck_assert_double_eq(number(json, "/labels/without_embedding/pairs"), 3);
    ck_assert_double_eq(number(json, "/labels/without_embedding/x/count"), 0);
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/labels/without_embedding/y/ids/0"), ""), "Q\"7");
    ck_assert_double_eq(number(json, "/labels/auroc/value"), 5.0 / 6.0);
    ck_assert_double_eq(number(json, "/labels/auprc/chance"), 0.6);
    ck_assert_double_eq(number(json, "/labels/precision/0/threshold"), 2.0);
    ck_assert_double_eq(number(json, "/labels/precision/0/precision"), 0.75);
    ck_assert_double_eq(number(json, "/labels/precision/1/threshold"), 4.0);
    ck_assert_double_eq(number(json, "/labels/f1/tp"), 3);
    ck_assert_ptr_null(proto_json_at(root, "/labels/f1/target"));
    ck_assert_double_eq(number(json, "/labels/fpr/0/fp"), 0);
    is_null(json, "/labels/roc/threshold/0");
    ck_assert_double_eq(number(json, "/labels/roc/tpr/0"), 0);
    ck_assert_double_eq(number(json, "/labels/pr/precision/0"), 1);
    request.curves = 0;
    request.auroc_bootstrap = 1;
    request.fpr[0] = 0.5;
    proto_json_free(json);
    json = answer(&request, true, NULL);
    root = proto_json_root(json);
    is_null(json, "/labels/roc");
    is_null(json, "/labels/without_embedding");
    ck_assert_str_eq(proto_node_string(proto_json_at(root, "/labels/auroc/method"), ""), "bootstrap");
    proto_json_free(json);
    proto_string_list_fini(&pairs.missing_x);
    proto_string_list_fini(&pairs.missing_y);
}
END_TEST

START_TEST(test_an_answer_that_does_not_fit_is_an_error)
{
    mi_thresholds_request request;
    double null[] = {1.0};
    mi_thresholds *numbers;
    proto_text text;
    mi_thresholds_request_default(&request);
    ck_assert(mi_thresholds_compute(&numbers, &request, &(mi_thresholds_data){.null = null, .n_null = 1},
                                    NULL) == MI_OK);
    proto_text_init(&text, 64);
    ck_assert(proto_thresholds_encode(&(proto_thresholds_answer){"mdl_1", numbers, NULL}, &text) ==
              MI_MEMORY);
    proto_text_fini(&text);
    mi_thresholds_free(numbers);
}
END_TEST

int main(void)
{
    RUN_TESTS("thresholds", test_nothing_is_needed, test_every_field_arrives, test_what_is_wrong_is_named,
              test_all_that_is_wrong_is_told_at_once, test_an_answer_without_labels,
              test_an_answer_with_labels, test_a_note_of_fprs_is_about_the_null_that_they_are_of,
              test_an_answer_that_does_not_fit_is_an_error);
}
