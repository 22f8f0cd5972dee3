#include "mi/agreement.h"
#include "testing.h"

#include <math.h>

#define NONE ((double)NAN)

START_TEST(test_the_median_of_an_odd_number_is_one_of_them)
{
    const double nats[] = {0.9, 0.5, 0.7}, se[] = {0.03, 0.01, 0.04};
    double difference[3], std_errs[3];
    mi_agreement a;
    mi_agreement_of(&a, nats, se, 3, difference, std_errs);
    ck_assert_uint_eq(a.n, 3);
    ck_assert_double_eq(a.median, 0.7);
    ck_assert_double_eq(a.median_std_err, 0.04);
    ck_assert_double_eq(a.low, 0.5);
    ck_assert_double_eq(a.high, 0.9);
    ck_assert_double_eq_tol(std_errs[0], 0.2 / 0.05, 1e-12);
    ck_assert_double_eq_tol(std_errs[1], -0.2 / sqrt(0.01 * 0.01 + 0.04 * 0.04), 1e-12);
    ck_assert_double_eq(std_errs[2], 0);
}
END_TEST

START_TEST(test_the_median_of_an_even_number_is_between_the_middle_two)
{
    const double nats[] = {1, 4, 2, 8}, se[] = {0.1, 0.3, 0.4, 0.1};
    double difference[4], std_errs[4];
    mi_agreement a;
    mi_agreement_of(&a, nats, se, 4, difference, std_errs);
    ck_assert_double_eq(a.median, 3);
    ck_assert_double_eq_tol(a.median_std_err, 0.25, 1e-15);
    ck_assert_double_eq(difference[3], 5);
    ck_assert_double_eq_tol(std_errs[3], 5 / sqrt(0.01 + 0.0625), 1e-12);
}
END_TEST

START_TEST(test_what_is_not_finite_is_left_out)
{
    const double nats[] = {NONE, 2, (double)INFINITY, 2}, se[] = {0.1, NONE, 0.1, 0.1};
    double difference[4], std_errs[4];
    mi_agreement a;
    mi_agreement_of(&a, nats, se, 4, difference, std_errs);
    ck_assert_uint_eq(a.n, 2);
    ck_assert_double_eq(a.median, 2);
    ck_assert(isnan(difference[0]) && isnan(std_errs[2]));
    ck_assert_double_eq(std_errs[3], 0); /* no difference, whatever the errors */
    mi_agreement_of(&a, nats, se, 1, difference, std_errs);
    ck_assert_uint_eq(a.n, 0);
    ck_assert(isnan(a.median) && isnan(a.low));
}
END_TEST

/* From the definition: a rank is the number of smaller values and half of the equal ones. */
static double naive(const double *a, const double *b, size_t n)
{
    double sa = 0, sb = 0, sab = 0;
    for (size_t i = 0; i < n; i++) {
        double ra = 0, rb = 0;
        for (size_t k = 0; k < n; k++) {
            ra += (a[k] < a[i]) + 0.5 * (a[k] == a[i]);
            rb += (b[k] < b[i]) + 0.5 * (b[k] == b[i]);
        }
        ra -= 0.5 * (double)n;
        rb -= 0.5 * (double)n;
        sa += ra * ra;
        sb += rb * rb;
        sab += ra * rb;
    }
    return sab / sqrt(sa * sb);
}

START_TEST(test_rank_correlation_is_that_of_its_definition)
{
    enum { N = 500 };
    static double columns[3][N], kept[3][N];
    double out[9];
    uint64_t used, n = 0;
    mi_rng rng = test_rng(1);
    for (size_t i = 0; i < N; i++) {
        const double x = mi_rng_normal(&rng);
        columns[0][i] = x;
        columns[1][i] = floor(4 * (x + mi_rng_normal(&rng))); /* with ties */
        columns[2][i] = -x * x * x + 0.5 * mi_rng_normal(&rng);
        if (i % 17 == 3)
            columns[i % 3][i] = NONE;
        if (i % 17 != 3) {
            for (int c = 0; c < 3; c++)
                kept[c][n] = columns[c][i];
            n++;
        }
    }
    const double *const pointers[] = {columns[0], columns[1], columns[2]};
    ck_assert_int_eq(mi_rank_correlations(out, pointers, 3, N, &used, NULL), MI_OK);
    ck_assert_uint_eq(used, n);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            ck_assert_double_eq_tol(out[a * 3 + b], naive(kept[a], kept[b], n), 1e-12);
    ck_assert_double_eq(out[0], 1);
}
END_TEST

START_TEST(test_a_constant_column_has_no_rank_correlation)
{
    const double a[] = {1, 2, 3}, b[] = {5, 5, 5}, none[] = {NONE, NONE, NONE};
    const double *columns[] = {a, b};
    double out[4];
    uint64_t used;
    ck_assert_int_eq(mi_rank_correlations(out, columns, 2, 3, &used, NULL), MI_OK);
    ck_assert_double_eq(out[0], 1);
    ck_assert(isnan(out[1]) && isnan(out[2]) && isnan(out[3]));
    columns[1] = none;
    ck_assert_int_eq(mi_rank_correlations(out, columns, 2, 3, &used, NULL), MI_OK);
    ck_assert_uint_eq(used, 0);
    ck_assert(isnan(out[0]));
}
END_TEST

int main(void)
{
    RUN_TESTS("agreement", test_the_median_of_an_odd_number_is_one_of_them,
              test_the_median_of_an_even_number_is_between_the_middle_two,
              test_what_is_not_finite_is_left_out, test_rank_correlation_is_that_of_its_definition,
              test_a_constant_column_has_no_rank_correlation);
}
