#include "calibrate.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* The loss as it is written, in long double: one direction of the leave-one-out anchor loss at nu = 1, K = n
 * - 1. */
static long double anchor_columns(const float *s, size_t n, double a, int transpose)
{
    const long double k_all = (long double)(n - 1);
    long double loss = 0.0L;
    for (size_t j = 0; j < n; j++) {
        long double others = 0.0L, positive = 0.0L;
        for (size_t i = 0; i < n; i++)
            if (i != j)
                others += expl((long double)(transpose ? s[j * n + i] : s[i * n + j]) + (long double)a);
        for (size_t k = 0; k < n; k++) {
            long double left = 0.0L;
            if (k == j)
                continue;
            for (size_t i = 0; i < n; i++)
                if (i != k)
                    left += expl((long double)(transpose ? s[j * n + i] : s[i * n + j]) + (long double)a);
            positive += logl(1.0L + left) - (long double)s[j * n + j] - (long double)a;
        }
        loss += k_all / (k_all + 1.0L) * positive / k_all + 1.0L / (k_all + 1.0L) * logl(1.0L + others);
    }
    return loss / (long double)n;
}

static long double loss_at(const float *s, size_t n, double a)
{
    return 0.5L * (anchor_columns(s, n, a, 0) + anchor_columns(s, n, a, 1));
}

static double calibrate(const float *scores, size_t n)
{
    float *copy = malloc(sizeof *copy * n * n);
    void *scratch = malloc(mi_calibrate_scratch(n));
    memcpy(copy, scores, sizeof *copy * n * n);
    double loss = 0.0;
    const double a = mi_calibrate_log_scale(copy, n, 1.0, 0.0, &loss, scratch);
    free(copy);
    free(scratch);
    return a;
}

/* True log ratios of a bivariate normal at sampled pairs. */
static void true_scores(float *s, size_t n, double rho, double shift, uint32_t stream)
{
    mi_rng rng = test_rng(stream);
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    const double left = 1.0 - rho * rho;
    for (size_t i = 0; i < n; i++) {
        x[i] = mi_rng_normal(&rng);
        y[i] = rho * x[i] + sqrt(left) * mi_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            s[i * n + j] =
                (float)(shift - 0.5 * log(left) -
                        (rho * rho * (x[i] * x[i] + y[j] * y[j]) - 2.0 * rho * x[i] * y[j]) / (2.0 * left));
    free(x);
    free(y);
}

START_TEST(test_a_known_shift_is_taken_back)
{
    enum { N = 600 };
    float *s = malloc(sizeof *s * N * N);
    true_scores(s, N, 0.8, 0.0, 1);
    const double of_truth = calibrate(s, N);
    ck_assert_double_lt(fabs(of_truth), 0.1);
    static const double shifts[] = {-3.0, -0.5, 2.0, 7.0};
    for (int i = 0; i < 4; i++) {
        true_scores(s, N, 0.8, shifts[i], 1);
        ck_assert_double_eq_tol(calibrate(s, N), of_truth - shifts[i], 1e-5);
    }
    free(s);
}
END_TEST

START_TEST(test_fit_is_the_minimum_of_the_loss)
{
    enum { N = 12 };
    float s[N * N];
    for (uint32_t trial = 0; trial < 6; trial++) {
        fill_normal(s, N * N, 10 + trial);
        for (size_t i = 0; i < N; i++)
            s[i * N + i] += (float)trial; /* from independent to separable */
        for (size_t k = 0; k < N * N; k++)
            s[k] *= trial == 5 ? 6.0f : 1.0f; /* one entry of a line outweighs all others by far */
        const double a = calibrate(s, N);
        const long double at = loss_at(s, N, a);
        double best = 0.0;
        long double least = loss_at(s, N, 0.0);
        for (double g = -20.0; g <= 20.0; g += 0.25)
            if (loss_at(s, N, g) < least) {
                least = loss_at(s, N, g);
                best = g;
            }
        ck_assert_double_lt(fabs(a - best), 0.251);
        ck_assert(at <= least + 1e-12L);
        ck_assert(loss_at(s, N, a - 1e-3) > at && loss_at(s, N, a + 1e-3) > at);
    }
}
END_TEST

START_TEST(test_loss_of_the_fit_is_that_of_the_scaled_scores)
{
    enum { N = 12 };
    static const double slopes[] = {1.0, 0.5, 0.02};
    float s[N * N], scaled[N * N];
    void *scratch = malloc(mi_calibrate_scratch(N));
    fill_normal(s, N * N, 30);
    for (int i = 0; i < 3; i++) {
        double loss = 0.0;
        const double a = mi_calibrate_log_scale(s, N, slopes[i], -3.0, &loss, scratch);
        for (size_t k = 0; k < N * N; k++)
            scaled[k] = (float)slopes[i] * s[k];
        ck_assert_double_eq_tol(loss, (double)loss_at(scaled, N, a), 1e-10);
        ck_assert_double_eq_tol(a, calibrate(scaled, N), 1e-8);
    }
    free(scratch);
}
END_TEST

START_TEST(test_loss_is_convex_in_the_scale)
{
    enum { N = 12 };
    float s[N * N];
    fill_normal(s, N * N, 3);
    for (double a = -10.0; a <= 10.0; a += 0.25)
        ck_assert(loss_at(s, N, a - 0.25) + loss_at(s, N, a + 0.25) - 2.0L * loss_at(s, N, a) > 0.0L);
}
END_TEST

START_TEST(test_extreme_scores_stay_within_bounds)
{
    enum { N = 10 };
    float s[N * N];
    static const float levels[] = {-200.0f, -1e30f, 60.0f, 200.0f, 3e38f};
    for (int i = 0; i < 5; i++) {
        for (size_t k = 0; k < N * N; k++)
            s[k] = levels[i];
        const double a = calibrate(s, N);
        ck_assert(fabs(a) <= 20.0);
        ck_assert(levels[i] > 0.0f ? a < -19.0 : a > 19.0);
    }
    for (size_t k = 0; k < N * N; k++)
        s[k] = k % (N + 1) == 0 ? 300.0f : -300.0f; /* perfectly separable */
    ck_assert(fabs(calibrate(s, N)) <= 20.0);
}
END_TEST

START_TEST(test_unusable_scores_leave_the_scale_alone)
{
    float s[9] = {0};
    ck_assert_double_eq(calibrate(s, 1), 0.0);
    ck_assert_double_eq(calibrate(s, 0), 0.0);
    s[5] = (float)NAN;
    ck_assert_double_eq(calibrate(s, 3), 0.0);
    s[5] = -INFINITY;
    ck_assert_double_eq(calibrate(s, 3), 0.0);
}
END_TEST

START_TEST(test_two_pairs_suffice)
{
    const float s[4] = {1.0f, -1.0f, 0.5f, 2.0f};
    const double a = calibrate(s, 2);
    ck_assert(loss_at(s, 2, a - 1e-3) >= loss_at(s, 2, a) && loss_at(s, 2, a + 1e-3) >= loss_at(s, 2, a));
}
END_TEST

static mi_calibration calibrate_pairs(const float *scores, size_t n, size_t n_pairs)
{
    float *copy = malloc(sizeof *copy * n * n);
    void *scratch = malloc(mi_calibrate_scratch(n));
    memcpy(copy, scores, sizeof *copy * n * n);
    const mi_calibration c = mi_calibrate(copy, n, n_pairs, scratch);
    free(copy);
    free(scratch);
    return c;
}

static mi_calibration calibrate_both(const float *scores, size_t n)
{
    return calibrate_pairs(scores, n, n);
}

START_TEST(test_a_critic_that_is_right_keeps_its_slope)
{
    enum { N = 400 };
    float *s = malloc(sizeof *s * N * N);
    for (uint32_t stream = 1; stream <= 5; stream++) {
        true_scores(s, N, 0.8, 0.5, stream);
        const mi_calibration c = calibrate_both(s, N);
        ck_assert_double_eq(c.slope, 1.0);
        ck_assert_double_eq(c.log_scale, calibrate(s, N));
    }
    free(s);
}
END_TEST

START_TEST(test_an_overconfident_critic_is_tempered)
{
    enum { N = 400 };
    float *s = malloc(sizeof *s * N * N);
    static const double excess[] = {2.0, 5.0, 20.0};
    for (int i = 0; i < 3; i++) {
        true_scores(s, N, 0.8, 0.5, 2);
        for (size_t k = 0; k < N * N; k++)
            s[k] *= (float)excess[i];
        ck_assert_double_eq_tol(calibrate_both(s, N).slope * excess[i], 1.0, 0.15);
    }
    free(s);
}
END_TEST

/* What a slope has to earn is counted by independent pairs, not by rows that hold the same pair again. */
START_TEST(test_rows_that_repeat_others_prove_nothing)
{
    enum { N = 60 };
    float *s = malloc(sizeof *s * N * N);
    uint32_t tempered = 0, proven = 0;
    for (uint32_t stream = 1; stream <= 20; stream++) {
        true_scores(s, N, 0.8, 0.5, stream);
        for (size_t k = 0; k < N * N; k++)
            s[k] *= 1.5f;
        const double of_all = calibrate_pairs(s, N, N).slope, of_half = calibrate_pairs(s, N, N / 2).slope;
        tempered += of_all < 1.0;
        proven += of_half < 1.0;
        ck_assert(of_half == of_all || of_half == 1.0);
    }
    ck_assert_uint_lt(proven, tempered);
    free(s);
}
END_TEST

START_TEST(test_unusable_scores_are_left_alone)
{
    float s[9] = {0};
    s[5] = (float)NAN;
    const mi_calibration c = calibrate_both(s, 3);
    ck_assert(c.slope == 1.0 && c.log_scale == 0.0);
}
END_TEST

int main(void)
{
    RUN_TESTS("calibrate", test_a_critic_that_is_right_keeps_its_slope,
              test_an_overconfident_critic_is_tempered, test_rows_that_repeat_others_prove_nothing,
              test_unusable_scores_are_left_alone, test_a_known_shift_is_taken_back,
              test_fit_is_the_minimum_of_the_loss, test_loss_of_the_fit_is_that_of_the_scaled_scores,
              test_loss_is_convex_in_the_scale, test_extreme_scores_stay_within_bounds,
              test_unusable_scores_leave_the_scale_alone, test_two_pairs_suffice);
}
