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

int main(void)
{
    RUN_TESTS("special", test_digamma_of_known_arguments, test_digamma_obeys_its_recurrence_and_reflection,
              test_digamma_is_not_a_number_where_it_is_not_needed);
}
