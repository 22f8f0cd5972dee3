/*
 * A whole estimate with each objective, small, in both recipes: 1 nat over 2 + 2 columns of a Gaussian law,
 * 600 pairs, 200 steps. What comes out is finite, near the truth, and has PMIs exactly where it should.
 */
#include "estimating.h"
#include "laws.h"
#include "objective_cases.h"
#include "testing.h"

#include "mi/info.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 600, DIM = 2 };

static float data_x[N_ROWS * DIM], data_y[N_ROWS * DIM];
static const mi_matrix x = {.data = data_x, .rows = N_ROWS, .cols = DIM};
static const mi_matrix y = {.data = data_y, .rows = N_ROWS, .cols = DIM};

static mi_spec small_spec(mi_recipe recipe, const mi_objective *objective)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, recipe);
    mi_spec_set_objective(&spec, objective);
    spec.critic.hidden[0] = spec.critic.hidden[1] = 32;
    spec.train.batch = 64;
    spec.train.max_steps = 200;
    spec.train.learning_rate = 2e-3;
    spec.split.folds = 1;
    spec.null_pairs = 500;
    return spec;
}

static int all_finite(const double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

/* 200 steps are enough for a residual on a baseline that knows the law; without one a critic is on its way.
 */
static double lowest(const mi_spec *spec)
{
    const int paper = spec->recipe == MI_RECIPE_PAPER;
    const double bias = strcmp(spec->objective.entry->name, "js-legacy") == 0 ? exp(-1) : 0;
    if (paper && strcmp(spec->objective.entry->name, "pcc") == 0)
        return -0.5; /* starts at log(B-1) and has first to come down */
    return (paper ? 0.3 : 0.8) - bias;
}

static void check_run(const mi_spec *spec, double low, double high)
{
    char name[160];
    objective_setting_name(&spec->objective, name, sizeof name);
    mi_run_result *r = run_to_end(spec, 0, 0, x, y);
    ck_assert_msg(isfinite(r->train_mi) && r->estimate >= low && r->estimate <= high,
                  "%s: %g nats, expected %g to %g", name, r->estimate, low, high);
    if (mi_spec_has_pmi(spec)) {
        ck_assert_msg(r->n_test > 0 && all_finite(r->pmi, r->n_test) && all_finite(r->null_pmi, r->n_null),
                      "%s", name);
        ck_assert_uint_gt(r->n_null, 0);
    } else {
        ck_assert_uint_eq(r->n_null, 0);
        for (uint32_t i = 0; i < r->n_test; i++)
            ck_assert(isnan(r->pmi[i]));
    }
    mi_run_result_free(r);
}

START_TEST(test_every_objective_gives_an_estimate_in_both_recipes)
{
    const mi_objective *objective = NULL;
    for (int recipe = 0; recipe < 2; recipe++)
        for (size_t o = 0; (objective = mi_objective_at(o)) != NULL; o++)
            if (objective->method == MI_METHOD_CRITIC) {
                const mi_spec spec = small_spec((mi_recipe)recipe, objective);
                const double low = lowest(&spec);
                check_run(&spec, low, 1.3);
            }
}
END_TEST

/* Combined over two folds; a native output starts from no baseline. */
static void check_choice(const mi_objective *objective, const mi_param_info *param, double value)
{
    mi_spec spec = small_spec(MI_RECIPE_DEFAULT, objective);
    char name[160];
    mi_param_set(&spec.objective.params, param, value);
    if (!mi_objective_is_shift(&spec.objective))
        spec.critic.baseline = MI_BASELINE_NONE;
    spec.split.folds = 2;
    objective_setting_name(&spec.objective, name, sizeof name);
    mi_estimate *e = estimate_all(&spec, x, y);
    ck_assert_msg(e->mi_nats > 0.3 && e->mi_nats < 1.3, "%s: %g nats", name, e->mi_nats);
    ck_assert_msg(!mi_spec_has_pmi(&spec) || (e->auroc > 0.6 && isfinite(e->null_mean_ratio)), "%s: AUROC %g",
                  name, e->auroc);
    mi_estimate_free(e);
}

START_TEST(test_every_choice_of_every_objective_gives_an_estimate)
{
    const mi_objective *objective = NULL;
    for (size_t o = 0; (objective = mi_objective_at(o)) != NULL; o++)
        for (size_t p = 0; objective->method == MI_METHOD_CRITIC && p < objective->n_params; p++)
            for (double value = 0;
                 objective->params[p].kind == MI_PARAM_CHOICE && value <= objective->params[p].max; value++)
                check_choice(objective, &objective->params[p], value);
}
END_TEST

START_TEST(test_a_native_output_on_a_baseline_is_refused)
{
    mi_spec spec = small_spec(MI_RECIPE_DEFAULT, mi_objective_find("drf"));
    mi_error err = {0};
    mi_run *run = NULL;
    spec.objective.params.output = MI_OUTPUT_NATIVE;
    ck_assert_int_eq(mi_run_new(&run, &spec, 0, 0, x, y, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/objective/output");
}
END_TEST

static mi_run *fresh(const mi_spec *spec)
{
    mi_run *run = NULL;
    ck_assert_int_eq(mi_run_new(&run, spec, 0, 0, x, y, NULL), MI_OK);
    return run;
}

static mi_run_result *finish(mi_run *run)
{
    mi_progress progress = {0};
    mi_run_result *result = NULL;
    while (progress.phase != MI_PHASE_DONE)
        ck_assert_int_eq(mi_run_step(run, &progress, NULL), MI_OK);
    ck_assert_int_eq(mi_run_finish(run, &result, NULL), MI_OK);
    mi_run_free(run);
    return result;
}

/* MINE's running mean is part of what a checkpoint holds, and TUBA's a(y). */
START_TEST(test_what_an_objective_carries_from_step_to_step_survives_a_restart)
{
    static const char *const names[] = {"mine", "tuba"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mi_spec spec = small_spec(MI_RECIPE_DEFAULT, mi_objective_find(names[i]));
        spec.train.early_stopping = 0;
        mi_run *whole = fresh(&spec), *first = fresh(&spec), *second = fresh(&spec);
        mi_progress progress = {0};
        while (progress.step < 77)
            ck_assert_int_eq(mi_run_step(first, &progress, NULL), MI_OK);
        const size_t n = mi_run_checkpoint(first, NULL, 0);
        void *bytes = malloc(n);
        ck_assert_uint_eq(mi_run_checkpoint(first, bytes, n), n);
        ck_assert_int_eq(mi_run_restore(second, bytes, n, NULL), MI_OK);
        mi_run_result *a = finish(whole), *b = finish(second);
        ck_assert(a->estimate == b->estimate && a->train_mi == b->train_mi && a->steps == b->steps);
        ck_assert(memcmp(a->pmi, b->pmi, a->n_test * sizeof *a->pmi) == 0);
        ck_assert(a->curve[a->n_curve - 1].val_loss == b->curve[b->n_curve - 1].val_loss);
        mi_run_result_free(a);
        mi_run_result_free(b);
        mi_run_free(first);
        free(bytes);
    }
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mi_error err = {0};
    if (mi_blas_setup(&err) != MI_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    const mi_law_spec l = law_of("gaussian", DIM, 1.0);
    mi_law_sample(&l, 1, N_ROWS, data_x, data_y);
    RUN_TESTS("objective estimate", test_every_objective_gives_an_estimate_in_both_recipes,
              test_every_choice_of_every_objective_gives_an_estimate,
              test_a_native_output_on_a_baseline_is_refused,
              test_what_an_objective_carries_from_step_to_step_survives_a_restart);
}
