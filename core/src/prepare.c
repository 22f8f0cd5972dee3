#include "prepare.h"

#include "pca.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define ROW_BLOCK      256u /* rows projected or transformed at a time */
#define COLUMN_BLOCK   16u  /* columns gathered at a time: one cache line of a row */
#define AUTO_LEAST     8u   /* components that "auto" keeps at least */
#define AUTO_ROWS_EACH 20u  /* rows that "auto" wants for a component */
#define RADIX_BITS     8u
#define RADIX          (1u << RADIX_BITS)

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t mi_prepare_components(const mi_prepare_spec *spec, uint32_t dim, uint32_t n_fit)
{
    uint32_t wanted = spec->pca;
    if (wanted == MI_PCA_OFF || n_fit < 2)
        return 0;
    if (wanted == MI_PCA_AUTO)
        wanted = n_fit / AUTO_ROWS_EACH > AUTO_LEAST ? n_fit / AUTO_ROWS_EACH : AUTO_LEAST;
    wanted = min_u32(wanted, n_fit - 1); /* the rank of centred rows */
    return wanted < dim ? wanted : 0;
}

mi_status mi_prepare_layout(mi_prepare *p, mi_arena *arena, const mi_prepare_spec *spec, uint64_t dim_in,
                            uint32_t n_fit, mi_error *err)
{
    /* BLAS counts in int. */
    if (dim_in > INT_MAX || n_fit > INT_MAX)
        return mi_fail(err, MI_LIMIT, "%llu columns; expected at most %d", (unsigned long long)dim_in,
                       INT_MAX);
    const uint32_t dim = (uint32_t)dim_in, pca = mi_prepare_components(spec, dim, n_fit);
    *p = (mi_prepare){.transform = spec->transform,
                      .clip = spec->clip,
                      .dim_in = dim,
                      .dim_used = dim,
                      .dim_out = pca ? pca : dim,
                      .n_fit = n_fit,
                      .pca = pca};
    p->used = MI_TAKE(arena, uint32_t, dim);
    p->mean = MI_TAKE(arena, double, dim);
    p->scale = MI_TAKE(arena, double, dim);
    if (pca)
        p->components = mi_arena_take(arena, (size_t)dim * pca, sizeof *p->components);
    if (p->transform == MI_TRANSFORM_RANK_GAUSSIAN) {
        p->sorted = mi_arena_take(arena, (size_t)p->dim_out * n_fit, sizeof *p->sorted);
        p->normal = MI_TAKE(arena, float, 2 * (size_t)n_fit + 1);
    }
    p->out_mean = MI_TAKE(arena, double, p->dim_out);
    p->out_scale = MI_TAKE(arena, double, p->dim_out);
    return MI_OK;
}

/* Scratch of PCA for a block of rows: standardised columns, component scores. */
static float *take_columns(mi_arena *arena, const mi_prepare *p)
{
    return MI_TAKE(arena, float, p->pca ? (size_t)ROW_BLOCK * p->dim_used : 0);
}

static float *take_scores(mi_arena *arena, const mi_prepare *p)
{
    return MI_TAKE(arena, float, (size_t)ROW_BLOCK * p->pca);
}

void mi_prepare_fit_layout(const mi_prepare *p, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    if (p->pca)
        mi_pca_fit_layout(arena, p->n_fit, p->dim_used, p->pca);
    take_columns(arena, p);
    take_scores(arena, p);
    mi_arena_release(arena, mark);
    MI_TAKE(arena, uint32_t, 2 * (size_t)p->n_fit); /* of sorting */
    mi_arena_release(arena, mark);
}

void mi_prepare_apply_layout(const mi_prepare *p, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    take_columns(arena, p);
    mi_arena_release(arena, mark);
}

/* used, mean, scale of the columns that vary over the rows of the fit. */
static void fit_columns(mi_prepare *p, mi_matrix data, const uint32_t *rows)
{
    const uint32_t dim = p->dim_in;
    const float *first = data.data + rows[0] * data.cols;
    memset(p->used, 0, dim * sizeof *p->used);
    memset(p->mean, 0, dim * sizeof *p->mean);
    memset(p->scale, 0, dim * sizeof *p->scale);
    for (uint32_t i = 0; i < p->n_fit; i++) {
        const float *row = data.data + rows[i] * data.cols;
        for (uint32_t j = 0; j < dim; j++) {
            p->mean[j] += (double)row[j];
            p->used[j] |= row[j] != first[j]; /* for now a flag: the column varies */
        }
    }
    for (uint32_t j = 0; j < dim; j++)
        p->mean[j] /= p->n_fit;
    for (uint32_t i = 0; i < p->n_fit; i++) {
        const float *row = data.data + rows[i] * data.cols;
        for (uint32_t j = 0; j < dim; j++) {
            const double d = (double)row[j] - p->mean[j];
            p->scale[j] += d * d;
        }
    }
    p->dim_used = 0;
    for (uint32_t j = 0; j < dim; j++) {
        if (!p->used[j])
            continue;
        p->mean[p->dim_used] = p->mean[j];
        p->scale[p->dim_used] = 1.0 / sqrt(p->scale[j] / (p->n_fit - 1.0));
        p->used[p->dim_used++] = j; /* never ahead of the flag just read */
    }
    p->n_constant = dim - p->dim_used;
}

static mi_pca_input pca_input(const mi_prepare *p, mi_matrix data, const uint32_t *rows)
{
    return (mi_pca_input){.data = data.data,
                          .stride = data.cols,
                          .rows = rows,
                          .columns = p->used,
                          .n = p->n_fit,
                          .dim = p->dim_used,
                          .mean = p->mean,
                          .scale = p->scale};
}

/* scores (n, pca) of n rows from `first` of the list. z is scratch for (n, dim_used). */
static void project(const mi_prepare *p, const mi_pca_input *in, const uint32_t *rows, uint32_t first,
                    uint32_t n, float *z, float *scores)
{
    mi_pca_standardise(in, rows, first, n, z);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)p->pca, (int)p->dim_used, 1.0f, z,
                (int)p->dim_used, p->components, (int)p->pca, 0.0f, scores, (int)p->pca);
}

/* Decide on PCA now that the columns are known, and fit it: no more components than it takes to be fewer. */
static mi_status fit_components(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows,
                                mi_error *err)
{
    if (p->pca >= p->dim_used)
        p->pca = 0;
    if (p->pca == 0) {
        p->dim_out = p->dim_used;
        memcpy(p->out_mean, p->mean, p->dim_out * sizeof *p->mean);
        memcpy(p->out_scale, p->scale, p->dim_out * sizeof *p->scale);
        return MI_OK;
    }
    const mi_pca_input in = pca_input(p, data, rows);
    const mi_status status = mi_pca_fit(&in, arena, p->components, p->out_scale, &p->pca, err);
    if (status != MI_OK)
        return status;
    p->dim_out = p->pca;
    for (uint32_t c = 0; c < p->pca; c++) {
        p->out_mean[c] = 0.0; /* scores of centred columns */
        p->out_scale[c] = 1.0 / sqrt(p->out_scale[c]);
    }
    return MI_OK;
}

/* sorted (dim_out, n_fit): the coordinates of the fitted rows, not yet in order. */
static void gather_coordinates(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows)
{
    const size_t n = p->n_fit, mark = mi_arena_mark(arena);
    if (p->pca) {
        const mi_pca_input in = pca_input(p, data, rows);
        float *z = take_columns(arena, p), *scores = take_scores(arena, p);
        for (uint32_t first = 0; first < p->n_fit; first += ROW_BLOCK) {
            const uint32_t count = min_u32(ROW_BLOCK, p->n_fit - first);
            project(p, &in, rows, first, count, z, scores);
            for (uint32_t c = 0; c < p->pca; c++)
                for (uint32_t i = 0; i < count; i++)
                    p->sorted[c * n + first + i] = scores[(size_t)i * p->pca + c];
        }
        mi_arena_release(arena, mark);
        return;
    }
    for (uint32_t first = 0; first < p->dim_used; first += COLUMN_BLOCK) {
        const uint32_t end = min_u32(first + COLUMN_BLOCK, p->dim_used);
        for (uint32_t i = 0; i < p->n_fit; i++) {
            const float *row = data.data + rows[i] * data.cols;
            for (uint32_t c = first; c < end; c++)
                p->sorted[c * n + i] = row[p->used[c]];
        }
    }
}

/* Bits of a float as a number of the same order: negative values reversed below positive ones. -0 counts as
 * 0. */
static uint32_t ordered_bits(float value)
{
    uint32_t bits = 0;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of_bits(uint32_t bits)
{
    float value = 0.0f;
    bits = bits & 0x80000000u ? bits & 0x7fffffffu : ~bits;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Radix sort, least byte first: finite floats, n times four passes, whatever their order. scratch (2n). */
static void sort_floats(float *values, uint32_t n, uint32_t *scratch)
{
    uint32_t *from = scratch, *to = scratch + n;
    for (uint32_t i = 0; i < n; i++)
        from[i] = ordered_bits(values[i]);
    for (uint32_t shift = 0; shift < 32; shift += RADIX_BITS) {
        uint32_t start[RADIX + 1] = {0};
        for (uint32_t i = 0; i < n; i++)
            start[(from[i] >> shift & (RADIX - 1)) + 1]++;
        for (uint32_t digit = 0; digit < RADIX; digit++)
            start[digit + 1] += start[digit];
        for (uint32_t i = 0; i < n; i++)
            to[start[from[i] >> shift & (RADIX - 1)]++] = from[i];
        uint32_t *const swap = from;
        from = to;
        to = swap;
    }
    for (uint32_t i = 0; i < n; i++)
        values[i] = value_of_bits(from[i]);
}

/* Average ranks in halves, held within half a rank of the ends. */
static void fill_normal_scores(mi_prepare *p)
{
    const double n = p->n_fit;
    for (size_t halves = 0; halves <= 2 * (size_t)p->n_fit; halves++)
        p->normal[halves] = (float)mi_normal_quantile(fmin(fmax(0.5 * (double)halves, 0.5), n - 0.5) / n);
}

mi_status mi_prepare_fit(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows, mi_error *err)
{
    assert(data.cols == p->dim_in && p->n_fit >= 2);
    fit_columns(p, data, rows);
    if (p->dim_used == 0)
        return mi_fail(err, MI_INVALID, "every column is constant over the %u rows of a fold's training part",
                       p->n_fit);
    const mi_status status = fit_components(p, arena, data, rows, err);
    if (status != MI_OK || p->transform != MI_TRANSFORM_RANK_GAUSSIAN)
        return status;
    gather_coordinates(p, arena, data, rows);
    const size_t mark = mi_arena_mark(arena);
    uint32_t *scratch = MI_TAKE(arena, uint32_t, 2 * (size_t)p->n_fit);
    for (uint32_t c = 0; c < p->dim_out; c++)
        sort_floats(p->sorted + (size_t)c * p->n_fit, p->n_fit, scratch);
    mi_arena_release(arena, mark);
    fill_normal_scores(p);
    return MI_OK;
}

/* How many of the ascending values are < v. The steps depend on n alone and choose by arithmetic: no branch
 * to mispredict, and searches of neighbouring values overlap. */
static uint32_t count_below(const float *sorted, uint32_t n, float v)
{
    const float *base = sorted;
    for (; n > 1; n -= n / 2)
        base += (n / 2) * (uint32_t)(base[n / 2 - 1] < v);
    return (uint32_t)(base - sorted) + (*base < v);
}

/* How many are <= v, given how many are below. Most values have no tie. */
static uint32_t count_at_most(const float *sorted, uint32_t n, float v, uint32_t below)
{
    uint32_t low = below, step = 1;
    if (low == n || sorted[low] != v)
        return low;
    while (n - low > step && sorted[low + step] == v) { /* gallop to the end of the tie */
        low += step;
        step *= 2;
    }
    for (; step > 0; step /= 2)
        if (n - low > step && sorted[low + step] == v)
            low += step;
    return low + 1;
}

/* n values with a stride, each to its rank's normal score. */
static void rank_gaussian(const mi_prepare *p, const float *sorted, float *value, uint32_t n, size_t stride)
{
    for (uint32_t i = 0; i < n; i++, value += stride) {
        const uint32_t below = count_below(sorted, p->n_fit, *value);
        *value = p->normal[(size_t)below + count_at_most(sorted, p->n_fit, *value, below)];
    }
}

/* out (n, dim_out), coordinates in, prepared values out. */
static void transform_coordinates(const mi_prepare *p, float *out, uint32_t n)
{
    for (uint32_t c = 0; p->transform != MI_TRANSFORM_NONE && c < p->dim_out; c++) {
        float *value = out + c;
        if (p->transform == MI_TRANSFORM_RANK_GAUSSIAN) {
            rank_gaussian(p, p->sorted + (size_t)c * p->n_fit, value, n, p->dim_out);
        } else {
            for (uint32_t i = 0; i < n; i++, value += p->dim_out)
                *value =
                    (float)fmin(fmax(((double)*value - p->out_mean[c]) * p->out_scale[c], -p->clip), p->clip);
        }
    }
}

void mi_prepare_apply(const mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows,
                      uint32_t n_rows, float *out)
{
    const size_t mark = mi_arena_mark(arena);
    const mi_pca_input in = pca_input(p, data, rows);
    float *z = take_columns(arena, p);
    for (uint32_t first = 0; first < n_rows; first += ROW_BLOCK) {
        const uint32_t n = min_u32(ROW_BLOCK, n_rows - first);
        float *block = out + (size_t)first * p->dim_out;
        if (p->pca)
            project(p, &in, rows, first, n, z, block);
        for (uint32_t i = 0; !p->pca && i < n; i++) {
            const float *row = data.data + (rows ? rows[first + i] : first + i) * data.cols;
            for (uint32_t c = 0; c < p->dim_out; c++)
                block[(size_t)i * p->dim_out + c] = row[p->used[c]];
        }
        transform_coordinates(p, block, n);
    }
    mi_arena_release(arena, mark);
}
