#include "prepare.h"
#include "testing.h"

#include <math.h>

/* The distribution function of libm undoes the quantile, to the last digits that its condition allows. */
START_TEST(test_distribution_function_undoes_the_quantile)
{
    for (double p = 1e-300; p < 0.5; p *= 1.37) {
        const double q = mi_normal_quantile(p), back = 0.5 * erfc(-q / sqrt(2.0));
        ck_assert_double_lt(fabs(back / p - 1.0), 2e-15 * (1.0 + q * q) + 1e-15);
    }
    for (double p = 0.5; p < 0.999; p += 0.00137) {
        const double q = mi_normal_quantile(p), back = 0.5 * erfc(-q / sqrt(2.0));
        ck_assert_double_lt(fabs(back / p - 1.0), 4e-15);
    }
}
END_TEST

START_TEST(test_table_values)
{
    ck_assert_double_eq(mi_normal_quantile(0.5), 0.0);
    ck_assert_double_eq_tol(mi_normal_quantile(0.975), 1.959963984540054, 1e-15);
    ck_assert_double_eq_tol(mi_normal_quantile(0.25), -0.6744897501960817, 1e-15);
    ck_assert_double_eq_tol(mi_normal_quantile(0.001), -3.090232306167813, 1e-15);
    ck_assert_double_eq_tol(mi_normal_quantile(1e-20), -9.262340089798408, 1e-14);
}
END_TEST

START_TEST(test_quantile_is_odd_and_rises)
{
    double before = -(double)INFINITY;
    for (int i = 1; i < 4096; i++) {
        const double p = i / 4096.0, q = mi_normal_quantile(p);
        ck_assert_double_gt(q, before);
        ck_assert_double_eq(q, -mi_normal_quantile(1.0 - p));
        before = q;
    }
}
END_TEST

START_TEST(test_ends_are_infinite_and_outside_is_nan)
{
    ck_assert(isinf(mi_normal_quantile(0.0)) && mi_normal_quantile(0.0) < 0.0);
    ck_assert(isinf(mi_normal_quantile(1.0)) && mi_normal_quantile(1.0) > 0.0);
    ck_assert(isnan(mi_normal_quantile(-0.1)) && isnan(mi_normal_quantile(1.1)));
    ck_assert(isnan(mi_normal_quantile((double)NAN)));
}
END_TEST

int main(void)
{
    RUN_TESTS("quantile", test_distribution_function_undoes_the_quantile, test_table_values,
              test_quantile_is_odd_and_rises, test_ends_are_infinite_and_outside_is_nan);
}
