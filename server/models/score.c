#include "internal.h"
#include "mi/null.h"

#include <stdlib.h>
#include <string.h>

const char *models_pair_id(const proto_pair_source *pairs, int side, uint64_t i, size_t *n)
{
    if (pairs->table)
        return proto_pair_table_cell(pairs->table, side ? pairs->y_column : pairs->x_column, i, n);
    return proto_string_list_at(side ? pairs->y : pairs->x, i, n);
}

uint64_t models_pair_rows(const proto_pair_source *pairs)
{
    return pairs->table ? pairs->table->rows : pairs->x->n;
}

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

/* ---- ids that are not there ---- */

typedef struct named {
    const char *id;
    size_t n;
    uint64_t row;
} named;

/* By name, then by row. */
static int by_name(const void *a, const void *b)
{
    const named *p = a, *q = b;
    if (p->n != q->n)
        return p->n < q->n ? -1 : 1;
    const int order = memcmp(p->id, q->id, p->n);
    return order ? order : (p->row > q->row) - (p->row < q->row);
}

static int by_place(const void *a, const void *b)
{
    const named *p = a, *q = b;
    return (p->row > q->row) - (p->row < q->row);
}

static bool same_name(const named *a, const named *b)
{
    return a->n == b->n && memcmp(a->id, b->id, a->n) == 0;
}

/* The distinct ones of n_missing ids in order of appearance. */
static mi_status list_missing(const proto_pair_source *pairs, int side, const uint32_t *rows, uint64_t n,
                              uint64_t n_missing, proto_string_list *out, mi_error *err)
{
    uint64_t found = 0, distinct = 0;
    mi_status status = MI_OK;
    if (n_missing == 0)
        return MI_OK;
    named *all = malloc(n_missing * sizeof *all);
    if (!all)
        return mi_fail(err, MI_MEMORY, "no memory for the missing ids");
    for (uint64_t i = 0; i < n; i++)
        if (rows[i] == PROTO_NO_ROW) {
            all[found].id = models_pair_id(pairs, side, i, &all[found].n);
            all[found++].row = i;
        }
    qsort(all, found, sizeof *all, by_name);
    for (uint64_t i = 0; i < found; i++)
        if (distinct == 0 || !same_name(&all[i], &all[distinct - 1]))
            all[distinct++] = all[i];
    qsort(all, distinct, sizeof *all, by_place);
    for (uint64_t i = 0; i < distinct && status == MI_OK; i++)
        status = proto_string_list_append(out, all[i].id, all[i].n, err);
    free(all);
    return status;
}

/* rows (n) of a side, by id. */
static mi_status find_rows(const models_matrix *matrix, const proto_pair_source *pairs, int side, uint64_t n,
                           uint32_t *rows, proto_string_list *missing, mi_error *err)
{
    uint64_t n_missing = 0;
    if (!matrix->index)
        return mi_fail_at(err, MI_INVALID, side ? "/y" : "/x",
                          "the data set has no ids; pairs by id need them");
    for (uint64_t i = 0; i < n; i++) {
        size_t length;
        const char *id = models_pair_id(pairs, side, i, &length);
        rows[i] = proto_id_index_find(matrix->index, id, length);
        n_missing += rows[i] == PROTO_NO_ROW;
    }
    return list_missing(pairs, side, rows, n, n_missing, missing, err);
}

static void mark_trained(const models_model *model, const proto_pair_source *pairs, models_scores *s)
{
    for (uint64_t i = 0; i < s->n; i++) {
        size_t n_x, n_y;
        const char *x = models_pair_id(pairs, 0, i, &n_x), *y = models_pair_id(pairs, 1, i, &n_y);
        s->trained[i] = models_find_pair(model, x, n_x, y, n_y) != MODELS_NO_PAIR;
    }
}

mi_status models_score(models_model *model, models_matrix *x, models_matrix *y,
                       const proto_pair_source *pairs, models_scores *out, mi_error *err)
{
    const uint64_t n = models_pair_rows(pairs);
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
