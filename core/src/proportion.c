#include "proportion.h"

#include "special.h"

#include <math.h>

void mi_wilson95(uint64_t k, uint64_t n, double out[2])
{
    const double trials = (double)n, z2 = MI_NORMAL_QUANTILE_975 * MI_NORMAL_QUANTILE_975;
    out[0] = 0.0;
    out[1] = 1.0;
    if (n == 0)
        return;
    const double p = (double)k / trials, centre = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    const double half = MI_NORMAL_QUANTILE_975 / (1.0 + z2 / trials) *
                        sqrt(p * (1.0 - p) / trials + z2 / (4.0 * trials * trials));
    if (k > 0) /* at the ends rounding would leave 1e-17 */
        out[0] = fmax(0.0, centre - half);
    if (k < n)
        out[1] = fmin(1.0, centre + half);
}

void mi_clopper_pearson95(uint64_t k, uint64_t n, double out[2])
{
    const double hits = (double)k, misses = (double)(n - k);
    out[0] = k > 0 ? mi_beta_quantile(0.025, hits, misses + 1.0) : 0.0;
    out[1] = k < n ? mi_beta_quantile(0.975, hits + 1.0, misses) : 1.0;
}
