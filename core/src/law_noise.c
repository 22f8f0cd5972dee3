/*
 * Noise that is not simply added; MI by quadrature of an entropy. dim counts independent copies.
 *
 * stochastic-volatility  x a log-variance ~ N(0, sigma^2), y = exp(x/2) n
 * multiplicative         x ~ N(0,1), y = x exp(sigma n)
 * heteroscedastic        x ~ N(0,1), y = x + sigma exp(tanh x) n
 * product                x = (a,b) ~ N(0,I), y = a b + sigma n
 */
#include "law_impl.h"

#include <math.h>

#define LIMIT 9.0 /* beyond this many standard deviations nothing counts in double */

/* ---- log |normal|, smeared by s times a normal ---- */

/* Density of log |n| at w. */
static double log_normal_size(double w)
{
    return 2.0 * exp(w) * mi_law_normal_pdf(exp(w));
}

typedef struct smear {
    double s, z;
} smear;

static double smeared_at(double t, const void *context)
{
    const smear *m = context;
    return mi_law_normal_pdf(t) * log_normal_size(m->z - m->s * t);
}

/* Density of log |n| + s n' at z. */
static double smeared(double z, const void *context)
{
    const smear m = {*(const double *)context, z};
    return mi_law_integrate(smeared_at, &m, -LIMIT, LIMIT, 24 + (uint32_t)(36.0 * m.s));
}

static double smeared_entropy(double s)
{
    /* log |n| falls off like exp(w) below and faster than any exponential above */
    const double low = -38.0 - LIMIT * s, high = 4.0 + LIMIT * s;
    return mi_law_entropy(smeared, &s, low, high, (uint32_t)(2.0 * (high - low)));
}

/* ---- stochastic-volatility ----
 * The sign of y tells nothing; log |y| = x/2 + log |n|. */
static double stochastic_volatility_mi(uint32_t dim, double sigma)
{
    /* entropy of log |n|, from that of log chi-square with E log chi-square = psi(1/2) + log 2 */
    const double unsmeared = 0.5 * LAW_LN_2PI - 0.5 * (mi_digamma(0.5) + LAW_LN2) + 0.5 - LAW_LN2;
    return dim * (smeared_entropy(0.5 * sigma) - unsmeared);
}

static void stochastic_volatility_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(spec->parameter * mi_rng_normal(rng));
        y[k] = mi_law_float(exp(0.5 * (double)x[k]) * mi_rng_normal(rng));
    }
}

static double stochastic_volatility_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double s = 0.5 * spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double z = log(fabs((double)y[k]));
        sum += log(log_normal_size(z - 0.5 * (double)x[k])) - log(smeared(z, &s));
    }
    return sum;
}
const mi_law_methods mi_law_of_stochastic_volatility = {mi_law_dims_square, stochastic_volatility_mi, NULL,
                                                        stochastic_volatility_draw,
                                                        stochastic_volatility_log_ratio};

/* ---- multiplicative ----
 * y keeps the sign of x, one bit; log |y| = log |x| + sigma n. */
static double multiplicative_mi(uint32_t dim, double sigma)
{
    return dim * (LAW_LN2 + smeared_entropy(sigma) - LAW_NORMAL_H - log(sigma));
}

static void multiplicative_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_rng_normal(rng));
        y[k] = mi_law_float((double)x[k] * exp(spec->parameter * mi_rng_normal(rng)));
    }
}

static double multiplicative_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double sigma = spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        if (signbit(x[k]) != signbit(y[k]))
            return -(double)INFINITY;
        const double z = log(fabs((double)y[k])), noise = (z - log(fabs((double)x[k]))) / sigma;
        sum += LAW_LN2 - 0.5 * noise * noise - 0.5 * LAW_LN_2PI - log(sigma) - log(smeared(z, &sigma));
    }
    return sum;
}
const mi_law_methods mi_law_of_multiplicative = {mi_law_dims_square, multiplicative_mi, NULL,
                                                 multiplicative_draw, multiplicative_log_ratio};

/* ---- heteroscedastic ----
 * E tanh x = 0, so that the noise has the mean log-scale log sigma. */
typedef struct uneven {
    double sigma, y;
} uneven;

static double uneven_at(double x, const void *context)
{
    const uneven *u = context;
    const double scale = u->sigma * exp(tanh(x));
    return mi_law_normal_pdf(x) * mi_law_normal_pdf((u->y - x) / scale) / scale;
}

static double uneven_density(double y, const void *context)
{
    const uneven u = {*(const double *)context, y};
    const double reach = LIMIT * u.sigma * exp(1.0), low = fmax(-LIMIT, y - reach),
                 high = fmin(LIMIT, y + reach);
    if (low >= high)
        return 0.0;
    const double finest = 2.0 * fmin(1.0, u.sigma * exp(-1.0));
    return mi_law_integrate(uneven_at, &u, low, high, 8 + (uint32_t)((high - low) / finest));
}

static double heteroscedastic_mi(uint32_t dim, double sigma)
{
    const double limit = LIMIT * (1.0 + sigma * exp(1.0));
    const double entropy = mi_law_entropy(uneven_density, &sigma, -limit, limit, (uint32_t)(4.0 * limit));
    return dim * (entropy - LAW_NORMAL_H - log(sigma));
}

static void heteroscedastic_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double u = mi_rng_normal(rng);
        x[k] = mi_law_float(u);
        y[k] = mi_law_float(u + spec->parameter * exp(tanh(u)) * mi_rng_normal(rng));
    }
}

static double heteroscedastic_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double u = (double)x[k], v = (double)y[k], scale = spec->parameter * exp(tanh(u));
        const double noise = (v - u) / scale;
        sum +=
            -0.5 * noise * noise - 0.5 * LAW_LN_2PI - log(scale) - log(uneven_density(v, &spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_heteroscedastic = {mi_law_dims_square, heteroscedastic_mi, NULL,
                                                  heteroscedastic_draw, heteroscedastic_log_ratio};

/* ---- product ----
 * Given a, y ~ N(0, a^2 + sigma^2). Both quadratures are graded towards 0: t -> sigma sinh t. */
#define PRODUCT_PANELS 40u

typedef struct blur {
    double sigma, y;
} blur;

static double blurred_at(double t, const void *context)
{
    const blur *b = context;
    const double a = b->sigma * sinh(t), scale = b->sigma * cosh(t); /* sqrt(a^2 + sigma^2) */
    return scale * mi_law_normal_pdf(a) * mi_law_normal_pdf(b->y / scale) / scale;
}

static double product_density(double y, const void *context)
{
    const blur b = {*(const double *)context, y};
    return 2.0 * mi_law_integrate(blurred_at, &b, 0.0, asinh(LIMIT / b.sigma), PRODUCT_PANELS);
}

static double product_surprise(double t, const void *context)
{
    const double sigma = *(const double *)context, p = product_density(sigma * sinh(t), context);
    return p > 0.0 ? -sigma * cosh(t) * p * log(p) : 0.0;
}

static double product_mi(uint32_t dim, double sigma)
{
    /* |a b| falls off like exp(-|y|) */
    const double limit = asinh((42.0 + LIMIT * sigma) / sigma);
    const double entropy = 2.0 * mi_law_integrate(product_surprise, &sigma, 0.0, limit, PRODUCT_PANELS);
    return dim * (entropy - LAW_NORMAL_H - log(sigma));
}

static void product_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = 2 * dim;
    *dim_y = dim;
}

static void product_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const double a = mi_rng_normal(rng), b = mi_rng_normal(rng);
        x[2 * k] = mi_law_float(a);
        x[2 * k + 1] = mi_law_float(b);
        y[k] = mi_law_float(a * b + spec->parameter * mi_rng_normal(rng));
    }
}

static double product_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double v = (double)y[k];
        const double noise = (v - (double)x[2 * k] * (double)x[2 * k + 1]) / spec->parameter;
        sum += -0.5 * noise * noise - 0.5 * LAW_LN_2PI - log(spec->parameter) -
               log(product_density(v, &spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_product = {product_dims, product_mi, NULL, product_draw, product_log_ratio};
