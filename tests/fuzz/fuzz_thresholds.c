/*
 * A request for thresholds from anywhere: a refusal names what is wrong; what is accepted is in range, and
 * core takes it.
 */
#include "fuzz.h"
#include "proto/thresholds.h"

#include <math.h>
#include <stdlib.h>

static void check_targets(const double *targets, uint32_t n)
{
    if (n > MI_THRESHOLDS_MAX)
        abort();
    for (uint32_t i = 0; i < n; i++)
        if (!(targets[i] > 0.0 && targets[i] < 1.0))
            abort();
}

static void check_pairs(const proto_thresholds_request *request)
{
    const proto_pairs_input *pairs = &request->pairs;
    if (!request->has_pairs) {
        if (pairs->labels || pairs->x.n > 0)
            abort();
        return;
    }
    if ((pairs->dataset[0] == '\0') != (pairs->x.n > 0) || pairs->x.n != pairs->y.n)
        abort();
    for (uint64_t i = 0; pairs->labels && i < pairs->x.n; i++)
        if (pairs->labels[i] > 1)
            abort();
}

/* Three null pairs, two candidates and three labelled pairs are enough to ask for anything. */
static void check_answer(const proto_thresholds_request *request)
{
    double null[] = {-1.0, 0.0, 1.0}, known[] = {0.5, 2.0};
    const double scores[] = {2.0, 1.0, 0.0};
    const uint8_t labels[] = {1, 0, 1};
    const mi_thresholds_data data = {.null = null,
                                     .n_null = 3,
                                     .known = known,
                                     .n_known = 2,
                                     .candidates = known,
                                     .n_candidates = 2,
                                     .scores = scores,
                                     .labels = labels,
                                     .n_labelled = request->has_pairs ? 3 : 0};
    mi_thresholds *numbers;
    proto_text text;
    proto_json *json;
    if (mi_thresholds_compute(&numbers, &request->targets, &data, NULL) != MI_OK)
        abort();
    proto_text_init(&text, 1 << 20);
    if (proto_thresholds_encode(&(proto_thresholds_answer){"mdl_1", numbers, NULL}, &text) != MI_OK)
        abort();
    if (proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, NULL) != MI_OK)
        abort();
    proto_json_free(json);
    proto_text_fini(&text);
    mi_thresholds_free(numbers);
}

static void check_refusal(const proto_problem *problem)
{
    proto_text text;
    proto_json *json;
    proto_text_init(&text, 1 << 20);
    if (!proto_problem_any(problem))
        abort();
    proto_problem_encode(problem, "req_1", &text);
    if (proto_json_parse(&json, text.data, text.length, 1 << 20, NULL, 0, NULL) != MI_OK)
        abort();
    proto_json_free(json);
    proto_text_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    proto_limits limits;
    proto_problem problem;
    proto_thresholds_request *request;
    proto_limits_default(&limits);
    if (proto_thresholds_decode(&request, (const char *)bytes, n, &limits, &problem) != MI_OK) {
        check_refusal(&problem);
        return 0;
    }
    check_targets(request->targets.fpr, request->targets.n_fpr);
    check_targets(request->targets.fdr, request->targets.n_fdr);
    check_targets(request->targets.precision, request->targets.n_precision);
    check_targets(request->targets.recall, request->targets.n_recall);
    check_pairs(request);
    check_answer(request);
    proto_thresholds_free(request);
    return 0;
}
