#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows or pairs for which a model's lock is held at a time. */
#define PIECE 1024u

/* ---- tables of features ---- */

typedef struct table {
    cache_item item; /* first */
    float *features; /* (rows, width) */
    uint8_t *there;  /* (rows) bits: which rows are filled */
} table;

static void free_table(cache_item *item)
{
    table *t = (table *)item;
    free(t->features);
    free(t->there);
    free(t);
}

/* A model with the rows of a matrix on a side. */
typedef struct source {
    models_model *model;
    models_matrix *matrix;
    int side;
    size_t width;
    table *kept; /* NULL: too large to keep */
} source;

static void source_close(source *s)
{
    if (s->kept)
        cache_release(&s->model->kept.owner->cache, &s->kept->item);
    s->kept = NULL;
}

/* Half of the cap at most, so that one matrix does not drive out everything. */
static bool fits(const models *m, uint64_t rows, size_t width, uint64_t *bytes)
{
    return !__builtin_mul_overflow(rows, (uint64_t)width * sizeof(float), bytes) &&
           !__builtin_add_overflow(*bytes, rows / 8 + 1 + sizeof(table), bytes) && *bytes <= m->cache.cap / 2;
}

static mi_status source_open(source *s, models_model *model, int side, models_matrix *matrix, mi_error *err)
{
    models *m = model->kept.owner;
    const uint64_t rows = matrix->view.matrix.rows;
    cache_key key = {.kind = CACHE_TABLE, .side = side, .owner = &model->kept.item};
    uint64_t bytes;
    *s = (source){.model = model, .matrix = matrix, .side = side, .width = mi_model_width(model->model)};
    if (matrix->view.matrix.cols != mi_model_columns(model->model, side))
        return mi_fail(err, MI_INVALID, "%llu columns; expected %llu, as the model was trained on",
                       (unsigned long long)matrix->view.matrix.cols,
                       (unsigned long long)mi_model_columns(model->model, side));
    memcpy(key.sha256, matrix->kept.item.key.sha256, sizeof key.sha256);
    s->kept = (table *)cache_find(&m->cache, &key);
    if (s->kept || !fits(m, rows, s->width, &bytes))
        return MI_OK;
    table *t = calloc(1, sizeof *t);
    if (t) {
        t->item = (cache_item){.key = key, .bytes = bytes, .free = free_table};
        t->features = malloc(rows * s->width * sizeof *t->features); /* pages come as they are filled */
        t->there = calloc(rows / 8 + 1, 1);
    }
    if (!t || !t->features || !t->there) {
        if (t)
            free_table(&t->item);
        return mi_fail(err, MI_MEMORY, "no memory for features");
    }
    s->kept = (table *)cache_add(&m->cache, &t->item);
    return MI_OK;
}

static bool is_there(const table *t, uint32_t row)
{
    return t->there[row / 8] >> (row % 8) & 1;
}

/* Room for one piece. */
typedef struct scratch {
    uint32_t rows[PIECE];
    float *features; /* (PIECE, width) */
} scratch;

/* Fill the table where it lacks one of n <= PIECE rows. Under the model's lock. */
static mi_status fill(source *s, scratch *to, const uint32_t *rows, uint32_t n, mi_error *err)
{
    table *t = s->kept;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] != PROTO_NO_ROW && !is_there(t, rows[i])) {
            to->rows[missing++] = rows[i];
            t->there[rows[i] / 8] |= (uint8_t)(1u << rows[i] % 8); /* once, if it comes again */
        }
    if (missing == 0)
        return MI_OK;
    const mi_status status = mi_model_features(s->model->model, s->side, s->matrix->view.matrix, to->rows,
                                               missing, to->features, err);
    for (uint32_t i = 0; i < missing; i++) {
        if (status == MI_OK)
            memcpy(t->features + to->rows[i] * s->width, to->features + i * s->width,
                   s->width * sizeof *t->features);
        else
            t->there[to->rows[i] / 8] &= (uint8_t) ~(1u << to->rows[i] % 8);
    }
    return status;
}

static scratch *scratch_new(size_t width, mi_error *err)
{
    scratch *s = malloc(sizeof *s);
    if (s && !(s->features = malloc(PIECE * width * sizeof *s->features))) {
        free(s);
        s = NULL;
    }
    if (!s)
        mi_fail(err, MI_MEMORY, "no memory for features");
    return s;
}

static void scratch_free(scratch *s)
{
    if (s)
        free(s->features);
    free(s);
}

/* ---- PMIs ---- */

/* Both sides of a piece of pairs. */
typedef struct sides {
    source s[2];
    scratch *spare[2];
    uint32_t at[2][PIECE]; /* which row of the features each pair has */
} sides;

typedef struct numbered {
    uint32_t row, pair;
} numbered;

static int by_row(const void *a, const void *b)
{
    const numbered *p = a, *q = b;
    return (p->row > q->row) - (p->row < q->row);
}

/* Where features are not kept: those of the distinct rows of a piece. */
static mi_status distinct_features(source *s, scratch *to, const uint32_t *rows, uint32_t n, uint32_t *at,
                                   mi_error *err)
{
    numbered order[PIECE];
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < n; i++)
        order[i] = (numbered){rows[i], i};
    qsort(order, n, sizeof *order, by_row);
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 || order[i].row != order[i - 1].row)
            to->rows[distinct++] = order[i].row;
        at[order[i].pair] = distinct - 1;
    }
    return mi_model_features(s->model->model, s->side, s->matrix->view.matrix, to->rows, distinct,
                             to->features, err);
}

/* The features of n rows of a side: where they are, and which is whose. Under the model's lock. */
static mi_status side_features(sides *both, int side, const uint32_t *rows, uint32_t n,
                               const float **features, mi_error *err)
{
    source *s = &both->s[side];
    if (!s->kept) {
        *features = both->spare[side]->features;
        return distinct_features(s, both->spare[side], rows, n, both->at[side], err);
    }
    memcpy(both->at[side], rows, n * sizeof *rows);
    *features = s->kept->features;
    return fill(s, both->spare[side], rows, n, err);
}

/* n <= PIECE pairs, of which rows are there. */
static mi_status piece_pmi(sides *both, uint32_t rows[2][PIECE], uint32_t n, double *pmi, mi_error *err)
{
    models_model *model = both->s[0].model;
    const float *features[2];
    pthread_mutex_lock(&model->lock);
    mi_status status = side_features(both, 0, rows[0], n, &features[0], err);
    if (status == MI_OK)
        status = side_features(both, 1, rows[1], n, &features[1], err);
    if (status == MI_OK)
        mi_model_pmi(model->model, features[0], both->at[0], features[1], both->at[1], n, pmi);
    pthread_mutex_unlock(&model->lock);
    return status;
}

static mi_status all_pmi(sides *both, const uint32_t *rows_x, const uint32_t *rows_y, uint32_t n, double *pmi,
                         mi_error *err)
{
    uint32_t rows[2][PIECE], pair[PIECE];
    double found[PIECE];
    mi_status status = MI_OK;
    for (uint32_t at = 0; at < n && status == MI_OK;) {
        uint32_t count = 0;
        for (; at < n && count < PIECE; at++) {
            pmi[at] = (double)NAN;
            if (rows_x[at] == PROTO_NO_ROW || rows_y[at] == PROTO_NO_ROW)
                continue;
            rows[0][count] = rows_x[at];
            rows[1][count] = rows_y[at];
            pair[count++] = at;
        }
        if (count > 0)
            status = piece_pmi(both, rows, count, found, err);
        for (uint32_t i = 0; i < count && status == MI_OK; i++)
            pmi[pair[i]] = found[i];
    }
    return status;
}

mi_status models_pmi(models_model *model, models_matrix *x, const uint32_t *rows_x, models_matrix *y,
                     const uint32_t *rows_y, uint32_t n, double *pmi, mi_error *err)
{
    mi_status status = MI_OK;
    sides *both = calloc(1, sizeof *both);
    if (!both)
        return mi_fail(err, MI_MEMORY, "no memory for features");
    for (int side = 0; side < 2 && status == MI_OK; side++) {
        status = source_open(&both->s[side], model, side, side ? y : x, err);
        if (status == MI_OK && !(both->spare[side] = scratch_new(both->s[side].width, err)))
            status = MI_MEMORY;
    }
    if (status == MI_OK)
        status = all_pmi(both, rows_x, rows_y, n, pmi, err);
    for (int side = 0; side < 2; side++) {
        if (both->s[side].model)
            source_close(&both->s[side]);
        scratch_free(both->spare[side]);
    }
    free(both);
    return status;
}

mi_status models_pmi_of_vectors(models_model *model, mi_matrix x, mi_matrix y, double *pmi, mi_error *err)
{
    const size_t width = mi_model_width(model->model);
    const mi_matrix data[2] = {x, y};
    const uint32_t n = (uint32_t)x.rows;
    scratch *spare[2] = {scratch_new(width, err), scratch_new(width, err)};
    mi_status status = spare[0] && spare[1] ? MI_OK : MI_MEMORY;
    for (uint32_t first = 0; first < n && status == MI_OK; first += PIECE) {
        const uint32_t count = n - first < PIECE ? n - first : PIECE;
        pthread_mutex_lock(&model->lock);
        for (int side = 0; side < 2 && status == MI_OK; side++) {
            for (uint32_t i = 0; i < count; i++)
                spare[side]->rows[i] = first + i;
            status = mi_model_features(model->model, side, data[side], spare[side]->rows, count,
                                       spare[side]->features, err);
        }
        if (status == MI_OK)
            mi_model_pmi(model->model, spare[0]->features, NULL, spare[1]->features, NULL, count,
                         pmi + first);
        pthread_mutex_unlock(&model->lock);
    }
    scratch_free(spare[0]);
    scratch_free(spare[1]);
    return status;
}
