#include "model_null.h"

#include "mi/null.h"

#include <stdlib.h>
#include <string.h>

#define FEATURES_MAX ((size_t)256 << 20) /* bytes of one side */
#define PAIRS_LEAST  1024u               /* whatever their features take */
#define BLOCK        4096u               /* rows or pairs between two looks at the run's state */

void model_null_fini(model_null *null)
{
    free(null->pmi);
    *null = (model_null){.n = 0};
}

/* Pairs of the runs' nulls: the distinct rows of each side, and where each pair's are among them. */
typedef struct null_side {
    mi_matrix data; /* looked at by rows of the data, not by pairs */
    uint32_t n;
    uint32_t *rows;  /* (n) */
    uint32_t *place; /* (pairs) */
    float *features; /* (n, width) */
} null_side;

typedef struct null_work {
    mi_model *model;
    worker *w;
    const store_run *record;
    size_t n;
    null_side side[2];
} null_work;

static void work_fini(null_work *k)
{
    for (int side = 0; side < 2; side++) {
        free(k->side[side].rows);
        free(k->side[side].place);
        free(k->side[side].features);
    }
}

/* How many pairs there is room for: any number, where there is for all rows. */
static size_t most_pairs(const null_work *k)
{
    const uint64_t x = k->side[0].data.rows, y = k->side[1].data.rows, rows = x > y ? x : y;
    const size_t most = FEATURES_MAX / (mi_model_width(k->model) * sizeof(float));
    return rows <= most ? SIZE_MAX / 2 : most > PAIRS_LEAST ? most : PAIRS_LEAST;
}

/* The rows of pairs, which are at `place` as yet, each once. */
static mi_status number_rows(null_side *s, size_t n, mi_error *err)
{
    uint32_t *seen = malloc((s->data.rows + 1) * sizeof *seen);
    s->rows = malloc((n + 1) * sizeof *s->rows);
    if (!seen || !s->rows) {
        free(seen);
        return mi_fail(err, MI_MEMORY, "rows of %zu mismatched pairs", n);
    }
    memset(seen, 0xff, s->data.rows * sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = s->place[i];
        if (seen[row] == UINT32_MAX) {
            seen[row] = s->n;
            s->rows[s->n++] = row;
        }
        s->place[i] = seen[row];
    }
    free(seen);
    return MI_OK;
}

static mi_status gather(null_work *k, const job_inputs *inputs, const combined *found, mi_error *err)
{
    const size_t most = most_pairs(k);
    const uint32_t *const index[2] = {inputs->x.index, inputs->y.index};
    size_t all = 0, at = 0;
    for (size_t i = 0; i < found->n; i++)
        all += found->results[i]->n_null;
    const size_t every = all > most ? (all + most - 1) / most : 1;
    for (int side = 0; side < 2; side++)
        if (!(k->side[side].place = malloc((all / every + 1) * sizeof(uint32_t))))
            return mi_fail(err, MI_MEMORY, "%zu mismatched pairs", all);
    for (size_t i = 0; i < found->n; i++)
        for (uint32_t j = 0; j < found->results[i]->n_null; j++, at++) {
            const uint32_t pair[2] = {found->results[i]->null_x[j], found->results[i]->null_y[j]};
            for (int side = 0; at % every == 0 && side < 2; side++)
                k->side[side].place[k->n] = index[side] ? index[side][pair[side]] : pair[side];
            k->n += at % every == 0;
        }
    mi_status status = number_rows(&k->side[0], k->n, err);
    return status == MI_OK ? number_rows(&k->side[1], k->n, err) : status;
}

static uint32_t block_of(size_t n, size_t first)
{
    return n - first < BLOCK ? (uint32_t)(n - first) : BLOCK;
}

static mi_status make_features(null_work *k, int side, mi_error *err)
{
    const size_t width = mi_model_width(k->model);
    null_side *s = &k->side[side];
    mi_status status = MI_OK;
    s->features = malloc((s->n * width + 1) * sizeof *s->features);
    if (!s->features)
        return mi_fail(err, MI_MEMORY, "features of %u rows", s->n);
    for (size_t first = 0; first < s->n && status == MI_OK; first += BLOCK) {
        status = combine_hold(k->w, k->record, err);
        if (status == MI_OK)
            status = mi_model_features(k->model, side, s->data, s->rows + first, block_of(s->n, first),
                                       s->features + first * width, err);
    }
    return status;
}

static mi_status score(null_work *k, double *pmi, mi_error *err)
{
    const null_side *x = &k->side[0], *y = &k->side[1];
    mi_status status = MI_OK;
    for (size_t first = 0; first < k->n && status == MI_OK; first += BLOCK) {
        status = combine_hold(k->w, k->record, err);
        if (status == MI_OK)
            mi_model_pmi(k->model, x->features, x->place + first, y->features, y->place + first,
                         block_of(k->n, first), pmi + first);
    }
    return status;
}

mi_status model_null_score(model_null *out, mi_model *model, worker *w, const store_run *record,
                           const job_inputs *inputs, const combined *found, mi_error *err)
{
    null_work k = {.model = model, .w = w, .record = record};
    for (int side = 0; side < 2; side++) {
        k.side[side].data = inputs->view[side].matrix;
        k.side[side].data.categorical = inputs->categorical[side];
    }
    mi_status status = gather(&k, inputs, found, err);
    *out = (model_null){.pmi = malloc((k.n + 1) * sizeof *out->pmi)};
    if (status == MI_OK && !out->pmi)
        status = mi_fail(err, MI_MEMORY, "%zu mismatched pairs", k.n);
    for (int side = 0; side < 2 && status == MI_OK; side++)
        status = make_features(&k, side, err);
    if (status == MI_OK)
        status = score(&k, out->pmi, err);
    if (status == MI_OK)
        out->n = mi_sort_numbers(out->pmi, k.n);
    work_fini(&k);
    return status;
}
