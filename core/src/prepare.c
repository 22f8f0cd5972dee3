#include "prepare.h"

#include "kernels.h"
#include "one_hot.h"
#include "pca.h"
#include "vector_clones.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define ROW_BLOCK    256u  /* rows projected at a time */
#define RANK_BLOCK   4096u /* rows transformed at a time: a column's sorted values serve them from cache */
#define COLUMN_BLOCK 16u   /* columns gathered at a time: one cache line of a row */
#define AUTO_LEAST   8u    /* components that "auto" keeps at least */
#define AUTO_ROWS_EACH \
    5u /* rows that "auto" wants for a component: the baseline's ridge damps the weak ones */
#define AUTO_ROWS_LEAST 4u  /* rows to a column with which "auto" leaves the columns alone */
#define SEARCHES        32u /* at a time */
#define RADIX_BITS      8u
#define RADIX           (1u << RADIX_BITS)

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t mi_prepare_components(const mi_prepare_spec *spec, uint32_t dim, uint32_t n_fit)
{
    uint32_t wanted = spec->pca;
    if (wanted == MI_PCA_OFF || n_fit < 2)
        return 0;
    if (wanted == MI_PCA_AUTO && dim <= n_fit / AUTO_ROWS_LEAST)
        return 0;
    if (wanted == MI_PCA_AUTO)
        wanted = n_fit / AUTO_ROWS_EACH > AUTO_LEAST ? n_fit / AUTO_ROWS_EACH : AUTO_LEAST;
    wanted = min_u32(wanted, n_fit - 1); /* the rank of centred rows */
    return wanted < dim ? wanted : 0;
}

mi_status mi_prepare_layout(mi_prepare *p, mi_arena *arena, const mi_prepare_spec *spec, uint64_t width,
                            uint32_t n_fit, mi_error *err)
{
    /* BLAS counts in int. */
    if (width > INT_MAX || n_fit > INT_MAX)
        return mi_fail(err, MI_LIMIT, "%llu columns; expected at most %d", (unsigned long long)width,
                       INT_MAX);
    const uint32_t dim = (uint32_t)width, pca = mi_prepare_components(spec, dim, n_fit);
    *p = (mi_prepare){.transform = spec->transform,
                      .clip = spec->clip,
                      .dim_in = dim,
                      .dim_used = dim,
                      .dim_out = pca ? pca : dim,
                      .n_fit = n_fit,
                      .pca = pca};
    p->used = MI_TAKE(arena, uint32_t, dim);
    p->level = MI_TAKE(arena, float, dim);
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

/* Scratch of fitting the columns: one row with them expanded, and which of them vary. */
static float *take_row(mi_arena *arena, const mi_prepare *p)
{
    return MI_TAKE(arena, float, p->dim_in);
}

static uint8_t *take_flags(mi_arena *arena, const mi_prepare *p)
{
    return MI_TAKE(arena, uint8_t, p->dim_in);
}

void mi_prepare_fit_layout(const mi_prepare *p, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    if (p->pca)
        mi_pca_fit_layout(arena, p->n_fit, p->dim_used, p->pca);
    take_columns(arena, p);
    take_scores(arena, p);
    mi_arena_release(arena, mark);
    mi_one_hot_fit_layout(arena);
    take_row(arena, p);
    take_row(arena, p);
    take_flags(arena, p);
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

/* used and level of all columns, whether or not they vary; returns how many there are. */
static uint32_t expand_columns(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows)
{
    p->has_levels = data.categorical != NULL;
    p->n_constant = 0;
    if (p->has_levels)
        return mi_one_hot_fit(data, rows, p->n_fit, arena, p->used, p->level, &p->n_constant);
    for (uint32_t j = 0; j < p->dim_in; j++)
        p->used[j] = j;
    return p->dim_in;
}

/* A row of the data with its columns expanded to dim: itself when there is nothing to expand. */
static const float *expanded_row(const mi_prepare *p, const float *row, uint32_t dim, float *buffer)
{
    if (!p->has_levels)
        return row;
    for (uint32_t j = 0; j < dim; j++)
        buffer[j] = mi_one_hot_value(row[p->used[j]], p->level[j]);
    return buffer;
}

/* Of dim columns those stay that vary over the rows of the fit. scale: sums of squares in, 1/sd out. */
static void keep_varying(mi_prepare *p, uint32_t dim, const uint8_t *varies)
{
    p->dim_used = 0;
    p->all_levels = p->has_levels;
    for (uint32_t j = 0; j < dim; j++) {
        if (!varies[j])
            continue;
        const uint32_t to = p->dim_used++;
        p->mean[to] = p->mean[j];
        p->scale[to] = 1.0 / sqrt(p->scale[j] / (p->n_fit - 1.0));
        p->used[to] = p->used[j];
        if (p->has_levels) {
            p->level[to] = p->level[j];
            p->all_levels &= p->level[j] >= 0.0f;
        }
    }
    p->n_constant += dim - p->dim_used; /* numbers: each of several levels varies */
}

/* used, level, mean, scale. */
static void fit_columns(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows)
{
    const uint32_t dim = expand_columns(p, arena, data, rows);
    const size_t mark = mi_arena_mark(arena);
    float *first_buffer = take_row(arena, p), *buffer = take_row(arena, p);
    uint8_t *varies = take_flags(arena, p);
    const float *first = expanded_row(p, mi_matrix_row(&data, rows[0]), dim, first_buffer);
    memset(varies, 0, dim * sizeof *varies);
    memset(p->mean, 0, dim * sizeof *p->mean);
    memset(p->scale, 0, dim * sizeof *p->scale);
    for (uint32_t i = 0; i < p->n_fit; i++) {
        const float *row = expanded_row(p, mi_matrix_row(&data, rows[i]), dim, buffer);
        for (uint32_t j = 0; j < dim; j++) {
            p->mean[j] += (double)row[j];
            varies[j] |= row[j] != first[j];
        }
    }
    for (uint32_t j = 0; j < dim; j++)
        p->mean[j] /= p->n_fit;
    for (uint32_t i = 0; i < p->n_fit; i++) {
        const float *row = expanded_row(p, mi_matrix_row(&data, rows[i]), dim, buffer);
        for (uint32_t j = 0; j < dim; j++) {
            const double d = (double)row[j] - p->mean[j];
            p->scale[j] += d * d;
        }
    }
    mi_arena_release(arena, mark);
    keep_varying(p, dim, varies);
}

static mi_pca_input pca_input(const mi_prepare *p, mi_matrix data, const uint32_t *rows)
{
    return (mi_pca_input){.data = data,
                          .rows = rows,
                          .columns = p->used,
                          .levels = p->has_levels ? p->level : NULL,
                          .n = p->n_fit,
                          .dim = p->dim_used,
                          .mean = p->mean,
                          .scale = p->scale};
}

/* scores (n, pca) of n rows from `first` of the list. z is scratch for (n, dim_used). By our own product, in
 * which a row's sums do not depend on how many rows there are: a row of the fit has to meet its own value
 * among the sorted ones whatever the rows beside it, or its rank would jump by half of its ties. */
static void project(const mi_prepare *p, const mi_pca_input *in, const uint32_t *rows, uint32_t first,
                    uint32_t n, float *z, float *scores)
{
    mi_pca_standardise(in, rows, first, n, z);
    const mi_product product = {.m = n,
                                .n = p->pca,
                                .k = p->dim_used,
                                .a = z,
                                .a_row = p->dim_used,
                                .a_col = 1,
                                .b = p->components,
                                .b_row = p->pca,
                                .c = scores,
                                .c_row = p->pca};
    mi_kernels_best()->product(&product);
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

/* Whether coordinate c is rank->Gaussian. The k-th that is has row k of sorted. */
static int is_ranked(const mi_prepare *p, uint32_t c)
{
    if (p->transform != MI_TRANSFORM_RANK_GAUSSIAN)
        return 0;
    return p->pca ? !p->all_levels : !p->has_levels || p->level[c] < 0.0f;
}

uint32_t mi_prepare_ranked(const mi_prepare *p)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < p->dim_out; c++)
        n += (uint32_t)is_ranked(p, c);
    return n;
}

/* sorted (ranked, n_fit): coordinates of the fitted rows, not yet in order; returns how many are ranked. */
static uint32_t gather_coordinates(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows)
{
    const size_t n = p->n_fit, mark = mi_arena_mark(arena);
    if (p->pca) {
        if (!is_ranked(p, 0))
            return 0;
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
        return p->pca;
    }
    uint32_t n_ranked = 0;
    for (uint32_t next = 0; next < p->dim_used;) {
        uint32_t source[COLUMN_BLOCK], count = 0;
        for (; next < p->dim_used && count < COLUMN_BLOCK; next++)
            if (is_ranked(p, next))
                source[count++] = p->used[next];
        for (uint32_t i = 0; i < p->n_fit; i++) {
            const float *row = mi_matrix_row(&data, rows[i]);
            for (uint32_t k = 0; k < count; k++)
                p->sorted[(n_ranked + k) * n + i] = row[source[k]];
        }
        n_ranked += count;
    }
    return n_ranked;
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

/* Average ranks in halves, held within half a rank of the ends; odd around the middle one. */
void mi_prepare_fill_normal(mi_prepare *p)
{
    const double n = p->n_fit;
    const size_t last = 2 * (size_t)p->n_fit;
    for (size_t halves = 0; halves <= last / 2; halves++) {
        p->normal[halves] = (float)mi_normal_quantile(fmax(0.5 * (double)halves, 0.5) / n);
        p->normal[last - halves] = -p->normal[halves];
    }
}

mi_status mi_prepare_fit(mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows, mi_error *err)
{
    assert(p->n_fit >= 2 && (data.categorical || data.cols == p->dim_in));
    p->raw_columns = (uint32_t)data.cols;
    fit_columns(p, arena, data, rows);
    if (p->dim_used == 0)
        return mi_fail(err, MI_INVALID, "every column is constant over the %u rows of a fold's training part",
                       p->n_fit);
    const mi_status status = fit_components(p, arena, data, rows, err);
    if (status != MI_OK || p->transform != MI_TRANSFORM_RANK_GAUSSIAN)
        return status;
    const uint32_t n_ranked = gather_coordinates(p, arena, data, rows);
    const size_t mark = mi_arena_mark(arena);
    uint32_t *scratch = MI_TAKE(arena, uint32_t, 2 * (size_t)p->n_fit);
    for (uint32_t k = 0; k < n_ranked; k++)
        sort_floats(p->sorted + (size_t)k * p->n_fit, p->n_fit, scratch);
    mi_arena_release(arena, mark);
    mi_prepare_fill_normal(p);
    return MI_OK;
}

/* below[i]: how many of the ascending values are < value[i]. The steps depend on n alone and choose by
 * arithmetic; many searches go side by side, since each step waits for memory. */
MI_VECTOR_CLONES
static void count_below(const float *sorted, uint32_t n, const float value[SEARCHES],
                        uint32_t below[SEARCHES])
{
    for (size_t i = 0; i < SEARCHES; i++)
        below[i] = 0;
    for (; n > 1; n -= n / 2) {
        const uint32_t half = n / 2;
#pragma omp simd
        for (size_t i = 0; i < SEARCHES; i++)
            below[i] += sorted[below[i] + half - 1] < value[i] ? half : 0;
    }
    for (size_t i = 0; i < SEARCHES; i++)
        below[i] += sorted[below[i]] < value[i];
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
    for (uint32_t first = 0; first < n; first += SEARCHES) {
        const uint32_t count = min_u32(SEARCHES, n - first);
        float wanted[SEARCHES] = {0};
        uint32_t below[SEARCHES];
        for (uint32_t i = 0; i < count; i++)
            wanted[i] = value[(first + i) * stride];
        count_below(sorted, p->n_fit, wanted, below);
        for (uint32_t i = 0; i < count; i++)
            value[(first + i) * stride] =
                p->normal[(size_t)below[i] + count_at_most(sorted, p->n_fit, wanted[i], below[i])];
    }
}

/* out (n, dim_out), coordinates in, prepared values out. */
static void transform_coordinates(const mi_prepare *p, float *out, uint32_t n)
{
    const float *sorted = p->sorted;
    for (uint32_t c = 0; p->transform != MI_TRANSFORM_NONE && c < p->dim_out; c++) {
        float *value = out + c;
        if (is_ranked(p, c)) {
            rank_gaussian(p, sorted, value, n, p->dim_out);
            sorted += p->n_fit;
        } else {
            for (uint32_t i = 0; i < n; i++, value += p->dim_out)
                *value =
                    (float)fmin(fmax(((double)*value - p->out_mean[c]) * p->out_scale[c], -p->clip), p->clip);
        }
    }
}

/* out (n, dim_out): coordinates of n rows from `first` of the list. z is scratch of PCA. */
static void gather_rows(const mi_prepare *p, const mi_pca_input *in, const uint32_t *rows, uint32_t first,
                        uint32_t n, float *z, float *out)
{
    if (p->pca) {
        project(p, in, rows, first, n, z, out);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const float *row = mi_matrix_row(&in->data, rows ? rows[first + i] : first + i);
        float *to = out + (size_t)i * p->dim_out;
        for (uint32_t c = 0; c < p->dim_out; c++)
            to[c] = row[p->used[c]];
        for (uint32_t c = 0; p->has_levels && c < p->dim_out; c++)
            to[c] = mi_one_hot_value(to[c], p->level[c]);
    }
}

double mi_prepare_spectrum(const mi_prepare *p, uint32_t c)
{
    const double ratio = p->out_scale[0] / p->out_scale[c];
    return ratio * ratio;
}

void mi_prepare_apply(const mi_prepare *p, mi_arena *arena, mi_matrix data, const uint32_t *rows,
                      uint32_t n_rows, float *out)
{
    const size_t mark = mi_arena_mark(arena);
    const mi_pca_input in = pca_input(p, data, rows);
    float *z = take_columns(arena, p);
    for (uint32_t block = 0; block < n_rows; block += RANK_BLOCK) {
        const uint32_t end = block + min_u32(RANK_BLOCK, n_rows - block);
        for (uint32_t first = block; first < end; first += ROW_BLOCK)
            gather_rows(p, &in, rows, first, min_u32(ROW_BLOCK, end - first), z,
                        out + (size_t)first * p->dim_out);
        transform_coordinates(p, out + (size_t)block * p->dim_out, end - block);
    }
    mi_arena_release(arena, mark);
}
