#include "special.h"
#include "testing.h"

#include <math.h>

#define EULER_GAMMA 0.57721566490153286061
#define PI          3.14159265358979323846
#define LN2         0.69314718055994530942

START_TEST(test_digamma_of_known_arguments)
{
    /* Gauss's values; Abramowitz and Stegun 6.3.2 to 6.3.4 */
    ck_assert_double_eq_tol(mi_digamma(1.0), -EULER_GAMMA, 1e-14);
    ck_assert_double_eq_tol(mi_digamma(0.5), -EULER_GAMMA - 2.0 * LN2, 1e-14);
    ck_assert_double_eq_tol(mi_digamma(0.25), -EULER_GAMMA - 0.5 * PI - 3.0 * LN2, 1e-13);
    double harmonic = 0.0;
    for (int n = 1; n <= 3000; n++) {
        ck_assert_double_eq_tol(mi_digamma(n), harmonic - EULER_GAMMA, 1e-13);
        harmonic += 1.0 / n;
    }
    double odd = 0.0; /* psi(n + 1/2) */
    for (int n = 0; n <= 300; n++) {
        ck_assert_double_eq_tol(mi_digamma(n + 0.5), -EULER_GAMMA - 2.0 * LN2 + 2.0 * odd, 1e-13);
        odd += 1.0 / (2.0 * n + 1.0);
    }
}
END_TEST

START_TEST(test_digamma_obeys_its_recurrence_and_reflection)
{
    for (double x = 1e-6; x < 1e6; x *= 1.37)
        ck_assert_double_eq_tol(mi_digamma(x + 1.0) - mi_digamma(x), 1.0 / x, 1e-13 * (1.0 + 1.0 / x));
    for (double x = 0.03; x < 1.0; x += 0.03)
        ck_assert_double_eq_tol(mi_digamma(1.0 - x) - mi_digamma(x), PI / tan(PI * x), 1e-12);
    ck_assert_double_eq_tol(mi_digamma(1e12), log(1e12), 1e-11);
}
END_TEST

START_TEST(test_digamma_is_not_a_number_where_it_is_not_needed)
{
    ck_assert(isnan(mi_digamma(0.0)) && isnan(mi_digamma(-1.5)) && isnan(mi_digamma((double)NAN)));
}
END_TEST

/* scipy.special.betainc and betaincinv, SciPy 1.10.1 */
START_TEST(test_incomplete_beta_and_its_quantile_are_those_of_scipy)
{
    static const double value[][4] = {
        {0.3, 2, 3, 0.3483},    {0.001, 0.5, 20, 0.15758381398363847}, {0.9, 30, 4, 0.5769436641256928},
        {0.5, 1000, 1000, 0.5}, {0.0101, 1e4, 1e6, 0.9777875433119},   {1e-5, 5, 5e5, 0.5595146111356593},
        {0.25, 3, 1e6, 1.0}};
    static const double quantile[][4] = {{0.025, 1, 10, 0.0025285785444617848},
                                         {0.975, 3, 98, 0.07038393247107011},
                                         {0.025, 100, 9901, 0.008143596567605197},
                                         {0.975, 1, 1e6, 3.6888726502871497e-06},
                                         {0.025, 1000, 999001, 0.0009390012079513036}};
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++)
        ck_assert_double_eq_tol(mi_incomplete_beta(value[i][0], value[i][1], value[i][2]), value[i][3],
                                1e-8 * value[i][3]);
    for (size_t i = 0; i < sizeof quantile / sizeof quantile[0]; i++)
        ck_assert_double_eq_tol(mi_beta_quantile(quantile[i][0], quantile[i][1], quantile[i][2]),
                                quantile[i][3], 1e-8 * quantile[i][3]);
    ck_assert_double_eq(mi_incomplete_beta(0.0, 2, 3), 0.0);
    ck_assert_double_eq(mi_incomplete_beta(1.0, 2, 3), 1.0);
    ck_assert(isnan(mi_incomplete_beta(1.5, 2, 3)) && isnan(mi_incomplete_beta(0.5, 0, 3)));
    ck_assert(isnan(mi_beta_quantile(-0.1, 2, 3)) && isnan(mi_beta_quantile((double)NAN, 2, 3)));
}
END_TEST

int main(void)
{
    RUN_TESTS("special", test_digamma_of_known_arguments, test_digamma_obeys_its_recurrence_and_reflection,
              test_digamma_is_not_a_number_where_it_is_not_needed,
              test_incomplete_beta_and_its_quantile_are_those_of_scipy);
}
