/*
 * Cells of a benchmark: what they find, that it is what a job would find, and that it does not depend on
 * interruptions.
 */
#include "estimating.h"
#include "laws.h"
#include "testing.h"

#include "mi/benchmark.h"
#include "mi/info.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LN2 0.69314718055994530942

static mi_benchmark_spec small(mi_benchmark_kind kind, const char *law)
{
    mi_benchmark_spec spec;
    mi_benchmark_defaults(&spec, kind);
    spec.law = (mi_law_spec){.law = mi_law_find(law)};
    mi_spec *e = &spec.estimator;
    e->critic.hidden[0] = e->critic.hidden[1] = 32;
    e->critic.embed = 8;
    e->train.batch = 64;
    e->train.max_steps = 80;
    e->split.folds = 3;
    e->null_pairs = 5000;
    spec.n_pairs = 600;
    spec.sample = 1000;
    spec.steps = 60;
    return spec;
}

static mi_benchmark *opened(const mi_benchmark_spec *spec)
{
    mi_benchmark *cell = NULL;
    mi_error err = {0};
    ck_assert_msg(mi_benchmark_new(&cell, spec, &err) == MI_OK, "%s: %s", err.pointer, err.message);
    return cell;
}

/* At most `steps` of them; how many there were. */
static uint32_t step_for(mi_benchmark *cell, uint32_t steps)
{
    mi_benchmark_progress p = {0};
    mi_error err = {0};
    double fraction = 0.0;
    uint32_t done = 0;
    while (done < steps && p.phase != MI_BENCHMARK_DONE) {
        if (mi_benchmark_step(cell, &p, &err) != MI_OK)
            ck_abort_msg("%s: %s", err.pointer, err.message);
        if (!(p.fraction >= fraction && p.fraction <= 1.0))
            ck_abort_msg("fraction %g after %g", p.fraction, fraction);
        fraction = p.fraction;
        done++;
    }
    return done;
}

static mi_benchmark_result *finished(mi_benchmark *cell)
{
    mi_benchmark_result *result = NULL;
    mi_error err = {0};
    step_for(cell, UINT32_MAX);
    ck_assert_msg(mi_benchmark_finish(cell, &result, &err) == MI_OK, "%s", err.message);
    mi_benchmark_free(cell);
    return result;
}

typedef struct bytes {
    unsigned char *at;
    size_t n;
} bytes;

static bytes packed(mi_benchmark_result *result)
{
    bytes b = {NULL, mi_benchmark_result_pack(result, NULL, 0)};
    b.at = malloc(b.n);
    ck_assert_uint_eq(mi_benchmark_result_pack(result, b.at, b.n), b.n);
    mi_benchmark_result_free(result);
    return b;
}

static bytes saved(mi_benchmark *cell)
{
    bytes b = {NULL, mi_benchmark_checkpoint(cell, NULL, 0)};
    b.at = malloc(b.n);
    ck_assert_uint_eq(mi_benchmark_checkpoint(cell, b.at, b.n), b.n);
    return b;
}

static void assert_interruptions_change_nothing(const mi_benchmark_spec *spec, uint32_t every)
{
    mi_benchmark_plan plan;
    mi_benchmark_spec copy = *spec;
    ck_assert_int_eq(mi_benchmark_plan_make(&plan, &copy, NULL), MI_OK);
    const bytes whole = packed(finished(opened(spec)));
    ck_assert_uint_le(whole.n, plan.result_bytes);
    mi_benchmark *cell = opened(spec);
    uint32_t restarts = 0;
    while (step_for(cell, every) == every) {
        const bytes checkpoint = saved(cell);
        ck_assert_uint_le(checkpoint.n, plan.checkpoint_bytes);
        mi_benchmark_free(cell);
        cell = opened(spec);
        mi_error err = {0};
        ck_assert_msg(mi_benchmark_restore(cell, checkpoint.at, checkpoint.n, &err) == MI_OK, "%s",
                      err.message);
        free(checkpoint.at);
        ck_assert_uint_lt(++restarts, 200); /* each restart gets further */
    }
    ck_assert_uint_gt(restarts, 3);
    const bytes broken = packed(finished(cell));
    ck_assert_uint_eq(broken.n, whole.n);
    ck_assert(memcmp(broken.at, whole.at, whole.n) == 0);
    free(broken.at);
    free(whole.at);
}

START_TEST(test_interrupted_cells_give_the_same_bytes)
{
    mi_benchmark_spec finite = small(MI_BENCHMARK_FINITE, "spiral");
    assert_interruptions_change_nothing(&finite, 37);
    mi_benchmark_spec fresh = small(MI_BENCHMARK_FRESH, "gaussian");
    fresh.n_levels = 3;
    for (uint32_t i = 0; i < 3; i++)
        fresh.level_nats[i] = 0.5 * (i + 1);
    assert_interruptions_change_nothing(&fresh, 29);
    fresh.reset = 1;
    fresh.estimator.critic.baseline = MI_BASELINE_NONE;
    assert_interruptions_change_nothing(&fresh, 31);
}
END_TEST

START_TEST(test_finite_cell_is_the_estimate_of_a_job)
{
    mi_benchmark_spec spec = small(MI_BENCHMARK_FINITE, "two-branches");
    spec.repetition = 3;
    mi_benchmark_result *r = finished(opened(&spec));
    ck_assert(r->n_levels == 1 && r->dim_x == 1 && r->dim_y == 1);

    const mi_law_spec law = law_of("two-branches", 0, 0.0);
    static float x[600], y[600];
    mi_law_sample(&law, spec.seed + 3, 600, x, y);
    spec.estimator.seed = spec.seed + 3;
    mi_estimate *e = estimate_all(&spec.estimator, (mi_matrix){.data = x, .rows = 600, .cols = 1},
                                  (mi_matrix){.data = y, .rows = 600, .cols = 1});
    const mi_benchmark_level *l = &r->levels[0];
    ck_assert_double_eq(l->truth_nats, law.mi_nats);
    ck_assert_double_eq(l->mi_nats, e->mi_nats);
    ck_assert_double_eq(l->std_err, e->std_err);
    ck_assert_double_eq(l->null_mean_ratio, e->null_mean_ratio);
    ck_assert_double_eq(l->dv, e->dv);
    ck_assert_uint_eq(l->n_scored, 600);
    ck_assert_uint_eq(l->steps, e->steps);
    double oracle = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < 600; i++) {
        const double truth = mi_law_log_ratio(&law, x + i, y + i);
        oracle += truth / 600.0;
        squares += (e->pmi[i] - truth) * (e->pmi[i] - truth) / 600.0;
    }
    ck_assert_double_eq_tol(l->oracle_nats, oracle, 1e-12);
    ck_assert_double_eq_tol(l->pmi_rmse, sqrt(squares), 1e-12);
    mi_estimate_free(e);
    mi_benchmark_result_free(r);
}
END_TEST

START_TEST(test_fresh_gaussian_at_four_bits_is_within_a_fifth_of_a_bit)
{
    mi_benchmark_spec spec;
    mi_benchmark_defaults(&spec, MI_BENCHMARK_FRESH);
    spec.law = (mi_law_spec){.law = mi_law_find("gaussian"), .dim = 5};
    spec.n_levels = 1;
    spec.level_nats[0] = 4.0 * LN2;
    spec.steps = 1500;
    spec.sample = 20000;
    spec.estimator.null_pairs = 200000;
    mi_benchmark_result *r = finished(opened(&spec));
    const mi_benchmark_level *l = &r->levels[0];
    ck_assert_double_eq_tol(l->mi_nats, 4.0 * LN2, 0.2 * LN2);
    ck_assert_double_eq_tol(log2(l->null_mean_ratio), 0.0, 0.3);
    ck_assert_uint_eq(l->n_scored, 4000);
    ck_assert_uint_eq(l->steps, 1500);
    ck_assert_double_eq_tol(l->oracle_nats, 4.0 * LN2, 0.15);
    /* sd of the information density is sqrt(d rho^2): over batches of 128 */
    ck_assert_double_eq_tol(l->batch_sd, sqrt(5.0 * (1.0 - exp(-8.0 * LN2 / 5.0)) / 128.0), 0.08);
    mi_benchmark_result_free(r);
}
END_TEST

START_TEST(test_fresh_batches_teach_what_no_baseline_sees)
{
    /* Half of this law is invisible to correlations; and steps are counted on when weights are carried. */
    mi_benchmark_spec spec = small(MI_BENCHMARK_FRESH, "two-branches");
    spec.n_levels = 2;
    spec.level_nats[0] = 0.3;
    spec.level_nats[1] = 0.6;
    spec.steps = 700;
    spec.sample = 4000;
    mi_benchmark_result *r = finished(opened(&spec));
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq(r->levels[i].truth_nats, spec.level_nats[i]);
        ck_assert_double_eq_tol(r->levels[i].mi_nats, spec.level_nats[i], 0.15);
        ck_assert_uint_eq(r->levels[i].steps, 700);
        ck_assert_uint_le(r->levels[i].best_step, 700);
        ck_assert_uint_gt(r->levels[i].best_step, 0); /* training helped */
    }
    uint32_t previous = 0;
    for (uint32_t i = 0; i < r->n_curve; i++) {
        ck_assert_uint_le(previous, r->curve[i].at.step);
        if (r->curve[i].at.step != 700) /* the last of one level and the first of the next */
            ck_assert_uint_eq(r->curve[i].level, r->curve[i].at.step > 700);
        previous = r->curve[i].at.step;
    }
    ck_assert_uint_eq(previous, 1400);
    mi_benchmark_result_free(r);
}
END_TEST

START_TEST(test_objective_without_pmi_leaves_figures_open)
{
    mi_benchmark_spec spec = small(MI_BENCHMARK_FRESH, "gaussian");
    mi_spec_set_objective(&spec.estimator, mi_objective_find("infonce"));
    mi_benchmark_result *r = finished(opened(&spec));
    const mi_benchmark_level *l = &r->levels[0];
    ck_assert(isnan(l->null_mean_ratio) && isnan(l->oracle_nats) && isnan(l->pmi_rmse) && isnan(l->batch_sd));
    ck_assert(isfinite(l->mi_nats) && l->mi_nats <= l->infonce_ceiling);
    ck_assert_uint_ne(l->warnings & (1u << MI_WARN_NO_PMI), 0);
    mi_benchmark_result_free(r);
}
END_TEST

START_TEST(test_repetitions_and_levels_draw_other_data)
{
    mi_benchmark_spec spec = small(MI_BENCHMARK_FINITE, "gaussian");
    mi_benchmark_result *a = finished(opened(&spec)), *again = finished(opened(&spec));
    spec.repetition = 1;
    mi_benchmark_result *other = finished(opened(&spec));
    ck_assert_double_eq(a->levels[0].oracle_nats, again->levels[0].oracle_nats);
    ck_assert_double_ne(a->levels[0].oracle_nats, other->levels[0].oracle_nats);
    mi_benchmark_result_free(a);
    mi_benchmark_result_free(again);
    mi_benchmark_result_free(other);
}
END_TEST

START_TEST(test_damaged_checkpoint_is_refused_and_the_cell_stays_new)
{
    const mi_benchmark_spec spec = small(MI_BENCHMARK_FINITE, "gaussian");
    const bytes whole = packed(finished(opened(&spec)));
    mi_benchmark *cell = opened(&spec);
    step_for(cell, 150); /* in the second run */
    const bytes checkpoint = saved(cell);
    mi_benchmark_free(cell);
    cell = opened(&spec);
    for (size_t at = 0; at < checkpoint.n; at += checkpoint.n / 60 + 1) {
        checkpoint.at[at] ^= 0x40;
        ck_assert_int_eq(mi_benchmark_restore(cell, checkpoint.at, checkpoint.n, NULL), MI_CORRUPT);
        checkpoint.at[at] ^= 0x40;
        ck_assert_int_eq(mi_benchmark_restore(cell, checkpoint.at, at, NULL), MI_CORRUPT);
    }
    const bytes unbroken = packed(finished(cell));
    ck_assert(unbroken.n == whole.n && memcmp(unbroken.at, whole.at, whole.n) == 0);
    mi_benchmark_spec other = spec;
    other.repetition = 9;
    cell = opened(&other);
    ck_assert_int_eq(mi_benchmark_restore(cell, checkpoint.at, checkpoint.n, NULL), MI_CORRUPT);
    mi_benchmark_free(cell);
    free(checkpoint.at);
    free(unbroken.at);
    free(whole.at);
}
END_TEST

START_TEST(test_result_survives_packing_and_damage_is_seen)
{
    mi_benchmark_spec spec = small(MI_BENCHMARK_FRESH, "ring");
    mi_benchmark_result *r = finished(opened(&spec)), *back = NULL;
    const size_t n = mi_benchmark_result_pack(r, NULL, 0);
    unsigned char *b = malloc(n);
    mi_benchmark_result_pack(r, b, n);
    ck_assert_int_eq(mi_benchmark_result_unpack(&back, b, n, NULL), MI_OK);
    ck_assert(back->n_levels == r->n_levels && back->n_curve == r->n_curve &&
              back->kind == MI_BENCHMARK_FRESH);
    ck_assert(memcmp(&back->levels[0].mi_nats, &r->levels[0].mi_nats, sizeof(double)) == 0);
    ck_assert_uint_eq(back->curve[r->n_curve - 1].at.step, r->curve[r->n_curve - 1].at.step);
    mi_benchmark_result_free(back);
    for (size_t at = 0; at < n; at += 13) {
        b[at] ^= 1;
        ck_assert_int_eq(mi_benchmark_result_unpack(&back, b, n, NULL), MI_CORRUPT);
        b[at] ^= 1;
    }
    free(b);
    mi_benchmark_result_free(r);
}
END_TEST

static void refused(mi_benchmark_spec spec, const char *pointer)
{
    mi_benchmark *cell = NULL;
    mi_error err = {0};
    ck_assert_int_ne(mi_benchmark_new(&cell, &spec, &err), MI_OK);
    ck_assert_ptr_null(cell);
    ck_assert_msg(strcmp(err.pointer, pointer) == 0, "%s: %s", err.pointer, err.message);
}

START_TEST(test_impossible_cells_are_refused_by_field)
{
    mi_benchmark_spec finite = small(MI_BENCHMARK_FINITE, "gaussian"), spec = finite;
    spec.n_pairs = 10;
    refused(spec, "/n");
    spec = finite;
    spec.law.law = NULL;
    refused(spec, "/law/name");
    spec = finite;
    spec.law.dim = 5000;
    refused(spec, "/law/dim");
    spec = finite;
    spec.estimator.train.batch = 1;
    refused(spec, "/train/batch");

    const mi_benchmark_spec fresh = small(MI_BENCHMARK_FRESH, "gaussian");
    spec = fresh;
    spec.sample = 10;
    refused(spec, "/sample");
    spec = fresh;
    spec.steps = 0;
    refused(spec, "/steps");
    spec = fresh;
    spec.n_levels = 2;
    spec.level_nats[0] = 1.0;
    refused(spec, "/levels/1"); /* 0 */
    spec.level_nats[1] = 500.0;
    refused(spec, "/levels/1");
    spec.law.dim = 5000;
    refused(spec, "/law/dim");
    spec = fresh;
    spec.n_levels = 1000;
    refused(spec, "/levels");
    spec = fresh;
    mi_spec_set_objective(&spec.estimator, mi_objective_find("ksg"));
    refused(spec, "/objective/name");
}
END_TEST

int main(void)
{
    mi_blas_setup(NULL);
    RUN_TESTS("benchmark", test_interrupted_cells_give_the_same_bytes,
              test_finite_cell_is_the_estimate_of_a_job,
              test_fresh_gaussian_at_four_bits_is_within_a_fifth_of_a_bit,
              test_fresh_batches_teach_what_no_baseline_sees, test_objective_without_pmi_leaves_figures_open,
              test_repetitions_and_levels_draw_other_data,
              test_damaged_checkpoint_is_refused_and_the_cell_stays_new,
              test_result_survives_packing_and_damage_is_seen, test_impossible_cells_are_refused_by_field);
}
