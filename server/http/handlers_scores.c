/*
 * Pairs scored by a model.
 */
#include "negotiate.h"
#include "proto/scores.h"
#include "scoring.h"

#include <stdio.h>

static void answer_scores(const http_request *q, http_response *r, const http_scoring *s,
                          const models_scores *scores, const proto_pair_source *pairs, http_format format)
{
    static void (*const encode[])(const proto_scores *, proto_text *) = {
        [HTTP_FORMAT_JSON] = proto_scores_encode_json,
        [HTTP_FORMAT_CSV] = proto_scores_encode_csv,
        [HTTP_FORMAT_NPY] = proto_scores_encode_npy,
    };
    const proto_scores answer = {
        .model = s->record.id,
        .n = scores->n,
        .pairs = pairs,
        .pmi = scores->pmi,
        .percentile = scores->percentile,
        .p_value = scores->p_value,
        .q_value = scores->q_value,
        .trained = scores->trained,
        .missing = {pairs ? &scores->missing[0] : NULL, pairs ? &scores->missing[1] : NULL},
        .null_pairs = models_view(s->model)->n_null,
    };
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    encode[format](&answer, &text);
    http_answer(r, q, 200, http_format_type(format), &text);
}

static void score_by_id(const http_request *q, http_response *r, http_scoring *s,
                        const proto_scores_request *request, http_format format)
{
    proto_pair_source pairs;
    models_scores scores;
    mi_error err = {0};
    if (!http_scoring_pairs(q, r, s, &request->pairs, http_limits(q)->max_score_pairs, &pairs) ||
        !http_scoring_sides(q, r, s, request->dataset[0], request->dataset[1]))
        return;
    if (models_score(s->model, s->matrix[0], s->matrix[1], &pairs, &scores, &err) != MI_OK) {
        http_refuse_pairs(r, q, &err);
        return;
    }
    answer_scores(q, r, s, &scores, &pairs, format);
    models_scores_fini(&scores);
}

static bool vectors_fit(const http_request *q, http_response *r, const http_scoring *s, int side,
                        mi_matrix data)
{
    mi_error err = {0};
    char pointer[sizeof err.pointer + 2];
    if (models_check_vectors(s->model, side, data, &err) == MI_OK)
        return true;
    snprintf(pointer, sizeof pointer, "/%c%s", side ? 'y' : 'x', err.pointer);
    http_refuse_at(r, q, pointer, "%s", err.message);
    return false;
}

static void score_vectors(const http_request *q, http_response *r, http_scoring *s,
                          const proto_scores_request *request, http_format format)
{
    const mi_matrix x = {.data = request->vectors[0], .rows = request->rows, .cols = request->cols[0]},
                    y = {.data = request->vectors[1], .rows = request->rows, .cols = request->cols[1]};
    models_scores scores;
    mi_error err = {0};
    if (!vectors_fit(q, r, s, 0, x) || !vectors_fit(q, r, s, 1, y))
        return;
    if (models_score_vectors(s->model, x, y, &scores, &err) != MI_OK) {
        http_answer_error(r, q, &err);
        return;
    }
    answer_scores(q, r, s, &scores, NULL, format);
    models_scores_fini(&scores);
}

void handle_model_pmi(const http_request *q, http_response *r)
{
    http_scoring scoring;
    proto_scores_request *request = NULL;
    proto_problem problem;
    http_format format;
    if (!http_choose_format(q, r, HTTP_FORMATS_TABLE, &format) || !http_scoring_open(q, r, &scoring))
        return;
    if (proto_scores_decode(&request, q->body ? q->body : "", q->n_body, http_limits(q), &problem) != MI_OK)
        http_answer_problem(r, q, &problem);
    else if (request->has_pairs)
        score_by_id(q, r, &scoring, request, format);
    else
        score_vectors(q, r, &scoring, request, format);
    proto_scores_free(request);
    http_scoring_close(q, &scoring);
}
