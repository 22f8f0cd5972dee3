/*
 * Dependence that is stronger on one side, or nowhere in the tails. dim counts independent copies.
 *
 * clayton         Clayton copula, normal margins: tied in the lower tail
 * frank           Frank copula, logistic margins: no tail dependence
 * gamma-additive  x ~ Gamma(a,1), y = x + Exp(1): y never below x
 */
#include "law_impl.h"

#include <math.h>

/* ---- clayton ----
 * c(u,v) = (1+t) (uv)^(-1-t) (u^-t + v^-t - 1)^(-2-1/t). E log u = -1, and by Kendall's distribution of
 * C(u,v), E log(u^-t + v^-t - 1) = t (2+t)/(1+t); hence I = log(1+t) - t/(1+t). */
static double clayton_mi(uint32_t dim, double theta)
{
    return dim * (log1p(theta) - theta / (1.0 + theta));
}

static void clayton_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double theta = spec->parameter;
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_uniform(rng), w = mi_rng_uniform(rng);
        /* v^-t - 1 = (w^(-t/(1+t)) - 1) u^-t, in logarithms */
        const double excess = log(expm1(-theta / (1.0 + theta) * log(w))) - theta * log(u);
        const double log_v = -mi_law_softplus(excess) / theta;
        x[k] = mi_law_float(mi_law_normal_from_tails(u, 1.0 - u));
        y[k] = mi_law_float(mi_law_normal_from_tails(exp(log_v), -expm1(log_v)));
    }
}

static double log_normal_cdf(double z)
{
    return z < 0.0 ? log(mi_law_normal_cdf(z)) : log1p(-mi_law_normal_upper(z));
}

static double clayton_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double theta = spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double log_u = log_normal_cdf((double)x[k]), log_v = log_normal_cdf((double)y[k]);
        const double high = -theta * fmin(log_u, log_v), low = -theta * fmax(log_u, log_v);
        /* log(e^high + e^low - 1) */
        const double joint = high + log1p(exp(-high) * expm1(low));
        sum += log1p(theta) - (1.0 + theta) * (log_u + log_v) - (2.0 + 1.0 / theta) * joint;
    }
    return sum;
}
const mi_law_methods mi_law_of_clayton = {mi_law_dims_square, clayton_mi, NULL, clayton_draw,
                                          clayton_log_ratio};

/* ---- frank ----
 * c(u,v) = t (1-e^-t) e^(-t(u+v)) / [1 - e^-t - (1-e^-tu)(1-e^-tv)]^2; the bracket as a sum of positive
 * terms. */
static double frank_log_density(double theta, double u, double v)
{
    const double a = exp(-theta * u), b = exp(-theta * v);
    const double bracket = -a * expm1(-theta * v) - b * expm1(-theta * (1.0 - v));
    return log(-theta * expm1(-theta)) - theta * (u + v) - 2.0 * log(bracket);
}

typedef struct frank_column {
    double theta, u;
} frank_column;

static double frank_inner(double v, const void *context)
{
    const frank_column *c = context;
    const double log_density = frank_log_density(c->theta, c->u, v);
    return exp(log_density) * log_density;
}

static double frank_outer(double u, const void *context)
{
    const frank_column column = {*(const double *)context, u};
    return mi_law_integrate(frank_inner, &column, 0.0, 1.0, 16 + (uint32_t)column.theta);
}

static double frank_mi(uint32_t dim, double theta)
{
    return dim * mi_law_integrate(frank_outer, &theta, 0.0, 1.0, 16 + (uint32_t)theta);
}

static double logit(double u)
{
    return log(u) - log1p(-u);
}

static void frank_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double theta = spec->parameter;
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_uniform(rng), w = mi_rng_uniform(rng), a = exp(-theta * u);
        const double b = (a * (1.0 - w) + w * exp(-theta)) / (a + w * (1.0 - a)); /* e^(-theta v) */
        const double v = fmax(1e-15, fmin(-log(b) / theta, 1.0 - 1e-15));
        x[k] = mi_law_float(logit(u));
        y[k] = mi_law_float(logit(v));
    }
}

static double frank_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        sum += frank_log_density(spec->parameter, 1.0 / (1.0 + exp(-(double)x[k])),
                                 1.0 / (1.0 + exp(-(double)y[k])));
    return sum;
}
const mi_law_methods mi_law_of_frank = {mi_law_dims_square, frank_mi, NULL, frank_draw, frank_log_ratio};

/* ---- gamma-additive ----
 * I = h(Gamma(a+1)) - h(Exp) with h(Gamma(k)) = k + log Gamma(k) + (1-k) psi(k); Euler's constant at a = 1.
 */
static double gamma_additive_mi(uint32_t dim, double shape)
{
    return dim * (shape + mi_law_log_gamma(shape + 1.0) - shape * mi_digamma(shape + 1.0));
}

static void gamma_additive_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_law_draw_gamma(rng, spec->parameter));
        y[k] = mi_law_float((double)x[k] - log(mi_rng_uniform(rng)));
    }
}

static double gamma_additive_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        if (y[k] < x[k])
            return -(double)INFINITY;
        sum += (double)x[k] - spec->parameter * log((double)y[k]) + mi_law_log_gamma(spec->parameter + 1.0);
    }
    return sum;
}
const mi_law_methods mi_law_of_gamma_additive = {mi_law_dims_square, gamma_additive_mi, NULL,
                                                 gamma_additive_draw, gamma_additive_log_ratio};
