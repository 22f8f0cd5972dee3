#include "mi/null.h"

#include "proportion.h"
#include "sort.h"
#include "stats.h"

#include <math.h>

#define NOT_A_NUMBER ((double)NAN)

size_t mi_sort_numbers(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    mi_sort_doubles(values, kept);
    return kept;
}

void mi_null_summarize(mi_null_summary *out, const mi_null *null)
{
    const double *sorted = null->sorted, mean = mi_mean(sorted, null->n);
    *out = (mi_null_summary){
        .mean = mean,
        .sd = null->n > 1 ? mi_sd(sorted, null->n, mean) : NOT_A_NUMBER,
        .q50 = mi_quantile_sorted(sorted, null->n, 0.5),
        .q95 = mi_quantile_sorted(sorted, null->n, 0.95),
        .q99 = mi_quantile_sorted(sorted, null->n, 0.99),
        .q999 = mi_quantile_sorted(sorted, null->n, 0.999),
        .max = mi_quantile_sorted(sorted, null->n, 1.0),
    };
}

static double p_of_count(const mi_null *null, size_t n_at_least)
{
    return (1.0 + (double)n_at_least) / (1.0 + (double)null->n);
}

double mi_null_percentile(const mi_null *null, double t)
{
    if (null->n == 0 || isnan(t))
        return NOT_A_NUMBER;
    return (double)mi_count_below(null->sorted, null->n, t) / (double)null->n;
}

double mi_null_p_value(const mi_null *null, double t)
{
    if (null->n == 0 || isnan(t))
        return NOT_A_NUMBER;
    return p_of_count(null, null->n - mi_count_below(null->sorted, null->n, t));
}

double mi_null_smallest_fpr(const mi_null *null)
{
    return p_of_count(null, 0);
}

static void tail_at(mi_null_tail *out, const mi_null *null, double t)
{
    *out = (mi_null_tail){.threshold = t, .fpr = mi_null_p_value(null, t), .fpr95 = {0.0, 1.0}};
    if (isnan(out->fpr))
        return;
    out->n_at_least = null->n - mi_count_below(null->sorted, null->n, t);
    mi_clopper_pearson95(out->n_at_least, null->n, out->fpr95);
}

/* How many null pairs may be at or above a threshold of that FPR; -1: not even none. The quotient decides, as
 * it is reported: fpr * (n + 1) rounds to the wrong side now and then. */
static int64_t allowed(const mi_null *null, double fpr)
{
    int64_t k = (int64_t)(fpr * (1.0 + (double)null->n)) - 1;
    while (k < (int64_t)null->n && p_of_count(null, (size_t)(k + 1)) <= fpr)
        k++;
    while (k >= 0 && p_of_count(null, (size_t)k) > fpr)
        k--;
    return k;
}

int mi_null_threshold(mi_null_tail *out, const mi_null *null, double fpr)
{
    const int64_t k = allowed(null, fpr);
    double t = -(double)INFINITY;
    if (k >= 0 && (size_t)k < null->n) /* the largest that has to stay below, and then the next double */
        t = nextafter(null->sorted[null->n - 1 - (size_t)k], (double)INFINITY);
    tail_at(out, null, t);
    if (k >= 0 && out->fpr <= fpr)
        return 1;
    *out = (mi_null_tail){.threshold = NOT_A_NUMBER, .fpr = mi_null_smallest_fpr(null)};
    mi_clopper_pearson95(0, null->n, out->fpr95);
    return 0;
}

#define LAMBDAS 19

/* #{p > lambda} / (n (1 - lambda)), and the count. */
static double pi0_at(const double *p, size_t n, size_t n_numbers, double lambda, size_t extra, size_t *above)
{
    *above = extra;
    for (size_t i = 0; i < n; i++)
        *above += p[i] > lambda;
    return (double)*above / ((double)n_numbers * (1.0 - lambda));
}

static double pi0_of_many(const double *p, size_t n, size_t n_numbers)
{
    const double m = (double)n_numbers;
    double pi0[LAMBDAS], sorted[LAMBDAS], least = (double)INFINITY, best = 1.0;
    size_t above[LAMBDAS];
    for (int i = 0; i < LAMBDAS; i++)
        sorted[i] = pi0[i] = pi0_at(p, n, n_numbers, 0.05 * (i + 1), 0, &above[i]);
    mi_sort_doubles(sorted, LAMBDAS);
    const double aim = mi_quantile_sorted(sorted, LAMBDAS, 0.1);
    for (int i = 0; i < LAMBDAS; i++) {
        const double rest = 1.0 - 0.05 * (i + 1), w = (double)above[i];
        const double variance = w / (m * m * rest * rest) * (1.0 - w / m);
        const double error = variance + (pi0[i] - aim) * (pi0[i] - aim);
        if (error < least || (error == least && pi0[i] < best)) {
            least = error;
            best = pi0[i];
        }
    }
    return best;
}

double mi_pi0(const double *p, size_t n)
{
    size_t n_numbers = 0, above;
    for (size_t i = 0; i < n; i++)
        n_numbers += !isnan(p[i]);
    if (n_numbers == 0)
        return 1.0;
    const double pi0 =
        n_numbers < MI_PI0_FEW ? pi0_at(p, n, n_numbers, 0.5, 1, &above) : pi0_of_many(p, n, n_numbers);
    return fmin(fmax(pi0, 1.0 / (double)n_numbers), 1.0);
}

static int less_by_p(uint32_t a, uint32_t b, const void *context)
{
    const double *p = context;
    return p[a] < p[b] || (p[a] == p[b] && a < b); /* NaNs are not among the items */
}
MI_DEFINE_SORT(sort_by_p, uint32_t, less_by_p)

void mi_q_values(const double *p, size_t n, double pi0, double *q, uint32_t *order)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        q[i] = NOT_A_NUMBER;
        if (!isnan(p[i]))
            order[m++] = (uint32_t)i;
    }
    sort_by_p(order, m, p);
    double least = 1.0;
    for (size_t rank = m; rank > 0; rank--) {
        const uint32_t i = order[rank - 1];
        least = fmin(least, pi0 * p[i] * (double)m / (double)rank);
        q[i] = least;
    }
}

static double false_among(double fpr, uint64_t n_scored, uint64_t n_above, double pi0)
{
    return fmin(pi0 * (double)n_scored * fpr, (double)n_above);
}

void mi_fdr_at(mi_fdr *out, const mi_null *null, double t, uint64_t n_scored, uint64_t n_above, double pi0)
{
    mi_null_tail tail;
    tail_at(&tail, null, t);
    *out = (mi_fdr){.threshold = t, .n_above = n_above, .fpr = tail.fpr};
    out->expected_false = isnan(tail.fpr) ? tail.fpr : false_among(tail.fpr, n_scored, n_above, pi0);
    out->expected_fdr = n_above > 0 ? out->expected_false / (double)n_above : NOT_A_NUMBER;
    for (int i = 0; i < 2; i++) {
        out->fpr95[i] = tail.fpr95[i];
        out->fdr95[i] =
            n_above > 0 ? false_among(tail.fpr95[i], n_scored, n_above, pi0) / (double)n_above : NOT_A_NUMBER;
    }
}

static void nothing_reaches(mi_fdr *out)
{
    *out = (mi_fdr){.threshold = NOT_A_NUMBER,
                    .fpr = NOT_A_NUMBER,
                    .fpr95 = {NOT_A_NUMBER, NOT_A_NUMBER},
                    .expected_false = NOT_A_NUMBER,
                    .expected_fdr = NOT_A_NUMBER,
                    .fdr95 = {NOT_A_NUMBER, NOT_A_NUMBER}};
}

int mi_fdr_threshold(mi_fdr *out, const mi_null *null, const double *sorted, size_t n, double pi0,
                     double target)
{
    size_t below = 0; /* null pairs below the candidate */
    nothing_reaches(out);
    for (size_t i = 0; i < n && null->n > 0; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1])
            continue;
        while (below < null->n && null->sorted[below] < sorted[i])
            below++;
        const double p = p_of_count(null, null->n - below), above = (double)(n - i);
        if (false_among(p, n, n - i, pi0) / above > target)
            continue;
        mi_fdr_at(out, null, sorted[i], n, n - i, pi0);
        return 1;
    }
    return 0;
}

double mi_fdr_of_prior(double fpr, double tpr, double prior)
{
    const double wrong = (1.0 - prior) * fpr;
    return wrong / (wrong + prior * tpr);
}

int mi_fdr_prior_threshold(mi_fdr *out, const mi_null *null, const double *sorted_known, size_t n_known,
                           double prior, double target)
{
    size_t below = 0;
    nothing_reaches(out);
    for (size_t i = 0; i < n_known && null->n > 0; i++) {
        if (i > 0 && sorted_known[i] == sorted_known[i - 1])
            continue;
        while (below < null->n && null->sorted[below] < sorted_known[i])
            below++;
        const double tpr = (double)(n_known - i) / (double)n_known;
        if (mi_fdr_of_prior(p_of_count(null, null->n - below), tpr, prior) > target)
            continue;
        mi_fdr_at(out, null, sorted_known[i], n_known, n_known - i, 1.0);
        out->expected_false = NOT_A_NUMBER;
        out->expected_fdr = mi_fdr_of_prior(out->fpr, tpr, prior);
        for (int k = 0; k < 2; k++)
            out->fdr95[k] = mi_fdr_of_prior(out->fpr95[k], tpr, prior);
        return 1;
    }
    return 0;
}
