/*
 * KSG against its definition, pair by pair, and against laws of known information.
 */
#include "ksg.h"
#include "laws.h"
#include "special.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define LN2 0.69314718055994530942

typedef struct bench {
    mi_ksg ksg;
    mi_arena arena;
    mi_status status;
} bench;

static bench fill(const float *x, const float *y, uint32_t n, uint32_t dim_x, uint32_t dim_y, uint32_t k)
{
    bench b;
    mi_arena measured;
    mi_rng rng;
    mi_rng_init(&rng, 3, 0, 0, MI_PURPOSE_JITTER, 0);
    mi_arena_init(&measured, NULL, 0);
    mi_ksg_layout(&b.ksg, &measured, n, dim_x, dim_y, k);
    mi_ksg_fill_layout(&b.ksg, &measured);
    b.arena = arena_like(&measured);
    mi_ksg_layout(&b.ksg, &b.arena, n, dim_x, dim_y, k);
    b.status = mi_ksg_fill(&b.ksg, &b.arena, x, y, &rng, NULL);
    return b;
}

static double local(mi_ksg *ksg, uint32_t i)
{
    double pmi = 0.0;
    mi_ksg_local(ksg, &i, 1, &pmi);
    return pmi;
}

static double mean_local(mi_ksg *ksg)
{
    double *pmi = malloc(sizeof *pmi * ksg->n), sum = 0.0;
    uint32_t *all = malloc(sizeof *all * ksg->n);
    for (uint32_t i = 0; i < ksg->n; i++)
        all[i] = i;
    mi_ksg_local(ksg, all, ksg->n, pmi);
    for (uint32_t i = 0; i < ksg->n; i++)
        sum += pmi[i];
    free(pmi);
    free(all);
    return sum / ksg->n;
}

static double estimate(const mi_law_spec *l, uint64_t seed, uint32_t n, uint32_t k)
{
    uint32_t dim_x, dim_y;
    mi_law_dims(l, &dim_x, &dim_y);
    float *x = malloc(sizeof *x * n * dim_x), *y = malloc(sizeof *y * n * dim_y);
    mi_law_sample(l, seed, n, x, y);
    bench b = fill(x, y, n, dim_x, dim_y, k);
    ck_assert_int_eq(b.status, MI_OK);
    const double mi = mean_local(&b.ksg);
    free(b.arena.base);
    free(x);
    free(y);
    return mi;
}

/* The definition, over all samples but i and j: x_i's side from row i, y's from row j. */
static double naive(const mi_ksg *ksg, uint32_t i, uint32_t j, int is_sample)
{
    double *joint = malloc(sizeof *joint * ksg->n), *side[2];
    uint32_t m = 0, row[2] = {i, j}, count[2] = {0, 0};
    side[0] = malloc(sizeof(double) * ksg->n);
    side[1] = malloc(sizeof(double) * ksg->n);
    for (uint32_t s = 0; s < ksg->n; s++) {
        if (s == i || (is_sample ? 0 : s == j))
            continue;
        const uint32_t other[2] = {s, ksg->partner[s]};
        for (int v = 0; v < 2; v++) {
            side[v][m] = 0.0;
            for (uint32_t c = 0; c < ksg->dim[v]; c++)
                side[v][m] = fmax(side[v][m], fabs(ksg->rows[v][row[v] * ksg->dim[v] + c] -
                                                   ksg->rows[v][other[v] * ksg->dim[v] + c]));
        }
        joint[m] = fmax(side[0][m], side[1][m]);
        m++;
    }
    double radius = 0.0;
    for (uint32_t k = 0; k < ksg->k; k++) { /* the k-th smallest, by taking minima away */
        uint32_t best = 0;
        for (uint32_t s = 1; s < m; s++)
            best = joint[s] < joint[best] ? s : best;
        radius = joint[best];
        joint[best] = (double)INFINITY;
    }
    for (uint32_t s = 0; s < m; s++)
        for (int v = 0; v < 2; v++)
            count[v] += side[v][s] < radius;
    free(joint);
    free(side[0]);
    free(side[1]);
    return mi_digamma(ksg->k) + mi_digamma(m + 1.0) - mi_digamma(count[0] + 1.0) - mi_digamma(count[1] + 1.0);
}

static void check_against_naive(const float *x, const float *y, uint32_t n, uint32_t dim_x, uint32_t dim_y,
                                uint32_t k)
{
    bench b = fill(x, y, n, dim_x, dim_y, k);
    mi_rng rng = test_rng(n + k);
    ck_assert_int_eq(b.status, MI_OK);
    double pmi[50];
    uint32_t i[50], j[50];
    for (uint32_t a = 0; a < 50; a++) {
        i[a] = mi_rng_below(&rng, n);
        j[a] = (i[a] + 1 + mi_rng_below(&rng, n - 1)) % n;
    }
    mi_ksg_local(&b.ksg, i, 50, pmi);
    for (uint32_t a = 0; a < 50; a++)
        ck_assert_double_eq(pmi[a], naive(&b.ksg, i[a], i[a], 1));
    mi_ksg_mismatched(&b.ksg, i, j, 50, pmi);
    for (uint32_t a = 0; a < 50; a++)
        ck_assert_double_eq(pmi[a], naive(&b.ksg, i[a], j[a], 0));

    uint32_t *partner = malloc(sizeof *partner * n);
    for (uint32_t a = 0; a < n; a++)
        partner[a] = a;
    mi_rng_permute(&rng, partner, n);
    mi_ksg_pair(&b.ksg, &b.arena, partner);
    mi_ksg_local(&b.ksg, i, 50, pmi);
    for (uint32_t a = 0; a < 50; a++)
        ck_assert_double_eq(pmi[a], naive(&b.ksg, i[a], partner[i[a]], 1));
    free(partner);
    free(b.arena.base);
}

START_TEST(test_local_values_equal_the_definition)
{
    enum { N = 300, D = 6 };
    static float x[N * D], y[N * D], few_x[N], few_y[N];
    fill_normal(x, N * D, 1);
    fill_normal(y, N * D, 2);
    for (uint32_t i = 0; i < N; i++) {
        few_x[i] = (float)(i % 3);
        few_y[i] = (float)(i % 3 + i % 2);
        y[i * D] += 2.0f * x[i * D];
    }
    for (uint32_t k = 1; k <= 9; k += 4) {
        check_against_naive(x, y, N, D, D, k);
        check_against_naive(x, y, N, 1, D, k);
        check_against_naive(x, y, N * D / 2, 2, 2, k);
        check_against_naive(few_x, few_y, N, 1, 1, k); /* ties */
        check_against_naive(x, y, k + 2, 2, 2, k);     /* as few as there may be */
    }
}
END_TEST

START_TEST(test_mean_of_a_gaussian_is_its_information)
{
    /* Kraskov et al. report a bias well below the spread at these sizes: sd about .02 at n = 4000. */
    for (uint32_t k = 3; k <= 5; k += 2) {
        const mi_law_spec one = law_of("gaussian", 1, 0.5), strong = law_of("gaussian", 1, 2.0),
                          two = law_of("gaussian", 2, 0.5);
        ck_assert_double_lt(fabs(estimate(&one, 11, 4000, k) - 0.5), 0.05);
        ck_assert_double_lt(fabs(estimate(&strong, 12, 4000, k) - 2.0), 0.06);
        ck_assert_double_lt(fabs(estimate(&two, 13, 4000, k) - 0.5), 0.06);
    }
}
END_TEST

START_TEST(test_independent_data_have_no_information)
{
    for (uint32_t d = 1; d <= 4; d++) {
        const mi_law_spec l = law_of("independent", d, 0.0);
        ck_assert_double_lt(fabs(estimate(&l, 20 + d, 3000, 3)), 0.05);
    }
}
END_TEST

START_TEST(test_local_values_follow_the_density_ratio)
{
    /* Single values scatter by 1/sqrt(k) and more; averaged over a region they follow log r, for samples and
     * for mismatched pairs alike. */
    enum { N = 20000, K = 10 };
    const mi_law_spec l = law_of("gaussian", 1, 0.5);
    static float x[N], y[N];
    static uint32_t i[N], j[N];
    static double at_samples[N], elsewhere[N];
    mi_law_sample(&l, 31, N, x, y);
    bench b = fill(x, y, N, 1, 1, K);
    for (uint32_t s = 0; s < N; s++) {
        i[s] = s;
        j[s] = (s + 1) % N;
    }
    mi_ksg_local(&b.ksg, i, N, at_samples);
    mi_ksg_mismatched(&b.ksg, i, j, N, elsewhere);
    const double rho = l.parameter, left = 1.0 - rho * rho;
    double sum[2][3] = {{0}}, truth[2][3] = {{0}};
    uint32_t n[2][3] = {{0}};
    for (int mismatched = 0; mismatched < 2; mismatched++)
        for (uint32_t s = 0; s < N; s++) {
            const double u = (double)x[s], v = (double)y[mismatched ? j[s] : s];
            const double log_ratio =
                -0.5 * log(left) - (rho * rho * (u * u + v * v) - 2.0 * rho * u * v) / (2.0 * left);
            if (fabs(u) > 1.5 || fabs(v) > 1.5 || log_ratio < -1.0)
                continue; /* few samples there: the density changes within the radius */
            const int bin = log_ratio < -0.2 ? 0 : log_ratio < 0.3 ? 1 : 2;
            sum[mismatched][bin] += mismatched ? elsewhere[s] : at_samples[s];
            truth[mismatched][bin] += log_ratio;
            n[mismatched][bin]++;
        }
    for (int mismatched = 0; mismatched < 2; mismatched++)
        for (int bin = 0; bin < 3; bin++) {
            ck_assert_uint_gt(n[mismatched][bin], 100);
            ck_assert_double_lt(fabs(sum[mismatched][bin] - truth[mismatched][bin]) / n[mismatched][bin],
                                0.1);
        }
    free(b.arena.base);
}
END_TEST

START_TEST(test_discrete_data_give_their_discrete_information)
{
    /* y = x of 4 equal classes, and a class that y tells with probability 3/4 of being right. */
    enum { N = 4000 };
    static float x[N], y[N];
    mi_rng rng = test_rng(5);
    for (uint32_t i = 0; i < N; i++)
        x[i] = y[i] = (float)mi_rng_below(&rng, 4);
    bench b = fill(x, y, N, 1, 1, 3);
    ck_assert_double_lt(fabs(mean_local(&b.ksg) - 2.0 * LN2), 0.05);
    free(b.arena.base);
    for (uint32_t i = 0; i < N; i++) {
        x[i] = (float)mi_rng_below(&rng, 2);
        y[i] = mi_rng_below(&rng, 4) ? x[i] : 1.0f - x[i];
    }
    b = fill(x, y, N, 1, 1, 3);
    ck_assert_double_lt(fabs(mean_local(&b.ksg) - (LN2 + 0.75 * log(0.75) + 0.25 * log(0.25))), 0.05);
    free(b.arena.base);
}
END_TEST

START_TEST(test_units_and_offsets_of_a_side_do_not_matter)
{
    enum { N = 500, D = 2 };
    static float x[N * D], y[N * D], scaled[N * D];
    fill_normal(x, N * D, 6);
    fill_normal(y, N * D, 7);
    for (uint32_t i = 0; i < N * D; i++) {
        y[i] += x[i];
        scaled[i] = 0x1p20f * x[i];
    }
    bench a = fill(x, y, N, D, D, 3), b = fill(scaled, y, N, D, D, 3);
    /* Not the joint radius: counts in units of one side alone change. */
    ck_assert_double_gt(fabs(mean_local(&a.ksg) - mean_local(&b.ksg)), 1e-6);
    free(b.arena.base);
    for (uint32_t i = 0; i < N * D; i++)
        y[i] *= 0x1p20f; /* both alike: every comparison comes out the same */
    b = fill(scaled, y, N, D, D, 3);
    for (uint32_t i = 0; i < N; i++)
        ck_assert_double_eq(local(&a.ksg, i), local(&b.ksg, i));
    free(a.arena.base);
    free(b.arena.base);
}
END_TEST

START_TEST(test_the_order_of_queries_does_not_matter)
{
    enum { N = 700 };
    const mi_law_spec l = law_of("gaussian", 2, 1.0);
    static float x[2 * N], y[2 * N];
    static uint32_t order[N], sample[N], asked[N];
    static double pmi[N];
    mi_law_sample(&l, 41, N, x, y);
    bench b = fill(x, y, N, 2, 2, 3);
    for (uint32_t i = 0; i < N; i++)
        sample[i] = N - 1 - i;
    mi_ksg_sort_near(&b.ksg, sample, N, order);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < N; i++) {
        sum += order[i];
        asked[i] = sample[order[i]];
    }
    ck_assert_uint_eq(sum, (uint64_t)N * (N - 1) / 2);
    mi_ksg_local(&b.ksg, asked, N, pmi);
    for (uint32_t i = 0; i < N; i++)
        ck_assert_double_eq(pmi[i], local(&b.ksg, asked[i]));
    free(b.arena.base);
}
END_TEST

START_TEST(test_what_is_not_finite_is_refused)
{
    enum { N = 50 };
    static float x[N], y[N];
    fill_normal(x, N, 8);
    fill_normal(y, N, 9);
    static const float poison[] = {NAN, INFINITY, -INFINITY};
    for (size_t p = 0; p < 3; p++) {
        y[7] = poison[p];
        bench b = fill(x, y, N, 1, 1, 3);
        ck_assert_int_eq(b.status, MI_NUMERIC);
        free(b.arena.base);
    }
}
END_TEST

START_TEST(test_a_pair_beside_the_samples_is_as_its_definition)
{
    enum { N = 120, DX = 2, DY = 3, Q = 40, K = 3 };
    float x[(N + Q) * DX], y[(N + Q) * DY];
    double got[Q];
    fill_normal(x, (N + Q) * DX, 5);
    fill_normal(y, (N + Q) * DY, 6);
    bench b = fill(x, y, N, DX, DY, K);
    mi_ksg_outside(&b.ksg, x + N * DX, y + N * DY, Q, got);
    for (int q = 0; q < Q; q++) {
        double nearest[K + 1], d[2][N];
        uint32_t count[2] = {0, 0};
        for (int k = 0; k <= K; k++)
            nearest[k] = (double)INFINITY;
        for (int i = 0; i < N; i++) {
            d[0][i] = d[1][i] = 0.0;
            for (int c = 0; c < DX; c++)
                d[0][i] = fmax(d[0][i], fabs((double)x[(N + q) * DX + c] - b.ksg.rows[0][i * DX + c]));
            for (int c = 0; c < DY; c++)
                d[1][i] = fmax(d[1][i], fabs((double)y[(N + q) * DY + c] - b.ksg.rows[1][i * DY + c]));
            nearest[K] = fmax(d[0][i], d[1][i]);
            for (int k = K; k > 0 && nearest[k] < nearest[k - 1]; k--) {
                const double swap = nearest[k];
                nearest[k] = nearest[k - 1];
                nearest[k - 1] = swap;
            }
        }
        for (int i = 0; i < N; i++)
            for (int side = 0; side < 2; side++)
                count[side] += d[side][i] < nearest[K - 1];
        ck_assert_double_eq_tol(got[q],
                                mi_digamma(K) + mi_digamma(N + 1.0) - mi_digamma(count[0] + 1.0) -
                                    mi_digamma(count[1] + 1.0),
                                1e-12);
    }
    free(b.arena.base);
}
END_TEST

int main(void)
{
    RUN_TESTS("ksg", test_local_values_equal_the_definition, test_mean_of_a_gaussian_is_its_information,
              test_independent_data_have_no_information, test_local_values_follow_the_density_ratio,
              test_discrete_data_give_their_discrete_information,
              test_units_and_offsets_of_a_side_do_not_matter, test_the_order_of_queries_does_not_matter,
              test_a_pair_beside_the_samples_is_as_its_definition, test_what_is_not_finite_is_refused);
}
