/*
 * A request for PMIs from anywhere: a refusal names what is wrong; what is accepted is whole, and its answer
 * is JSON.
 */
#include "fuzz.h"
#include "proto/scores.h"

#include <math.h>
#include <stdlib.h>

static void check_json(const proto_text *text)
{
    proto_json *json;
    if (!proto_text_ok(text) ||
        proto_json_parse(&json, text->data, text->length, 16u << 20, NULL, 0, NULL) != MI_OK)
        abort();
    proto_json_free(json);
}

static void check_refusal(const proto_problem *problem)
{
    proto_text text;
    proto_text_init(&text, 1 << 20);
    if (!proto_problem_any(problem))
        abort();
    proto_problem_encode(problem, "req_1", &text);
    check_json(&text);
    proto_text_fini(&text);
}

static void check_request(const proto_scores_request *request)
{
    const bool vectors = request->vectors[0] || request->vectors[1];
    const proto_pairs_input *pairs = &request->pairs;
    if (request->has_pairs == vectors)
        abort();
    if (vectors && (!request->vectors[0] || !request->vectors[1] || request->rows == 0 ||
                    request->cols[0] == 0 || request->cols[1] == 0))
        abort();
    if (request->has_pairs &&
        ((pairs->dataset[0] == '\0') != (pairs->x.n > 0) || pairs->x.n != pairs->y.n || pairs->label[0]))
        abort();
}

/* An answer with a number, one that is none, and ids as they came. */
static void check_answer(const proto_scores_request *request)
{
    const double figures[] = {0.5, (double)NAN};
    const uint8_t trained[] = {1, 0};
    const uint64_t n = request->has_pairs ? request->pairs.x.n : request->rows;
    proto_pair_source source = {.x = &request->pairs.x, .y = &request->pairs.y};
    const proto_scores scores = {.model = "mdl_1",
                                 .n = n < 2 ? n : 2,
                                 .pairs = request->has_pairs ? &source : NULL,
                                 .pmi = figures,
                                 .percentile = figures,
                                 .p_value = figures,
                                 .q_value = figures,
                                 .trained = request->has_pairs ? trained : NULL,
                                 .missing = {request->has_pairs ? &request->pairs.x : NULL,
                                             request->has_pairs ? &request->pairs.y : NULL}};
    proto_text text;
    proto_text_init(&text, 16u << 20);
    proto_scores_encode_json(&scores, &text);
    check_json(&text);
    proto_text_fini(&text);
    proto_text_init(&text, 16u << 20);
    proto_scores_encode_csv(&scores, &text);
    proto_scores_encode_npy(&scores, &text);
    if (!proto_text_ok(&text))
        abort();
    proto_text_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    proto_limits limits;
    proto_problem problem;
    proto_scores_request *request;
    proto_limits_default(&limits);
    if (proto_scores_decode(&request, (const char *)bytes, n, &limits, &problem) != MI_OK) {
        check_refusal(&problem);
        return 0;
    }
    check_request(request);
    check_answer(request);
    proto_scores_free(request);
    return 0;
}
