#include "law_math.h"

#include "prepare.h"

#include <math.h>

#define FLOAT_LIMIT                                                                         \
    1e30 /* squares of it are still finite in double, and distances in float by preparation \
          */

float mi_law_float(double value)
{
    return (float)fmax(-FLOAT_LIMIT, fmin(value, FLOAT_LIMIT));
}

double mi_law_log_gamma(double x)
{
    double product = 1.0;
    for (; x < 12.0; x += 1.0)
        product *= x;
    const double r = 1.0 / (x * x); /* Stirling */
    const double series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / x;
    return (x - 0.5) * log(x) - x + 0.5 * LAW_LN_2PI + series - log(product);
}

double mi_law_normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

double mi_law_normal_upper(double z)
{
    return 0.5 * erfc(z * M_SQRT1_2);
}

double mi_law_normal_from_tails(double lower, double upper)
{
    return lower < upper ? mi_normal_quantile(lower) : -mi_normal_quantile(upper);
}

double mi_law_normal_pdf(double z)
{
    return exp(-0.5 * z * z - 0.5 * LAW_LN_2PI);
}

double mi_law_softplus(double t)
{
    return fmax(t, 0.0) + log1p(exp(-fabs(t)));
}

double mi_law_log_add(double a, double b)
{
    const double high = fmax(a, b);
    return isfinite(high) ? high + log1p(exp(-fabs(a - b))) : high;
}

double mi_law_normal_log_ratio(double rho, double x, double y)
{
    const double rest = (1.0 - rho) * (1.0 + rho);
    /* rho^2 (x^2 + y^2) - 2 rho x y, arranged so that x ~ y and rho ~ 1 do not cancel */
    const double quadratic = (rho * x - y) * (rho * x - y) - y * y * rest;
    return -0.5 * log(rest) - 0.5 * quadratic / rest;
}

double mi_law_normal_mi(double rho)
{
    return -0.5 * log((1.0 - rho) * (1.0 + rho));
}

double mi_law_normal_rho(double mi_nats)
{
    return sqrt(-expm1(-2.0 * mi_nats));
}

/* Nodes and weights of 8-point Gauss-Legendre on [-1,1], positive half. */
static const double NODE[4] = {0.1834346424956498049, 0.5255324099163289858, 0.7966664774136267396,
                               0.9602898564975362317};
static const double WEIGHT[4] = {0.3626837833783619830, 0.3137066458778872873, 0.2223810344533744705,
                                 0.1012285362903762591};

double mi_law_integrate(mi_law_function f, const void *context, double from, double to, uint32_t panels)
{
    const double half = 0.5 * (to - from) / panels;
    double sum = 0.0;
    for (uint32_t panel = 0; panel < panels; panel++) {
        const double centre = from + half * (2.0 * panel + 1.0);
        double part = 0.0;
        for (int k = 0; k < 4; k++)
            part += WEIGHT[k] * (f(centre - half * NODE[k], context) + f(centre + half * NODE[k], context));
        sum += part;
    }
    return sum * half;
}

typedef struct surprise {
    mi_law_function density;
    const void *context;
} surprise;

static double surprise_at(double t, const void *context)
{
    const surprise *s = context;
    const double p = s->density(t, s->context);
    return p > 0.0 ? -p * log(p) : 0.0;
}

double mi_law_entropy(mi_law_function density, const void *context, double from, double to, uint32_t panels)
{
    const surprise s = {density, context};
    return mi_law_integrate(surprise_at, &s, from, to, panels);
}

/* Regula falsi after Illinois, with a bisection whenever three steps did not halve the bracket. */
double mi_law_root(mi_law_function f, const void *context, double low, double high, double tolerance)
{
    double f_low = f(low, context), f_high = f(high, context);
    if (fabs(f_low) <= tolerance || fabs(f_high) <= tolerance)
        return fabs(f_low) <= fabs(f_high) ? low : high;
    double measured = high - low;
    int side = 0;
    for (int i = 0; i < 200; i++) {
        if (i % 3 == 2) {
            side = high - low > 0.5 * measured ? 2 : side;
            measured = high - low;
        }
        double t = (low * f_high - high * f_low) / (f_high - f_low);
        if (side == 2 || !(t > low && t < high))
            t = 0.5 * (low + high);
        const double value = f(t, context);
        if (fabs(value) <= tolerance || high - low <= 4e-16 * fmax(fabs(low), fabs(high)))
            return t;
        if ((value < 0.0) == (f_low < 0.0)) {
            f_high *= side == -1 ? 0.5 : 1.0;
            low = t, f_low = value, side = -1;
        } else {
            f_low *= side == 1 ? 0.5 : 1.0;
            high = t, f_high = value, side = 1;
        }
    }
    return 0.5 * (low + high);
}

/* Stages of plane rotations with strides 1, 2, 4, ...: each coordinate reaches each. */
static void turn(double *v, uint32_t a, uint32_t b, double cosine, double sine)
{
    const double first = v[a], second = v[b];
    v[a] = cosine * first - sine * second;
    v[b] = sine * first + cosine * second;
}

static double stage_angle(double phase, uint32_t stride)
{
    return phase + 0.37 * log2((double)stride);
}

void mi_law_rotate(double *v, uint32_t d, double phase)
{
    for (uint32_t stride = 1; stride < d; stride *= 2) {
        const double angle = stage_angle(phase, stride), cosine = cos(angle), sine = sin(angle);
        for (uint32_t k = 0; k + stride < d; k++)
            turn(v, k, k + stride, cosine, sine);
    }
}

void mi_law_unrotate(double *v, uint32_t d, double phase)
{
    uint32_t stride = 1;
    while (stride * 2 < d)
        stride *= 2;
    for (; stride > 0 && d > 1; stride /= 2) {
        const double angle = stage_angle(phase, stride), cosine = cos(angle), sine = -sin(angle);
        for (uint32_t k = d - stride; k-- > 0;)
            turn(v, k, k + stride, cosine, sine);
    }
}

/* Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000. */
double mi_law_draw_gamma(mi_rng *rng, double shape)
{
    const double boost = shape < 1.0 ? pow(mi_rng_uniform(rng), 1.0 / shape) : 1.0;
    const double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double z = mi_rng_normal(rng), cube_root = 1.0 + c * z;
        if (cube_root <= 0.0)
            continue;
        const double v = cube_root * cube_root * cube_root;
        if (log(mi_rng_uniform(rng)) < 0.5 * z * z + d - d * v + d * log(v))
            return boost * d * v;
    }
}

double mi_law_draw_poisson(mi_rng *rng, double mean)
{
    const double u = mi_rng_uniform(rng);
    double probability = exp(-mean), below = probability, k = 0.0;
    /* The last condition ends the sum where it no longer grows, should u lie above its rounded total. */
    while (u > below && (probability > 1e-18 || k < mean)) {
        k += 1.0;
        probability *= mean / k;
        below += probability;
    }
    return k;
}
