/*
 * Mixtures in the plane; MI by quadrature. dim counts independent copies.
 *
 * two-branches   y = +-rho x + noise, the sign a coin that nobody sees; both margins N(0,1)
 * gauss-mixture  four Gaussians at (+-2, +-2), two of them with correlation +-.6 of their own
 * erasure        a normal pair of correlation .95, or, with probability q, an unrelated pair
 */
#include "law_impl.h"

#include <math.h>

#define LIMIT 9.0 /* beyond this many standard deviations nothing counts in double */

/* Mean of f over two independent standard normals, graded towards 0 in the first by a = scale sinh(t). */
typedef double (*plane_function)(double a, double b, const void *context);

typedef struct plane {
    plane_function f;
    const void *context;
    double a, scale;
    uint32_t panels;
} plane;

static double inner(double b, const void *context)
{
    const plane *p = context;
    return mi_law_normal_pdf(b) * p->f(p->a, b, p->context);
}

static double outer(double t, const void *context)
{
    plane p = *(const plane *)context;
    p.a = p.scale * sinh(t);
    const double integral = mi_law_integrate(inner, &p, -LIMIT, LIMIT, p.panels);
    return p.scale * cosh(t) * mi_law_normal_pdf(p.a) * integral;
}

static double mean_over_plane(plane_function f, const void *context, double scale, uint32_t panels)
{
    const plane p = {f, context, 0.0, scale, panels};
    const double limit = asinh(LIMIT / scale);
    return mi_law_integrate(outer, &p, -limit, limit, panels);
}

/* ---- two-branches ----
 * log r = -1/2 log(1-rho^2) - rho^2 (x^2 + y^2) / (2 (1-rho^2)) + log cosh(rho x y / (1-rho^2)). By symmetry
 * the mean is that over the positive branch. */
static double two_branches_log(double rho, double x, double y)
{
    /* The branch of the signs of x y, and what the other adds to it. */
    const double rest = (1.0 - rho) * (1.0 + rho), along = fabs(rho * x * y / rest);
    return mi_law_normal_log_ratio(rho, fabs(x), fabs(y)) - LAW_LN2 + log1p(exp(-2.0 * along));
}

static double two_branches_at(double x, double noise, const void *context)
{
    const double rho = *(const double *)context;
    return two_branches_log(rho, x, rho * x + sqrt((1.0 - rho) * (1.0 + rho)) * noise);
}

static double two_branches_mi(uint32_t dim, double rho)
{
    return dim * mean_over_plane(two_branches_at, &rho, sqrt((1.0 - rho) * (1.0 + rho)), 40);
}

static void two_branches_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double rho = spec->parameter, rest = sqrt((1.0 - rho) * (1.0 + rho));
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = mi_law_float(u);
        y[k] = mi_law_float((mi_rng_below(rng, 2) ? rho : -rho) * u + rest * v);
    }
}

static double two_branches_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        sum += two_branches_log(spec->parameter, (double)x[k], (double)y[k]);
    return sum;
}
const mi_law_methods mi_law_of_two_branches = {mi_law_dims_square, two_branches_mi, NULL, two_branches_draw,
                                               two_branches_log_ratio};

/* ---- gauss-mixture ----
 * Component (i,j) at (+-2,+-2): weight w/2 where the signs agree, (1-w)/2 where not, so that the margins do
 * not depend on w. */
#define CENTRE 2.0
#define LOCAL  0.6

static double margin_log_density(double t)
{
    return mi_law_log_add(-0.5 * (t - CENTRE) * (t - CENTRE), -0.5 * (t + CENTRE) * (t + CENTRE)) - LAW_LN2 -
           0.5 * LAW_LN_2PI;
}

static double component_log_density(double x, double y, int i, int j)
{
    const double a = x - (i ? CENTRE : -CENTRE), b = y - (j ? CENTRE : -CENTRE);
    const double rho = i != j ? 0.0 : i ? LOCAL : -LOCAL;
    return mi_law_normal_log_ratio(rho, a, b) - 0.5 * (a * a + b * b) - LAW_LN_2PI;
}

static double gauss_mixture_log(double weight, double x, double y)
{
    double joint = -(double)INFINITY;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            joint = mi_law_log_add(joint, log(0.5 * (i == j ? weight : 1.0 - weight)) +
                                              component_log_density(x, y, i, j));
    return joint - margin_log_density(x) - margin_log_density(y);
}

typedef struct component {
    double weight;
    int i, j;
} component;

static double gauss_mixture_at(double u, double v, const void *context)
{
    const component *c = context;
    const double rho = c->i != c->j ? 0.0 : c->i ? LOCAL : -LOCAL;
    return gauss_mixture_log(c->weight, u + (c->i ? CENTRE : -CENTRE),
                             rho * u + sqrt(1.0 - rho * rho) * v + (c->j ? CENTRE : -CENTRE));
}

static double gauss_mixture_mi(uint32_t dim, double weight)
{
    double sum = 0.0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const component c = {weight, i, j};
            sum += 0.5 * (i == j ? weight : 1.0 - weight) * mean_over_plane(gauss_mixture_at, &c, 1.0, 24);
        }
    return dim * sum;
}

static void gauss_mixture_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const int i = (int)mi_rng_below(rng, 2), agree = mi_rng_uniform(rng) < spec->parameter;
        const int j = agree ? i : !i;
        const double rho = !agree ? 0.0 : i ? LOCAL : -LOCAL, u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = mi_law_float(u + (i ? CENTRE : -CENTRE));
        y[k] = mi_law_float(rho * u + sqrt(1.0 - rho * rho) * v + (j ? CENTRE : -CENTRE));
    }
}

static double gauss_mixture_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        sum += gauss_mixture_log(spec->parameter, (double)x[k], (double)y[k]);
    return sum;
}
const mi_law_methods mi_law_of_gauss_mixture = {mi_law_dims_square, gauss_mixture_mi, NULL,
                                                gauss_mixture_draw, gauss_mixture_log_ratio};

/* ---- erasure ---- */
#define KEPT_RHO 0.95

static double erasure_log(double q, double x, double y)
{
    return mi_law_log_add(log1p(-q) + mi_law_normal_log_ratio(KEPT_RHO, x, y), log(q));
}

static double kept_at(double u, double v, const void *context)
{
    return erasure_log(*(const double *)context, u, KEPT_RHO * u + sqrt(1.0 - KEPT_RHO * KEPT_RHO) * v);
}

static double erased_at(double u, double v, const void *context)
{
    return erasure_log(*(const double *)context, u, v);
}

static double erasure_mi(uint32_t dim, double q)
{
    const double kept = mean_over_plane(kept_at, &q, 1.0, 40),
                 erased = mean_over_plane(erased_at, &q, 1.0, 40);
    return dim * ((1.0 - q) * kept + q * erased);
}

static void erasure_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        const double rho = mi_rng_uniform(rng) < spec->parameter ? 0.0 : KEPT_RHO;
        x[k] = mi_law_float(u);
        y[k] = mi_law_float(rho * u + sqrt(1.0 - rho * rho) * v);
    }
}

static double erasure_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        sum += erasure_log(spec->parameter, (double)x[k], (double)y[k]);
    return sum;
}
const mi_law_methods mi_law_of_erasure = {mi_law_dims_square, erasure_mi, NULL, erasure_draw,
                                          erasure_log_ratio};
