/*
 * Scoring rules over tuples of any K: windows against the definition, optima on a finite alphabet, what is
 * known under other names, what is refused, and whole runs.
 */
#include "estimating.h"
#include "finite_law.h"
#include "laws.h"
#include "rule_loss.h"
#include "rule_windows.h"
#include "scoring_rule.h"
#include "testing.h"
#include "window_sum.h"

#include "mi/info.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BATCH = 33, MAX_ENTRIES = MAX_BATCH * MAX_BATCH };

static const char *rule_name(mi_rule rule)
{
    return mi_objective_find("cpe")->params[0].names[rule];
}

static mi_objective_spec cpe(mi_rule rule, uint32_t k, double nu)
{
    mi_objective_spec spec;
    mi_objective_defaults(&spec, mi_objective_find("cpe"), 0);
    spec.params.rule = rule;
    spec.params.k = k;
    spec.params.nu = nu;
    return spec;
}

typedef struct outcome {
    double loss;
    float grad[MAX_ENTRIES];
} outcome;

static outcome evaluate(const mi_objective_spec *spec, const float *scores, size_t batch)
{
    static double scratch[1 << 16];
    outcome o;
    ck_assert(spec->entry->scratch_bytes(batch) <= sizeof scratch);
    spec->entry->loss_and_grad(scores, batch, &spec->params, o.grad, &o.loss, scratch);
    return o;
}

static outcome evaluate_named(const char *name, const float *scores, size_t batch)
{
    mi_objective_spec spec;
    mi_objective_defaults(&spec, mi_objective_find(name), 0);
    spec.params.batch = (uint32_t)batch;
    return evaluate(&spec, scores, batch);
}

static void fill_scores(float *scores, size_t batch, uint32_t stream)
{
    fill_normal(scores, batch * batch, stream);
    for (size_t i = 0; i < batch * batch; i++)
        scores[i] = 1.5f * scores[i] - 0.5f + (i % (batch + 1) == 0 ? 2.0f : 0.0f);
}

START_TEST(test_window_sums_are_sums_over_windows)
{
    static mi_lanes in[40], out[40];
    mi_rng rng = test_rng(201);
    for (size_t n = 1; n <= 40; n += n < 9 ? 1 : 7)
        for (size_t width = 1; width <= n; width++) {
            for (size_t i = 0; i < n; i++)
                for (size_t l = 0; l < MI_LANES; l++)
                    in[i][l] = i == n / 2 ? 1e20 : mi_rng_uniform(&rng);
            mi_window_sums(out, (const mi_lanes *)in, n, width);
            for (size_t s = 0; s < n; s++)
                for (size_t l = 0; l < MI_LANES; l += 5) {
                    double want = 0; /* where 1e20 is not in the window nothing of it may show */
                    for (size_t k = 0; k < width; k++)
                        want += in[(s + k) % n][l];
                    ck_assert_double_eq_tol(out[s][l], want, 1e-14 * want);
                }
        }
}
END_TEST

START_TEST(test_vector_logarithm_is_exact_enough_and_honest_at_the_ends)
{
    double x[] = {1, 2, 0.5, 1.4142135623730951, 0.70710678118654757, DBL_MIN, DBL_MAX, 1 + DBL_EPSILON};
    double ends[] = {0, -1, (double)NAN, (double)INFINITY, DBL_MIN / 2}, out[8];
    mi_vec_log(out, x, 8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_double_eq_tol(out[i], log(x[i]), 1e-15 * fabs(log(x[i])) + 1e-18);
    mi_vec_log(out, ends, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert(isnan(out[i]));
    for (double t = -700; t < 700; t += 0.0973) {
        const double value = exp(t);
        mi_vec_log(out, &value, 1);
        if (fabs(out[0] - log(value)) > 1e-15 * fabs(t) + 1e-17)
            ck_abort_msg("log %g", value);
        mi_vec_exp_scaled(out, &t, 0.5, 1);
        if (fabs(out[0] - exp(0.5 * t)) > 1e-12 * exp(0.5 * t))
            ck_abort_msg("exp %g", 0.5 * t);
    }
}
END_TEST

/* Fast and naive. A gradient of both directions is a sum of two floats, which may cancel. */
static void compare(const mi_objective_spec *spec, const float *scores, size_t batch)
{
    static double wide[MAX_ENTRIES], grad[MAX_ENTRIES];
    const outcome o = evaluate(spec, scores, batch);
    double want = 0;
    for (size_t i = 0; i < batch * batch; i++)
        wide[i] = (double)scores[i];
    spec->entry->reference(wide, batch, &spec->params, grad, &want);
    int same = isfinite(o.loss) && fabs(o.loss - want) <= 1e-10 * (1 + fabs(want));
    for (size_t i = 0; i < batch * batch && same; i++)
        same = fabs(grad[i]) > (double)FLT_MAX
                   ? isinf(o.grad[i])
                   : fabs((double)o.grad[i] - grad[i]) <= 2e-7 * fabs(grad[i]) + 2e-8;
    ck_assert_msg(same, "%s, B %zu, K %u, nu %g: loss %.17g, not %.17g, or its gradient",
                  rule_name(spec->params.rule), batch, spec->params.k, spec->params.nu, o.loss, want);
}

/* nu of the round; K itself is the last. */
static double nu_of(size_t round, size_t k)
{
    const double nus[] = {0, 0.3, 1, 8, (double)k};
    return nus[round % 5];
}

START_TEST(test_windows_of_every_size_agree_with_the_tuples_one_by_one)
{
    static const size_t batches[] = {2, 3, 4, 8, 16, 17, 18, 33};
    float scores[MAX_ENTRIES];
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
        for (uint32_t k = 1; k < batches[b]; k++)
            for (int rule = 0; rule < MI_RULE_COUNT; rule++) {
                mi_objective_spec spec = cpe((mi_rule)rule, k, nu_of(k + (size_t)rule, k));
                spec.params.alpha = k % 2 ? 2 : 1.5;
                spec.params.directions = k % 3 ? MI_DIRECTIONS_BOTH : MI_DIRECTIONS_COLUMNS;
                if (mi_objective_check(&spec, (uint32_t)batches[b], NULL) != MI_OK)
                    continue;
                fill_scores(scores, batches[b], 202);
                compare(&spec, scores, batches[b]);
            }
}
END_TEST

START_TEST(test_scores_within_80_nats_give_the_exact_loss_at_every_anchor_weight)
{
    const size_t batch = 9;
    float scores[81];
    mi_rng rng = test_rng(203);
    for (uint32_t k = 1; k < batch; k += k == 1 ? 1 : 3)
        for (size_t round = 0; round < 5; round++)
            for (int rule = 0; rule < MI_RULE_COUNT; rule++) {
                const mi_objective_spec spec = cpe((mi_rule)rule, k, nu_of(round, k));
                if (mi_objective_check(&spec, batch, NULL) != MI_OK)
                    continue;
                for (size_t i = 0; i < batch * batch; i++)
                    scores[i] = (float)(160 * mi_rng_uniform(&rng) - 80);
                compare(&spec, scores, batch);
                for (size_t i = 0; i < batch * batch; i++)
                    scores[i] = mi_rng_below(&rng, 2) ? 80.0f : -80.0f;
                compare(&spec, scores, batch);
            }
}
END_TEST

/* Scores that no double can hold the powers of. */
START_TEST(test_overflow_is_reported_not_clipped)
{
    float scores[64];
    for (int rule = 0; rule < MI_RULE_COUNT; rule++)
        for (int without = 0; without < 2; without++) {
            const mi_objective_spec spec = cpe((mi_rule)rule, 3, without ? 0 : 1);
            if (mi_objective_check(&spec, 8, NULL) != MI_OK)
                continue;
            fill_scores(scores, 8, 204);
            scores[0] = -2000;
            scores[3] = 2000;
            ck_assert_msg(!isfinite(evaluate(&spec, scores, 8).loss), "%s", rule_name((mi_rule)rule));
        }
}
END_TEST

/* b = factor * a + constant, and so the gradients. */
static void same_up_to(const outcome *a, double factor, double constant, const outcome *b, size_t batch)
{
    ck_assert_double_eq_tol(factor * a->loss + constant, b->loss, 1e-10 * (1 + fabs(b->loss)));
    for (size_t i = 0; i < batch * batch; i++)
        ck_assert_msg(fabs(factor * (double)a->grad[i] - (double)b->grad[i]) <=
                          1e-6 * fabs((double)b->grad[i]) + 1e-9,
                      "entry %zu: %.9g, %.9g", i, factor * (double)a->grad[i], (double)b->grad[i]);
}

static outcome evaluate_windows(mi_rule rule, const mi_objective_params *params, const float *scores,
                                size_t batch)
{
    static double scratch[1 << 15];
    outcome o;
    ck_assert(mi_rule_windows_bytes(batch) <= sizeof scratch);
    mi_rule_windows(rule, scores, batch, params, o.grad, &o.loss, scratch);
    return o;
}

START_TEST(test_the_log_rule_with_all_candidates_is_the_anchor)
{
    float scores[MAX_ENTRIES];
    fill_scores(scores, 17, 205);
    for (int direction = 0; direction < 2; direction++) {
        mi_objective_spec anchor = cpe(MI_RULE_LOG, 0, 8);
        anchor.entry = mi_objective_find("infonce-anchor");
        anchor.params.directions = (mi_directions)direction;
        const outcome a = evaluate(&anchor, scores, 17);
        const outcome b = evaluate_windows(MI_RULE_LOG, &anchor.params, scores, 17);
        same_up_to(&a, 1, 0, &b, 17);
        anchor.params.k = 16;
        const outcome c = evaluate(&anchor, scores, 17);
        ck_assert(c.loss == a.loss && memcmp(c.grad, a.grad, 17 * 17 * sizeof(float)) == 0);
    }
}
END_TEST

START_TEST(test_one_candidate_gives_pcc_and_the_jensen_shannon_family)
{
    const size_t batch = 9;
    float scores[81];
    double output[81], log_ratio[81], grad[81], want[81], loss = 0, want_loss = 0;
    fill_scores(scores, batch, 206);
    /* PCC puts out log r - log(B-1); in double, where that shift is no rounding of scores. */
    mi_objective_spec one = cpe(MI_RULE_LOG, 1, (double)batch - 1);
    for (size_t i = 0; i < batch * batch; i++) {
        output[i] = (double)scores[i];
        log_ratio[i] = output[i] + log((double)batch - 1);
    }
    mi_objective_find("pcc")->reference(output, batch, &one.params, want, &want_loss);
    one.entry->reference(log_ratio, batch, &one.params, grad, &loss);
    ck_assert_double_eq_tol(loss, want_loss, 1e-12);
    for (size_t i = 0; i < batch * batch; i++)
        ck_assert_double_eq_tol(grad[i], want[i], 1e-14);

    one.params.nu = 1;
    const outcome unit = evaluate(&one, scores, batch);
    const outcome windows = evaluate_windows(MI_RULE_LOG, &one.params, scores, batch);
    same_up_to(&unit, 1, 0, &windows, batch);
    const char *const family[] = {"js", "gan-dime", "jsd-lb", "smile"};
    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++) {
        const outcome other = evaluate_named(family[i], scores, batch);
        same_up_to(&windows, 2, 0, &other, batch);
    }
}
END_TEST

/* Gutmann and Hyvarinen's and Ma and Collins' ranking form: -log r_jj / (r_jj + r_ij) over all mismatched
 * pairs. */
START_TEST(test_two_candidates_without_an_anchor_are_ranking_nce)
{
    const size_t batch = 8;
    float scores[64];
    double want = 0;
    fill_scores(scores, batch, 207);
    mi_objective_spec spec = cpe(MI_RULE_LOG, 2, 0);
    spec.params.directions = MI_DIRECTIONS_COLUMNS;
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++)
            if (i != j)
                want += log1p(exp((double)scores[i * batch + j] - (double)scores[j * batch + j])) /
                        (double)(batch * (batch - 1));
    ck_assert_double_eq_tol(evaluate(&spec, scores, batch).loss, want, 1e-12);
}
END_TEST

START_TEST(test_rules_that_are_members_of_one_another)
{
    const size_t batch = 17;
    float scores[MAX_ENTRIES];
    fill_scores(scores, batch, 208);
    for (uint32_t k = 1; k <= 16; k += 5) {
        mi_objective_spec brier = cpe(MI_RULE_BRIER, k, 0.3), tsallis = cpe(MI_RULE_TSALLIS, k, 0.3);
        outcome a = evaluate(&brier, scores, batch), b = evaluate(&tsallis, scores, batch);
        same_up_to(&a, 1, 0, &b, batch);

        const mi_objective_spec log_rule = cpe(MI_RULE_LOG, k, 0.3);
        tsallis.params.alpha = 1;
        a = evaluate(&log_rule, scores, batch);
        b = evaluate(&tsallis, scores, batch);
        same_up_to(&a, 1, 0, &b, batch);

        mi_objective_spec spherical = cpe(MI_RULE_SPHERICAL, k, 0.3),
                          pseudo = cpe(MI_RULE_PSEUDO_SPHERICAL, k, 0.3);
        a = evaluate(&spherical, scores, batch);
        b = evaluate(&pseudo, scores, batch);
        same_up_to(&a, 1, 0, &b, batch);

        const mi_objective_spec chi2 = cpe(MI_RULE_CHI2, k, 0.3);
        mi_objective_spec power = cpe(MI_RULE_BETA_POWER, k, 0.3);
        power.params.beta = 1;
        a = evaluate(&chi2, scores, batch);
        b = evaluate(&power, scores, batch);
        same_up_to(&a, 1, 0, &b, batch);
    }
}
END_TEST

/* At the limits only the direction of the gradient is the other rule's. */
START_TEST(test_families_end_in_the_log_rule_and_in_kl)
{
    const size_t batch = 9;
    float scores[81];
    fill_scores(scores, batch, 209);
    mi_objective_spec log_rule = cpe(MI_RULE_LOG, 3, 1), pseudo = cpe(MI_RULE_PSEUDO_SPHERICAL, 3, 1);
    mi_objective_spec kl = cpe(MI_RULE_KL, 3, 1), power = cpe(MI_RULE_BETA_POWER, 3, 1);
    pseudo.params.alpha = 1 + 1e-6;
    power.params.beta = 1e-6;
    const outcome a = evaluate(&log_rule, scores, batch), b = evaluate(&pseudo, scores, batch);
    const outcome c = evaluate(&kl, scores, batch), d = evaluate(&power, scores, batch);
    for (size_t i = 0; i < batch * batch; i++) {
        ck_assert_double_eq_tol((double)b.grad[i] * 1e6, (double)a.grad[i],
                                1e-4 * fabs((double)a.grad[i]) + 1e-8);
        ck_assert_double_eq_tol((double)d.grad[i], (double)c.grad[i], 1e-4 * fabs((double)c.grad[i]));
    }
}
END_TEST

START_TEST(test_rules_that_are_known_by_other_names)
{
    const size_t batch = 9;
    const double nu = 0.3;
    float scores[81], up[81];
    fill_scores(scores, batch, 210);
    for (size_t i = 0; i < batch * batch; i++) {
        scores[i] = roundf(scores[i] * 1024) / 1024; /* so that the shift by 1 is exact */
        up[i] = scores[i] + 1;
    }
    const outcome hd = evaluate_named("hd-dime", scores, batch);
    mi_objective_spec spec = cpe(MI_RULE_EXPONENTIAL, 1, nu);
    outcome rule = evaluate(&spec, scores, batch);
    same_up_to(&hd, sqrt(nu) / (1 + nu), 1, &rule, batch);
    spec = cpe(MI_RULE_HELLINGER, 4, nu);
    rule = evaluate(&spec, scores, batch);
    same_up_to(&hd, 4 * sqrt(nu) / (4 + nu), 0, &rule, batch);

    const outcome nwj = evaluate_named("nwj", up, batch);
    spec = cpe(MI_RULE_KL, 4, nu);
    rule = evaluate(&spec, scores, batch);
    same_up_to(&nwj, 4 / (4 + nu), 4 / (4 + nu) * (1 + log(nu)), &rule, batch);

    const outcome drf = evaluate_named("drf", scores, batch);
    spec = cpe(MI_RULE_CHI2, 4, nu);
    rule = evaluate(&spec, scores, batch);
    same_up_to(&drf, 4 / ((4 + nu) * nu), 0, &rule, batch);
}
END_TEST

/* Steepest descent with a quasi-Newton (BFGS) metric and halved steps, from c = 0. */
static void minimise(const mi_objective_spec *spec, const finite_law *law, double *c)
{
    enum { N = 6 };
    double h[N][N] = {{0}}, g[N], next[N], g_next[N], step[N], y[N], hy[N];
    double loss = finite_law_loss(spec, law, 4, c, g);
    for (int i = 0; i < N; i++)
        h[i][i] = 1;
    for (int iteration = 0; iteration < 300; iteration++) {
        double size = 1, next_loss = loss, slope = 0, sy = 0, yhy = 0;
        for (int i = 0; i < N; i++) {
            step[i] = 0;
            for (int j = 0; j < N; j++)
                step[i] -= h[i][j] * g[j];
            slope += step[i] * g[i];
        }
        for (int halving = 0; halving < 40; halving++, size *= 0.5) {
            for (int i = 0; i < N; i++)
                next[i] = c[i] + size * step[i];
            next_loss = finite_law_loss(spec, law, 4, next, g_next);
            if (next_loss <= loss + 1e-4 * size * slope)
                break;
        }
        for (int i = 0; i < N; i++) {
            step[i] = next[i] - c[i];
            y[i] = g_next[i] - g[i];
            sy += step[i] * y[i];
        }
        for (int i = 0; i < N; i++) {
            hy[i] = 0;
            for (int j = 0; j < N; j++)
                hy[i] += h[i][j] * y[j];
            yhy += y[i] * hy[i];
        }
        for (int i = 0; i < N && sy > 0; i++)
            for (int j = 0; j < N; j++)
                h[i][j] += (1 + yhy / sy) * step[i] * step[j] / sy - (hy[i] * step[j] + step[i] * hy[j]) / sy;
        const int done = !(next_loss < loss);
        loss = next_loss;
        memcpy(c, next, sizeof next);
        memcpy(g, g_next, sizeof g);
        if (done)
            break;
    }
}

static const double small_law[6] = {0.30, 0.05, 0.10, 0.25, 0.02, 0.28};

START_TEST(test_minimising_any_rule_at_any_k_recovers_the_ratio)
{
    const finite_law law = finite_law_of(3, 2, small_law);
    for (int rule = 0; rule < MI_RULE_COUNT; rule++)
        for (uint32_t k = 1; k <= 3; k++)
            for (int round = 0; round < 3; round++) {
                mi_objective_spec spec = cpe((mi_rule)rule, k, nu_of((size_t)round, k));
                spec.params.alpha = 1.5;
                spec.params.directions = MI_DIRECTIONS_COLUMNS;
                double c[FINITE_CELLS] = {0};
                if (mi_objective_check(&spec, 4, NULL) != MI_OK)
                    continue;
                minimise(&spec, &law, c);
                for (size_t i = 0; i < 6; i++) {
                    const double free = spec.params.nu > 0 ? 0 : c[i % 2] - law.log_ratio[i % 2];
                    ck_assert_msg(fabs(c[i] - free - law.log_ratio[i]) < 1e-5, "%s, K %u, nu %g: off by %g",
                                  rule_name((mi_rule)rule), k, spec.params.nu,
                                  c[i] - free - law.log_ratio[i]);
                }
            }
}
END_TEST

static void refused(const mi_objective_spec *spec, uint32_t batch, const char *pointer)
{
    mi_error err = {0};
    ck_assert_int_eq(mi_objective_check(spec, batch, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, pointer);
}

START_TEST(test_settings_that_mean_nothing_are_refused_by_name)
{
    static const mi_rule separable[] = {MI_RULE_CHI2, MI_RULE_HELLINGER, MI_RULE_BETA_POWER, MI_RULE_KL};
    mi_objective_spec spec = cpe(MI_RULE_LOG, 0, 0);
    ck_assert_int_eq(mi_objective_check(&spec, 4, NULL), MI_OK);
    for (size_t i = 0; i < sizeof separable / sizeof separable[0]; i++) {
        spec = cpe(separable[i], 2, 0);
        refused(&spec, 4, "/objective/nu");
    }
    spec = cpe(MI_RULE_BRIER, 1, 0);
    refused(&spec, 4, "/objective/nu");
    spec = cpe(MI_RULE_BRIER, 4, 1);
    refused(&spec, 4, "/objective/k");
    ck_assert_int_eq(mi_objective_check(&spec, 5, NULL), MI_OK);
    spec.entry = mi_objective_find("infonce-anchor");
    refused(&spec, 4, "/objective/k");
    spec = cpe(MI_RULE_PSEUDO_SPHERICAL, 2, 1);
    spec.params.alpha = 1;
    refused(&spec, 4, "/objective/alpha");
    spec.params.rule = MI_RULE_TSALLIS;
    ck_assert_int_eq(mi_objective_check(&spec, 4, NULL), MI_OK);
}
END_TEST

START_TEST(test_more_candidates_than_the_data_allow_are_an_error_of_the_plan)
{
    mi_spec spec;
    mi_plan plan;
    mi_error err = {0};
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.train.batch = 128;
    spec.objective.params.k = 127;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 1000, 2, 2, &err), MI_OK);
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 100, 2, 2, &err), MI_INVALID); /* 68 rows to train on */
    ck_assert_str_eq(err.pointer, "/objective/k");
    spec.objective.params.k = 67;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 100, 2, 2, &err), MI_OK);
    spec.objective.params.k = 68;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 100, 2, 2, &err), MI_INVALID);
}
END_TEST

START_TEST(test_without_an_anchor_there_is_no_pmi)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.objective = cpe(MI_RULE_SPHERICAL, 0, 0);
    ck_assert(!mi_spec_has_pmi(&spec));
    ck_assert_ptr_nonnull(strstr(mi_spec_no_pmi_reason(&spec), "C(y)"));
    ck_assert_int_eq(mi_objective_type_of(&spec.objective), MI_TYPE_MIXED);
    spec.objective.params.nu = 1;
    ck_assert(mi_spec_has_pmi(&spec));
    ck_assert_int_eq(mi_objective_type_of(&spec.objective), MI_TYPE_PLUG_IN);
}
END_TEST

enum { N_ROWS = 600, DIM = 2 };

/* Half a network's training on 1 nat, from nothing. */
static double run_once(mi_objective_spec objective)
{
    static float x[N_ROWS * DIM], y[N_ROWS * DIM];
    const mi_law_spec law = law_of("gaussian", DIM, 1.0);
    mi_law_sample(&law, 5, N_ROWS, x, y);
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.objective = objective;
    spec.critic.baseline = MI_BASELINE_NONE;
    spec.critic.hidden[0] = spec.critic.hidden[1] = 32;
    spec.train.batch = 64;
    spec.train.max_steps = 200;
    spec.train.learning_rate = 2e-3;
    spec.null_pairs = 1000;
    mi_run_result *result = run_to_end(&spec, 0, 0, (mi_matrix){.data = x, .rows = N_ROWS, .cols = DIM},
                                       (mi_matrix){.data = y, .rows = N_ROWS, .cols = DIM});
    const double mi = result->estimate;
    mi_run_result_free(result);
    return mi;
}

START_TEST(test_a_run_with_any_rule_comes_near_the_truth)
{
    for (int rule = 0; rule < MI_RULE_COUNT; rule++)
        for (int few = 0; few < 2; few++) {
            const double mi = run_once(cpe((mi_rule)rule, few ? 5 : 0, 8));
            printf("%s K %d: %.3f nats\n", rule_name((mi_rule)rule), few ? 5 : 63, mi);
            ck_assert_msg(mi > 0.3 && mi < 1.5, "%s: %g", rule_name((mi_rule)rule), mi);
        }
}
END_TEST

START_TEST(test_a_run_without_an_anchor_reports_the_bound)
{
    const double mi = run_once(cpe(MI_RULE_LOG, 5, 0)), all = run_once(cpe(MI_RULE_EXPONENTIAL, 63, 0));
    ck_assert_msg(mi > 0.3 && mi < 1.5, "%g", mi);
    ck_assert_msg(all > 0.3 && all < 1.5, "%g", all);
}
END_TEST

int main(void)
{
    mi_error err = {0};
    if (mi_blas_setup(&err) != MI_OK) {
        printf("%s\n", err.message);
        return EXIT_FAILURE;
    }
    RUN_TESTS("rules", test_window_sums_are_sums_over_windows,
              test_vector_logarithm_is_exact_enough_and_honest_at_the_ends,
              test_windows_of_every_size_agree_with_the_tuples_one_by_one,
              test_scores_within_80_nats_give_the_exact_loss_at_every_anchor_weight,
              test_overflow_is_reported_not_clipped, test_the_log_rule_with_all_candidates_is_the_anchor,
              test_one_candidate_gives_pcc_and_the_jensen_shannon_family,
              test_two_candidates_without_an_anchor_are_ranking_nce,
              test_rules_that_are_members_of_one_another, test_families_end_in_the_log_rule_and_in_kl,
              test_rules_that_are_known_by_other_names, test_minimising_any_rule_at_any_k_recovers_the_ratio,
              test_settings_that_mean_nothing_are_refused_by_name,
              test_more_candidates_than_the_data_allow_are_an_error_of_the_plan,
              test_without_an_anchor_there_is_no_pmi, test_a_run_with_any_rule_comes_near_the_truth,
              test_a_run_without_an_anchor_reports_the_bound);
}
