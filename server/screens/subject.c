#include "screens/subject.h"

#include "proto/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS         200u
#define COUNT_ALL    (UINT64_C(1) << 22) /* pairs up to which a histogram counts every one */
#define COUNT_ONE_IN 16u
#define MISSING_MAX  (UINT64_C(64) << 20)
#define WIDEST_BINS  1e4 /* nats, either way */

enum { MAP_X, MAP_Y, MAP_MODEL };
static const char *const pointers[] = {"/x", "/y", "/model"};

/* ---- blobs ---- */

static mi_status map_blob(store *s, int which, const char *sha256, store_mapping *out, mi_error *err)
{
    const mi_status status = store_blob_map(s, sha256, out, err);
    return status == MI_NOT_FOUND ? mi_fail_at(err, MI_CORRUPT, pointers[which], "its data are gone")
                                  : status;
}

/* ---- rows ---- */

/* Columns hold what they held when the model was trained, whatever else the data set says of them. */
static mi_status open_columns(screen_subject *s, int side, mi_error *err)
{
    const proto_input *trained = side ? &s->model.job->y : &s->model.job->x;
    proto_matrix_view plain = {.matrix = s->view[side].matrix};
    mi_matrix *m = &s->matrix[side];
    uint64_t width;
    plain.matrix.categorical = NULL;
    *m = plain.matrix;
    if (m->cols != trained->cols)
        return mi_fail_at(err, MI_INVALID, pointers[side], "has %llu columns; the model was trained on %llu",
                          (unsigned long long)m->cols, (unsigned long long)trained->cols);
    mi_status status = proto_input_columns(trained, &plain, &s->categorical[side], err);
    if (status != MI_OK || !s->categorical[side])
        return status;
    m->categorical = s->categorical[side];
    status = mi_matrix_width(*m, &width, err); /* that they are codes */
    if (status == MI_INVALID || status == MI_LIMIT)
        return mi_fail_at(err, MI_INVALID, pointers[side], "%s", err->message);
    return status;
}

static mi_status none_left(const screen_subject *s, int side, mi_error *err)
{
    size_t n;
    const char *first = proto_string_list_at(&s->missing[side], 0, &n);
    return mi_fail_at(err, MI_INVALID, side ? "/y/ids" : "/x/ids",
                      "none of the %llu ids has a row in the data set; the first is \"%.*s\"",
                      (unsigned long long)s->missing[side].n, (int)(n < 64 ? n : 64), first);
}

static mi_status find_rows(screen_subject *s, int side, mi_error *err)
{
    const proto_string_list *ids = &s->job->screen.ids[side];
    proto_id_index *index = NULL;
    s->n[side] = (uint32_t)s->matrix[side].rows;
    if (!s->job->screen.has_ids[side])
        return MI_OK;
    if (!s->view[side].has_ids)
        return mi_fail_at(err, MI_INVALID, side ? "/y/ids" : "/x/ids", "the data set's rows have no ids");
    mi_status status = proto_id_index_new(&index, &s->view[side], err);
    s->rows[side] = malloc((ids->n + 1) * sizeof *s->rows[side]);
    if (status == MI_OK && !s->rows[side])
        status = mi_fail(err, MI_MEMORY, "the rows of a screen");
    s->n[side] = 0;
    for (uint64_t i = 0; i < ids->n && status == MI_OK; i++) {
        size_t n;
        const char *id = proto_string_list_at(ids, i, &n);
        const uint32_t row = proto_id_index_find(index, id, n);
        if (row != PROTO_NO_ROW)
            s->rows[side][s->n[side]++] = row;
        else
            status = proto_string_list_append(&s->missing[side], id, n, err);
    }
    proto_id_index_free(index);
    return status == MI_OK && s->n[side] == 0 ? none_left(s, side, err) : status;
}

static mi_status open_side(screen_subject *s, int side, const char *sha256, mi_error *err)
{
    mi_status status = map_blob(s->store, side, sha256, &s->map[side], err);
    if (status == MI_OK)
        status = proto_matrix_open(&s->view[side], s->map[side].bytes, s->map[side].n, err);
    if (status == MI_OK)
        status = open_columns(s, side, err);
    return status == MI_OK ? find_rows(s, side, err) : status;
}

/* ---- what to keep ---- */

/* Where the bins of a histogram lie: around all that is known of the model's PMIs. */
static void place_bins(const proto_model_view *model, mi_screen_spec *spec)
{
    double low = model->n_null > 0 ? model->null_pmi[0] : -1.0,
           high = model->n_null > 0 ? model->null_pmi[model->n_null - 1] : 1.0;
    for (uint64_t i = 0; i < model->n_pairs; i++)
        high = model->pair_pmi[i] > high ? model->pair_pmi[i] : high;
    spec->low = floor(fmax(fmin(low, WIDEST_BINS), -WIDEST_BINS));
    spec->high = ceil(fmax(fmin(high, WIDEST_BINS), -WIDEST_BINS));
    if (!(spec->high > spec->low))
        spec->high = spec->low + 1.0;
}

/*
 * From which score on pairs are collected. With n_above <= max_above, an expected FDR of n p(t) / n_above is
 * at most the target only where p(t) <= target * max_above / n: nothing below that t can be the threshold,
 * and if more than max_above lie above t, so do they above the threshold.
 */
static mi_status find_threshold(screen_subject *s, mi_error *err)
{
    const proto_screen *screen = &s->job->screen;
    const mi_null null = screen_null(s);
    const double least = mi_null_smallest_fpr(&null);
    mi_null_tail tail = {.threshold = screen->above_value};
    double fpr = screen->above_value;
    s->spec.above = screen->above != PROTO_ABOVE_NONE;
    s->spec.max_above = s->spec.above ? screen->max_above : 0;
    if (screen->above == PROTO_ABOVE_NONE || screen->above == PROTO_ABOVE_PMI) {
        s->spec.threshold = s->spec.above ? screen->above_value : 0.0;
        return MI_OK;
    }
    if (null.n == 0)
        return mi_fail_at(err, MI_INVALID, "/above", "the model has no null; expected {\"pmi\": nats}");
    if (screen->above == PROTO_ABOVE_FDR)
        fpr = fmax(least, screen->above_value * screen->max_above / (double)(s->pairs > 0 ? s->pairs : 1));
    if (fpr >= 1.0)
        tail.threshold = -(double)INFINITY;
    else if (!mi_null_threshold(&tail, &null, fpr))
        return mi_fail_at(err, MI_INVALID, screen->above == PROTO_ABOVE_FPR ? "/above/fpr" : "/above/fdr",
                          "the model's null of %llu mismatched pairs resolves nothing below %.3g",
                          (unsigned long long)null.n, least);
    s->spec.threshold = tail.threshold;
    return MI_OK;
}

static mi_status find_spec(screen_subject *s, mi_error *err)
{
    const proto_screen *screen = &s->job->screen;
    s->spec.n_x = s->n[0];
    s->spec.n_y = s->n[1];
    s->spec.slope = 1.0;
    s->spec.top = screen->top;
    s->spec.top_per_x = screen->top_per_x;
    s->spec.top_per_y = screen->top_per_y;
    s->spec.symmetric = screen->symmetric;
    s->spec.summarise = 1;
    if (screen->histogram) {
        s->spec.n_bins = BINS;
        s->spec.every = s->pairs <= COUNT_ALL ? 1 : COUNT_ONE_IN;
        place_bins(&s->model, &s->spec);
    }
    s->spec.n_known = s->n_out;
    s->spec.known_x = s->out[0];
    s->spec.known_y = s->out[1];
    return find_threshold(s, err);
}

/* ---- the whole ---- */

static mi_status open_all(screen_subject *s, const char *const sha256[3], mi_error *err)
{
    mi_status status = map_blob(s->store, MAP_MODEL, sha256[MAP_MODEL], &s->map[MAP_MODEL], err);
    if (status == MI_OK)
        status = proto_model_open(&s->model, s->map[MAP_MODEL].bytes, s->map[MAP_MODEL].n, err);
    for (int side = 0; side < 2 && status == MI_OK; side++)
        status = open_side(s, side, sha256[side], err);
    if (status == MI_OK)
        status = screen_find_out(s, err);
    return status == MI_OK ? find_spec(s, err) : status;
}

mi_status screen_subject_open(screen_subject *out, store *s, const proto_job *job,
                              const char *const sha256[3], mi_error *err)
{
    *out = (screen_subject){.store = s, .job = job};
    for (int side = 0; side < 2; side++)
        proto_string_list_init(&out->missing[side], MISSING_MAX);
    const mi_status status = open_all(out, sha256, err);
    if (status != MI_OK)
        screen_subject_close(out);
    return status;
}

void screen_subject_close(screen_subject *s)
{
    proto_model_close(&s->model);
    for (int side = 0; side < 2; side++) {
        proto_string_list_fini(&s->missing[side]);
        free(s->categorical[side]);
        free(s->rows[side]);
        free(s->out[side]);
    }
    for (int i = 0; i < 3; i++)
        if (s->map[i].bytes)
            store_blob_unmap(s->store, &s->map[i]);
    *s = (screen_subject){0};
}

bool screen_has_categories(const screen_subject *s)
{
    return s->categorical[0] || s->categorical[1] || s->view[0].matrix.categorical ||
           s->view[1].matrix.categorical;
}

mi_status screen_use(screen_subject *s, bool is_dot, size_t width, double constant, mi_error *err)
{
    if (!is_dot || width > UINT32_MAX)
        return mi_fail_at(err, MI_UNSUPPORTED, "/model",
                          "its PMI is not a dot product of what x and y each contribute, so that all pairs "
                          "cannot be screened: a model of a separable, bilinear or cosine critic with an "
                          "objective that trains the log ratio can; of this one, score pairs by POST "
                          "/v1/models/{id}/pmi");
    s->spec.width = (uint32_t)width;
    s->spec.log_scale = constant;
    return MI_OK;
}

mi_status screen_model(mi_model **out, screen_subject *s, mi_error *err)
{
    mi_status status = mi_model_new(out, &s->model.spec, s->model.members, s->model.n_members,
                                    s->model.job->pairs.symmetric, err);
    if (status != MI_OK)
        return status;
    status = screen_use(s, mi_model_is_dot(*out) != 0, mi_model_width(*out), mi_model_constant(*out), err);
    if (status != MI_OK) {
        mi_model_free(*out);
        *out = NULL;
    }
    return status;
}
