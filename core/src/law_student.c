/*
 * Student-t with identity dispersion: dim + dim coordinates that share one chi-square, and are uncorrelated.
 * All dependence is in the common scale. Source: Czyz et al., NeurIPS 2023.
 */
#include "law_impl.h"

#include <math.h>

/* Entropy of a k-dimensional standard t of nu degrees of freedom, less what cancels in h(x) + h(y) - h(x,y).
 */
static double student_entropy(double k, double nu)
{
    return 0.5 * (nu + k) * (mi_digamma(0.5 * (nu + k)) - mi_digamma(0.5 * nu)) -
           mi_law_log_gamma(0.5 * (nu + k)) + mi_law_log_gamma(0.5 * nu);
}

static double student_mi(uint32_t dim, double nu)
{
    return 2.0 * student_entropy(dim, nu) - student_entropy(2.0 * dim, nu);
}

static void student_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        const double chi2 = 2.0 * mi_law_draw_gamma(rng, 0.5 * spec->parameter);
        const double scale = sqrt(spec->parameter / chi2);
        for (uint32_t k = 0; k < spec->dim; k++) {
            x[i * spec->dim + k] = mi_law_float(scale * mi_rng_normal(rng));
            y[i * spec->dim + k] = mi_law_float(scale * mi_rng_normal(rng));
        }
    }
}

/* log of the k-dimensional density at squared radius s, less the same constants. */
static double student_log_density(double k, double nu, double s)
{
    return mi_law_log_gamma(0.5 * (nu + k)) - mi_law_log_gamma(0.5 * nu) - 0.5 * (nu + k) * log1p(s / nu);
}

static double log_ratio_of_squares(const mi_law_spec *spec, double square_x, double square_y)
{
    const double k = spec->dim, nu = spec->parameter;
    return student_log_density(2.0 * k, nu, square_x + square_y) - student_log_density(k, nu, square_x) -
           student_log_density(k, nu, square_y);
}

static double student_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double square_x = 0.0, square_y = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        square_x += (double)x[k] * (double)x[k];
        square_y += (double)y[k] * (double)y[k];
    }
    return log_ratio_of_squares(spec, square_x, square_y);
}
const mi_law_methods mi_law_of_student = {mi_law_dims_square, student_mi, NULL, student_draw,
                                          student_log_ratio};

static void asinh_student_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    student_draw(spec, rng, n, x, y);
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = (float)asinh((double)x[k]);
        y[k] = (float)asinh((double)y[k]);
    }
}

static double asinh_student_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double square_x = 0.0, square_y = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double a = sinh((double)x[k]), b = sinh((double)y[k]);
        square_x += a * a;
        square_y += b * b;
    }
    return log_ratio_of_squares(spec, square_x, square_y);
}
const mi_law_methods mi_law_of_asinh_student = {mi_law_dims_square, student_mi, NULL, asinh_student_draw,
                                                asinh_student_log_ratio};
