#include "mi/spec.h"
#include "objective_cases.h"
#include "objective_jsd.h"
#include "testing.h"
#include "vecmath.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const size_t batches[] = {2, 3, 8, 17, 64};

typedef struct matrix {
    size_t batch;
    float *scores, *grad;             /* (B, B) */
    double *wide, *wide_grad, *moved; /* (B, B) */
    void *scratch;
} matrix;

static matrix matrix_new(const mi_objective *objective, size_t batch)
{
    const size_t n = batch * batch;
    matrix m = {
        .batch = batch,
        .scores = malloc(n * sizeof(float)),
        .grad = malloc(n * sizeof(float)),
        .wide = malloc(n * sizeof(double)),
        .wide_grad = malloc(n * sizeof(double)),
        .moved = malloc(n * sizeof(double)),
        .scratch = aligned_alloc(64, (objective->scratch_bytes(batch) + 63) / 64 * 64),
    };
    ck_assert(m.scores && m.grad && m.wide && m.wide_grad && m.moved && m.scratch);
    return m;
}

static void matrix_free(matrix *m)
{
    free(m->scores);
    free(m->grad);
    free(m->wide);
    free(m->wide_grad);
    free(m->moved);
    free(m->scratch);
}

static void widen(matrix *m)
{
    for (size_t i = 0; i < m->batch * m->batch; i++)
        m->wide[i] = (double)m->scores[i];
}

/* Scores as a trained critic gives them: the joint pairs stand out. */
static void fill(matrix *m, float spread, float joint, uint32_t stream)
{
    fill_normal(m->scores, m->batch * m->batch, stream);
    for (size_t i = 0; i < m->batch * m->batch; i++)
        m->scores[i] = m->scores[i] * spread - 0.5f;
    for (size_t i = 0; i < m->batch; i++)
        m->scores[i * (m->batch + 1)] += joint;
    widen(m);
}

/* Read by the messages of the checks. */
static const char *setting = "";

typedef void check(const mi_objective *objective, const mi_objective_params *params, matrix *m);

static void for_every_setting(check *run)
{
    const mi_objective *objective = NULL;
    char name[128];
    for (size_t o = 0; (objective = mi_objective_at(o)) != NULL; o++)
        for (size_t b = 0; objective->method == MI_METHOD_CRITIC && b < sizeof batches / sizeof batches[0];
             b++) {
            matrix m = matrix_new(objective, batches[b]);
            for (size_t i = 0; i < objective_settings(objective); i++) {
                mi_objective_spec spec;
                if (!objective_setting(&spec, objective, i, batches[b]))
                    continue;
                setting = objective_setting_name(&spec, name, sizeof name);
                run(objective, &spec.params, &m);
            }
            matrix_free(&m);
        }
    setting = "";
}

static void close_to(double got, double want, double relative, double absolute)
{
    /* Check writes to a file for each assertion that it sees, and there are millions. */
    if (!(fabs(got - want) <= relative * fabs(want) + absolute))
        ck_abort_msg("%s: got %.17g, want %.17g", setting, got, want);
}

static void compare_with_twin(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    double loss = 0, want = 0, alone = 0;
    objective->loss_and_grad(m->scores, m->batch, params, m->grad, &loss, m->scratch);
    objective->loss_and_grad(m->scores, m->batch, params, NULL, &alone, m->scratch);
    objective->reference(m->wide, m->batch, params, m->wide_grad, &want);
    close_to(loss, want, 1e-10, 1e-10);
    ck_assert(alone == loss);
    for (size_t i = 0; i < m->batch * m->batch; i++)
        close_to((double)m->grad[i], m->wide_grad[i], 3e-7, 1e-10);
}

static void check_twins(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    fill(m, 1, 2, 1);
    compare_with_twin(objective, params, m);
    fill(m, 4, 10, 2);
    compare_with_twin(objective, params, m);
}

START_TEST(test_training_code_agrees_with_its_naive_twin)
{
    for_every_setting(check_twins);
}
END_TEST

/* Entries whose derivative is tried: few where the twin takes long. */
static uint32_t probes(const matrix *m)
{
    return m->batch > 32 ? 3 : 12;
}

static void check_reference_gradient(const mi_objective *objective, const mi_objective_params *params,
                                     matrix *m)
{
    const double h = 1e-5;
    double loss = 0, up = 0, down = 0;
    fill(m, 1.5f, 2, 3);
    objective->reference(m->wide, m->batch, params, m->wide_grad, &loss);
    memcpy(m->moved, m->wide, m->batch * m->batch * sizeof(double));
    mi_rng rng = test_rng(4);
    for (uint32_t probe = 0; probe < probes(m); probe++) {
        const size_t i = mi_rng_below(&rng, (uint32_t)m->batch);
        const size_t j = probe % 3 == 0 ? i : mi_rng_below(&rng, (uint32_t)m->batch);
        const size_t at = i * m->batch + j;
        m->moved[at] = m->wide[at] + h;
        objective->reference(m->moved, m->batch, params, NULL, &up);
        m->moved[at] = m->wide[at] - h;
        objective->reference(m->moved, m->batch, params, NULL, &down);
        m->moved[at] = m->wide[at];
        close_to(m->wide_grad[at], (up - down) / (2 * h), 1e-5, 1e-9 * (1 + fabs(loss)));
    }
}

START_TEST(test_twin_gradient_matches_finite_differences)
{
    for_every_setting(check_reference_gradient);
}
END_TEST

static void check_float_gradient(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    const float h = 0x1p-9f;
    double loss = 0, up = 0, down = 0;
    fill(m, 1.5f, 2, 5);
    objective->loss_and_grad(m->scores, m->batch, params, m->grad, &loss, m->scratch);
    mi_rng rng = test_rng(6);
    for (uint32_t probe = 0; probe < probes(m); probe++) {
        const size_t i = mi_rng_below(&rng, (uint32_t)m->batch);
        const size_t j = probe % 3 == 0 ? i : mi_rng_below(&rng, (uint32_t)m->batch);
        float *score = &m->scores[i * m->batch + j];
        const float before = *score;
        const float above = before + h, below = before - h; /* as rounded */
        *score = above;
        objective->loss_and_grad(m->scores, m->batch, params, NULL, &up, m->scratch);
        *score = below;
        objective->loss_and_grad(m->scores, m->batch, params, NULL, &down, m->scratch);
        *score = before;
        close_to((double)m->grad[i * m->batch + j], (up - down) / ((double)above - (double)below), 1e-4,
                 1e-9 + 1e-11 * fabs(loss));
    }
}

START_TEST(test_gradient_matches_finite_differences)
{
    for_every_setting(check_float_gradient);
}
END_TEST

static void finite_and_right(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    double loss = 0, want = 0;
    widen(m);
    objective->loss_and_grad(m->scores, m->batch, params, m->grad, &loss, m->scratch);
    objective->reference(m->wide, m->batch, params, m->wide_grad, &want);
    ck_assert(isfinite(loss));
    close_to(loss, want, 1e-9, 1e-10);
    for (size_t i = 0; i < m->batch * m->batch; i++) {
        if (!isfinite(m->wide_grad[i]))
            ck_abort_msg("%s: gradient %g", setting, m->wide_grad[i]);
        if (fabs(m->wide_grad[i]) > (double)FLT_MAX) /* e^160 is a double and no float: said, not clipped */
            ck_assert(isinf(m->grad[i]));
        else
            close_to((double)m->grad[i], m->wide_grad[i], 1e-6, 1e-10);
    }
}

static void check_extremes(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    const size_t n = m->batch * m->batch;
    static const float diagonal[] = {80, -80, 80, -80}, rest[] = {-80, 80, 80, -80};
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < n; i++)
            m->scores[i] = rest[k];
        for (size_t i = 0; i < m->batch; i++)
            m->scores[i * (m->batch + 1)] = diagonal[k];
        finite_and_right(objective, params, m);
    }
    mi_rng rng = test_rng(7);
    for (size_t i = 0; i < n; i++)
        m->scores[i] = (float)(160 * mi_rng_uniform(&rng) - 80);
    finite_and_right(objective, params, m);
    for (size_t i = 0; i < n; i++)
        m->scores[i] = mi_rng_below(&rng, 2) ? 80.0f : -80.0f;
    finite_and_right(objective, params, m);
}

START_TEST(test_scores_within_80_nats_give_the_exact_loss)
{
    for_every_setting(check_extremes);
}
END_TEST

static void check_poison(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    static const float poison[] = {NAN, INFINITY, -INFINITY};
    const size_t places[] = {0, 1, m->batch * m->batch - 1, m->batch * m->batch - 2};
    for (size_t p = 0; p < 3; p++)
        for (size_t k = 0; k < 4; k++) {
            double loss = 0;
            fill(m, 1, 1, 8);
            m->scores[places[k]] = poison[p];
            objective->loss_and_grad(m->scores, m->batch, params, m->grad, &loss, m->scratch);
            ck_assert(!isfinite(loss));
            objective->loss_and_grad(m->scores, m->batch, params, NULL, &loss, m->scratch);
            ck_assert(!isfinite(loss));
        }
}

START_TEST(test_a_score_that_is_not_finite_never_hides)
{
    for_every_setting(check_poison);
}
END_TEST

START_TEST(test_overflow_is_reported_not_clipped)
{
    const mi_objective *nwj = mi_objective_find("nwj"), *anchor = mi_objective_find("infonce-anchor");
    const mi_objective_params params = {.nu = 1};
    matrix m = matrix_new(anchor, 8);
    double loss = 0;
    fill(&m, 1, 1, 9);
    m.scores[3] = 800;
    nwj->loss_and_grad(m.scores, 8, &params, m.grad, &loss, m.scratch);
    ck_assert(!isfinite(loss));
    anchor->loss_and_grad(m.scores, 8, &params, m.grad, &loss, m.scratch);
    ck_assert(!isfinite(loss) && isnan(m.grad[5]));
    m.scores[3] = 200; /* the loss fits a double, its gradient no float */
    nwj->loss_and_grad(m.scores, 8, &params, m.grad, &loss, m.scratch);
    ck_assert(isfinite(loss) && isinf(m.grad[3]));
    matrix_free(&m);
}
END_TEST

/* c_ij += a_j */
static double loss_with_column_shift(const mi_objective *objective, const mi_objective_params *params,
                                     matrix *m, float a)
{
    double loss = 0;
    fill(m, 1, 2, 10);
    for (size_t i = 0; i < m->batch; i++)
        for (size_t j = 0; j < m->batch; j++)
            m->scores[i * m->batch + j] += a * (float)(j % 3);
    objective->loss_and_grad(m->scores, m->batch, params, NULL, &loss, m->scratch);
    return loss;
}

START_TEST(test_infonce_is_blind_to_a_factor_of_y_and_anchor_is_not)
{
    const mi_objective *infonce = mi_objective_find("infonce"), *anchor = mi_objective_find("infonce-anchor");
    const mi_objective_params columns = {.nu = 8, .directions = MI_DIRECTIONS_COLUMNS};
    matrix m = matrix_new(anchor, 17);
    close_to(loss_with_column_shift(infonce, &columns, &m, 2),
             loss_with_column_shift(infonce, &columns, &m, 0), 1e-6, 0);
    const double moved = loss_with_column_shift(anchor, &columns, &m, 2);
    ck_assert(fabs(moved - loss_with_column_shift(anchor, &columns, &m, 0)) > 0.1);
    matrix_free(&m);
}
END_TEST

START_TEST(test_vanishing_anchor_weight_gives_the_infonce_gradient_over_left_out_tuples)
{
    const mi_objective *anchor = mi_objective_find("infonce-anchor");
    const mi_objective_params params = {.nu = 1e-6, .directions = MI_DIRECTIONS_COLUMNS};
    const size_t n = 8;
    matrix m = matrix_new(anchor, n);
    double loss = 0;
    fill(&m, 1, 2, 11);
    anchor->loss_and_grad(m.scores, n, &params, m.grad, &loss, m.scratch);
    memset(m.wide_grad, 0, n * n * sizeof(double));
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < n; k++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += i == k ? 0 : exp(m.wide[i * n + j]);
            for (size_t i = 0; i < n && k != j; i++)
                if (i != k)
                    m.wide_grad[i * n + j] +=
                        (exp(m.wide[i * n + j]) / sum - (i == j)) / (double)(n * (n - 1));
        }
    for (size_t i = 0; i < n * n; i++)
        close_to((double)m.grad[i], m.wide_grad[i], 1e-5, 1e-6);
    matrix_free(&m);
}
END_TEST

START_TEST(test_one_negative_at_unit_weight_is_the_logistic_loss)
{
    const mi_objective *anchor = mi_objective_find("infonce-anchor");
    const mi_objective_params params = {.nu = 1, .directions = MI_DIRECTIONS_BOTH};
    matrix m = matrix_new(anchor, 2);
    double loss = 0;
    fill(&m, 2, 2, 12);
    anchor->loss_and_grad(m.scores, 2, &params, NULL, &loss, m.scratch);
    const double joint = 0.5 * (log1p(exp(-m.wide[0])) + log1p(exp(-m.wide[3])));
    const double mismatch = 0.5 * (log1p(exp(m.wide[1])) + log1p(exp(m.wide[2])));
    close_to(loss, 0.5 * (joint + mismatch), 1e-10, 0);
    matrix_free(&m);
}
END_TEST

/* What an objective of type 2 reports, of scores c = log r. */
static double other_functional(const mi_objective *objective, const mi_objective_params *params,
                               const matrix *m)
{
    const double n = (double)m->batch;
    double joint = 0, mean = 0, clipped = 0;
    for (size_t i = 0; i < m->batch; i++)
        for (size_t j = 0; j < m->batch; j++) {
            const double c = m->wide[i * m->batch + j];
            joint += i == j ? c / n : 0;
            mean += i == j ? 0 : exp(c) / (n * (n - 1));
            clipped += i == j ? 0 : exp(fmax(fmin(c, params->tau), -params->tau)) / (n * (n - 1));
        }
    if (strcmp(objective->name, "mine") == 0)
        return joint - log(mean);
    if (strcmp(objective->name, "smile") == 0)
        return joint - log(clipped);
    if (strcmp(objective->name, "js-legacy") == 0)
        return joint - mean * exp(-1);
    if (strcmp(objective->name, "cpe") == 0) /* without an anchor it knows the ratio as InfoNCE does */
        return mi_objective_find("infonce")->estimate(m->scores, m->batch, params);
    ck_assert_str_eq(objective->name, "js");
    return joint + 1 - mean;
}

static void check_estimate(const mi_objective *objective, const mi_objective_params *params, matrix *m)
{
    const mi_objective_spec spec = {objective, *params};
    double loss = 0, joint = 0;
    fill(m, 1, 3, 14);
    objective->reference(m->wide, m->batch, params, NULL, &loss);
    for (size_t i = 0; i < m->batch; i++)
        joint += mi_objective_log_ratio(&spec, m->wide[i * (m->batch + 1)]) / (double)m->batch;
    const double estimate = objective->estimate(m->scores, m->batch, params);
    const mi_objective_type type = mi_objective_type_of(&spec);
    if (type == MI_TYPE_PLUG_IN)
        close_to(estimate, joint, 1e-12, 1e-12);
    else if (strcmp(objective->name, "infonce") == 0)
        close_to(estimate, log((double)m->batch) - loss, 1e-10, 1e-12);
    else if (strcmp(objective->name, "jsd-lb") == 0)
        close_to(estimate, mi_jsd_bound(0.5 * loss), 1e-10, 1e-12);
    else if (type == MI_TYPE_BOUND)
        close_to(estimate, -loss, 1e-10, 1e-12);
    else
        close_to(estimate, other_functional(objective, params, m), 1e-10, 1e-12);
}

START_TEST(test_estimate_is_the_bound_or_the_mean_log_ratio)
{
    for_every_setting(check_estimate);
}
END_TEST

START_TEST(test_every_entry_of_the_table_is_complete_and_found_by_name)
{
    const mi_objective *objective = NULL;
    size_t n = 0;
    for (; (objective = mi_objective_at(n)) != NULL; n++) {
        ck_assert_ptr_eq(mi_objective_find(objective->name), objective);
        ck_assert(objective->help[0] != '\0');
        if (objective->method == MI_METHOD_CRITIC) {
            ck_assert(objective->scratch_bytes && objective->loss_and_grad && objective->reference &&
                      objective->estimate);
            ck_assert(objective->scratch_bytes(2) > 0);
        }
        for (size_t p = 0; p < objective->n_params; p++) {
            const mi_param_info *info = &objective->params[p];
            ck_assert(info->name[0] != '\0' && info->help[0] != '\0');
            ck_assert(info->min <= info->fallback && info->fallback <= info->max);
        }
    }
    ck_assert_uint_ge(n, 3);
    ck_assert_ptr_null(mi_objective_at(n));
    ck_assert_ptr_null(mi_objective_find("infonce-anchors"));
    ck_assert_ptr_null(mi_objective_find(""));
}
END_TEST

START_TEST(test_pmi_is_offered_where_the_ratio_can_be_read_off)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    ck_assert(mi_spec_has_pmi(&spec));
    ck_assert_double_eq(mi_objective_offset(&spec.objective), 0);
    mi_spec_set_objective(&spec, mi_objective_find("nwj"));
    ck_assert(mi_spec_has_pmi(&spec));
    ck_assert_double_eq(mi_objective_offset(&spec.objective), 1);
    mi_spec_set_objective(&spec, mi_objective_find("infonce"));
    ck_assert(!mi_spec_has_pmi(&spec));
}
END_TEST

START_TEST(test_vector_exponential_is_exact_enough_and_honest_at_the_ends)
{
    const float x[] = {0, 1, -1, 88.7f, -87.3f, 300, -300, 707, -707, 0.34657f, -0.34657f, 1e-30f};
    const float ends[] = {-800, 800, NAN, INFINITY, -INFINITY};
    double out[sizeof x / sizeof x[0]];
    mi_vec_exp(out, x, 0.25, sizeof x / sizeof x[0]);
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        close_to(out[i], exp((double)x[i] - 0.25), 1e-12, 0);
    mi_vec_exp(out, ends, 0, sizeof ends / sizeof ends[0]);
    ck_assert(out[0] == 0 && out[4] == 0 && isinf(out[1]) && isinf(out[3]) && isnan(out[2]));
    for (float t = -90; t < 90; t += 0.0137f) {
        mi_vec_exp(out, &t, 0, 1);
        close_to(out[0], exp((double)t), 1e-12, 0);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("objective", test_training_code_agrees_with_its_naive_twin,
              test_twin_gradient_matches_finite_differences, test_gradient_matches_finite_differences,
              test_scores_within_80_nats_give_the_exact_loss, test_a_score_that_is_not_finite_never_hides,
              test_overflow_is_reported_not_clipped, test_infonce_is_blind_to_a_factor_of_y_and_anchor_is_not,
              test_vanishing_anchor_weight_gives_the_infonce_gradient_over_left_out_tuples,
              test_one_negative_at_unit_weight_is_the_logistic_loss,
              test_estimate_is_the_bound_or_the_mean_log_ratio,
              test_every_entry_of_the_table_is_complete_and_found_by_name,
              test_pmi_is_offered_where_the_ratio_can_be_read_off,
              test_vector_exponential_is_exact_enough_and_honest_at_the_ends);
}
