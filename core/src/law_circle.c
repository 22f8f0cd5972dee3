/*
 * Angles. dim counts independent copies.
 *
 * ring      x and y are points of thick circles; the angle of y is that of x plus normal noise, wrapped
 * periodic  x an angle, y = cos(3 x) + noise: six x for most y
 */
#include "law_impl.h"

#include <math.h>

#define LIMIT 9.0

/* ---- ring ----
 * The radii are noise: I = log 2 pi - h(wrapped normal). */
static double wrapped_normal(double angle, const void *context)
{
    const double sigma = *(const double *)context;
    const int turns = 1 + (int)(LIMIT * sigma / LAW_TWO_PI);
    double density = 0.0;
    for (int k = -turns; k <= turns; k++)
        density += mi_law_normal_pdf((angle + LAW_TWO_PI * k) / sigma);
    return density / sigma;
}

static double ring_mi(uint32_t dim, double sigma)
{
    const double limit = fmin(LAW_PI, LIMIT * sigma);
    return dim * (LAW_LN_2PI - mi_law_entropy(wrapped_normal, &sigma, -limit, limit, 32));
}

static void ring_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = *dim_y = 2 * dim;
}

static void put_point(mi_rng *rng, double angle, float *out)
{
    const double radius = 0.8 + 0.4 * mi_rng_uniform(rng);
    out[0] = mi_law_float(radius * cos(angle));
    out[1] = mi_law_float(radius * sin(angle));
}

static void ring_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double angle = LAW_TWO_PI * mi_rng_uniform(rng);
        put_point(rng, angle, x + 2 * k);
        put_point(rng, angle + spec->parameter * mi_rng_normal(rng), y + 2 * k);
    }
}

static double ring_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double between =
            atan2((double)y[2 * k + 1], (double)y[2 * k]) - atan2((double)x[2 * k + 1], (double)x[2 * k]);
        const double angle = between - LAW_TWO_PI * nearbyint(between / LAW_TWO_PI);
        sum += LAW_LN_2PI + log(wrapped_normal(angle, &spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_ring = {ring_dims, ring_mi, NULL, ring_draw, ring_log_ratio};

/* ---- periodic ---- */
#define WAVES 3.0

/* Mean over the half circle of N(y; cos angle, sigma^2): the midpoint rule is exact up to its aliases. */
static double wave_density(double y, const void *context)
{
    const double sigma = *(const double *)context;
    const uint32_t n = 64 + (uint32_t)(6.0 / sigma);
    double sum = 0.0;
    for (uint32_t k = 0; k < n; k++)
        sum += mi_law_normal_pdf((y - cos(LAW_PI * (k + 0.5) / n)) / sigma);
    return sum / (n * sigma);
}

static double periodic_mi(uint32_t dim, double sigma)
{
    const double limit = 1.0 + LIMIT * sigma;
    const uint32_t panels = 16 + (uint32_t)(2.0 * limit / sigma);
    return dim * (mi_law_entropy(wave_density, &sigma, -limit, limit, panels) - LAW_NORMAL_H - log(sigma));
}

static void periodic_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(LAW_PI * (2.0 * mi_rng_uniform(rng) - 1.0));
        y[k] = mi_law_float(cos(WAVES * (double)x[k]) + spec->parameter * mi_rng_normal(rng));
    }
}

static double periodic_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double noise = ((double)y[k] - cos(WAVES * (double)x[k])) / spec->parameter;
        sum += -0.5 * noise * noise - 0.5 * LAW_LN_2PI - log(spec->parameter) -
               log(wave_density((double)y[k], &spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_periodic = {mi_law_dims_square, periodic_mi, NULL, periodic_draw,
                                           periodic_log_ratio};
