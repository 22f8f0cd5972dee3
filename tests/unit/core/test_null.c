#include "mi/null.h"
#include "stats.h"
#include "testing.h"

#include <math.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const double NINE[] = {-2.0, -1.0, -1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 3.0};
static const mi_null SMALL = {NINE, LENGTH(NINE)};

START_TEST(test_p_values_and_percentiles_of_a_small_null)
{
    ck_assert_double_eq(mi_null_p_value(&SMALL, 3.5), 0.1);
    ck_assert_double_eq(mi_null_p_value(&SMALL, 3.0), 0.2);
    ck_assert_double_eq(mi_null_p_value(&SMALL, 1.0), 0.5);
    ck_assert_double_eq(mi_null_p_value(&SMALL, -9.0), 1.0);
    ck_assert_double_eq(mi_null_percentile(&SMALL, 1.0), 5.0 / 9.0);
    ck_assert_double_eq(mi_null_percentile(&SMALL, 9.0), 1.0);
    ck_assert_double_eq(mi_null_smallest_fpr(&SMALL), 0.1);
    ck_assert(isnan(mi_null_p_value(&SMALL, (double)NAN)) && isnan(mi_null_percentile(&SMALL, (double)NAN)));
    ck_assert(isnan(mi_null_p_value(&(mi_null){NULL, 0}, 0.0)));
}
END_TEST

START_TEST(test_numbers_are_sorted_and_the_rest_left_out)
{
    double v[] = {2.0, (double)NAN, -1.0, (double)INFINITY, (double)NAN, 0.0};
    ck_assert_uint_eq(mi_sort_numbers(v, LENGTH(v)), 4);
    ck_assert(v[0] == -1.0 && v[1] == 0.0 && v[2] == 2.0 && isinf(v[3]));
}
END_TEST

START_TEST(test_the_threshold_of_an_fpr_is_the_smallest_double_that_has_it)
{
    static const double targets[] = {0.1, 0.15, 0.2, 0.3, 0.5, 0.61, 0.999};
    mi_null_tail tail;
    for (size_t i = 0; i < LENGTH(targets); i++) {
        ck_assert_int_eq(mi_null_threshold(&tail, &SMALL, targets[i]), 1);
        ck_assert(mi_null_p_value(&SMALL, tail.threshold) <= targets[i]);
        ck_assert(mi_null_p_value(&SMALL, nextafter(tail.threshold, -100.0)) > targets[i]);
        ck_assert_double_eq(tail.fpr, mi_null_p_value(&SMALL, tail.threshold));
        ck_assert(tail.fpr95[0] <= tail.fpr && tail.fpr <= tail.fpr95[1]);
    }
    ck_assert_int_eq(mi_null_threshold(&tail, &SMALL, 0.2), 1);
    ck_assert_double_eq(tail.threshold, nextafter(1.0, 2.0));
    ck_assert_uint_eq(tail.n_at_least, 1);
}
END_TEST

START_TEST(test_an_fpr_that_the_null_cannot_resolve_is_said_to_be_so)
{
    static const double infinite[] = {0.0, (double)INFINITY};
    mi_null_tail tail;
    ck_assert_int_eq(mi_null_threshold(&tail, &SMALL, 0.0999), 0);
    ck_assert(isnan(tail.threshold));
    ck_assert_double_eq(tail.fpr, 0.1);
    ck_assert_int_eq(mi_null_threshold(&tail, &(mi_null){infinite, 2}, 0.4), 0);
    ck_assert(isnan(tail.threshold));
}
END_TEST

START_TEST(test_a_null_in_a_few_figures)
{
    static const double null[] = {-2, -1, 0, 5};
    mi_null_summary s;
    mi_null_summarize(&s, &(mi_null){null, 4});
    ck_assert_double_eq(s.mean, 0.5);
    ck_assert_double_eq_tol(s.sd, sqrt((6.25 + 2.25 + 0.25 + 20.25) / 3.0), 1e-15);
    ck_assert_double_eq(s.q50, -0.5); /* between order statistics, as numpy.quantile has it */
    ck_assert_double_eq_tol(s.q95, 4.25, 1e-12);
    ck_assert_double_eq(s.max, 5.0);
    mi_null_summarize(&s, &(mi_null){null, 1});
    ck_assert(s.mean == -2 && isnan(s.sd) && s.q999 == -2 && s.max == -2);
    mi_null_summarize(&s, &(mi_null){NULL, 0});
    ck_assert(isnan(s.mean) && isnan(s.sd) && isnan(s.q50) && isnan(s.max));
}
END_TEST

/* 0.29 * 100 is below 29 in doubles. */
START_TEST(test_no_rounding_costs_a_null_pair)
{
    double null[99];
    mi_null_tail tail;
    for (int i = 0; i < 99; i++)
        null[i] = i;
    for (int k = 1; k < 100; k++) {
        ck_assert_int_eq(mi_null_threshold(&tail, &(mi_null){null, 99}, k / 100.0), 1);
        ck_assert_uint_eq(tail.n_at_least, (unsigned)(k - 1));
    }
}
END_TEST

/* p of 1000: every fourth small, the rest uniform. */
static void mixed_p(double p[1000])
{
    for (int j = 0; j < 1000; j++)
        p[j] = j % 4 == 0 ? pow((j + 0.5) / 1000.0, 4.0) : (j * 379 % 1000 + 0.5) / 1000.0;
}

/* The bootstrap choice of R's qvalue written down in NumPy 1.24.2 on the same p, with #{p > lambda}; BH there
 * too. */
START_TEST(test_pi0_and_q_values_are_those_of_a_reference)
{
    static const int at[] = {0, 4, 40, 400, 777};
    static const double bh[] = {6.250000000000002e-11, 2.0503124999999993e-07, 0.00024458364204545455,
                                0.21440200166718754, 0.8452797202797203};
    double p[1000], q[1000], storey[1000];
    uint32_t order[1000];
    size_t rejected = 0, by_storey = 0;
    mixed_p(p);
    const double pi0 = mi_pi0(p, 1000);
    ck_assert_double_eq_tol(pi0, 0.835, 1e-12);
    mi_q_values(p, 1000, 1.0, q, order);
    mi_q_values(p, 1000, pi0, storey, order);
    for (size_t i = 0; i < LENGTH(at); i++)
        ck_assert_double_eq_tol(q[at[i]], bh[i], 1e-12 * bh[i]);
    for (int i = 0; i < 1000; i++) {
        rejected += q[i] <= 0.05;
        by_storey += storey[i] <= 0.05;
        ck_assert_double_eq_tol(storey[i], pi0 * q[i], 1e-12 * q[i]);
    }
    ck_assert_uint_eq(rejected, 61);
    ck_assert_uint_eq(by_storey, 66);
}
END_TEST

START_TEST(test_pi0_of_few_errs_upwards_and_is_never_0)
{
    static const double p[] = {0.001, 0.002, 0.01, 0.02, (double)NAN, 0.03, 0.6, 0.004, 0.1};
    double tiny[1000];
    ck_assert_double_eq(mi_pi0(p, LENGTH(p)), (1.0 + 1.0) / (8.0 * 0.5));
    ck_assert_double_eq(mi_pi0(NULL, 0), 1.0);
    ck_assert_double_eq(mi_pi0(p, 1), 1.0);
    for (int i = 0; i < 1000; i++)
        tiny[i] = 1e-6;
    ck_assert_double_eq(mi_pi0(tiny, 1000), 0.001);
}
END_TEST

/* q_i = min over p_j >= p_i of m p_j / #{p <= p_j}, by its definition. */
START_TEST(test_q_values_follow_their_definition)
{
    static const double p[] = {0.01, 0.04, (double)NAN, 0.03, 0.005, 0.04, 0.9, 1.0, (double)NAN, 0.5};
    enum { N = sizeof p / sizeof p[0] };
    double q[N];
    uint32_t order[N];
    mi_q_values(p, N, 1.0, q, order);
    for (int i = 0; i < N; i++) {
        double least = 1.0;
        if (isnan(p[i])) {
            ck_assert(isnan(q[i]));
            continue;
        }
        for (int j = 0; j < N; j++) {
            int at_most = 0;
            for (int k = 0; k < N; k++)
                at_most += p[k] <= p[j];
            if (p[j] >= p[i])
                least = fmin(least, p[j] * 8.0 / at_most);
        }
        ck_assert_double_eq_tol(q[i], least, 1e-15);
    }
    mi_q_values(p, 0, 1.0, q, order);
}
END_TEST

START_TEST(test_the_fdr_of_a_screen_by_hand)
{
    mi_fdr fdr;
    mi_fdr_at(&fdr, &SMALL, 3.0, 100, 50, 0.5); /* p = 0.2 */
    ck_assert_double_eq_tol(fdr.expected_false, 10.0, 1e-12);
    ck_assert_double_eq_tol(fdr.expected_fdr, 0.2, 1e-12);
    /* Clopper-Pearson of 1 of 9: [0.00281, 0.48250] (SciPy 1.10.1) */
    ck_assert_double_eq_tol(fdr.fdr95[0], 0.0028091367465997693, 1e-11);
    ck_assert_double_eq_tol(fdr.fdr95[1], 0.48249651491699447, 1e-9);
    mi_fdr_at(&fdr, &SMALL, 3.0, 100, 10, 1.0);
    ck_assert_double_eq(fdr.expected_false, 10.0);
    ck_assert_double_eq(fdr.expected_fdr, 1.0);
    mi_fdr_at(&fdr, &SMALL, 3.0, 100, 0, 1.0);
    ck_assert(isnan(fdr.expected_fdr) && fdr.expected_false == 0.0);
    ck_assert_double_eq_tol(mi_fdr_of_prior(0.01, 0.5, 0.01), 0.99 * 0.01 / (0.99 * 0.01 + 0.005), 1e-15);
}
END_TEST

START_TEST(test_the_fdr_by_a_prior_is_that_of_the_lowest_known_pair_that_reaches_it)
{
    static const double known[] = {-1.0, 0.6, 2.0, 4.0};
    mi_fdr fdr;
    /* at 2: fpr 0.2, tpr 0.5; fdr 0.2 / 0.7 with a prior of 1/2. At 0.6: fpr 0.5, tpr 0.75; 0.4 */
    ck_assert_int_eq(mi_fdr_prior_threshold(&fdr, &SMALL, known, 4, 0.5, 0.3), 1);
    ck_assert_double_eq(fdr.threshold, 2.0);
    ck_assert_double_eq_tol(fdr.expected_fdr, 0.2 / 0.7, 1e-12);
    ck_assert_uint_eq(fdr.n_above, 2);
    ck_assert_int_eq(mi_fdr_prior_threshold(&fdr, &SMALL, known, 4, 0.5, 0.45), 1); /* at -1 0.9 / 1.9 */
    ck_assert_double_eq(fdr.threshold, 0.6);
    ck_assert_int_eq(mi_fdr_prior_threshold(&fdr, &SMALL, known, 4, 0.01, 0.1), 0);
    ck_assert(isnan(fdr.threshold));
}
END_TEST

/* A seeded null of N, and candidates of which the first n_true are shifted. */
enum { N_NULL = 20000, N_CANDIDATES = 4000 };
typedef struct mixture {
    double null[N_NULL], score[N_CANDIDATES], sorted[N_CANDIDATES], p[N_CANDIDATES], q[N_CANDIDATES];
    uint32_t order[N_CANDIDATES];
} mixture;

static mi_null draw(mixture *m, uint32_t stream, int n_true, double shift)
{
    mi_rng rng = test_rng(stream);
    for (int i = 0; i < N_NULL; i++)
        m->null[i] = mi_rng_normal(&rng);
    for (int i = 0; i < N_CANDIDATES; i++)
        m->sorted[i] = m->score[i] = mi_rng_normal(&rng) + (i < n_true ? shift : 0.0);
    mi_sort_doubles(m->sorted, N_CANDIDATES);
    const mi_null null = {m->null, mi_sort_numbers(m->null, N_NULL)};
    for (int i = 0; i < N_CANDIDATES; i++)
        m->p[i] = mi_null_p_value(&null, m->score[i]);
    return null;
}

START_TEST(test_the_expected_fdr_is_about_the_realised_one)
{
    static const double pi0s[] = {0.3, 0.5, 0.8, 0.95};
    static const double targets[] = {0.05, 0.1, 0.2};
    mixture *m = malloc(sizeof *m);
    for (size_t i = 0; i < LENGTH(pi0s); i++) {
        const int n_true = (int)((1.0 - pi0s[i]) * N_CANDIDATES);
        const mi_null null = draw(m, 100 + (uint32_t)i, n_true, 2.5);
        const double pi0 = mi_pi0(m->p, N_CANDIDATES);
        ck_assert_double_eq_tol(pi0, pi0s[i], 0.06);
        mi_q_values(m->p, N_CANDIDATES, pi0, m->q, m->order);
        for (size_t k = 0; k < LENGTH(targets); k++) {
            mi_fdr fdr;
            uint64_t above = 0, wrong = 0, by_q = 0;
            ck_assert_int_eq(mi_fdr_threshold(&fdr, &null, m->sorted, N_CANDIDATES, pi0, targets[k]), 1);
            for (int c = 0; c < N_CANDIDATES; c++) {
                above += m->score[c] >= fdr.threshold;
                wrong += c >= n_true && m->score[c] >= fdr.threshold;
                by_q += m->q[c] <= targets[k];
            }
            ck_assert_uint_eq(fdr.n_above, above);
            ck_assert_uint_eq(by_q, above);
            ck_assert(fdr.expected_fdr <= targets[k]);
            const double realised = (double)wrong / (double)above;
            const double noise = 3.0 * sqrt(realised / (double)above); /* few are wrong */
            ck_assert_msg(fabs(fdr.expected_fdr - realised) <= 0.3 * realised + noise,
                          "pi0 %g: expected %g, realised %g of %llu", pi0s[i], fdr.expected_fdr, realised,
                          (unsigned long long)above);
        }
    }
    free(m);
}
END_TEST

START_TEST(test_where_all_is_null_the_expected_fdr_is_1_and_nothing_is_rejected)
{
    mixture *m = malloc(sizeof *m);
    int draws_with_any = 0;
    for (uint32_t draw_index = 0; draw_index < 20; draw_index++) {
        const mi_null null = draw(m, 200 + draw_index, 0, 0.0);
        const double pi0 = mi_pi0(m->p, N_CANDIDATES);
        ck_assert_double_ge(pi0, 0.85);
        for (double t = -1.0; t < 2.1; t += 1.0) {
            mi_fdr fdr;
            const uint64_t above = N_CANDIDATES - mi_count_below(m->sorted, N_CANDIDATES, t);
            mi_fdr_at(&fdr, &null, t, N_CANDIDATES, above, 1.0);
            ck_assert_double_ge(fdr.expected_fdr, 0.7);
        }
        mi_fdr fdr;
        draws_with_any += mi_fdr_threshold(&fdr, &null, m->sorted, N_CANDIDATES, pi0, 0.05);
        ck_assert(isnan(fdr.threshold) || fdr.n_above < 20);
    }
    ck_assert_int_le(draws_with_any, 4); /* 1 of 20 is expected; 5 or more has probability 0.003 */
    free(m);
}
END_TEST

int main(void)
{
    RUN_TESTS("null", test_p_values_and_percentiles_of_a_small_null,
              test_numbers_are_sorted_and_the_rest_left_out, test_a_null_in_a_few_figures,
              test_the_threshold_of_an_fpr_is_the_smallest_double_that_has_it,
              test_an_fpr_that_the_null_cannot_resolve_is_said_to_be_so, test_no_rounding_costs_a_null_pair,
              test_pi0_and_q_values_are_those_of_a_reference, test_pi0_of_few_errs_upwards_and_is_never_0,
              test_q_values_follow_their_definition, test_the_fdr_of_a_screen_by_hand,
              test_the_fdr_by_a_prior_is_that_of_the_lowest_known_pair_that_reaches_it,
              test_the_expected_fdr_is_about_the_realised_one,
              test_where_all_is_null_the_expected_fdr_is_1_and_nothing_is_rejected);
}
