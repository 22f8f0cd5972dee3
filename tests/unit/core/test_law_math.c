/*
 * What the laws compute with, against other libraries' values and known identities.
 */
#include "testing.h"

#include "law_math.h"

#include <check.h>
#include <math.h>

START_TEST(test_log_gamma)
{
    for (double x = 0.1; x < 300.0; x *= 1.37)
        ck_assert_double_eq_tol(mi_law_log_gamma(x), lgamma(x), 1e-13 * (1.0 + fabs(lgamma(x))));
}
END_TEST

START_TEST(test_normal_tails)
{
    for (double z = -8.0; z <= 8.0; z += 0.25) {
        ck_assert_double_eq_tol(mi_law_normal_cdf(z) + mi_law_normal_upper(z), 1.0, 1e-15);
        ck_assert_double_eq_tol(mi_law_normal_from_tails(mi_law_normal_cdf(z), mi_law_normal_upper(z)), z,
                                1e-12 * (1.0 + fabs(z)));
    }
    ck_assert_double_eq_tol(mi_law_softplus(-3.0), log1p(exp(-3.0)), 1e-15);
    ck_assert_double_eq_tol(mi_law_log_add(1000.0, 1000.0), 1000.0 + log(2.0), 1e-12);
}
END_TEST

START_TEST(test_ratio_of_a_normal_pair)
{
    /* against the densities */
    const double rho = 0.6, x = 0.7, y = -1.1, rest = 1.0 - rho * rho;
    const double joint = exp(-(x * x - 2.0 * rho * x * y + y * y) / (2.0 * rest)) / (2.0 * M_PI * sqrt(rest));
    ck_assert_double_eq_tol(mi_law_normal_log_ratio(rho, x, y),
                            log(joint / (mi_law_normal_pdf(x) * mi_law_normal_pdf(y))), 1e-14);
    ck_assert_double_eq_tol(mi_law_normal_rho(mi_law_normal_mi(0.3)), 0.3, 1e-14);
}
END_TEST

static double power_15(double t, const void *context)
{
    (void)context;
    return pow(t, 15.0) + t * t;
}
static double normal_density(double t, const void *context)
{
    return mi_law_normal_pdf(t / *(const double *)context) / *(const double *)context;
}

START_TEST(test_quadrature)
{
    ck_assert_double_eq_tol(mi_law_integrate(power_15, NULL, 0.0, 2.0, 1), pow(2.0, 16.0) / 16.0 + 8.0 / 3.0,
                            1e-9);
    const double sigma = 0.7;
    ck_assert_double_eq_tol(mi_law_integrate(normal_density, &sigma, -7.0, 7.0, 30), 1.0, 1e-13);
    ck_assert_double_eq_tol(mi_law_entropy(normal_density, &sigma, -7.0, 7.0, 30),
                            0.5 * log(2.0 * M_PI * M_E * sigma * sigma), 1e-12);
}
END_TEST

static double cubic_less_two(double t, const void *context)
{
    (void)context;
    return t * t * t - 2.0;
}
static double steep(double t, const void *context)
{
    (void)context;
    return 1e-6 - exp(-50.0 * t);
}

START_TEST(test_root)
{
    ck_assert_double_eq_tol(mi_law_root(cubic_less_two, NULL, 0.0, 5.0, 0.0), cbrt(2.0), 1e-14);
    ck_assert_double_eq_tol(mi_law_root(steep, NULL, 0.0, 10.0, 0.0), 6.0 * log(10.0) / 50.0, 1e-12);
    ck_assert_double_eq(mi_law_root(cubic_less_two, NULL, 0.0, cbrt(2.0), 1e-12), cbrt(2.0)); /* at an end */
}
END_TEST

START_TEST(test_rotation_keeps_lengths_mixes_all_and_goes_back)
{
    const uint32_t dims[] = {1, 2, 3, 4, 7, 8, 40, 100};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        const uint32_t d = dims[i];
        double v[100] = {0}, square = 0.0, largest = 0.0;
        v[0] = 1.0;
        mi_law_rotate(v, d, 0.9);
        for (uint32_t k = 0; k < d; k++) {
            square += v[k] * v[k];
            largest = fmax(largest, fabs(v[k]));
        }
        ck_assert_double_eq_tol(square, 1.0, 1e-13);
        if (d >= 7)
            ck_assert_double_lt(largest, 0.8);
        mi_law_unrotate(v, d, 0.9);
        for (uint32_t k = 0; k < d; k++)
            ck_assert_double_eq_tol(v[k], k == 0 ? 1.0 : 0.0, 1e-14);
    }
}
END_TEST

START_TEST(test_draws_have_their_moments)
{
    mi_rng rng = test_rng(1);
    const double shapes[] = {0.25, 0.5, 1.0, 3.7};
    const uint32_t n = 200000;
    for (int s = 0; s < 4; s++) {
        double sum = 0.0, log_sum = 0.0;
        for (uint32_t i = 0; i < n; i++) {
            const double g = mi_law_draw_gamma(&rng, shapes[s]);
            sum += g;
            log_sum += log(g);
        }
        /* sd sqrt(shape) of g; that of log g is at most 1/shape + 1 */
        ck_assert_double_eq_tol(sum / n, shapes[s], 5.0 * sqrt(shapes[s] / n));
        ck_assert_double_eq_tol(log_sum / n, mi_digamma(shapes[s]), 5.0 * (1.0 / shapes[s] + 1.0) / sqrt(n));
    }
    const double means[] = {0.01, 2.0, 60.0, 600.0};
    for (int m = 0; m < 4; m++) {
        double sum = 0.0, squares = 0.0;
        for (uint32_t i = 0; i < n / 10; i++) {
            const double k = mi_law_draw_poisson(&rng, means[m]) - means[m];
            sum += k;
            squares += k * k;
        }
        ck_assert_double_eq_tol(sum / (n / 10), 0.0, 5.0 * sqrt(means[m] / (n / 10)));
        ck_assert_double_eq_tol(squares / (n / 10) / means[m], 1.0,
                                5.0 * sqrt((2.0 + 1.0 / means[m]) / (n / 10)));
    }
    ck_assert(mi_law_float(1e300) == 1e30f && mi_law_float(-1e300) == -1e30f);
}
END_TEST

int main(void)
{
    RUN_TESTS("law_math", test_log_gamma, test_normal_tails, test_ratio_of_a_normal_pair, test_quadrature,
              test_root, test_rotation_keeps_lengths_mixes_all_and_goes_back, test_draws_have_their_moments);
}
