/*
 * Pairs of correlated normals, and what coordinatewise maps make of them: MI stays that of the normals, since
 * each map is strictly increasing. dim counts independent pairs, all of correlation rho.
 *
 * Sources: Czyz et al., NeurIPS 2023 (half-cube, asinh, wiggly, normal-cdf, bimodal, swiss roll); Poole et
 * al., ICML 2019 (cubic). The log-normal is of our own set.
 */
#include "law_impl.h"

#include <math.h>

/* A strictly increasing map of a coordinate, and its inverse from float32 data. */
typedef struct coordinate_map {
    double (*forth)(double z);
    double (*back)(double value);
} coordinate_map;

static double identity(double z)
{
    return z;
}

static double gaussian_mi(uint32_t dim, double rho)
{
    return dim * mi_law_normal_mi(rho);
}

static double gaussian_rho(uint32_t dim, double mi_nats)
{
    return mi_law_normal_rho(mi_nats / dim);
}

static void draw_mapped(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y,
                        double (*map_x)(double), double (*map_y)(double))
{
    const double rho = spec->parameter, rest = sqrt((1.0 - rho) * (1.0 + rho));
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = mi_law_float(map_x(u));
        y[k] = mi_law_float(map_y(rho * u + rest * v));
    }
}

static double mapped_log_ratio(const mi_law_spec *spec, const float *x, const float *y,
                               double (*back_x)(double), double (*back_y)(double))
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        sum += mi_law_normal_log_ratio(spec->parameter, back_x((double)x[k]), back_y((double)y[k]));
    return sum;
}

/* One law: its map of x and of y. */
#define MAPPED_LAW(law, map_x, map_y)                                                                  \
    static void law##_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)       \
    {                                                                                                  \
        draw_mapped(spec, rng, n, x, y, (map_x).forth, (map_y).forth);                                 \
    }                                                                                                  \
    static double law##_log_ratio(const mi_law_spec *spec, const float *x, const float *y)             \
    {                                                                                                  \
        return mapped_log_ratio(spec, x, y, (map_x).back, (map_y).back);                               \
    }                                                                                                  \
    const mi_law_methods mi_law_of_##law = {mi_law_dims_square, gaussian_mi, gaussian_rho, law##_draw, \
                                            law##_log_ratio}

static const coordinate_map STAY = {identity, identity};
MAPPED_LAW(gaussian, STAY, STAY);

static double cube(double z)
{
    return z * z * z;
}
static const coordinate_map CUBE = {cube, cbrt};
MAPPED_LAW(cubic, STAY, CUBE);

static double power_three_halves(double z)
{
    return z * sqrt(fabs(z));
}
static double power_two_thirds(double value)
{
    const double root = cbrt(value);
    return copysign(root * root, value);
}
static const coordinate_map HALF_CUBE = {power_three_halves, power_two_thirds};
MAPPED_LAW(half_cube, HALF_CUBE, HALF_CUBE);

static const coordinate_map ASINH = {asinh, sinh};
MAPPED_LAW(asinh, ASINH, ASINH);

static const coordinate_map EXP = {exp, log};
MAPPED_LAW(log_normal, EXP, EXP);

/* Both derivatives stay above 0.15 and each map within 0.7 of the identity. */
static double wiggle_x(double z)
{
    return z + 0.4 * sin(z) + 0.2 * sin(1.7 * z + 1.0) + 0.03 * sin(3.3 * z - 2.5);
}
static double wiggle_y(double z)
{
    return z - 0.4 * sin(0.4 * z) + 0.17 * sin(1.3 * z + 3.5) + 0.02 * sin(4.3 * z - 2.5);
}

typedef struct wiggle_target {
    double (*wiggle)(double);
    double value;
} wiggle_target;

static double wiggle_excess(double z, const void *context)
{
    const wiggle_target *target = context;
    return target->wiggle(z) - target->value;
}
static double unwiggle_x(double value)
{
    const wiggle_target target = {wiggle_x, value};
    return mi_law_root(wiggle_excess, &target, value - 0.7, value + 0.7, 1e-14);
}
static double unwiggle_y(double value)
{
    const wiggle_target target = {wiggle_y, value};
    return mi_law_root(wiggle_excess, &target, value - 0.7, value + 0.7, 1e-14);
}
static const coordinate_map WIGGLE_X = {wiggle_x, unwiggle_x}, WIGGLE_Y = {wiggle_y, unwiggle_y};
MAPPED_LAW(wiggly, WIGGLE_X, WIGGLE_Y);

/* Float32 would round the last part in 3e7 to 1, where there is no way back. */
static double inside_unit(double u)
{
    return fmin(u, 1.0 - 0x1p-24);
}
static double to_uniform(double z)
{
    return inside_unit(mi_law_normal_cdf(z));
}
static double from_uniform(double u)
{
    return mi_law_normal_from_tails(u, 1.0 - u);
}
static const coordinate_map UNIFORM = {to_uniform, from_uniform};
MAPPED_LAW(normal_cdf, UNIFORM, UNIFORM);

/* Two-humped margins: .3 N(0,1) + .7 N(5,1) and .5 N(-1,1) + .5 N(3,1). */
typedef struct humps {
    double share, first, second;
} humps;
static const humps HUMPS_X = {0.3, 0.0, 5.0}, HUMPS_Y = {0.5, -1.0, 3.0};

static double humps_lower(const humps *h, double t)
{
    return h->share * mi_law_normal_cdf(t - h->first) + (1.0 - h->share) * mi_law_normal_cdf(t - h->second);
}
static double humps_upper(const humps *h, double t)
{
    return h->share * mi_law_normal_upper(t - h->first) +
           (1.0 - h->share) * mi_law_normal_upper(t - h->second);
}
static double from_humps(const humps *h, double t)
{
    return mi_law_normal_from_tails(humps_lower(h, t), humps_upper(h, t));
}

typedef struct humps_target {
    const humps *humps;
    double z;
} humps_target;

static double humps_excess(double t, const void *context)
{
    const humps_target *target = context;
    return from_humps(target->humps, t) - target->z;
}
static double to_humps(const humps *h, double z)
{
    /* Between the quantiles of the two humps alone. */
    const humps_target target = {h, z};
    return mi_law_root(humps_excess, &target, h->first + z - 1e-9, h->second + z + 1e-9, 1e-13);
}
static double to_humps_x(double z)
{
    return to_humps(&HUMPS_X, z);
}
static double to_humps_y(double z)
{
    return to_humps(&HUMPS_Y, z);
}
static double from_humps_x(double t)
{
    return from_humps(&HUMPS_X, t);
}
static double from_humps_y(double t)
{
    return from_humps(&HUMPS_Y, t);
}
static const coordinate_map BIMODAL_X = {to_humps_x, from_humps_x}, BIMODAL_Y = {to_humps_y, from_humps_y};
MAPPED_LAW(bimodal, BIMODAL_X, BIMODAL_Y);

/* Swiss roll: x is bent into a plane spiral (t cos t, t sin t)/21, t = 1.5 pi (1 + 2 Phi(x)); y = Phi(y). */
static void swiss_roll_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = 2 * dim;
    *dim_y = dim;
}

static void swiss_roll_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double rho = spec->parameter, rest = sqrt((1.0 - rho) * (1.0 + rho));
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        const double t = 1.5 * LAW_PI * (1.0 + 2.0 * mi_law_normal_cdf(u));
        x[2 * k] = mi_law_float(t * cos(t) / 21.0);
        x[2 * k + 1] = mi_law_float(t * sin(t) / 21.0);
        y[k] = mi_law_float(to_uniform(rho * u + rest * v));
    }
}

static double swiss_roll_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double t = 21.0 * hypot((double)x[2 * k], (double)x[2 * k + 1]);
        const double u = 0.5 * (t / (1.5 * LAW_PI) - 1.0);
        sum += mi_law_normal_log_ratio(spec->parameter, from_uniform(fmax(1e-9, fmin(u, 1.0 - 1e-9))),
                                       from_uniform((double)y[k]));
    }
    return sum;
}
const mi_law_methods mi_law_of_swiss_roll = {swiss_roll_dims, gaussian_mi, gaussian_rho, swiss_roll_draw,
                                             swiss_roll_log_ratio};

static double independent_mi(uint32_t dim, double parameter)
{
    (void)dim, (void)parameter;
    return 0.0;
}
static double independent_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    (void)spec, (void)x, (void)y;
    return 0.0;
}
const mi_law_methods mi_law_of_independent = {mi_law_dims_square, independent_mi, NULL, gaussian_draw,
                                              independent_log_ratio};
