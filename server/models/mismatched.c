#include "mismatched.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* Pairs times members where each pair goes through every member; and pairs at least. */
#define PASSES       50000u
#define PASSES_LEAST 1000u

/* Distinct rows of each side, ascending, and the pairs of them as cells of a grid: i * n[1] + j. */
typedef struct grid {
    const proto_matrix_view *view[2];
    const proto_id_index *index[2];
    uint32_t *rows[2];
    uint32_t n[2];
    uint64_t *taken; /* cells that are none of ours */
    uint64_t n_taken, capacity;
    bool failed;
} grid;

static int by_u32(const void *a, const void *b)
{
    const uint32_t *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static int by_u64(const void *a, const void *b)
{
    const uint64_t *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static uint64_t sort_distinct(uint64_t *values, uint64_t n)
{
    uint64_t distinct = 0;
    if (n > 0)
        qsort(values, n, sizeof *values, by_u64);
    for (uint64_t i = 0; i < n; i++)
        if (distinct == 0 || values[i] != values[distinct - 1])
            values[distinct++] = values[i];
    return distinct;
}

static uint32_t *distinct_rows(const uint32_t *rows, uint32_t n, uint32_t *distinct)
{
    uint32_t *out = malloc((n ? n : 1) * sizeof *out);
    if (!out)
        return NULL;
    memcpy(out, rows, n * sizeof *out);
    qsort(out, n, sizeof *out, by_u32);
    *distinct = 0;
    for (uint32_t i = 0; i < n; i++)
        if (*distinct == 0 || out[i] != out[*distinct - 1])
            out[(*distinct)++] = out[i];
    return out;
}

static void take(grid *g, uint32_t row_x, uint32_t row_y)
{
    const uint32_t *i = bsearch(&row_x, g->rows[0], g->n[0], sizeof row_x, by_u32),
                   *j = bsearch(&row_y, g->rows[1], g->n[1], sizeof row_y, by_u32);
    if (!i || !j || g->failed)
        return;
    if (g->n_taken == g->capacity) {
        const uint64_t more = g->capacity ? 2 * g->capacity : 1024;
        uint64_t *grown = realloc(g->taken, more * sizeof *grown);
        if (!grown) {
            g->failed = true;
            return;
        }
        g->taken = grown;
        g->capacity = more;
    }
    g->taken[g->n_taken++] = (uint64_t)(i - g->rows[0]) * g->n[1] + (uint64_t)(j - g->rows[1]);
}

static void take_ids(grid *g, const char *x, size_t n_x, const char *y, size_t n_y)
{
    take(g, proto_id_index_find(g->index[0], x, n_x), proto_id_index_find(g->index[1], y, n_y));
}

static void take_listed(grid *g, const proto_pairs *pairs, bool symmetric)
{
    for (uint32_t p = 0; p < pairs->n; p++) {
        take(g, pairs->x[p], pairs->y[p]);
        if (!symmetric)
            continue;
        size_t n_x, n_y;
        const char *x = proto_matrix_id(g->view[0], pairs->x[p], &n_x),
                   *y = proto_matrix_id(g->view[1], pairs->y[p], &n_y);
        take_ids(g, y, n_y, x, n_x);
    }
}

static void take_trained(grid *g, const models_model *model)
{
    const proto_model_view *v = &model->view;
    for (uint64_t p = 0; v->pair_rows && p < v->n_pairs; p++) {
        size_t n_x, n_y;
        const char *x = proto_model_id(v, 0, v->pair_rows[2 * p], &n_x),
                   *y = proto_model_id(v, 1, v->pair_rows[2 * p + 1], &n_y);
        take_ids(g, x, n_x, y, n_y);
        if (models_symmetric(model))
            take_ids(g, y, n_y, x, n_x);
    }
}

static void take_selves(grid *g)
{
    for (uint32_t i = 0; i < g->n[0]; i++) {
        size_t n;
        const char *id = proto_matrix_id(g->view[0], g->rows[0][i], &n);
        take(g, g->rows[0][i], proto_id_index_find(g->index[1], id, n));
    }
}

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Cells to choose from, ascending: all, or a sample. */
static uint64_t *candidates(uint64_t total, uint64_t most, uint64_t seed, uint64_t *n)
{
    *n = total < most ? total : most;
    uint64_t *cells = malloc((*n ? *n : 1) * sizeof *cells);
    for (uint64_t i = 0; cells && i < *n; i++)
        cells[i] = total <= most ? i : draw(&seed) % total;
    if (cells && total > most)
        *n = sort_distinct(cells, *n);
    return cells;
}

static mi_status choose(mismatched *out, grid *g, uint64_t most, uint64_t seed, mi_error *err)
{
    const uint64_t total = (uint64_t)g->n[0] * g->n[1];
    uint64_t n, at = 0;
    uint64_t *cells = candidates(total, most, seed, &n);
    out->x = cells ? malloc((n ? n : 1) * 2 * sizeof *out->x) : NULL;
    if (!out->x) {
        free(cells);
        return mi_fail(err, MI_MEMORY, "no memory for mismatched pairs");
    }
    out->y = out->x + n;
    out->sampled = total > most;
    const uint64_t n_taken = sort_distinct(g->taken, g->n_taken);
    for (uint64_t i = 0; i < n; i++) {
        while (at < n_taken && g->taken[at] < cells[i])
            at++;
        if (at < n_taken && g->taken[at] == cells[i])
            continue;
        out->x[out->n] = g->rows[0][cells[i] / g->n[1]];
        out->y[out->n++] = g->rows[1][cells[i] % g->n[1]];
    }
    free(cells);
    return MI_OK;
}

uint64_t mismatched_most(bool is_dot, uint32_t n_members)
{
    const uint64_t passes = PASSES / (n_members ? n_members : 1);
    return is_dot ? MISMATCHED_MAX : passes < PASSES_LEAST ? PASSES_LEAST : passes;
}

mi_status mismatched_find(mismatched *out, const models_model *model, const models_matrix *x,
                          const models_matrix *y, const proto_pairs *pairs, bool symmetric, uint64_t most,
                          uint64_t seed, mi_error *err)
{
    grid g = {.view = {&x->view, &y->view}, .index = {x->index, y->index}};
    mi_status status = MI_OK;
    *out = (mismatched){.n = 0};
    g.rows[0] = distinct_rows(pairs->x, pairs->n, &g.n[0]);
    g.rows[1] = distinct_rows(pairs->y, pairs->n, &g.n[1]);
    if (g.rows[0] && g.rows[1]) {
        take_listed(&g, pairs, symmetric);
        take_trained(&g, model);
        take_selves(&g);
    }
    if (!g.rows[0] || !g.rows[1] || g.failed)
        status = mi_fail(err, MI_MEMORY, "no memory for mismatched pairs");
    else
        status = choose(out, &g, most, seed, err);
    free(g.rows[0]);
    free(g.rows[1]);
    free(g.taken);
    return status;
}

void mismatched_fini(mismatched *m)
{
    free(m->x);
    *m = (mismatched){.n = 0};
}
