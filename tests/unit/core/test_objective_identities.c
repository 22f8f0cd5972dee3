/*
 * Objectives that are one another in other words, and what follows from a formula without training: losses,
 * gradients and estimates compared to 1e-6 or better.
 */
#include "mi/objective.h"
#include "objective_jsd.h"
#include "testing.h"
#include "vecmath.h"

#include <math.h>
#include <string.h>

enum { BATCH = 9, ENTRIES = BATCH * BATCH };

typedef struct outcome {
    double loss, grad[ENTRIES];
} outcome;

static void fill_scores(double *scores, uint32_t stream)
{
    float values[ENTRIES];
    fill_normal(values, ENTRIES, stream);
    for (size_t k = 0; k < ENTRIES; k++)
        scores[k] = 1.5 * (double)values[k] - 0.5 + (k % (BATCH + 1) == 0 ? 2 : 0);
}

static mi_objective_params defaults(const char *name)
{
    mi_objective_spec spec;
    mi_objective_defaults(&spec, mi_objective_find(name), 0);
    spec.params.batch = BATCH;
    return spec.params;
}

static outcome evaluate(const char *name, const mi_objective_params *params, const double *scores)
{
    outcome o;
    mi_objective_find(name)->reference(scores, BATCH, params, o.grad, &o.loss);
    return o;
}

static void near(double got, double want)
{
    ck_assert_msg(fabs(got - want) <= 1e-12 * (1 + fabs(want)), "got %.17g, want %.17g", got, want);
}

/* a = factor * b + constant, and so the gradients. */
static void same_up_to(const outcome *a, const outcome *b, double factor, double constant)
{
    near(a->loss, factor * b->loss + constant);
    for (size_t k = 0; k < ENTRIES; k++)
        near(a->grad[k], factor * b->grad[k]);
}

static void shifted(double *out, const double *scores, double shift)
{
    for (size_t k = 0; k < ENTRIES; k++)
        out[k] = scores[k] + shift;
}

static outcome anchor_of_one_candidate(double nu, const double *scores)
{
    mi_objective_params params = defaults("infonce-anchor");
    params.nu = nu;
    params.k = 1;
    return evaluate("infonce-anchor", &params, scores);
}

/* The loss of a rule with one candidate and nu = 1, where joint and mismatched pairs weigh a half each. */
static outcome rule_of_one_candidate(mi_rule rule, const double *scores)
{
    mi_objective_params params = defaults("cpe");
    params.rule = rule;
    params.nu = 1;
    params.k = 1;
    return evaluate("cpe", &params, scores);
}

START_TEST(test_pcc_is_the_anchor_with_one_candidate_and_its_weight_that_of_all_negatives)
{
    double scores[ENTRIES], ratio[ENTRIES];
    const mi_objective_params params = defaults("pcc");
    const mi_objective_spec pcc = {mi_objective_find("pcc"), params};
    fill_scores(scores, 1);
    near(mi_objective_offset(&pcc), -log(BATCH - 1.0));
    shifted(ratio, scores, -mi_objective_offset(&pcc));
    const outcome a = evaluate("pcc", &params, scores), b = anchor_of_one_candidate(BATCH - 1, ratio);
    same_up_to(&a, &b, 1, 0);
}
END_TEST

START_TEST(test_the_jensen_shannon_family_trains_as_the_anchor_with_one_candidate_and_unit_weight)
{
    static const char *const family[] = {"js", "js-legacy", "smile", "gan-dime", "jsd-lb"};
    double scores[ENTRIES];
    fill_scores(scores, 2);
    const outcome anchor = anchor_of_one_candidate(1, scores);
    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++) {
        const mi_objective_params params = defaults(family[i]);
        const outcome one = evaluate(family[i], &params, scores);
        same_up_to(&one, &anchor, 2, 0);
    }
}
END_TEST

START_TEST(test_kl_dime_density_matching_and_tuba_are_nwj_shifted)
{
    static const char *const family[] = {"kl-dime", "density-matching", "tuba"};
    double scores[ENTRIES], up[ENTRIES];
    const mi_objective_params params = defaults("kl-dime");
    fill_scores(scores, 3);
    shifted(up, scores, 1);
    const outcome nwj = evaluate("nwj", &params, up);
    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++) {
        const outcome one = evaluate(family[i], &params, scores);
        same_up_to(&one, &nwj, 1, 0);
    }
}
END_TEST

START_TEST(test_hd_dime_is_the_exponential_rule_with_one_candidate)
{
    double scores[ENTRIES];
    const mi_objective_params params = defaults("hd-dime");
    fill_scores(scores, 4);
    const outcome rule = rule_of_one_candidate(MI_RULE_EXPONENTIAL, scores);
    const outcome hd = evaluate("hd-dime", &params, scores);
    same_up_to(&rule, &hd, 0.5, 1);
}
END_TEST

START_TEST(test_drf_and_nwj_are_the_separable_rules_with_one_candidate)
{
    double scores[ENTRIES];
    const mi_objective_params params = defaults("drf");
    fill_scores(scores, 10);
    const outcome chi2 = rule_of_one_candidate(MI_RULE_CHI2, scores), drf = evaluate("drf", &params, scores);
    const outcome kl = rule_of_one_candidate(MI_RULE_KL, scores), tuba = evaluate("tuba", &params, scores);
    const outcome half = rule_of_one_candidate(MI_RULE_HELLINGER, scores);
    const outcome hd = evaluate("hd-dime", &params, scores);
    same_up_to(&chi2, &drf, 0.5, 0);
    same_up_to(&kl, &tuba, 0.5, 0.5);
    same_up_to(&half, &hd, 0.5, 0);
}
END_TEST

START_TEST(test_multi_label_infonce_at_one_is_dv_with_the_diagonal_in_the_partition)
{
    double scores[ENTRIES], joint = 0, partition = 0;
    mi_objective_params params = defaults("ml-infonce");
    fill_scores(scores, 5);
    for (size_t k = 0; k < ENTRIES; k++) {
        joint += k % (BATCH + 1) == 0 ? scores[k] / BATCH : 0;
        partition += exp(scores[k]) / ENTRIES;
    }
    params.alpha = 1;
    near(evaluate("ml-infonce", &params, scores).loss, log(partition) - joint);
    params.alpha = 1e-12;
    const outcome ml = evaluate("ml-infonce", &params, scores), dv = evaluate("dv", &params, scores);
    ck_assert(fabs(ml.loss - dv.loss) < 1e-11);
}
END_TEST

START_TEST(test_alpha_infonce_at_one_is_infonce)
{
    double scores[ENTRIES];
    fill_scores(scores, 6);
    for (int direction = 0; direction < 2; direction++) {
        mi_objective_params params = defaults("alpha-infonce");
        params.alpha = 1;
        params.directions = (mi_directions)direction;
        const outcome a = evaluate("alpha-infonce", &params, scores),
                      b = evaluate("infonce", &params, scores);
        same_up_to(&a, &b, 1, -log(BATCH));
    }
}
END_TEST

START_TEST(test_f_micl_of_unit_weight_is_the_known_variational_forms)
{
    double scores[ENTRIES];
    mi_objective_params params = defaults("f-micl");
    const mi_objective_params output = defaults("drf");
    fill_scores(scores, 7);
    const outcome kl = evaluate("density-matching", &output, scores), js = evaluate("js", &output, scores);
    const outcome drf = evaluate("drf", &output, scores), hd = evaluate("hd-dime", &output, scores);
    const struct {
        mi_divergence divergence;
        const outcome *same;
        double factor, constant;
    } cases[] = {{MI_DIVERGENCE_KL, &kl, 1, 0},
                 {MI_DIVERGENCE_JS, &js, 1, -2 * log(2)},
                 {MI_DIVERGENCE_PEARSON, &drf, 2, 1},
                 {MI_DIVERGENCE_HELLINGER, &hd, 1, -2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        params.divergence = cases[i].divergence;
        const outcome o = evaluate("f-micl", &params, scores);
        same_up_to(&o, cases[i].same, cases[i].factor, cases[i].constant);
    }
}
END_TEST

/* f-MICL's loss as the source has it: f' and the conjugate of f, term by term. */
static double conjugate(mi_divergence divergence, double t)
{
    switch (divergence) {
    case MI_DIVERGENCE_KL:
        return exp(t - 1);
    case MI_DIVERGENCE_JS:
        return -log(2 - exp(t));
    case MI_DIVERGENCE_PEARSON:
        return 0.25 * t * t + t;
    default:
        return t / (1 - t);
    }
}

static double derivative(mi_divergence divergence, double u)
{
    switch (divergence) {
    case MI_DIVERGENCE_KL:
        return 1 + log(u);
    case MI_DIVERGENCE_JS:
        return log(2 * u / (1 + u));
    case MI_DIVERGENCE_PEARSON:
        return 2 * (u - 1);
    default:
        return 1 - 1 / sqrt(u);
    }
}

START_TEST(test_f_micl_is_the_variational_form_of_each_divergence)
{
    double scores[ENTRIES];
    mi_objective_params params = defaults("f-micl");
    fill_scores(scores, 8);
    params.alpha = 1.5;
    for (int d = 0; d < MI_DIVERGENCE_COUNT; d++) {
        double want = 0;
        params.divergence = (mi_divergence)d;
        for (size_t k = 0; k < ENTRIES; k++) {
            const double t = derivative(params.divergence, exp(scores[k]));
            want += k % (BATCH + 1) == 0 ? -t / BATCH
                                         : 1.5 * conjugate(params.divergence, t) / (BATCH * (BATCH - 1));
        }
        ck_assert_double_eq_tol(evaluate("f-micl", &params, scores).loss, want, 1e-9);
    }
}
END_TEST

/* Loss of an output as published = loss of the log ratio that it stands for. */
START_TEST(test_native_outputs_have_the_loss_of_the_log_ratio_they_stand_for)
{
    static const char *const family[] = {"drf", "kl-dime", "hd-dime", "gan-dime", "sl-dime", "rkl-dime"};
    double output[ENTRIES], ratio[ENTRIES];
    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++) {
        mi_objective_spec spec = {mi_objective_find(family[i]), defaults(family[i])};
        fill_scores(output, 9);
        spec.params.output = MI_OUTPUT_NATIVE;
        ck_assert(!mi_objective_is_shift(&spec));
        for (size_t k = 0; k < ENTRIES; k++) {
            output[k] = i == 0 ? fabs(output[k]) + 0.01 : output[k]; /* DRF's is a ratio itself */
            ratio[k] = mi_objective_log_ratio(&spec, output[k]);
        }
        const double native = evaluate(family[i], &spec.params, output).loss;
        spec.params.output = MI_OUTPUT_LOG_RATIO;
        ck_assert(mi_objective_is_shift(&spec));
        /* KL-DIME's log-ratio form is NWJ's, with its -1. */
        const double constant = strcmp(family[i], "kl-dime") == 0 ? 1 : 0;
        near(native, evaluate(family[i], &spec.params, ratio).loss + constant);
    }
}
END_TEST

START_TEST(test_a_native_ratio_has_a_floor_and_keeps_a_nan)
{
    mi_objective_spec spec = {mi_objective_find("drf"), defaults("drf")};
    spec.params.output = MI_OUTPUT_NATIVE;
    near(mi_objective_log_ratio(&spec, -3), log(1e-4));
    near(mi_objective_log_ratio(&spec, 2.5), log(2.5));
    ck_assert(isnan(mi_objective_log_ratio(&spec, (double)NAN)));
}
END_TEST

/* A batch with every pair of a 2 x 2 law as often as the law says: means over it are exact expectations. */
START_TEST(test_the_legacy_reading_of_js_is_one_over_e_too_low_at_the_truth)
{
    enum { N = 20 };
    static const size_t counts[2][2] = {{7, 3}, {2, 8}};
    size_t x[N], y[N], row = 0;
    float scores[N * N];
    double kl = 0;
    for (size_t a = 0; a < 2; a++)
        for (size_t b = 0; b < 2; b++)
            for (size_t copy = 0; copy < counts[a][b]; copy++, row++) {
                x[row] = a;
                y[row] = b;
            }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            const double p_x = (double)(counts[x[i]][0] + counts[x[i]][1]) / N;
            const double p_y = (double)(counts[0][y[j]] + counts[1][y[j]]) / N;
            const double p = (double)counts[x[i]][y[j]] / N, q = (N * p_x * p_y - p) / (N - 1);
            scores[i * N + j] = (float)log(p / q);
            kl += i == j ? (double)scores[i * N + j] / N : 0;
        }
    const mi_objective_params params = defaults("js");
    ck_assert_double_eq_tol(mi_objective_find("js")->estimate(scores, N, &params), kl, 1e-6);
    ck_assert_double_eq_tol(mi_objective_find("js-legacy")->estimate(scores, N, &params), kl - exp(-1), 1e-6);
}
END_TEST

static double kl_term(double p, double q)
{
    return p > 0 ? p * log(p / q) : 0;
}

START_TEST(test_the_jensen_shannon_bound_never_exceeds_kl)
{
    double least = (double)INFINITY;
    for (int a = 0; a <= 200; a++)
        for (int b = 1; b < 200; b++) {
            const double p = a / 200., q = b / 200., m = 0.5 * (p + q);
            const double kl = kl_term(p, q) + kl_term(1 - p, 1 - q);
            const double jsd =
                0.5 * (kl_term(p, m) + kl_term(1 - p, 1 - m) + kl_term(q, m) + kl_term(1 - q, 1 - m));
            const double slack = kl - mi_jsd_bound(log(2) - jsd);
            least = slack < least ? slack : least;
        }
    /* Attained where one side has all its mass on one point. */
    ck_assert_msg(least > -1e-12 && least < 1e-9, "least slack %g", least);
}
END_TEST

START_TEST(test_the_jensen_shannon_bound_is_an_exact_inverse_without_end)
{
    for (double kl = -50; kl <= 50; kl += 0.37) {
        const double back = mi_jsd_bound(mi_jsd_cross_entropy(kl));
        ck_assert_msg(fabs(back - kl) < 1e-10 * (1 + fabs(kl)), "%.17g came back as %.17g", kl, back);
    }
    ck_assert(fabs(mi_jsd_cross_entropy(0) - log(2)) < 1e-15 && fabs(mi_jsd_bound(log(2))) < 1e-14);
    /* The formula of the bound as published, on the Jensen-Shannon divergence. */
    for (double kl = 0.1; kl < 8; kl += 0.5) {
        const double t = exp(-kl);
        const double jsd = 0.5 * log(2 / (1 + t)) + 0.5 * (t * log(2 * t / (1 + t)) + (1 - t) * log(2));
        ck_assert_double_eq_tol(mi_jsd_bound(log(2) - jsd), kl, 1e-9);
    }
    ck_assert(isinf(mi_jsd_bound(0)) && isnan(mi_jsd_bound(-1e-9)) && isnan(mi_jsd_bound((double)NAN)));
    ck_assert(mi_jsd_bound((double)INFINITY) == -(double)INFINITY);
    ck_assert(mi_jsd_bound(1e-300) > 690 && mi_jsd_bound(1e-300) < 700 && mi_jsd_bound(1e300) < -1e300);
}
END_TEST

/* m <- (1 - decay) m + decay mean_{i != j} e^c */
START_TEST(test_mine_divides_by_the_running_mean_of_earlier_batches)
{
    const mi_objective *mine = mi_objective_find("mine");
    mi_objective_params params = defaults("mine");
    double mean = 0;
    params.decay = 0.25;
    for (uint32_t step = 0; step < 6; step++) {
        double scores[ENTRIES], now = 0;
        float narrow[ENTRIES];
        fill_scores(scores, 20 + step);
        for (size_t k = 0; k < ENTRIES; k++) {
            narrow[k] = (float)scores[k];
            scores[k] = (double)narrow[k];
            now += k % (BATCH + 1) == 0 ? 0 : exp(scores[k]) / (BATCH * (BATCH - 1));
        }
        mean = step == 0 ? now : 0.75 * mean + 0.25 * now;
        mine->observe(narrow, BATCH, &params);
        near(params.log_partition, log(mean));
        const outcome o = evaluate("mine", &params, scores);
        for (size_t k = 0; k < ENTRIES; k++)
            near(o.grad[k],
                 k % (BATCH + 1) == 0 ? -1.0 / BATCH : exp(scores[k]) / (BATCH * (BATCH - 1) * mean));
        if (step == 0)
            near(o.loss, evaluate("dv", &params, scores).loss);
    }
}
END_TEST

START_TEST(test_mine_carries_a_mean_that_no_double_holds)
{
    const mi_objective *mine = mi_objective_find("mine");
    mi_objective_params params = defaults("mine");
    float scores[4] = {0, 2000, 2000, 0};
    params.decay = 0.1;
    mine->observe(scores, 2, &params);
    near(params.log_partition, 2000);
    scores[1] = scores[2] = -2000;
    mine->observe(scores, 2, &params);
    near(params.log_partition, 2000 + log(0.9));
    params.decay = 1; /* the newest batch alone */
    mine->observe(scores, 2, &params);
    near(params.log_partition, -2000);
    scores[1] = NAN;
    mine->observe(scores, 2, &params);
    ck_assert(isnan(params.log_partition));
}
END_TEST

/* A joint pair in its own contrast at weight alpha/B. */
START_TEST(test_infonce_variants_cannot_exceed_the_logarithm_of_batch_over_alpha)
{
    static const char *const family[] = {"alpha-infonce", "ml-infonce"};
    float scores[ENTRIES];
    for (size_t k = 0; k < ENTRIES; k++)
        scores[k] = k % (BATCH + 1) == 0 ? 60.0f : -60.0f;
    for (size_t i = 0; i < 2; i++)
        for (double alpha = 1; alpha > 1e-3; alpha /= 4) {
            mi_objective_params params = defaults(family[i]);
            params.alpha = alpha;
            ck_assert_double_eq_tol(mi_objective_find(family[i])->estimate(scores, BATCH, &params),
                                    log(BATCH / alpha), 1e-9);
        }
}
END_TEST

START_TEST(test_vector_softplus_is_exact_enough_and_honest_at_the_ends)
{
    for (double t = -700; t < 720; t += fabs(t) < 45 ? 0.00937 : 1.7) {
        double value = t, slope = 0;
        mi_vec_softplus(&value, &slope, 1);
        const double u = exp(-fabs(t)), want = fmax(t, 0) + log1p(u), logistic = (t < 0 ? u : 1) / (1 + u);
        ck_assert_msg(fabs(value - want) <= 2e-12 * want && fabs(slope - logistic) <= 2e-12 * logistic,
                      "at %g: %.17g and %.17g, want %.17g and %.17g", t, value, slope, want, logistic);
        value = t;
        mi_vec_log_softplus(&value, &slope, 1);
        ck_assert_msg(fabs(value - log(want)) <= 2e-12 * fmax(1, fabs(value)) &&
                          fabs(slope - logistic / want) <= 4e-12 * slope,
                      "at %g: %.17g and %.17g, want %.17g and %.17g", t, value, slope, log(want),
                      logistic / want);
    }
    double ends[5] = {-800, 800, (double)NAN, (double)INFINITY, -(double)INFINITY}, slopes[5];
    mi_vec_softplus(ends, slopes, 5);
    ck_assert(ends[0] == 0 && ends[1] == 800 && isnan(ends[2]) && isinf(ends[3]) && ends[4] == 0);
    ck_assert(slopes[0] == 0 && slopes[1] == 1 && isnan(slopes[2]) && slopes[3] == 1 && slopes[4] == 0);
    double logs[4] = {-800, (double)NAN, (double)INFINITY, -(double)INFINITY};
    mi_vec_log_softplus(logs, slopes, 4);
    ck_assert(logs[0] == -800 && isnan(logs[1]) && isnan(logs[2]) && isinf(logs[3]) && slopes[0] == 1);
}
END_TEST

START_TEST(test_vector_loops_agree_with_plain_ones)
{
    enum { N = 53 };
    float in[N], narrow[N];
    double wide[N], power[N], sum = 0;
    fill_normal(in, N, 30);
    mi_vec_widen(wide, in, 0.5, -2, N);
    memcpy(power, wide, sizeof power);
    mi_vec_exp_scaled(power, power, 1, N);
    mi_vec_narrow(narrow, wide, 3, N);
    for (size_t i = 0; i < N; i++) {
        ck_assert(wide[i] == ((double)in[i] - 0.5) * -2 && narrow[i] == (float)(wide[i] * 3));
        near(power[i], exp(wide[i]));
        sum += wide[i];
    }
    near(mi_vec_sum(wide, N), sum);
    wide[0] = 1e300;
    mi_vec_narrow(narrow, wide, 1, 1);
    ck_assert(isinf(narrow[0]));
}
END_TEST

int main(void)
{
    RUN_TESTS("objective_identities",
              test_pcc_is_the_anchor_with_one_candidate_and_its_weight_that_of_all_negatives,
              test_the_jensen_shannon_family_trains_as_the_anchor_with_one_candidate_and_unit_weight,
              test_kl_dime_density_matching_and_tuba_are_nwj_shifted,
              test_hd_dime_is_the_exponential_rule_with_one_candidate,
              test_drf_and_nwj_are_the_separable_rules_with_one_candidate,
              test_multi_label_infonce_at_one_is_dv_with_the_diagonal_in_the_partition,
              test_alpha_infonce_at_one_is_infonce, test_f_micl_of_unit_weight_is_the_known_variational_forms,
              test_f_micl_is_the_variational_form_of_each_divergence,
              test_native_outputs_have_the_loss_of_the_log_ratio_they_stand_for,
              test_a_native_ratio_has_a_floor_and_keeps_a_nan,
              test_the_legacy_reading_of_js_is_one_over_e_too_low_at_the_truth,
              test_the_jensen_shannon_bound_never_exceeds_kl,
              test_the_jensen_shannon_bound_is_an_exact_inverse_without_end,
              test_mine_divides_by_the_running_mean_of_earlier_batches,
              test_mine_carries_a_mean_that_no_double_holds,
              test_infonce_variants_cannot_exceed_the_logarithm_of_batch_over_alpha,
              test_vector_softplus_is_exact_enough_and_honest_at_the_ends,
              test_vector_loops_agree_with_plain_ones);
}
