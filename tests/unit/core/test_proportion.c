#include "proportion.h"
#include "testing.h"

#include <math.h>

/* scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact") and (0.95, "wilson"), SciPy 1.10.1; the last exact
 * low by its closed form 1 - 0.975^(1/n). */
START_TEST(test_intervals_are_those_of_scipy)
{
    static const struct {
        uint64_t k, n;
        double exact[2], wilson[2];
    } cases[] = {
        {0, 10, {0.0, 0.30849710781876294}, {0.0, 0.27753279986288926}},
        {3, 10, {0.06673951117773447, 0.652452850060008}, {0.10779126740630102, 0.6032218525388546}},
        {10, 10, {0.6915028921812371, 1.0}, {0.7224672001371109, 1.0}},
        {100,
         10000,
         {0.008143596567610968, 0.012149504886070393},
         {0.008229336148148417, 0.012146982255114645}},
        {1,
         1000000,
         {2.53178076637942e-08, 5.571630655512304e-06},
         {1.765245767453709e-07, 5.664911804311442e-06}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double exact[2], wilson[2];
        mi_clopper_pearson95(cases[i].k, cases[i].n, exact);
        mi_wilson95(cases[i].k, cases[i].n, wilson);
        for (int k = 0; k < 2; k++) {
            ck_assert_double_eq_tol(exact[k], cases[i].exact[k], 1e-300 + 1e-8 * cases[i].exact[k]);
            ck_assert_double_eq_tol(wilson[k], cases[i].wilson[k], 1e-300 + 1e-12 * cases[i].wilson[k]);
        }
    }
}
END_TEST

START_TEST(test_no_trials_tell_nothing)
{
    double exact[2], wilson[2];
    mi_clopper_pearson95(0, 0, exact);
    mi_wilson95(0, 0, wilson);
    ck_assert(exact[0] == 0.0 && exact[1] == 1.0 && wilson[0] == 0.0 && wilson[1] == 1.0);
}
END_TEST

int main(void)
{
    RUN_TESTS("proportion", test_intervals_are_those_of_scipy, test_no_trials_tell_nothing);
}
