#include "gaussian.h"

#include "lapack.h"
#include "vector_clones.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <string.h>

#define ROW_BLOCK 256u /* rows centred at a time for the covariances */
#define RHO_MAX   (1.0 - 1e-6)
#define TILE_ROWS \
    64u /* the columns are formed in tiles on the stack: no workspace, whatever the dimensions */
#define TILE_COLUMNS 64u
#define TILE_DEPTH   128u

const double mi_gaussian_shrinkage[MI_GAUSSIAN_SHRINKAGES] = {0.0, 0.5, 1.0, 2.0, (double)INFINITY};

typedef struct workspace {
    double *cov_xx, *cov_yy; /* (dx, dx), (dy, dy), then their Cholesky factors */
    double *cov_xy;          /* (dx, dy), then whitened */
    double *block_x, *block_y;
    double *left;  /* (dx, k) column-major */
    double *right; /* (k, dy) column-major */
    double *work;
    int *iwork;
    int n_work;
} workspace;

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void mi_gaussian_layout(mi_gaussian *g, mi_arena *arena, uint32_t dim_x, uint32_t dim_y, uint32_t n_train)
{
    *g = (mi_gaussian){.dim_x = dim_x,
                       .dim_y = dim_y,
                       .n_canonical = min_u32(dim_x, dim_y),
                       .n_train = n_train,
                       .slope = 1.0};
    g->width = g->n_canonical + 2;
    g->ridge_x = MI_TAKE(arena, double, dim_x);
    g->ridge_y = MI_TAKE(arena, double, dim_y);
    g->mean_x = MI_TAKE(arena, double, dim_x);
    g->mean_y = MI_TAKE(arena, double, dim_y);
    g->map_x = MI_TAKE(arena, double, (size_t)dim_x * g->n_canonical);
    g->map_y = MI_TAKE(arena, double, (size_t)dim_y * g->n_canonical);
    g->rho_raw = MI_TAKE(arena, double, g->n_canonical);
    g->rho = MI_TAKE(arena, double, g->n_canonical);
}

static workspace take_workspace(const mi_gaussian *g, mi_arena *arena)
{
    const size_t dx = g->dim_x, dy = g->dim_y, k = g->n_canonical;
    /* dgesdd with singular vectors asks for 4 k^2 + 7 k, and uses 64 (dx + dy) more for its blocked code. */
    const size_t n_work = 4 * k * k + 7 * k + 64 * (dx + dy);
    workspace w = {.n_work = (int)n_work};
    w.cov_xx = MI_TAKE(arena, double, dx *dx);
    w.cov_yy = MI_TAKE(arena, double, dy *dy);
    w.cov_xy = MI_TAKE(arena, double, dx *dy);
    w.block_x = MI_TAKE(arena, double, ROW_BLOCK *dx);
    w.block_y = MI_TAKE(arena, double, ROW_BLOCK *dy);
    w.left = MI_TAKE(arena, double, dx *k);
    w.right = MI_TAKE(arena, double, k *dy);
    w.work = MI_TAKE(arena, double, n_work);
    w.iwork = MI_TAKE(arena, int, 8 * k);
    return w;
}

void mi_gaussian_fit_layout(const mi_gaussian *g, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    take_workspace(g, arena);
    mi_arena_release(arena, mark);
}

static void column_means(const float *rows, uint32_t n, uint32_t dim, double *mean)
{
    memset(mean, 0, dim * sizeof *mean);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < dim; j++)
            mean[j] += (double)rows[(size_t)i * dim + j];
    for (uint32_t j = 0; j < dim; j++)
        mean[j] /= n;
}

static void centre(const float *rows, uint32_t n, uint32_t dim, const double *mean, double *out)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < dim; j++)
            out[(size_t)i * dim + j] = (double)rows[(size_t)i * dim + j] - mean[j];
}

/* Upper triangles of cov_xx and cov_yy, all of cov_xy; row-major. */
static void covariances(const mi_gaussian *g, const workspace *w, const float *x, const float *y)
{
    const int dx = (int)g->dim_x, dy = (int)g->dim_y;
    const double share = 1.0 / g->n_train;
    for (uint32_t first = 0; first < g->n_train; first += ROW_BLOCK) {
        const uint32_t n = min_u32(ROW_BLOCK, g->n_train - first);
        const double keep = first ? 1.0 : 0.0;
        centre(x + (size_t)first * g->dim_x, n, g->dim_x, g->mean_x, w->block_x);
        centre(y + (size_t)first * g->dim_y, n, g->dim_y, g->mean_y, w->block_y);
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, dx, (int)n, share, w->block_x, dx, keep, w->cov_xx,
                    dx);
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, dy, (int)n, share, w->block_y, dy, keep, w->cov_yy,
                    dy);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, dx, dy, (int)n, share, w->block_x, dx,
                    w->block_y, dy, keep, w->cov_xy, dy);
    }
}

/* cov + diag(ridge) diag(cov) = R'R with R upper, row-major. A column without variance in the training rows
 * gets unit variance: it then correlates with nothing. */
static mi_status factor(double *cov, uint32_t dim, const double *ridge, mi_error *err)
{
    for (uint32_t j = 0; j < dim; j++) {
        double *variance = cov + (size_t)j * dim + j;
        *variance = *variance > 0.0 ? *variance * (1.0 + ridge[j]) : 1.0;
    }
    const int n = (int)dim;
    int info = 0;
    dpotrf_("L", &n, cov, &n, &info, 1); /* row-major upper is column-major lower */
    if (info != 0)
        return mi_fail(err, MI_NUMERIC,
                       "the covariance of %u prepared columns is singular at column %d; a larger "
                       "/critic/ridge would help",
                       dim, info);
    return MI_OK;
}

/* left = Rx^-1 U, right = V' Ry^-T: canonical directions as columns of left and rows of right. */
static mi_status decompose(mi_gaussian *g, const workspace *w, mi_error *err)
{
    const int dx = (int)g->dim_x, dy = (int)g->dim_y, k = (int)g->n_canonical;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, dx, dy, 1.0, w->cov_xx, dx,
                w->cov_xy, dy);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, dx, dy, 1.0, w->cov_yy, dy,
                w->cov_xy, dy);
    /* LAPACK sees the transpose (dy, dx) = V S U': its left vectors (dy, k) column-major are V' (k, dy)
     * row-major, and its right vectors (k, dx) column-major are U (dx, k) row-major. */
    int info = 0;
    dgesdd_("S", &dy, &dx, w->cov_xy, &dy, g->rho_raw, w->right, &dy, w->left, &k, w->work, &w->n_work,
            w->iwork, &info, 1);
    if (info != 0)
        return mi_fail(err, MI_NUMERIC, "the canonical correlations could not be computed (dgesdd %d)", info);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, dx, k, 1.0, w->cov_xx, dx,
                w->left, k);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasUpper, CblasTrans, CblasNonUnit, k, dy, 1.0, w->cov_yy, dy,
                w->right, dy);
    return MI_OK;
}

/* Directions into the maps. The largest entry of each x direction is positive: a pair of signs is free. */
static void store_maps(mi_gaussian *g, const workspace *w)
{
    const uint32_t k = g->n_canonical;
    for (uint32_t c = 0; c < k; c++) {
        double largest = 0.0;
        for (uint32_t j = 0; j < g->dim_x; j++)
            if (fabs(w->left[(size_t)j * k + c]) > fabs(largest))
                largest = w->left[(size_t)j * k + c];
        const double sign = largest < 0.0 ? -1.0 : 1.0;
        for (uint32_t j = 0; j < g->dim_x; j++)
            g->map_x[(size_t)j * k + c] = sign * w->left[(size_t)j * k + c];
        for (uint32_t j = 0; j < g->dim_y; j++)
            g->map_y[(size_t)j * k + c] = sign * w->right[(size_t)c * g->dim_y + j];
        g->rho_raw[c] = fmin(fmax(g->rho_raw[c], 0.0), RHO_MAX);
    }
}

mi_status mi_gaussian_fit(mi_gaussian *g, mi_arena *arena, const float *x, const float *y, mi_error *err)
{
    assert(g->n_train >= 2);
    const size_t mark = mi_arena_mark(arena);
    const workspace w = take_workspace(g, arena);
    column_means(x, g->n_train, g->dim_x, g->mean_x);
    column_means(y, g->n_train, g->dim_y, g->mean_y);
    covariances(g, &w, x, y);
    mi_status status = factor(w.cov_xx, g->dim_x, g->ridge_x, err);
    if (status == MI_OK)
        status = factor(w.cov_yy, g->dim_y, g->ridge_y, err);
    if (status == MI_OK)
        status = decompose(g, &w, err);
    if (status == MI_OK) {
        store_maps(g, &w);
        mi_gaussian_shrink(g, 0.0);
        g->slope = 1.0;
    }
    mi_arena_release(arena, mark);
    return status;
}

static double degrees_of_freedom(const double *ridge, uint32_t dim)
{
    double sum = 0.0;
    for (uint32_t j = 0; j < dim; j++)
        sum += 1.0 / (1.0 + ridge[j]);
    return sum;
}

void mi_gaussian_shrink(mi_gaussian *g, double s)
{
    const double freedom =
        degrees_of_freedom(g->ridge_x, g->dim_x) + degrees_of_freedom(g->ridge_y, g->dim_y);
    const double bias = s * freedom / g->n_train;
    for (uint32_t c = 0; c < g->n_canonical; c++) {
        const double z = atanh(g->rho_raw[c]);
        g->rho[c] = fmin(tanh(sqrt(fmax(z * z - bias, 0.0))), RHO_MAX);
    }
}

double mi_gaussian_mi(const mi_gaussian *g)
{
    double sum = 0.0;
    for (uint32_t c = 0; c < g->n_canonical; c++)
        sum -= 0.5 * log1p(-g->rho[c] * g->rho[c]);
    return sum;
}

/* tile (n, width) = (rows - mean) map[:, first..first+width), in the order of the columns. */
static void project_tile(const float *rows, uint32_t n, uint32_t dim, const double *mean, const double *map,
                         uint32_t n_canonical, uint32_t first, uint32_t width, double *tile)
{
    double centred[TILE_ROWS * TILE_DEPTH];
    for (uint32_t from = 0; from < dim; from += TILE_DEPTH) {
        const uint32_t depth = min_u32(TILE_DEPTH, dim - from);
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < depth; j++)
                centred[i * depth + j] = (double)rows[(size_t)i * dim + from + j] - mean[from + j];
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)width, (int)depth, 1.0, centred,
                    (int)depth, map + (size_t)from * n_canonical + first, (int)n_canonical, from ? 1.0 : 0.0,
                    tile, (int)width);
    }
}

/* What the two sides differ in: where their own quadratic term goes, and who carries weights and constant. */
typedef struct side {
    uint32_t dim;
    const double *mean, *map;
    int weighted;        /* x: rho/(1-rho^2) u instead of v */
    double constant;     /* of the side's function */
    uint32_t own, other; /* columns of that function and of the 1 */
} side;

/* Variates first..first+width of a tile into out (n, G), and what they add to the side's own function. */
MI_VECTOR_CLONES
static void spread_tile(const mi_gaussian *g, const side *s, const double *restrict tile, uint32_t n,
                        uint32_t first, uint32_t width, float *restrict out, double *restrict own)
{
    double weight[TILE_COLUMNS], square[TILE_COLUMNS];
    for (uint32_t c = 0; c < width; c++) {
        const double rho = g->rho[first + c], gain = rho / (1.0 - rho * rho);
        weight[c] = s->weighted ? g->slope * gain : 1.0;
        square[c] = g->slope * 0.5 * rho * gain;
    }
    for (uint32_t i = 0; i < n; i++) {
        const double *u = tile + (size_t)i * width;
        float *to = out + (size_t)i * g->width + first;
        for (uint32_t c = 0; c < width; c++) {
            to[c] = (float)(weight[c] * u[c]);
            own[i] -= square[c] * u[c] * u[c];
        }
    }
}

/* out (n, width). Each row: canonical variates, and its own function beside the 1 that meets the other
 * side's. */
static void fill_columns(const mi_gaussian *g, const side *s, const float *rows, uint32_t n, float *out)
{
    double tile[TILE_ROWS * TILE_COLUMNS], own[TILE_ROWS];
    for (uint32_t row = 0; row < n; row += TILE_ROWS) {
        const uint32_t n_tile = min_u32(TILE_ROWS, n - row);
        float *to = out + (size_t)row * g->width;
        for (uint32_t i = 0; i < n_tile; i++)
            own[i] = s->constant;
        for (uint32_t first = 0; first < g->n_canonical; first += TILE_COLUMNS) {
            const uint32_t width = min_u32(TILE_COLUMNS, g->n_canonical - first);
            project_tile(rows + (size_t)row * s->dim, n_tile, s->dim, s->mean, s->map, g->n_canonical, first,
                         width, tile);
            spread_tile(g, s, tile, n_tile, first, width, to, own);
        }
        for (uint32_t i = 0; i < n_tile; i++) {
            to[(size_t)i * g->width + s->own] = (float)own[i];
            to[(size_t)i * g->width + s->other] = 1.0f;
        }
    }
}

void mi_gaussian_columns_x(const mi_gaussian *g, const float *x, uint32_t n, float *out)
{
    const side s = {g->dim_x,       g->mean_x,         g->map_x, 1, g->slope * mi_gaussian_mi(g),
                    g->n_canonical, g->n_canonical + 1};
    fill_columns(g, &s, x, n, out);
}

void mi_gaussian_columns_y(const mi_gaussian *g, const float *y, uint32_t n, float *out)
{
    const side s = {g->dim_y, g->mean_y, g->map_y, 0, 0.0, g->n_canonical + 1, g->n_canonical};
    fill_columns(g, &s, y, n, out);
}
