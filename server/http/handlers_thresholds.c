/*
 * Thresholds of a model's PMI.
 */
#include "proto/thresholds.h"
#include "scoring.h"

#include <inttypes.h>
#include <stdio.h>

static void answer_thresholds(const http_request *q, http_response *r, const http_scoring *s,
                              const proto_thresholds_request *request, const models_labelled *labelled,
                              const models_overlap *overlap)
{
    models_thresholds found;
    mi_error err = {0};
    proto_text text;
    if (models_thresholds_find(s->model, &request->targets, labelled, overlap, &found, &err) != MI_OK) {
        http_answer_error(r, q, &err);
        return;
    }
    const proto_thresholds_answer answer = {
        .model = s->record.id,
        .numbers = found.numbers,
        .fprs = found.by_model,
        .pairs = labelled ? labelled->pairs : NULL,
        .held_out = found.held_out,
        .mismatched = found.mismatched,
        .sampled = found.sampled,
    };
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_thresholds_encode(&answer, &text);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
    models_thresholds_fini(&found);
}

/* How many of the labelled pairs the model was trained on, and the first of them. */
static void refuse_overlap(const http_request *q, http_response *r, const models_labelled *labelled,
                           const models_overlap *overlap)
{
    proto_problem problem;
    char list[192] = "";
    size_t length = 0;
    for (uint64_t i = 0; i < overlap->n && i < MODELS_OVERLAP_FIRST && length < sizeof list / 2; i++) {
        const char *id[2];
        size_t n[2];
        models_labelled_ids(labelled, overlap->first[i], id, n);
        length += (size_t)snprintf(list + length, sizeof list - length, "%s(%.*s, %.*s)", i ? ", " : "",
                                   n[0] < 20 ? (int)n[0] : 20, id[0], n[1] < 20 ? (int)n[1] : 20, id[1]);
    }
    proto_problem_init(&problem);
    proto_problem_set(&problem, PROTO_PROBLEM_TRAINING_OVERLAP,
                      "the model was trained on %" PRIu64 " of the labelled pairs: leave them out, or say "
                      "allow_training_pairs to have their PMIs out of fold",
                      overlap->n);
    proto_problem_add(&problem, "/pairs", "%" PRIu64 " pairs that the model was trained on: %s%s", overlap->n,
                      list, overlap->n > MODELS_OVERLAP_FIRST ? ", ..." : "");
    http_answer_problem(r, q, &problem);
}

static void with_pairs(const http_request *q, http_response *r, const http_scoring *s,
                       const proto_thresholds_request *request, const proto_pairs *pairs)
{
    const models_labelled labelled = {s->matrix[0], s->matrix[1], pairs, request->pairs.symmetric};
    models_overlap overlap;
    mi_error err = {0};
    if (pairs->n + pairs->n_negative == 0)
        http_refuse_at(r, q, "/pairs", "none of %" PRIu64 " pairs has embeddings of both its ids",
                       pairs->rows);
    else if (models_overlap_find(s->model, &labelled, &overlap, &err) != MI_OK)
        http_answer_error(r, q, &err);
    else {
        if (overlap.n > 0 && !request->allow_training_pairs)
            refuse_overlap(q, r, &labelled, &overlap);
        else
            answer_thresholds(q, r, s, request, &labelled, &overlap);
        models_overlap_fini(&overlap);
    }
}

static bool join(const http_request *q, http_response *r, const http_scoring *s,
                 const proto_pair_source *source, proto_pairs *out)
{
    const models_matrix *x = s->matrix[0], *y = s->matrix[1];
    mi_error err = {0};
    const mi_status status =
        proto_pairs_join_indexed(out, source, models_matrix_view(x), models_matrix_index(x),
                                 models_matrix_view(y), models_matrix_index(y), &err);
    if (status != MI_OK)
        http_refuse_pairs(r, q, &err);
    return status == MI_OK;
}

static void thresholds(const http_request *q, http_response *r, http_scoring *s,
                       const proto_thresholds_request *request)
{
    proto_pair_source source;
    proto_pairs pairs;
    if (!request->has_pairs) {
        answer_thresholds(q, r, s, request, NULL, NULL);
    } else if (http_scoring_pairs(q, r, s, &request->pairs, http_limits(q)->max_labelled_pairs, &source) &&
               http_scoring_sides(q, r, s, request->x, request->y) && join(q, r, s, &source, &pairs)) {
        with_pairs(q, r, s, request, &pairs);
        proto_pairs_fini(&pairs);
    }
}

void handle_model_thresholds(const http_request *q, http_response *r)
{
    http_scoring scoring;
    proto_thresholds_request *request;
    proto_problem problem;
    if (!http_scoring_open(q, r, &scoring))
        return;
    if (proto_thresholds_decode(&request, q->body ? q->body : "", q->n_body, http_limits(q), &problem) ==
        MI_OK)
        thresholds(q, r, &scoring, request);
    else
        http_answer_problem(r, q, &problem);
    proto_thresholds_free(request);
    http_scoring_close(q, &scoring);
}
