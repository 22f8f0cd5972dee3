/* Repetitions against the truth, by hand. */
#include "../runner.h"
#include "mi/benchmark.h"

#include <math.h>

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-12)

static mi_benchmark_level level(double truth, double estimate, double half_width)
{
    return (mi_benchmark_level){.truth_nats = truth,
                                .mi_nats = estimate,
                                .sampling95_nats = {estimate - half_width, estimate + half_width},
                                .interval_nats = {(double)NAN, (double)NAN},
                                .null_mean_ratio = (double)NAN,
                                .batch_sd = 0.5,
                                .pmi_rmse = estimate};
}

START_TEST(test_bias_and_spread_make_the_error)
{
    mi_benchmark_level levels[3] = {level(2.0, 1.5, 0.6), level(2.0, 2.5, 0.4), level(2.0, 1.4, 0.1)};
    levels[1].warnings = 4;
    mi_benchmark_stats s;
    mi_benchmark_stats_of(&s, levels, 3);
    ck_assert_uint_eq(s.n, 3);
    NEAR(s.truth, 2.0);
    NEAR(s.mean, 1.8);
    NEAR(s.bias, -0.2);
    NEAR(s.sd, sqrt((0.09 + 0.49 + 0.16) / 2));
    NEAR(s.rmse, sqrt((0.25 + 0.25 + 0.36) / 3));
    NEAR(s.rmse * s.rmse, s.bias * s.bias + s.sd * s.sd * 2 / 3);
    NEAR(s.mean_abs_error, 1.6 / 3);
    NEAR(s.sampling95_coverage, 1.0 / 3);
    NEAR(s.batch_sd, 0.5);
    ck_assert(isnan(s.interval_coverage) && isnan(s.null_mean_ratio));
    ck_assert_uint_eq(s.warnings, 4);
}
END_TEST

START_TEST(test_one_repetition_has_no_spread_and_none_has_nothing)
{
    mi_benchmark_level one = level(1.0, 1.25, 0.5);
    mi_benchmark_stats s;
    mi_benchmark_stats_of(&s, &one, 1);
    NEAR(s.bias, 0.25);
    NEAR(s.rmse, 0.25);
    ck_assert(isnan(s.sd));
    one.mi_nats = (double)NAN;
    mi_benchmark_stats_of(&s, &one, 1);
    ck_assert_uint_eq(s.n, 0);
    NEAR(s.truth, 1.0);
    ck_assert(isnan(s.mean) && isnan(s.bias) && isnan(s.rmse) && isnan(s.sampling95_coverage));
}
END_TEST

START_TEST(test_infinite_estimate_is_left_out)
{
    const mi_benchmark_level levels[2] = {level(1.0, (double)INFINITY, 0.5), level(1.0, 1.5, 0.1)};
    mi_benchmark_stats s;
    mi_benchmark_stats_of(&s, levels, 2);
    ck_assert_uint_eq(s.n, 1);
    NEAR(s.mean, 1.5);
    NEAR(s.sampling95_coverage, 0.0);
}
END_TEST

START_TEST(test_summary_is_over_laws_and_names_the_worst)
{
    mi_benchmark_stats stats[3];
    const mi_benchmark_level a[2] = {level(1.0, 1.1, 1.0), level(1.0, 1.3, 0.1)}, b = level(2.0, 1.5, 0.1);
    mi_benchmark_summary s;
    mi_benchmark_stats_of(&stats[0], a, 2);
    mi_benchmark_stats_of(&stats[1], NULL, 0);
    mi_benchmark_stats_of(&stats[2], &b, 1);
    mi_benchmark_summarise(&s, stats, 3);
    ck_assert_uint_eq(s.n, 2);
    ck_assert_uint_eq(s.worst, 2);
    NEAR(s.bias, (0.2 - 0.5) / 2);
    NEAR(s.mean_abs_error, (0.2 + 0.5) / 2);
    NEAR(s.rmse, sqrt((0.05 + 0.25) / 2));
    NEAR(s.sampling95_coverage, 1.0 / 3);
    mi_benchmark_summarise(&s, &stats[1], 1);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_uint_eq(s.worst, 1);
    ck_assert(isnan(s.bias));
}
END_TEST

int main(void)
{
    RUN_TESTS("benchmark_stats", test_bias_and_spread_make_the_error,
              test_one_repetition_has_no_spread_and_none_has_nothing, test_infinite_estimate_is_left_out,
              test_summary_is_over_laws_and_names_the_worst);
}
