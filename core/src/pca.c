#include "pca.h"

#include "lapack.h"
#include "one_hot.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>

#define BLOCK 128u /* rows or columns standardised at a time */
/* Relative to the largest variance. Scores of weaker directions would be rounding error of float data, which
 * a later rescaling to unit variance would turn into full-sized noise. */
#define NEGLIGIBLE 1e-10

typedef struct workspace {
    double *matrix; /* (m, m), m = min(n, dim): covariance or Gram */
    double *block;  /* (BLOCK, max(n, dim)) */
    double *value;  /* (m) */
    double *vector; /* (m, k) column-major */
    double *tall;   /* (BLOCK, k): rows of the components on their way from the Gram side */
    double *work;
    int *iwork, *support;
    int n_work, n_iwork;
} workspace;

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static workspace take_workspace(mi_arena *arena, uint32_t n, uint32_t dim, uint32_t k)
{
    const size_t m = min_u32(n, dim);
    workspace w = {.n_work = (int)(40 * m),
                   .n_iwork = (int)(10 * m)}; /* dsyevr asks for 26 m; blocked code is faster */
    w.matrix = MI_TAKE(arena, double, m *m);
    w.block = MI_TAKE(arena, double, (size_t)BLOCK *max_u32(n, dim));
    w.value = MI_TAKE(arena, double, m);
    w.vector = MI_TAKE(arena, double, m *k);
    w.tall = MI_TAKE(arena, double, (size_t)BLOCK *k);
    w.work = MI_TAKE(arena, double, 40 * m);
    w.iwork = MI_TAKE(arena, int, 10 * m);
    w.support = MI_TAKE(arena, int, 2 * m);
    return w;
}

void mi_pca_fit_layout(mi_arena *arena, uint32_t n, uint32_t dim, uint32_t n_components)
{
    const size_t mark = mi_arena_mark(arena);
    take_workspace(arena, n, dim, n_components);
    mi_arena_release(arena, mark);
}

static double standardised(const mi_pca_input *in, const float *row, uint32_t j)
{
    float value = row[in->columns[j]];
    if (in->levels)
        value = mi_one_hot_value(value, in->levels[j]);
    return ((double)value - in->mean[j]) * in->scale[j];
}

void mi_pca_standardise(const mi_pca_input *in, const uint32_t *rows, uint32_t first, uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++) {
        const float *row = mi_matrix_row(&in->data, rows ? rows[first + i] : first + i);
        for (uint32_t j = 0; j < in->dim; j++)
            out[(size_t)i * in->dim + j] = (float)standardised(in, row, j);
    }
}

/* matrix = Z'Z / (n - 1), by blocks of rows of Z. */
static void covariance(const mi_pca_input *in, const workspace *w)
{
    for (uint32_t first = 0; first < in->n; first += BLOCK) {
        const uint32_t n = min_u32(BLOCK, in->n - first);
        for (uint32_t i = 0; i < n; i++) {
            const float *row = mi_matrix_row(&in->data, in->rows[first + i]);
            for (uint32_t j = 0; j < in->dim; j++)
                w->block[(size_t)i * in->dim + j] = standardised(in, row, j);
        }
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)in->dim, (int)n, 1.0 / (in->n - 1.0),
                    w->block, (int)in->dim, first ? 1.0 : 0.0, w->matrix, (int)in->dim);
    }
}

/* block (n, count) = columns first.. of Z. */
static void fill_columns(const mi_pca_input *in, const workspace *w, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < in->n; i++) {
        const float *row = mi_matrix_row(&in->data, in->rows[i]);
        for (uint32_t j = 0; j < count; j++)
            w->block[(size_t)i * count + j] = standardised(in, row, first + j);
    }
}

/* matrix = ZZ' / (n - 1), by blocks of columns of Z. */
static void gram(const mi_pca_input *in, const workspace *w)
{
    for (uint32_t first = 0; first < in->dim; first += BLOCK) {
        const uint32_t count = min_u32(BLOCK, in->dim - first);
        fill_columns(in, w, first, count);
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, (int)in->n, (int)count, 1.0 / (in->n - 1.0),
                    w->block, (int)count, first ? 1.0 : 0.0, w->matrix, (int)in->n);
    }
}

/* The `k` largest eigenvalues, ascending in w->value, with their vectors. */
static mi_status decompose(const workspace *w, uint32_t m, uint32_t k, mi_error *err)
{
    const int size = (int)m, from = (int)(m - k + 1), to = (int)m;
    const double unused = 0.0, default_tolerance = 0.0;
    int found = 0, info = 0;
    /* Row-major upper is column-major lower. */
    dsyevr_("V", "I", "L", &size, w->matrix, &size, &unused, &unused, &from, &to, &default_tolerance, &found,
            w->value, w->vector, &size, w->support, w->work, &w->n_work, w->iwork, &w->n_iwork, &info, 1, 1,
            1);
    if (info != 0 || found != (int)k)
        return mi_fail(err, MI_NUMERIC,
                       "the principal components of a %u x %u matrix could not be computed (dsyevr %d)", m, m,
                       info);
    return MI_OK;
}

/* Eigenvector c (by descending eigenvalue) of the decomposition. */
static const double *eigenvector(const workspace *w, uint32_t m, uint32_t k, uint32_t c)
{
    return w->vector + (size_t)(k - 1 - c) * m;
}

/* components = Z'U, column c scaled by 1/sqrt(variance (n-1)): from the Gram side back to the columns. */
static void map_back(const mi_pca_input *in, const workspace *w, uint32_t k, uint32_t kept,
                     const double *variance, float *components)
{
    for (uint32_t first = 0; first < in->dim; first += BLOCK) {
        const uint32_t count = min_u32(BLOCK, in->dim - first);
        fill_columns(in, w, first, count);
        /* (count, k) = block' (count, n) times U, which is (k, n) row-major as LAPACK left it. */
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, (int)count, (int)k, (int)in->n, 1.0, w->block,
                    (int)count, w->vector, (int)in->n, 0.0, w->tall, (int)k);
        for (uint32_t j = 0; j < count; j++)
            for (uint32_t c = 0; c < kept; c++)
                components[(size_t)(first + j) * kept + c] =
                    (float)(w->tall[(size_t)j * k + k - 1 - c] / sqrt(variance[c] * (in->n - 1.0)));
    }
}

static void fix_signs(float *components, uint32_t dim, uint32_t kept)
{
    for (uint32_t c = 0; c < kept; c++) {
        float largest = 0.0f;
        for (uint32_t j = 0; j < dim; j++)
            if (fabsf(components[(size_t)j * kept + c]) > fabsf(largest))
                largest = components[(size_t)j * kept + c];
        for (uint32_t j = 0; largest < 0.0f && j < dim; j++)
            components[(size_t)j * kept + c] = -components[(size_t)j * kept + c];
    }
}

mi_status mi_pca_fit(const mi_pca_input *in, mi_arena *arena, float *components, double *variance,
                     uint32_t *kept, mi_error *err)
{
    const uint32_t k = *kept, m = min_u32(in->n, in->dim);
    assert(in->n >= 2 && k >= 1 && k <= m);
    const size_t mark = mi_arena_mark(arena);
    const workspace w = take_workspace(arena, in->n, in->dim, k);
    const int through_gram = in->dim > in->n;
    if (through_gram)
        gram(in, &w);
    else
        covariance(in, &w);
    mi_status status = decompose(&w, m, k, err);
    if (status != MI_OK)
        goto out;

    const double largest = w.value[k - 1];
    for (*kept = 0; *kept < k && w.value[k - 1 - *kept] > NEGLIGIBLE * largest; (*kept)++)
        variance[*kept] = w.value[k - 1 - *kept];
    if (*kept == 0) {
        status = mi_fail(err, MI_NUMERIC, "the columns have no finite variance");
        goto out;
    }
    if (through_gram) {
        map_back(in, &w, k, *kept, variance, components);
    } else {
        for (uint32_t c = 0; c < *kept; c++)
            for (uint32_t j = 0; j < in->dim; j++)
                components[(size_t)j * *kept + c] = (float)eigenvector(&w, m, k, c)[j];
    }
    fix_signs(components, in->dim, *kept);
out:
    mi_arena_release(arena, mark);
    return status;
}
