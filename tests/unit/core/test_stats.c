#include "stats.h"
#include "testing.h"

#include <math.h>
#include <string.h>

START_TEST(test_sums_keep_what_naive_sums_lose)
{
    enum { N = 1 << 20 };
    double *v = malloc(sizeof *v * N);
    for (int i = 0; i < N; i++)
        v[i] = 0.1;
    ck_assert_double_eq_tol(mi_sum(v, N), 0.1 * N, 1e-9 * 0.1 * N * 1e-3);
    ck_assert_double_eq(mi_mean(v, N), mi_sum(v, N) / N);
    ck_assert(isnan(mi_mean(v, 0)));
    free(v);
}
END_TEST

START_TEST(test_standard_deviation_is_that_of_a_sample)
{
    static const double v[] = {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
    ck_assert_double_eq_tol(mi_sd(v, 8, mi_mean(v, 8)), sqrt(32.0 / 7.0), 1e-15);
    ck_assert_double_eq(mi_sd(v, 1, 2.0), 0.0);
    ck_assert_double_eq(mi_sd(v, 0, 0.0), 0.0);
}
END_TEST

START_TEST(test_sorting_orders_any_input)
{
    mi_rng rng = test_rng(1);
    for (size_t n = 0; n < 70; n++) {
        double v[70], sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            v[i] = n % 3 == 0 ? (double)i : n % 3 == 1 ? -(double)i : (double)mi_rng_below(&rng, 10);
            sum += v[i];
        }
        mi_sort_doubles(v, n);
        for (size_t i = 0; i < n; i++) {
            ck_assert(i == 0 || v[i - 1] <= v[i]);
            sum -= v[i];
        }
        ck_assert_double_eq(sum, 0.0);
    }
}
END_TEST

START_TEST(test_quantiles_interpolate)
{
    static const double v[] = {1.0, 2.0, 4.0, 8.0};
    ck_assert_double_eq(mi_quantile_sorted(v, 4, 0.0), 1.0);
    ck_assert_double_eq(mi_quantile_sorted(v, 4, 1.0), 8.0);
    ck_assert_double_eq(mi_quantile_sorted(v, 4, 0.5), 3.0);
    ck_assert_double_eq_tol(mi_quantile_sorted(v, 4, 0.95), 7.4, 1e-12); /* numpy.quantile */
    ck_assert_double_eq(mi_quantile_sorted(v, 1, 0.3), 1.0);
    ck_assert(isnan(mi_quantile_sorted(v, 0, 0.5)));
}
END_TEST

START_TEST(test_counts_and_auroc_agree_with_naive_ones)
{
    enum { P = 60, N = 90 };
    mi_rng rng = test_rng(2);
    double positives[P], negatives[N], wins = 0.0;
    for (int i = 0; i < P; i++)
        positives[i] = mi_rng_below(&rng, 12) + 2.0; /* many ties */
    for (int i = 0; i < N; i++)
        negatives[i] = mi_rng_below(&rng, 12);
    mi_sort_doubles(negatives, N);
    for (int i = 0; i < P; i++) {
        size_t below = 0, at_most = 0;
        for (int k = 0; k < N; k++) {
            below += negatives[k] < positives[i];
            at_most += negatives[k] <= positives[i];
            wins += negatives[k] < positives[i] ? 1.0 : negatives[k] == positives[i] ? 0.5 : 0.0;
        }
        ck_assert_uint_eq(mi_count_below(negatives, N, positives[i]), below);
        ck_assert_uint_eq(mi_count_at_most(negatives, N, positives[i]), at_most);
    }
    ck_assert_double_eq_tol(mi_auroc(positives, P, negatives, N), wins / P / N, 1e-15);
    ck_assert(isnan(mi_auroc(positives, 0, negatives, N)) && isnan(mi_auroc(positives, P, negatives, 0)));
}
END_TEST

int main(void)
{
    RUN_TESTS("stats", test_sums_keep_what_naive_sums_lose, test_standard_deviation_is_that_of_a_sample,
              test_sorting_orders_any_input, test_quantiles_interpolate,
              test_counts_and_auroc_agree_with_naive_ones);
}
