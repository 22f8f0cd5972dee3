/*
 * Multivariate normals whose information sits in few directions, and maps of them that are not
 * coordinatewise. dim is the number of columns of each side.
 *
 * sparse   coordinates 0 and 1 of x and y are paired with correlation rho, all else is noise
 * spiral   the same; then x turns in the plane of its coordinates (0,1), y in (1,2), by |v|^2/dim
 * dense    all 2 dim coordinates have pairwise correlation r
 * needle   one informative direction on each side, turned by a fixed rotation into all coordinates
 * ar       x and y are neighbouring windows of a first-order autoregression
 *
 * Sources: Czyz et al., NeurIPS 2023 (sparse, spiral, dense). Needle and ar are of our own set.
 */
#include "law_impl.h"

#include <math.h>

#define SPARSE_PAIRS 2u

static double sparse_mi(uint32_t dim, double rho)
{
    (void)dim;
    return SPARSE_PAIRS * mi_law_normal_mi(rho);
}

static double sparse_rho(uint32_t dim, double mi_nats)
{
    (void)dim;
    return mi_law_normal_rho(mi_nats / SPARSE_PAIRS);
}

static void draw_row(const mi_law_spec *spec, mi_rng *rng, double *x, double *y)
{
    const double rho = spec->parameter, rest = sqrt((1.0 - rho) * (1.0 + rho));
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = u;
        y[k] = k < SPARSE_PAIRS ? rho * u + rest * v : v;
    }
}

static double pairs_log_ratio(const mi_law_spec *spec, const double *x, const double *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < SPARSE_PAIRS; k++)
        sum += mi_law_normal_log_ratio(spec->parameter, x[k], y[k]);
    return sum;
}

/* A map of whole rows and its inverse; side 0 is x. */
typedef struct row_map {
    void (*forth)(double *v, uint32_t dim, int side);
    void (*back)(double *v, uint32_t dim, int side);
} row_map;

static void draw_mapped(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y,
                        const row_map *map)
{
    double row_x[MI_LAW_MAX_DIM], row_y[MI_LAW_MAX_DIM];
    for (size_t i = 0; i < n; i++) {
        draw_row(spec, rng, row_x, row_y);
        map->forth(row_x, spec->dim, 0);
        map->forth(row_y, spec->dim, 1);
        for (uint32_t k = 0; k < spec->dim; k++) {
            x[i * spec->dim + k] = mi_law_float(row_x[k]);
            y[i * spec->dim + k] = mi_law_float(row_y[k]);
        }
    }
}

static double mapped_log_ratio(const mi_law_spec *spec, const float *x, const float *y, const row_map *map)
{
    double row_x[MI_LAW_MAX_DIM] = {0}, row_y[MI_LAW_MAX_DIM] = {0};
    for (uint32_t k = 0; k < spec->dim; k++) {
        row_x[k] = (double)x[k];
        row_y[k] = (double)y[k];
    }
    map->back(row_x, spec->dim, 0);
    map->back(row_y, spec->dim, 1);
    return pairs_log_ratio(spec, row_x, row_y);
}

#define SPARSE_LAW(law, map)                                                                       \
    static void law##_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)   \
    {                                                                                              \
        draw_mapped(spec, rng, n, x, y, &(map));                                                   \
    }                                                                                              \
    static double law##_log_ratio(const mi_law_spec *spec, const float *x, const float *y)         \
    {                                                                                              \
        return mapped_log_ratio(spec, x, y, &(map));                                               \
    }                                                                                              \
    const mi_law_methods mi_law_of_##law = {mi_law_dims_square, sparse_mi, sparse_rho, law##_draw, \
                                            law##_log_ratio}

static void stay(double *v, uint32_t dim, int side)
{
    (void)v, (void)dim, (void)side;
}
static const row_map STAY = {stay, stay};
SPARSE_LAW(sparse, STAY);

static void half_cube(double *v, uint32_t dim, int side)
{
    (void)side;
    for (uint32_t k = 0; k < dim; k++)
        v[k] *= sqrt(fabs(v[k]));
}
static void half_cube_back(double *v, uint32_t dim, int side)
{
    (void)side;
    for (uint32_t k = 0; k < dim; k++) {
        const double root = cbrt(v[k]);
        v[k] = copysign(root * root, root);
    }
}
static const row_map HALF_CUBE = {half_cube, half_cube_back};
SPARSE_LAW(sparse_half_cube, HALF_CUBE);

static void normal_cdf(double *v, uint32_t dim, int side)
{
    (void)side;
    for (uint32_t k = 0; k < dim; k++)
        v[k] = fmin(mi_law_normal_cdf(v[k]), 1.0 - 0x1p-24);
}
static void normal_cdf_back(double *v, uint32_t dim, int side)
{
    (void)side;
    for (uint32_t k = 0; k < dim; k++) {
        const double u = fmax(1e-9, fmin(v[k], 1.0 - 1e-9)); /* turned back, it may be rounded out of (0,1) */
        v[k] = mi_law_normal_from_tails(u, 1.0 - u);
    }
}
static const row_map NORMAL_CDF = {normal_cdf, normal_cdf_back};
SPARSE_LAW(sparse_normal_cdf, NORMAL_CDF);

static void turn(double *v, uint32_t dim, int first, double direction)
{
    double square = 0.0;
    for (uint32_t k = 0; k < dim; k++)
        square += v[k] * v[k];
    const double angle = direction * square / dim, a = v[first], b = v[first + 1];
    v[first] = cos(angle) * a - sin(angle) * b;
    v[first + 1] = sin(angle) * a + cos(angle) * b;
}
static void spiral(double *v, uint32_t dim, int side)
{
    turn(v, dim, side, 1.0);
}
static void spiral_back(double *v, uint32_t dim, int side)
{
    turn(v, dim, side, -1.0);
}
static const row_map SPIRAL = {spiral, spiral_back};
SPARSE_LAW(spiral, SPIRAL);

static void spiral_normal_cdf(double *v, uint32_t dim, int side)
{
    normal_cdf(v, dim, side);
    spiral(v, dim, side);
}
static void spiral_normal_cdf_back(double *v, uint32_t dim, int side)
{
    spiral_back(v, dim, side);
    normal_cdf_back(v, dim, side);
}
static const row_map SPIRAL_NORMAL_CDF = {spiral_normal_cdf, spiral_normal_cdf_back};
SPARSE_LAW(spiral_normal_cdf, SPIRAL_NORMAL_CDF);

/* Dense: the only canonical pair is that of the two sums. */
static double dense_rho(uint32_t dim, double r)
{
    return dim * r / (1.0 + (dim - 1) * r);
}
static double dense_mi(uint32_t dim, double r)
{
    return mi_law_normal_mi(dense_rho(dim, r));
}
static double dense_r(uint32_t dim, double mi_nats)
{
    const double rho = mi_law_normal_rho(mi_nats);
    return rho / (dim - (dim - 1) * rho);
}
static void dense_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double common = sqrt(spec->parameter), own = sqrt(1.0 - spec->parameter);
    for (size_t i = 0; i < n; i++) {
        const double shared = common * mi_rng_normal(rng);
        for (uint32_t k = 0; k < spec->dim; k++) {
            x[i * spec->dim + k] = mi_law_float(shared + own * mi_rng_normal(rng));
            y[i * spec->dim + k] = mi_law_float(shared + own * mi_rng_normal(rng));
        }
    }
}
static double dense_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double dim = spec->dim, scale = 1.0 / sqrt(dim * (1.0 + (dim - 1.0) * spec->parameter));
    double sum_x = 0.0, sum_y = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        sum_x += (double)x[k];
        sum_y += (double)y[k];
    }
    return mi_law_normal_log_ratio(dense_rho(spec->dim, spec->parameter), scale * sum_x, scale * sum_y);
}
const mi_law_methods mi_law_of_dense = {mi_law_dims_square, dense_mi, dense_r, dense_draw, dense_log_ratio};

static double one_pair_mi(uint32_t dim, double rho)
{
    (void)dim;
    return mi_law_normal_mi(rho);
}
static double one_pair_rho(uint32_t dim, double mi_nats)
{
    (void)dim;
    return mi_law_normal_rho(mi_nats);
}

static const double NEEDLE_PHASE[2] = {0.9, 1.3};

static void needle_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double rho = spec->parameter, rest = sqrt((1.0 - rho) * (1.0 + rho));
    double row[2][MI_LAW_MAX_DIM];
    for (size_t i = 0; i < n; i++) {
        for (int side = 0; side < 2; side++)
            for (uint32_t k = 0; k < spec->dim; k++)
                row[side][k] = mi_rng_normal(rng);
        row[1][0] = rho * row[0][0] + rest * row[1][0];
        for (int side = 0; side < 2; side++) {
            float *out = (side ? y : x) + i * spec->dim;
            mi_law_rotate(row[side], spec->dim, NEEDLE_PHASE[side]);
            for (uint32_t k = 0; k < spec->dim; k++)
                out[k] = mi_law_float(row[side][k]);
        }
    }
}
static double needle_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double row[MI_LAW_MAX_DIM], first[2];
    for (int side = 0; side < 2; side++) {
        for (uint32_t k = 0; k < spec->dim; k++)
            row[k] = (double)(side ? y : x)[k];
        mi_law_unrotate(row, spec->dim, NEEDLE_PHASE[side]);
        first[side] = row[0];
    }
    return mi_law_normal_log_ratio(spec->parameter, first[0], first[1]);
}
const mi_law_methods mi_law_of_needle = {mi_law_dims_square, one_pair_mi, one_pair_rho, needle_draw,
                                         needle_log_ratio};

/* Given the present, past and future are independent: only the two values at the border inform. */
static void ar_window_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double phi = spec->parameter, rest = sqrt((1.0 - phi) * (1.0 + phi));
    for (size_t i = 0; i < n; i++) {
        double state = mi_rng_normal(rng);
        for (uint32_t k = 0; k < 2 * spec->dim; k++) {
            float *out = k < spec->dim ? x + i * spec->dim + k : y + i * spec->dim + (k - spec->dim);
            *out = mi_law_float(state);
            state = phi * state + rest * mi_rng_normal(rng);
        }
    }
}
static double ar_window_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    return mi_law_normal_log_ratio(spec->parameter, (double)x[spec->dim - 1], (double)y[0]);
}
const mi_law_methods mi_law_of_ar_window = {mi_law_dims_square, one_pair_mi, one_pair_rho, ar_window_draw,
                                            ar_window_log_ratio};
