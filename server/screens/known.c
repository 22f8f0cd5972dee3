/*
 * The pairs that a screen leaves out one by one: those that the model was trained on, and a row with itself
 * where the two sides number their rows differently.
 */
#include "proto/pairs.h"
#include "screens/subject.h"

#include <stdlib.h>
#include <string.h>

/* Where rows of a matrix, or ids of the model, are among the rows of the screen; PROTO_NO_ROW: nowhere. */
typedef struct places {
    uint32_t *of_row;   /* (rows of the matrix) NULL: its own number */
    uint32_t *of_id[2]; /* (ids that the model has of x, of y) NULL: not needed */
} places;

typedef struct finding {
    screen_subject *s;
    places at[2];
    uint64_t *pairs; /* x << 32 | y */
    uint64_t n;
} finding;

static uint32_t place_of_row(const finding *f, int side, uint64_t row)
{
    if (row >= f->s->matrix[side].rows)
        return PROTO_NO_ROW;
    return f->at[side].of_row ? f->at[side].of_row[row] : (uint32_t)row;
}

static mi_status number_rows(finding *f, int side, mi_error *err)
{
    const uint64_t rows = f->s->matrix[side].rows;
    if (!f->s->rows[side])
        return MI_OK;
    uint32_t *of_row = f->at[side].of_row = malloc((rows + 1) * sizeof *of_row);
    if (!of_row)
        return mi_fail(err, MI_MEMORY, "places of %llu rows", (unsigned long long)rows);
    memset(of_row, 0xff, rows * sizeof *of_row);
    for (uint32_t i = 0; i < f->s->n[side]; i++)
        of_row[f->s->rows[side][i]] = i;
    return MI_OK;
}

/* Whether (a, b) and (b, a) are the same pair to the model. */
static bool is_symmetric(const screen_subject *s)
{
    return s->model.job->has_pairs && s->model.job->pairs.symmetric;
}

/* The model's ids of side `of` among the screen's rows of `side`. index NULL: nobody is there. */
static mi_status number_ids(finding *f, int side, int of, const proto_id_index *index, mi_error *err)
{
    const proto_model_view *model = &f->s->model;
    const uint64_t n = model->ids[of].n;
    uint32_t *of_id = f->at[side].of_id[of] = malloc((n + 1) * sizeof *of_id);
    if (!of_id)
        return mi_fail(err, MI_MEMORY, "places of %llu ids", (unsigned long long)n);
    memset(of_id, 0xff, n * sizeof *of_id);
    for (uint64_t i = 0; index && i < n; i++) {
        size_t length;
        const char *id = proto_model_id(model, of, i, &length);
        const uint32_t row = proto_id_index_find(index, id, length);
        if (row != PROTO_NO_ROW)
            of_id[i] = place_of_row(f, side, row);
    }
    return MI_OK;
}

static mi_status number_side(finding *f, int side, mi_error *err)
{
    proto_id_index *index = NULL;
    mi_status status = MI_OK;
    if (f->s->view[side].has_ids)
        status = proto_id_index_new(&index, &f->s->view[side], err);
    if (status == MI_OK)
        status = number_ids(f, side, side, index, err);
    if (status == MI_OK && is_symmetric(f->s))
        status = number_ids(f, side, !side, index, err);
    proto_id_index_free(index);
    return status;
}

static void add(finding *f, uint32_t x, uint32_t y)
{
    if (x == PROTO_NO_ROW || y == PROTO_NO_ROW)
        return;
    if (f->s->job->screen.symmetric && x > y) {
        const uint32_t swapped = x;
        x = y;
        y = swapped;
    }
    f->pairs[f->n++] = (uint64_t)x << 32 | y;
}

/* Without ids the pairs are row by row, of the very data that the model was trained on. */
static void add_rows(finding *f)
{
    const proto_job *own = f->s->model.job, *job = f->s->job;
    if (strcmp(own->x.sha256, job->x.sha256) != 0 || strcmp(own->y.sha256, job->y.sha256) != 0)
        return;
    for (uint64_t p = 0; p < f->s->model.n_pairs; p++)
        add(f, place_of_row(f, 0, p), place_of_row(f, 1, p));
}

static void add_ids(finding *f)
{
    const proto_model_view *model = &f->s->model;
    for (uint64_t p = 0; p < model->n_pairs; p++) {
        const uint32_t x = model->pair_rows[2 * p], y = model->pair_rows[2 * p + 1];
        add(f, f->at[0].of_id[0][x], f->at[1].of_id[1][y]);
        if (is_symmetric(f->s))
            add(f, f->at[0].of_id[1][y], f->at[1].of_id[0][x]);
    }
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_distinct(finding *f)
{
    uint64_t kept = 0;
    qsort(f->pairs, f->n, sizeof *f->pairs, by_number);
    for (uint64_t i = 0; i < f->n; i++)
        if (i == 0 || f->pairs[i] != f->pairs[i - 1])
            f->pairs[kept++] = f->pairs[i];
    f->n = kept;
}

static bool same_rows(const screen_subject *s)
{
    return s->n[0] == s->n[1] && !s->rows[0] == !s->rows[1] &&
           (!s->rows[0] || memcmp(s->rows[0], s->rows[1], s->n[0] * sizeof *s->rows[0]) == 0);
}

/* A row with itself. Where both sides are the same rows, core leaves it out; else they join the list. */
static void add_same(finding *f)
{
    screen_subject *s = f->s;
    if (strcmp(s->job->x.sha256, s->job->y.sha256) != 0)
        return;
    if (same_rows(s)) {
        s->spec.skip_same = s->job->screen.skip_same;
        s->same = s->job->screen.symmetric || !s->spec.skip_same ? 0 : s->n[0];
        return;
    }
    if (!s->job->screen.skip_same)
        return;
    for (uint32_t i = 0; i < s->n[0]; i++) {
        const uint64_t before = f->n;
        add(f, i, place_of_row(f, 1, s->rows[0] ? s->rows[0][i] : i));
        s->same += f->n - before;
    }
}

static bool is_same(const screen_subject *s, uint64_t pair)
{
    return (uint32_t)(pair >> 32) == (uint32_t)pair && (s->spec.skip_same || s->spec.symmetric);
}

/* Pairs that core does not score anyway are no part of what is left out here. */
static mi_status find(finding *f, mi_error *err)
{
    screen_subject *s = f->s;
    const proto_screen *screen = &s->job->screen;
    if (screen->exclude_known && s->model.pair_rows)
        add_ids(f);
    else if (screen->exclude_known)
        add_rows(f);
    sort_distinct(f);
    s->known = f->n;
    s->spec.symmetric = screen->symmetric;
    add_same(f);
    const uint64_t all = screen->symmetric ? (uint64_t)s->n[0] * (s->n[0] - 1) / 2
                                           : (uint64_t)s->n[0] * s->n[1] - (s->spec.skip_same ? s->same : 0);
    sort_distinct(f);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < f->n; i++)
        if (!is_same(s, f->pairs[i]))
            f->pairs[kept++] = f->pairs[i];
    s->n_out = kept;
    s->pairs = all - kept;
    for (int side = 0; side < 2; side++) {
        s->out[side] = malloc((kept + 1) * sizeof *s->out[side]);
        if (!s->out[side])
            return mi_fail(err, MI_MEMORY, "%llu pairs to leave out", (unsigned long long)kept);
        for (uint64_t i = 0; i < kept; i++)
            s->out[side][i] = (uint32_t)(side ? f->pairs[i] : f->pairs[i] >> 32);
    }
    return MI_OK;
}

mi_status screen_find_out(screen_subject *s, mi_error *err)
{
    finding f = {.s = s};
    mi_status status = MI_OK;
    s->model_pairs = s->model.n_pairs;
    if (s->job->screen.symmetric && (strcmp(s->job->x.sha256, s->job->y.sha256) != 0 || !same_rows(s)))
        return mi_fail_at(err, MI_INVALID, "/symmetric",
                          "x and y are not the same rows of the same data; expected false");
    for (int side = 0; side < 2 && status == MI_OK; side++) {
        status = number_rows(&f, side, err);
        if (status == MI_OK && s->job->screen.exclude_known && s->model.pair_rows)
            status = number_side(&f, side, err);
    }
    if (status == MI_OK && !(f.pairs = malloc((2 * s->model.n_pairs + s->n[0] + 1) * sizeof *f.pairs)))
        status = mi_fail(err, MI_MEMORY, "pairs to leave out");
    if (status == MI_OK)
        status = find(&f, err);
    for (int side = 0; side < 2; side++) {
        free(f.at[side].of_row);
        free(f.at[side].of_id[0]);
        free(f.at[side].of_id[1]);
    }
    free(f.pairs);
    return status;
}
