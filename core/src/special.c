#include "special.h"

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
