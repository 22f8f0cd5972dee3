#include "special.h"

#include "law_math.h"

#include <math.h>

/* From here on the asymptotic series to x^-14 is exact to a double. */
#define ASYMPTOTIC 8.0

double mi_digamma(double x)
{
    if (!(x > 0.0))
        return (double)NAN;
    double below = 0.0; /* psi(x) = psi(x + m) - sum 1/(x + i) */
    for (; x < ASYMPTOTIC; x += 1.0)
        below += 1.0 / x;
    /* log x - 1/(2x) - sum B_2n / (2n x^2n); Abramowitz and Stegun 6.3.18 */
    const double t = 1.0 / (x * x);
    double series = 1.0 / 12.0;
    series = series * t - 691.0 / 32760.0;
    series = series * t + 1.0 / 132.0;
    series = series * t - 1.0 / 240.0;
    series = series * t + 1.0 / 252.0;
    series = series * t - 1.0 / 120.0;
    series = series * t + 1.0 / 12.0;
    return log(x) - 0.5 / x - series * t - below;
}

#define FRACTION_STEPS 100000 /* needs about sqrt(max(a, b)) of them */
#define FRACTION_TINY  1e-300

static double away_from_zero(double v)
{
    return fabs(v) < FRACTION_TINY ? FRACTION_TINY : v;
}

/* The continued fraction of I_x(a, b) for x below the mean, by Lentz's method; DLMF 8.17.22. */
static double beta_fraction(double x, double a, double b)
{
    double numerator = 1.0, denominator = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    double value = denominator;
    for (int m = 1; m < FRACTION_STEPS; m++) {
        const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        denominator = 1.0 / away_from_zero(1.0 + even * denominator);
        numerator = away_from_zero(1.0 + even / numerator);
        value *= denominator * numerator;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        denominator = 1.0 / away_from_zero(1.0 + odd * denominator);
        numerator = away_from_zero(1.0 + odd / numerator);
        value *= denominator * numerator;
        if (fabs(denominator * numerator - 1.0) < 1e-15)
            break;
    }
    return value;
}

double mi_incomplete_beta(double x, double a, double b)
{
    if (!(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0))
        return (double)NAN;
    if (x == 0.0 || x == 1.0)
        return x;
    const double log_density =
        mi_law_log_gamma(a + b) - mi_law_log_gamma(a) - mi_law_log_gamma(b) + a * log(x) + b * log1p(-x);
    if (x < (a + 1.0) / (a + b + 2.0))
        return exp(log_density) * beta_fraction(x, a, b) / a;
    return 1.0 - exp(log_density) * beta_fraction(1.0 - x, b, a) / b;
}

double mi_beta_quantile(double p, double a, double b)
{
    if (!(p >= 0.0 && p <= 1.0 && a > 0.0 && b > 0.0))
        return (double)NAN;
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 100; i++) {
        const double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            break;
        if (mi_incomplete_beta(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}
