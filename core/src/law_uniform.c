/*
 * Uniform laws with sharp supports: the ratio is piecewise constant or nearly so, and zero outside. dim
 * counts independent copies.
 *
 * additive  x ~ U(0,1), y = x + U(-eps, eps)          (Czyz et al., NeurIPS 2023)
 * square    a uniform square turned by an angle
 * wrapped   x ~ U(0,1), y = x + U(0,w) modulo 1
 * quantised x ~ N(0,1), y uniform in the cell of x
 */
#include "law_impl.h"

#include <math.h>

#define EDGE 3e-7 /* rounding to float32 may carry a value of the order of 1 this far over an edge */

static double log_inside(int inside, double value)
{
    return inside ? value : -(double)INFINITY;
}

/* h(y) - log 2 eps: y has a trapezoid density. */
static double additive_uniform_mi(uint32_t dim, double eps)
{
    return dim * (eps <= 0.5 ? eps - log(2.0 * eps) : 0.25 / eps);
}

static void additive_uniform_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_rng_uniform(rng));
        y[k] = mi_law_float((double)x[k] + spec->parameter * (2.0 * mi_rng_uniform(rng) - 1.0));
    }
}

static double additive_uniform_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double eps = spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double v = (double)y[k];
        /* Length of the x that reach y; at the very ends it vanishes, and the density with it. */
        const double reach = fmin(1.0, v + eps) - fmax(0.0, v - eps);
        sum += log_inside(fabs(v - (double)x[k]) <= eps + EDGE * (1.0 + eps), -log(fmax(reach, 1e-12)));
    }
    return sum;
}
const mi_law_methods mi_law_of_additive_uniform = {mi_law_dims_square, additive_uniform_mi, NULL,
                                                   additive_uniform_draw, additive_uniform_log_ratio};

/* x = c u - s v, y = s u + c v with u, v ~ U(-1,1): both margins are sums of uniforms of widths 2c and 2s, of
 * entropy log(wide) + narrow/(2 wide). */
static double rotated_square_mi(uint32_t dim, double angle)
{
    const double wide = fmax(cos(angle), sin(angle)), narrow = fmin(cos(angle), sin(angle));
    return dim * (2.0 * log(wide) + narrow / wide);
}

static void rotated_square_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double c = cos(spec->parameter), s = sin(spec->parameter);
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = 2.0 * mi_rng_uniform(rng) - 1.0, v = 2.0 * mi_rng_uniform(rng) - 1.0;
        x[k] = mi_law_float(c * u - s * v);
        y[k] = mi_law_float(s * u + c * v);
    }
}

/* Density of c u + s v at t: a trapezoid of half top |c-s| and half base c+s. */
static double trapezoid_log_density(double c, double s, double t)
{
    const double slope = fmax(c + s - fmax(fabs(t), fabs(c - s)), 1e-12);
    return log(slope / (4.0 * c * s));
}

static double rotated_square_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double c = cos(spec->parameter), s = sin(spec->parameter);
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double a = (double)x[k], b = (double)y[k];
        const int inside = fabs(c * a + s * b) <= 1.0 + EDGE && fabs(c * b - s * a) <= 1.0 + EDGE;
        sum +=
            log_inside(inside, -log(4.0) - trapezoid_log_density(c, s, a) - trapezoid_log_density(c, s, b));
    }
    return sum;
}
const mi_law_methods mi_law_of_rotated_square = {mi_law_dims_square, rotated_square_mi, NULL,
                                                 rotated_square_draw, rotated_square_log_ratio};

static double wrapped_uniform_mi(uint32_t dim, double width)
{
    return -(double)dim * log(width);
}

static double wrapped_uniform_width(uint32_t dim, double mi_nats)
{
    return exp(-mi_nats / dim);
}

static void wrapped_uniform_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_rng_uniform(rng));
        const double sum = (double)x[k] + spec->parameter * mi_rng_uniform(rng);
        y[k] = mi_law_float(sum - floor(sum));
    }
}

static double wrapped_uniform_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double step = (double)y[k] - (double)x[k] + EDGE, ahead = step - floor(step);
        sum += log_inside(ahead <= spec->parameter + 2.0 * EDGE, -log(spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_wrapped_uniform = {mi_law_dims_square, wrapped_uniform_mi,
                                                  wrapped_uniform_width, wrapped_uniform_draw,
                                                  wrapped_uniform_log_ratio};

/* Cells [j, j+1) width of the line; y tells the cell of x and nothing else, so I is the entropy of the cell.
 */
static double cell_probability(double cell, double width)
{
    /* on the side where tails do not cancel */
    const double near = fmin(fabs(cell), fabs(cell + 1.0)) * width, far = near + width;
    return mi_law_normal_upper(near) - mi_law_normal_upper(far);
}

static double quantised_mi(uint32_t dim, double width)
{
    const double n_cells = ceil(39.0 / width);
    double sum = 0.0;
    for (double cell = 0.0; cell < n_cells; cell += 1.0) {
        const double p = cell_probability(cell, width);
        if (p > 0.0)
            sum -= 2.0 * p * log(p);
    }
    return dim * sum;
}

static void quantised_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double width = spec->parameter;
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_rng_normal(rng));
        /* not up to the very edges, so that float32 keeps y in its cell */
        y[k] = mi_law_float(width * (floor((double)x[k] / width) + 0.001 + 0.998 * mi_rng_uniform(rng)));
    }
}

static double quantised_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double width = spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double cell = floor((double)y[k] / width);
        sum += log_inside(cell == floor((double)x[k] / width), -log(cell_probability(cell, width)));
    }
    return sum;
}
const mi_law_methods mi_law_of_quantised = {mi_law_dims_square, quantised_mi, NULL, quantised_draw,
                                            quantised_log_ratio};
