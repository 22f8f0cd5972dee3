#include "model_null.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES_MAX ((size_t)256 << 20) /* bytes of one side at a time */
#define CHUNK        4096u               /* pairs, where all rows at once would be too many */
#define CHUNKED_MOST 20000u              /* pairs then: their rows are computed for them alone */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t model_null_sort(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    qsort(values, kept, sizeof *values, ascending);
    return kept;
}

void model_null_fini(model_null *null)
{
    free(null->pmi);
    *null = (model_null){.n = 0};
}

/* Rows of the data of one side that pairs refer to, each once, and where each pair's is among them. */
typedef struct side_rows {
    mi_matrix data; /* looked at by rows of the data, not by pairs */
    uint32_t *rows; /* (n) */
    uint32_t n;
    uint32_t *place; /* (pairs) */
    float *features;
} side_rows;

static void side_fini(side_rows *s)
{
    free(s->rows);
    free(s->place);
    free(s->features);
}

/* Pairs of the runs' nulls as rows of the data; `most` of them, evenly. */
typedef struct null_pairs {
    size_t n;
    uint32_t *row[2];
} null_pairs;

static mi_status gather(null_pairs *p, const job_inputs *inputs, const combined *found, size_t most,
                        mi_error *err)
{
    size_t all = 0, k = 0;
    for (size_t i = 0; i < found->n; i++)
        all += found->results[i]->n_null;
    const size_t every = all > most ? (all + most - 1) / most : 1;
    const mi_matrix *const m[2] = {&inputs->x, &inputs->y};
    for (int side = 0; side < 2; side++)
        if (!(p->row[side] = malloc((all / every + 1) * sizeof **p->row)))
            return mi_fail(err, MI_MEMORY, "%zu mismatched pairs", all);
    for (size_t i = 0; i < found->n; i++)
        for (uint32_t j = 0; j < found->results[i]->n_null; j++, k++) {
            const uint32_t pair[2] = {found->results[i]->null_x[j], found->results[i]->null_y[j]};
            for (int side = 0; k % every == 0 && side < 2; side++)
                p->row[side][p->n] = m[side]->index ? m[side]->index[pair[side]] : pair[side];
            p->n += k % every == 0;
        }
    return MI_OK;
}

/* The distinct rows of pairs first .. first + n of a side. seen: scratch (rows of the data) of 0xff, left so.
 */
static mi_status take_side(side_rows *s, const uint32_t *row, size_t n, uint32_t *seen, mi_error *err)
{
    s->rows = malloc((n + 1) * sizeof *s->rows);
    s->place = malloc((n + 1) * sizeof *s->place);
    if (!s->rows || !s->place)
        return mi_fail(err, MI_MEMORY, "rows of %zu mismatched pairs", n);
    for (size_t i = 0; i < n; i++) {
        if (seen[row[i]] == UINT32_MAX) {
            seen[row[i]] = s->n;
            s->rows[s->n++] = row[i];
        }
        s->place[i] = seen[row[i]];
    }
    for (uint32_t i = 0; i < s->n; i++)
        seen[s->rows[i]] = UINT32_MAX;
    return MI_OK;
}

static mi_status score_some(double *pmi, mi_model *model, const mi_matrix data[2], const null_pairs *p,
                            size_t first, size_t n, uint32_t *const seen[2], mi_error *err)
{
    side_rows side[2] = {{.n = 0}, {.n = 0}};
    const size_t width = mi_model_width(model);
    mi_status status = MI_OK;
    for (int k = 0; k < 2 && status == MI_OK; k++) {
        status = take_side(&side[k], p->row[k] + first, n, seen[k], err);
        if (status == MI_OK && !(side[k].features = malloc((side[k].n * width + 1) * sizeof(float))))
            status = mi_fail(err, MI_MEMORY, "features of %u rows", side[k].n);
        if (status == MI_OK)
            status = mi_model_features(model, k, data[k], side[k].rows, side[k].n, side[k].features, err);
    }
    if (status == MI_OK)
        status = mi_model_pmi(model, side[0].features, side[0].place, side[1].features, side[1].place,
                              (uint32_t)n, pmi, err);
    side_fini(&side[0]);
    side_fini(&side[1]);
    return status;
}

mi_status model_null_score(model_null *out, mi_model *model, const job_inputs *inputs, const combined *found,
                           mi_error *err)
{
    mi_matrix data[2] = {inputs->view[0].matrix, inputs->view[1].matrix};
    data[0].categorical = inputs->categorical[0];
    data[1].categorical = inputs->categorical[1];
    const uint64_t most_rows = data[0].rows > data[1].rows ? data[0].rows : data[1].rows;
    const int whole = mi_model_width(model) * sizeof(float) <= FEATURES_MAX / (most_rows + 1);
    null_pairs p = {.n = 0};
    uint32_t *seen[2] = {NULL, NULL};
    mi_status status = gather(&p, inputs, found, whole ? SIZE_MAX / 2 : CHUNKED_MOST, err);
    *out = (model_null){.pmi = malloc((p.n + 1) * sizeof *out->pmi)};
    for (int side = 0; side < 2; side++) {
        seen[side] = malloc((data[side].rows + 1) * sizeof **seen);
        if (seen[side])
            memset(seen[side], 0xff, data[side].rows * sizeof **seen);
    }
    if (status == MI_OK && (!out->pmi || !seen[0] || !seen[1]))
        status = mi_fail(err, MI_MEMORY, "%zu mismatched pairs", p.n);
    const size_t step = whole ? p.n + 1 : CHUNK;
    for (size_t first = 0; first < p.n && status == MI_OK; first += step)
        status = score_some(out->pmi + first, model, data, &p, first, p.n - first < step ? p.n - first : step,
                            seen, err);
    if (status == MI_OK)
        out->n = model_null_sort(out->pmi, p.n);
    free(seen[0]);
    free(seen[1]);
    free(p.row[0]);
    free(p.row[1]);
    return status;
}
