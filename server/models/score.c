#include "internal.h"
#include "mi/null.h"

#include <stdlib.h>
#include <string.h>

void models_scores_fini(models_scores *scores)
{
    free(scores->pmi);
    free(scores->trained);
    proto_string_list_fini(&scores->missing[0]);
    proto_string_list_fini(&scores->missing[1]);
    *scores = (models_scores){.n = 0};
}

static mi_status scores_init(models_scores *out, uint64_t n, bool trained, mi_error *err)
{
    *out = (models_scores){.n = n};
    proto_string_list_init(&out->missing[0], SIZE_MAX);
    proto_string_list_init(&out->missing[1], SIZE_MAX);
    if (n > UINT32_MAX / 2)
        return mi_fail(err, MI_LIMIT, "so many pairs are not scored at once");
    out->pmi = malloc((n ? n : 1) * 4 * sizeof *out->pmi);
    if (trained)
        out->trained = calloc(n ? n : 1, 1);
    if (!out->pmi || (trained && !out->trained))
        return mi_fail(err, MI_MEMORY, "no memory for the scores");
    out->percentile = out->pmi + n;
    out->p_value = out->percentile + n;
    out->q_value = out->p_value + n;
    return MI_OK;
}

/* Where each PMI stands among the null's, and what that is worth among so many. */
static mi_status rate(const models_model *model, models_scores *s, mi_error *err)
{
    const mi_null null = {model->view.null_pmi, model->view.n_null};
    uint32_t *order = malloc((s->n ? s->n : 1) * sizeof *order);
    if (!order)
        return mi_fail(err, MI_MEMORY, "no memory for q-values");
    for (uint64_t i = 0; i < s->n; i++) {
        s->percentile[i] = mi_null_percentile(&null, s->pmi[i]);
        s->p_value[i] = mi_null_p_value(&null, s->pmi[i]);
    }
    mi_q_values(s->p_value, s->n, 1.0, s->q_value, order);
    free(order);
    return MI_OK;
}

/* rows (n) of a side, by id. */
static mi_status find_rows(const models_matrix *matrix, const proto_pair_source *pairs, int side, uint64_t n,
                           uint32_t *rows, proto_string_list *missing, mi_error *err)
{
    if (!matrix->index)
        return mi_fail_at(err, MI_INVALID, side ? "/y" : "/x",
                          "the data set has no ids; pairs by id need them");
    for (uint64_t i = 0; i < n; i++) {
        size_t length;
        const char *id;
        const mi_status status = proto_pair_source_take_id(pairs, side, i, &id, &length, err);
        if (status != MI_OK)
            return status;
        rows[i] = proto_id_index_find(matrix->index, id, length);
    }
    return proto_pairs_list_missing(missing, pairs, side, rows, err);
}

static void mark_trained(const models_model *model, const proto_pair_source *pairs, models_scores *s)
{
    for (uint64_t i = 0; i < s->n; i++) {
        size_t n_x, n_y;
        const char *x = proto_pair_source_id(pairs, 0, i, &n_x), *y = proto_pair_source_id(pairs, 1, i, &n_y);
        s->trained[i] = models_find_pair(model, x, n_x, y, n_y) != MODELS_NO_PAIR;
    }
}

mi_status models_score(models_model *model, models_matrix *x, models_matrix *y,
                       const proto_pair_source *pairs, models_scores *out, mi_error *err)
{
    const uint64_t n = proto_pair_source_rows(pairs);
    mi_status status = scores_init(out, n, models_pairs_have_ids(model), err);
    uint32_t *rows = status == MI_OK ? malloc((n ? n : 1) * 2 * sizeof *rows) : NULL;
    if (status == MI_OK && !rows)
        status = mi_fail(err, MI_MEMORY, "no memory for the rows of the pairs");
    if (status == MI_OK)
        status = find_rows(x, pairs, 0, n, rows, &out->missing[0], err);
    if (status == MI_OK)
        status = find_rows(y, pairs, 1, n, rows + n, &out->missing[1], err);
    if (status == MI_OK)
        status = models_pmi(model, x, rows, y, rows + n, (uint32_t)n, out->pmi, err);
    free(rows);
    if (status == MI_OK)
        status = rate(model, out, err);
    if (status == MI_OK && out->trained)
        mark_trained(model, pairs, out);
    if (status != MI_OK)
        models_scores_fini(out);
    return status;
}

mi_status models_score_vectors(models_model *model, mi_matrix x, mi_matrix y, models_scores *out,
                               mi_error *err)
{
    mi_status status = scores_init(out, x.rows, false, err);
    if (status == MI_OK)
        status = models_pmi_of_vectors(model, x, y, out->pmi, err);
    if (status == MI_OK)
        status = rate(model, out, err);
    if (status != MI_OK)
        models_scores_fini(out);
    return status;
}
