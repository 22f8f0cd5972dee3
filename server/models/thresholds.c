/*
 * The PMIs that thresholds are made from, gathered.
 *
 * Without labelled pairs the candidates are the model's own pairs, each by a member that has not seen it, and
 * so is the null. With them both are by the whole model, as scores of other pairs will be; unless all of
 * them are the model's own, none with label 0: then the null's held-out pairs are the negatives.
 */
#include "internal.h"
#include "mismatched.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mi_status models_overlap_find(const models_model *model, const models_labelled *labelled, models_overlap *out,
                              mi_error *err)
{
    const proto_pairs *p = labelled->pairs;
    const uint64_t n = (uint64_t)p->n + p->n_negative;
    *out = (models_overlap){.n = 0};
    out->place = malloc((n ? n : 1) * sizeof *out->place);
    if (!out->place)
        return mi_fail(err, MI_MEMORY, "no memory for the places of pairs");
    for (uint64_t i = 0; i < n; i++) {
        const char *id[2];
        size_t length[2];
        models_labelled_ids(labelled, i, id, length);
        out->place[i] = models_find_pair(model, id[0], length[0], id[1], length[1]);
        if (out->place[i] != MODELS_NO_PAIR && out->n++ < MODELS_OVERLAP_FIRST)
            out->first[out->n - 1] = i;
    }
    return MI_OK;
}

void models_overlap_fini(models_overlap *overlap)
{
    free(overlap->place);
    *overlap = (models_overlap){.n = 0};
}

void models_labelled_ids(const models_labelled *labelled, uint64_t i, const char *id[2], size_t n[2])
{
    const proto_pairs *p = labelled->pairs;
    const bool negative = i >= p->n;
    const uint32_t row_x = negative ? p->negative_x[i - p->n] : p->x[i],
                   row_y = negative ? p->negative_y[i - p->n] : p->y[i];
    id[0] = proto_matrix_id(&labelled->x->view, row_x, &n[0]);
    id[1] = proto_matrix_id(&labelled->y->view, row_y, &n[1]);
}

/* ---- the numbers ---- */

typedef struct gathered {
    double *null, *known, *candidates; /* candidates may be known */
    double *scores;
    uint8_t *labels;
    uint64_t n_scores, n_listed; /* of the scores, those of the request's own pairs come first */
} gathered;

static void gathered_fini(gathered *g)
{
    if (g->candidates != g->known)
        free(g->candidates);
    free(g->null);
    free(g->known);
    free(g->scores);
    free(g->labels);
}

static double *copy_of(const double *values, uint64_t n, mi_error *err)
{
    double *copy = malloc((n ? n : 1) * sizeof *copy);
    if (!copy)
        mi_fail(err, MI_MEMORY, "no memory for PMIs");
    else if (n > 0)
        memcpy(copy, values, n * sizeof *copy);
    return copy;
}

static mi_status score_pairs(models_model *model, const models_labelled *l, const uint32_t *x,
                             const uint32_t *y, uint32_t n, double *to, mi_error *err)
{
    return n > 0 ? models_pmi(model, l->x, x, l->y, y, n, to, err) : MI_OK;
}

/* Positives, then negatives, then mismatched pairs. */
static mi_status score_labelled(models_model *model, const models_labelled *l, const mismatched *m,
                                gathered *g, mi_error *err)
{
    const proto_pairs *p = l->pairs;
    g->n_listed = (uint64_t)p->n + p->n_negative;
    g->n_scores = g->n_listed + m->n;
    g->scores = malloc((g->n_scores ? g->n_scores : 1) * sizeof *g->scores);
    g->labels = calloc(g->n_scores ? g->n_scores : 1, 1);
    if (!g->scores || !g->labels)
        return mi_fail(err, MI_MEMORY, "no memory for PMIs");
    if (p->n > 0)
        memset(g->labels, 1, p->n);
    mi_status status = score_pairs(model, l, p->x, p->y, p->n, g->scores, err);
    if (status == MI_OK)
        status = score_pairs(model, l, p->negative_x, p->negative_y, p->n_negative, g->scores + p->n, err);
    if (status == MI_OK)
        status = score_pairs(model, l, m->x, m->y, m->n, g->scores + g->n_listed, err);
    return status;
}

/* What the model was trained on is told out of fold. */
static void use_held_out(const models_model *model, const models_overlap *overlap, gathered *g)
{
    for (uint64_t i = 0; i < g->n_listed; i++)
        if (overlap->place[i] != MODELS_NO_PAIR)
            g->scores[i] = model->view.pair_pmi[overlap->place[i]];
}

/* Only pairs that the model was trained on, and nothing that stands against them. */
static bool all_own(const models_labelled *l, const models_overlap *overlap)
{
    return l && overlap->n > 0 && l->pairs->n_negative == 0 && overlap->n == l->pairs->n;
}

/* The model's own pairs against the null's, both by members that have not seen them. */
static mi_status gather_own(const models_model *model, const models_labelled *l,
                            const models_overlap *overlap, gathered *g, mi_error *err)
{
    const proto_model_view *v = &model->view;
    g->n_listed = l->pairs->n;
    g->n_scores = g->n_listed + v->n_held_out;
    g->scores = malloc(g->n_scores * sizeof *g->scores);
    g->labels = calloc(g->n_scores, 1);
    if (!g->scores || !g->labels)
        return mi_fail(err, MI_MEMORY, "no memory for PMIs");
    memset(g->labels, 1, g->n_listed);
    use_held_out(model, overlap, g);
    memcpy(g->scores + g->n_listed, v->null_held_out, v->n_held_out * sizeof *g->scores);
    g->candidates = copy_of(g->scores, g->n_listed, err);
    return g->candidates ? MI_OK : MI_MEMORY;
}

static mi_status gather_labelled(models_model *model, const mi_thresholds_request *request,
                                 const models_labelled *l, const models_overlap *overlap,
                                 models_thresholds *out, gathered *g, mi_error *err)
{
    mismatched m = {.n = 0};
    mi_status status = MI_OK;
    out->mismatched = l->pairs->n > 0 && l->pairs->n_negative == 0;
    if (out->mismatched && out->held_out) {
        out->sampled = true;
        return gather_own(model, l, overlap, g, err);
    }
    if (out->mismatched)
        status =
            mismatched_find(&m, model, l->x, l->y, l->pairs, l->symmetric,
                            mismatched_most(models_is_dot(model), model->view.n_members), request->seed, err);
    out->sampled = m.sampled;
    if (status == MI_OK)
        status = score_labelled(model, l, &m, g, err);
    if (status == MI_OK && overlap->n > 0)
        use_held_out(model, overlap, g);
    if (status == MI_OK && !(g->candidates = copy_of(g->scores, g->n_listed, err)))
        status = MI_MEMORY;
    mismatched_fini(&m);
    return status;
}

static mi_status gather_null(const models_model *model, bool held_out, gathered *g, mi_error *err)
{
    const proto_model_view *v = &model->view;
    g->null = held_out ? copy_of(v->null_held_out, v->n_held_out, err) : copy_of(v->null_pmi, v->n_null, err);
    g->known = g->null ? copy_of(v->pair_pmi, v->n_pairs, err) : NULL;
    return g->known ? MI_OK : MI_MEMORY;
}

/* An FPR is asked for to look at other pairs with, which the whole model scores. */
static mi_status find_fprs(const models_model *model, const mi_thresholds_request *request,
                           const mi_thresholds_data *data, models_thresholds *out, mi_error *err)
{
    const proto_model_view *v = &model->view;
    mi_thresholds_data by_model = *data;
    by_model.null = copy_of(v->null_pmi, v->n_null, err);
    by_model.n_null = v->n_null;
    by_model.n_labelled = 0;
    mi_status status =
        by_model.null ? mi_thresholds_compute(&out->by_model, request, &by_model, err) : MI_MEMORY;
    free(by_model.null);
    return status;
}

static void note_mixed(mi_thresholds *numbers)
{
    mi_threshold_note *note = &numbers->notes[numbers->n_notes++];
    *note = (mi_threshold_note){.code = MI_THRESHOLD_NOTE_MIXED};
    snprintf(note->detail, sizeof note->detail,
             "the PMIs of the %llu pairs that the model was trained on are out of fold, those of the others "
             "and of the null by the whole model, which spread less: compare them with care",
             (unsigned long long)numbers->n_overlap);
}

mi_status models_thresholds_find(models_model *model, const mi_thresholds_request *request,
                                 const models_labelled *labelled, const models_overlap *overlap,
                                 models_thresholds *out, mi_error *err)
{
    const proto_model_view *v = &model->view;
    gathered g = {.null = NULL};
    *out = (models_thresholds){.held_out = v->n_held_out > 0 && (!labelled || all_own(labelled, overlap))};
    mi_status status = gather_null(model, out->held_out, &g, err);
    if (status == MI_OK && labelled)
        status = gather_labelled(model, request, labelled, overlap, out, &g, err);
    if (status == MI_OK && !labelled)
        g.candidates = g.known;
    const mi_thresholds_data data = {
        .null = g.null,
        .n_null = out->held_out ? v->n_held_out : v->n_null,
        .known = g.known,
        .n_known = v->n_pairs,
        .candidates = g.candidates,
        .n_candidates = labelled ? g.n_listed : v->n_pairs,
        .scores = g.scores,
        .labels = g.labels,
        .n_labelled = g.n_scores,
        .n_overlap = labelled ? overlap->n : 0,
    };
    if (status == MI_OK)
        status = mi_thresholds_compute(&out->numbers, request, &data, err);
    if (status == MI_OK && labelled && overlap->n > 0 && !out->held_out)
        note_mixed(out->numbers);
    if (status == MI_OK && out->held_out && v->n_null > 0)
        status = find_fprs(model, request, &data, out, err);
    gathered_fini(&g);
    return status;
}

void models_thresholds_fini(models_thresholds *thresholds)
{
    mi_thresholds_free(thresholds->numbers);
    mi_thresholds_free(thresholds->by_model);
    *thresholds = (models_thresholds){.numbers = NULL};
}
