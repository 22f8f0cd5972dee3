/*
 * What the theory of the family claims (Ryu et al., ICLR 2026), on finite alphabets, where expectations are
 * sums.
 */
#include "finite_law.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static mi_objective_spec cpe(mi_rule rule, uint32_t k, double nu)
{
    mi_objective_spec spec;
    mi_objective_defaults(&spec, mi_objective_find("cpe"), 0);
    spec.params.rule = rule;
    spec.params.k = k;
    spec.params.nu = nu;
    spec.params.directions = MI_DIRECTIONS_COLUMNS;
    return spec;
}

static double conditional(const finite_law *law, size_t x, size_t y)
{
    return law->p[x * law->n_y + y] / law->p_y[y];
}

/*
 * D_K-JS for one y: I(Z; X_1..X_K) with Z uniform, X_Z ~ q1 = p(x|y) and the rest ~ q0 = p(x), from its
 * definition: the mean divergence of the K laws from their mixture.
 */
static double k_way_jensen_shannon(const finite_law *law, size_t k, size_t y)
{
    size_t n_tuples = 1;
    double total = 0;
    for (size_t i = 0; i < k; i++)
        n_tuples *= law->n_x;
    for (size_t code = 0; code < n_tuples; code++) {
        double of_class[8], mixture = 0;
        for (size_t z = 0; z < k; z++) {
            of_class[z] = 1;
            for (size_t i = 0, rest = code; i < k; i++, rest /= law->n_x)
                of_class[z] *= i == z ? conditional(law, rest % law->n_x, y) : law->p_x[rest % law->n_x];
            mixture += of_class[z] / (double)k;
        }
        for (size_t z = 0; z < k; z++)
            total += of_class[z] > 0 ? of_class[z] * log(of_class[z] / mixture) / (double)k : 0;
    }
    return total;
}

/* Means over y of the divergences of p(x|y) from p(x). */
typedef struct divergences {
    double k_js, kl, jeffreys_bound, skew;
} divergences;

static divergences divergences_of(const finite_law *law, size_t k)
{
    divergences d = {0};
    for (size_t y = 0; y < law->n_y; y++) {
        double kl = 0, reverse = 0, skew = 0;
        for (size_t x = 0; x < law->n_x; x++) {
            const double q1 = conditional(law, x, y), q0 = law->p_x[x], share = 1.0 / (double)k;
            kl += q1 * log(q1 / q0);
            reverse += q0 * log(q0 / q1);
            skew += q1 * log(q1 / (share * q1 + (1 - share) * q0));
        }
        d.kl += law->p_y[y] * kl;
        d.skew += law->p_y[y] * skew;
        d.k_js += law->p_y[y] * k_way_jensen_shannon(law, k, y);
        d.jeffreys_bound += law->p_y[y] * (log((double)k) - log(1 + ((double)k - 1) * exp(-kl - reverse)));
    }
    return d;
}

static double infonce(const finite_law *law, size_t k, const double *c)
{
    const mi_objective_spec spec = cpe(MI_RULE_LOG, (uint32_t)k, 0);
    return log((double)k) - finite_law_loss(&spec, law, k + 1, c, NULL);
}

START_TEST(test_infonce_is_below_the_k_way_jensen_shannon_below_log_k_and_kl)
{
    mi_rng rng = test_rng(101);
    for (int trial = 0; trial < 60; trial++) {
        const size_t k = 2 + (size_t)trial % 3;
        const finite_law law = finite_law_random(3, 2, &rng);
        const divergences d = divergences_of(&law, k);
        double c[FINITE_CELLS];
        for (size_t i = 0; i < 6; i++)
            c[i] = (trial % 2 ? law.log_ratio[i] : 0) + mi_rng_normal(&rng);
        ck_assert_double_le(infonce(&law, k, c), d.k_js + 1e-12);
        /* Equal at log r, whatever function of y is added. */
        for (size_t i = 0; i < 6; i++)
            c[i] = law.log_ratio[i] + (i % 2 ? 0.8 : -0.3);
        ck_assert_double_eq_tol(infonce(&law, k, c), d.k_js, 1e-12);
        ck_assert_double_le(d.k_js, fmin(log((double)k), d.kl) + 1e-12);
        ck_assert_double_le(d.k_js, d.jeffreys_bound + 1e-12);
        ck_assert_double_ge(d.k_js, d.skew - 1e-12);
    }
}
END_TEST

/* x = y uniform on 4 points: D(q1|q0) is 2 bits. A bound by that one-sided divergence in the place of
 * Jeffreys' would be 1.19 bits at K = 4, and InfoNCE reaches 1.32. */
START_TEST(test_the_bound_by_jeffreys_does_not_hold_for_one_sided_kl)
{
    double p[16] = {0}, c[16];
    for (size_t k = 0; k < 16; k++) {
        p[k] = k % 5 == 0 ? 0.25 : 0;
        c[k] = k % 5 == 0 ? 40 : 0;
    }
    const finite_law law = finite_law_of(4, 4, p);
    ck_assert_double_eq_tol(finite_law_mi(&law), 2 * log(2), 1e-12);
    const double bits = infonce(&law, 4, c) / log(2);
    ck_assert_double_gt(bits, 2 - log2(1 + 3 * 0.25) + 0.1);
    /* 2 - E log2(1 + Binomial(3, 1/4)) */
    ck_assert_double_eq_tol(bits, 2 - (27 + 9 * log2(3) + 2) / 64, 1e-12);
}
END_TEST

/* A critic on three points: q1 of the joint pairs, q0 of the mismatched ones, log r. */
typedef struct critic3 {
    double q1[3], q0[3], c[3]; /* q in tenths */
} critic3;

static const critic3 critics[] = {
    {{0.6, 0.3, 0.1}, {0.2, 0.3, 0.5}, {1.6, 0.5, -0.7}},  /* m = E_q0 r > 1 */
    {{0.6, 0.3, 0.1}, {0.2, 0.3, 0.5}, {0.2, -1.0, -2.5}}, /* m < 1 */
    {{0.5, 0.4, 0.1}, {0.1, 0.2, 0.7}, {2.6, 0.9, -0.4}},
};

static size_t point_of(const double *q, size_t k, size_t n)
{
    const double at = ((double)k + 0.5) / (double)n;
    return at < q[0] ? 0 : at < q[0] + q[1] ? 1 : 2;
}

/* A matrix of K+1 rows: each column has the frequencies of q0, the diagonal those of q1 as nearly as K+1
 * allows. */
static float *exact_matrix(const critic3 *critic, size_t k, float shift)
{
    const size_t n = k + 1;
    float *scores = malloc(n * n * sizeof *scores);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            scores[i * n + j] =
                (float)critic
                    ->c[i == j ? point_of(critic->q1, j, n) : point_of(critic->q0, (i + n - j - 1) % n, k)] +
                shift;
    return scores;
}

/* (K+nu)/K times minus the loss, less its value at r = 1. */
static double anchor_value(const float *scores, size_t k, double beta)
{
    const double nu = beta * (double)k;
    const mi_objective_spec spec = cpe(MI_RULE_LOG, 0, nu);
    void *scratch = aligned_alloc(64, (spec.entry->scratch_bytes(k + 1) + 63) / 64 * 64);
    double loss = 0;
    spec.entry->loss_and_grad(scores, k + 1, &spec.params, NULL, &loss, scratch);
    free(scratch);
    const double entropy = (1 + beta) * log(1 + beta) - (beta > 0 ? beta * log(beta) : 0);
    return -(1 + beta) * loss + log((double)k) + entropy;
}

static double estimate(const char *name, const float *scores, size_t batch)
{
    mi_objective_spec spec;
    mi_objective_defaults(&spec, mi_objective_find(name), 0);
    return spec.entry->estimate(scores, batch, &spec.params);
}

/* E_p log r - (1+beta) log((beta + m)/(1+beta)) */
static double limit_value(const critic3 *critic, double beta)
{
    double joint = 0, m = 0;
    for (size_t i = 0; i < 3; i++) {
        joint += critic->q1[i] * critic->c[i];
        m += critic->q0[i] * exp(critic->c[i]);
    }
    return joint - (1 + beta) * log((beta + m) / (1 + beta));
}

static const double betas[] = {0, 0.01, 0.1, 0.3, 1, 3, 10, 100, 1e4};
#define N_BETAS (sizeof betas / sizeof betas[0])

START_TEST(test_many_candidates_lead_from_dv_to_nwj_as_the_anchor_grows)
{
    for (size_t i = 0; i < sizeof critics / sizeof critics[0]; i++) {
        double error[2] = {0};
        for (size_t size = 0; size < 2; size++) {
            const size_t k = size == 0 ? 100 : 1000;
            float *scores = exact_matrix(&critics[i], k, 0), *up = exact_matrix(&critics[i], k, 1);
            double before = (double)INFINITY;
            for (size_t b = 0; b < N_BETAS; b++) {
                const double value = anchor_value(scores, k, betas[b]);
                error[size] = fmax(error[size], fabs(value - limit_value(&critics[i], betas[b])));
                ck_assert_msg(value < before, "beta %g: %.17g after %.17g", betas[b], value, before);
                before = value;
            }
            ck_assert_double_eq_tol(anchor_value(scores, k, 0), estimate("dv", scores, k + 1),
                                    10.0 / (double)k);
            ck_assert_double_eq_tol(before, estimate("nwj", up, k + 1),
                                    10.0 / (double)k + 10.0 / betas[N_BETAS - 1]);
            free(scores);
            free(up);
        }
        ck_assert_double_lt(error[1], 0.02);
        ck_assert_double_lt(error[1], 0.15 * error[0]); /* as 1/K */
    }
}
END_TEST

/* Psi of the rules, rho (k), as scoring_rule.h says in losses. */
static double potential(const mi_objective_params *params, const double *rho, size_t k)
{
    const double a = params->alpha, b = params->beta;
    double sum = 1, entropy = 0, squares = 1, powers = 1, roots = 1, separable = 0;
    for (size_t i = 0; i < k; i++) {
        sum += rho[i];
        entropy += rho[i] * log(rho[i]);
        squares += rho[i] * rho[i];
        powers += pow(rho[i], a);
        roots += sqrt(rho[i]);
        separable += params->rule == MI_RULE_CHI2         ? 0.5 * rho[i] * rho[i]
                     : params->rule == MI_RULE_HELLINGER  ? -2 * sqrt(rho[i])
                     : params->rule == MI_RULE_BETA_POWER ? pow(rho[i], 1 + b) / (b * (1 + b))
                                                          : rho[i] * log(rho[i]) - rho[i];
    }
    switch (params->rule) {
    case MI_RULE_LOG:
        return entropy - sum * log(sum);
    case MI_RULE_BRIER:
        return squares / (2 * sum);
    case MI_RULE_SPHERICAL:
        return sqrt(squares);
    case MI_RULE_PSEUDO_SPHERICAL:
        return pow(powers, 1 / a);
    case MI_RULE_TSALLIS:
        return sum * (powers / pow(sum, a) - 1) / (a * (a - 1));
    case MI_RULE_EXPONENTIAL:
        return -roots * roots;
    default:
        return separable;
    }
}

static double bregman(const mi_objective_params *params, const double *to, const double *from, size_t k)
{
    double moved[4], sum = potential(params, to, k) - potential(params, from, k);
    memcpy(moved, from, k * sizeof *moved);
    for (size_t i = 0; i < k; i++) {
        const double h = 1e-4 * from[i];
        double slope = 0;
        for (int side = -1; side <= 1; side += 2) {
            moved[i] = from[i] + side * h;
            slope += side * 8 * potential(params, moved, k) / (12 * h);
            moved[i] = from[i] + 2 * side * h;
            slope -= side * potential(params, moved, k) / (12 * h);
        }
        moved[i] = from[i];
        sum -= slope * (to[i] - from[i]);
    }
    return sum;
}

/* E_y E_{x_1..x_K ~ p(x)} B(r*, r_c) at r/nu. */
static double expected_bregman(const mi_objective_params *params, const finite_law *law, size_t k,
                               const double *c)
{
    size_t n_tuples = 1;
    double total = 0;
    for (size_t i = 0; i < k; i++)
        n_tuples *= law->n_x;
    for (size_t y = 0; y < law->n_y; y++)
        for (size_t code = 0; code < n_tuples; code++) {
            double truth[4], model[4], probability = law->p_y[y];
            for (size_t i = 0, rest = code; i < k; i++, rest /= law->n_x) {
                const size_t cell = rest % law->n_x * law->n_y + y;
                probability *= law->p_x[rest % law->n_x];
                truth[i] = exp(law->log_ratio[cell]) / params->nu;
                model[i] = exp(c[cell]) / params->nu;
            }
            total += probability * bregman(params, truth, model, k);
        }
    return total;
}

START_TEST(test_what_a_critic_loses_is_an_expected_bregman_divergence)
{
    mi_rng rng = test_rng(102);
    for (int rule = 0; rule < MI_RULE_COUNT; rule++)
        for (uint32_t k = 1; k <= 3; k++)
            for (int trial = 0; trial < 3; trial++) {
                const double nu = trial % 2 ? 0.3 : 1.0;
                mi_objective_spec spec = cpe((mi_rule)rule, k, nu);
                spec.params.alpha = trial == 0 ? 2 : 1.6;
                const finite_law law = finite_law_random(3, 2, &rng);
                double c[FINITE_CELLS], gradient[FINITE_CELLS];
                for (size_t i = 0; i < 6; i++)
                    c[i] = law.log_ratio[i] + 0.7 * mi_rng_normal(&rng);
                const double gap = finite_law_loss(&spec, &law, 4, c, gradient) -
                                   finite_law_loss(&spec, &law, 4, law.log_ratio, gradient);
                const double want = nu / ((double)k + nu) * expected_bregman(&spec.params, &law, k, c);
                ck_assert_double_gt(want, 0);
                ck_assert_msg(fabs(gap - want) <= 1e-8 * (1 + want), "%d, K %u, nu %g: %.15g, %.15g", rule, k,
                              nu, gap, want);
            }
}
END_TEST

int main(void)
{
    RUN_TESTS("theorems", test_infonce_is_below_the_k_way_jensen_shannon_below_log_k_and_kl,
              test_the_bound_by_jeffreys_does_not_hold_for_one_sided_kl,
              test_many_candidates_lead_from_dv_to_nwj_as_the_anchor_grows,
              test_what_a_critic_loses_is_an_expected_bregman_divergence);
}
