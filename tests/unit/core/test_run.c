/*
 * A run: same bits however it was stepped, checkpointed or interrupted; its workspace; its refusals.
 */
#include "estimating.h"
#include "laws.h"
#include "testing.h"

#include "mi/info.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_ROWS 400u

/* Allocations of mi_core, counted by the linker's --wrap. */
static unsigned long allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}
void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    allocations++;
    return __real_aligned_alloc(alignment, n);
}

static float data_x[N_ROWS * 3], data_y[N_ROWS * 3];
static const mi_matrix x = {data_x, N_ROWS, 3}, y = {data_y, N_ROWS, 3};

static void sample(void)
{
    const mi_law_spec spiral = law_of("spiral", 3, 0.0);
    mi_law_sample(&spiral, 7, N_ROWS, data_x, data_y);
}

static mi_spec small_spec(void)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.critic.n_hidden = 2;
    spec.critic.hidden[0] = spec.critic.hidden[1] = 32;
    spec.critic.embed = 8;
    spec.train.batch = 64;
    spec.train.max_steps = 120;
    spec.null_pairs = 2000;
    spec.permutations = 19;
    return spec;
}

typedef struct bytes {
    unsigned char *at;
    size_t n;
} bytes;

static bytes pack(const mi_run_result *result)
{
    bytes b = {NULL, mi_run_result_pack(result, NULL, 0)};
    b.at = malloc(b.n);
    ck_assert_uint_eq(mi_run_result_pack(result, b.at, b.n), b.n);
    return b;
}

static bytes finish(mi_run *run)
{
    mi_run_result *result = NULL;
    mi_error err = {0};
    ck_assert_msg(mi_run_finish(run, &result, &err) == MI_OK, "%s", err.message);
    const bytes b = pack(result);
    mi_run_result_free(result);
    return b;
}

/* Check allocates in every assertion, so there is none between the steps. */
static void step_until(mi_run *run, uint32_t step)
{
    mi_progress p = {0};
    mi_error err = {0};
    mi_status status;
    do
        status = mi_run_step(run, &p, &err);
    while (status == MI_OK && p.phase != MI_PHASE_DONE && (p.phase != MI_PHASE_TRAIN || p.step < step));
    if (status != MI_OK)
        ck_abort_msg("%s", err.message);
}

static mi_run *fresh(const mi_spec *spec, uint32_t fold)
{
    mi_run *run = NULL;
    mi_error err = {0};
    ck_assert_msg(mi_run_new(&run, spec, 0, fold, x, y, &err) == MI_OK, "%s: %s", err.pointer, err.message);
    return run;
}

static bytes uninterrupted(const mi_spec *spec, uint32_t fold)
{
    mi_run_result *result = run_to_end(spec, 0, fold, x, y);
    const bytes b = pack(result);
    mi_run_result_free(result);
    return b;
}

static void assert_resume_gives_same_bytes(const mi_spec *spec)
{
    const bytes reference = uninterrupted(spec, 1);
    const uint32_t stops[] = {1, 5, 6, 7, 33, 119, 100000};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        mi_run *run = fresh(spec, 1);
        step_until(run, stops[i]);
        const size_t n = mi_run_checkpoint(run, NULL, 0);
        ck_assert_uint_gt(n, 0);
        void *checkpoint = malloc(n);
        ck_assert_uint_eq(mi_run_checkpoint(run, checkpoint, n), n);
        mi_run_free(run);

        run = fresh(spec, 1);
        mi_error err = {0};
        ck_assert_msg(mi_run_restore(run, checkpoint, n, &err) == MI_OK, "%s", err.message);
        step_until(run, UINT32_MAX);
        const bytes resumed = finish(run);
        ck_assert_uint_eq(resumed.n, reference.n);
        ck_assert_msg(memcmp(resumed.at, reference.at, reference.n) == 0,
                      "resumed at step %u, the result differs", stops[i]);
        mi_run_free(run);
        free(checkpoint);
        free(resumed.at);
    }
    free(reference.at);
}

START_TEST(test_resumed_run_gives_the_same_bytes)
{
    const mi_spec spec = small_spec();
    assert_resume_gives_same_bytes(&spec);
}
END_TEST

START_TEST(test_resumed_joint_run_gives_the_same_bytes)
{
    mi_spec spec = small_spec();
    spec.critic.type = MI_CRITIC_JOINT;
    spec.train.batch = 16;
    spec.train.early_stopping = 0;
    spec.critic.baseline = MI_BASELINE_NONE;
    assert_resume_gives_same_bytes(&spec);
}
END_TEST

static void *help(void *crew)
{
    mi_crew_help(crew);
    return NULL;
}

/* To its end, with a helper in every second stretch of steps. */
static bytes helped(const mi_spec *spec)
{
    mi_run *run = fresh(spec, 1);
    mi_crew *crew = NULL;
    ck_assert_int_eq(mi_crew_new(&crew, NULL), MI_OK);
    mi_run_set_crew(run, crew);
    for (uint32_t step = 20; step <= 140; step += 40) {
        pthread_t helper;
        ck_assert_int_eq(pthread_create(&helper, NULL, help, crew), 0);
        step_until(run, step);
        mi_crew_dismiss(crew);
        pthread_join(helper, NULL);
        step_until(run, step + 20);
    }
    step_until(run, UINT32_MAX);
    const bytes b = finish(run);
    mi_run_free(run);
    mi_crew_free(crew);
    return b;
}

START_TEST(test_a_run_with_a_helper_gives_the_same_bytes)
{
    static const mi_critic_type types[] = {MI_CRITIC_SEPARABLE, MI_CRITIC_JOINT, MI_CRITIC_COSINE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        mi_spec spec = small_spec();
        spec.critic.type = types[i];
        spec.train.batch = types[i] == MI_CRITIC_JOINT ? 16 : 64;
        const bytes alone = uninterrupted(&spec, 1), with = helped(&spec);
        ck_assert_uint_eq(alone.n, with.n);
        ck_assert_mem_eq(alone.at, with.at, alone.n);
        free(alone.at);
        free(with.at);
    }
}
END_TEST

START_TEST(test_bfloat16_is_refused_where_it_means_nothing)
{
    mi_spec spec = small_spec();
    mi_plan plan;
    mi_error err = {0};
    spec.train.precision = MI_PRECISION_BF16;
    const mi_status status = mi_plan_make(&plan, &spec, N_ROWS, 3, 3, &err);
    ck_assert(status == MI_OK || (status == MI_UNSUPPORTED && strcmp(err.pointer, "/train/precision") == 0));
    spec.critic.n_hidden = 1;
    ck_assert_int_ne(mi_plan_make(&plan, &spec, N_ROWS, 3, 3, &err), MI_OK);
    ck_assert_str_eq(err.pointer, "/train/precision");
}
END_TEST

START_TEST(test_runs_differ_by_fold_and_seed_only)
{
    mi_spec spec = small_spec();
    const bytes a = uninterrupted(&spec, 0), again = uninterrupted(&spec, 0),
                other_fold = uninterrupted(&spec, 1);
    spec.seed++;
    const bytes other_seed = uninterrupted(&spec, 0);
    ck_assert(a.n == again.n && memcmp(a.at, again.at, a.n) == 0);
    ck_assert(a.n != other_fold.n || memcmp(a.at, other_fold.at, a.n) != 0);
    ck_assert(a.n != other_seed.n || memcmp(a.at, other_seed.at, a.n) != 0);
    free(a.at);
    free(again.at);
    free(other_fold.at);
    free(other_seed.at);
}
END_TEST

START_TEST(test_damaged_checkpoint_is_refused_and_the_run_starts_anew)
{
    const mi_spec spec = small_spec();
    const bytes reference = uninterrupted(&spec, 0);
    mi_run *run = fresh(&spec, 0);
    step_until(run, 40);
    const size_t n = mi_run_checkpoint(run, NULL, 0);
    unsigned char *checkpoint = malloc(n);
    mi_run_checkpoint(run, checkpoint, n);
    mi_run_free(run);

    run = fresh(&spec, 0);
    for (size_t at = 0; at < n; at += n / 50 + 1) {
        checkpoint[at] ^= 0x10;
        ck_assert_int_eq(mi_run_restore(run, checkpoint, n, NULL), MI_CORRUPT);
        checkpoint[at] ^= 0x10;
        ck_assert_int_eq(mi_run_restore(run, checkpoint, at, NULL), MI_CORRUPT);
    }
    step_until(run, UINT32_MAX);
    const bytes b = finish(run);
    ck_assert(b.n == reference.n && memcmp(b.at, reference.at, b.n) == 0);
    mi_run_free(run);
    free(checkpoint);
    free(b.at);
    free(reference.at);

    mi_spec other = spec; /* of another fold */
    run = fresh(&other, 1);
    step_until(run, 3);
    const size_t m = mi_run_checkpoint(run, NULL, 0);
    checkpoint = malloc(m);
    mi_run_checkpoint(run, checkpoint, m);
    mi_run_free(run);
    run = fresh(&other, 2);
    ck_assert_int_eq(mi_run_restore(run, checkpoint, m, NULL), MI_CORRUPT);
    mi_run_free(run);
    free(checkpoint);
}
END_TEST

START_TEST(test_training_and_scoring_allocate_nothing)
{
    const mi_spec spec = small_spec();
    mi_run *run = fresh(&spec, 0);
    ck_assert_uint_gt(allocations, 0); /* the count works */
    const unsigned long before = allocations;
    step_until(run, UINT32_MAX);
    const unsigned long after = allocations;
    ck_assert_uint_eq(after, before);
    mi_run_free(run);
}
END_TEST

START_TEST(test_every_spec_fits_the_workspace_it_was_accepted_with)
{
    const uint32_t batches[] = {4, 64, 1000}, hidden[] = {1, 17, 64};
    for (int critic = 0; critic < 4; critic++)
        for (int baseline = 0; baseline < 2; baseline++)
            for (int i = 0; i < 3; i++)
                for (uint32_t folds = 1; folds <= 7; folds += 3) {
                    mi_spec spec = small_spec();
                    spec.critic.type = (mi_critic_type)critic;
                    spec.critic.baseline = (mi_baseline)baseline;
                    spec.critic.n_hidden = 1 + (uint32_t)i;
                    for (int h = 0; h <= i; h++)
                        spec.critic.hidden[h] = hidden[i];
                    spec.train.batch = batches[i];
                    spec.train.max_steps = 5;
                    spec.split.folds = folds;
                    spec.prepare.pca = i == 1 ? 2 : MI_PCA_AUTO;
                    spec.prepare.transform = (mi_transform)i;
                    mi_plan plan;
                    ck_assert_int_eq(mi_plan_make(&plan, &spec, N_ROWS, 3, 3, NULL), MI_OK);
                    mi_run_result *result = run_to_end(&spec, 0, folds - 1, x, y); /* the arena asserts */
                    ck_assert_uint_le(mi_run_result_pack(result, NULL, 0), plan.result_bytes);
                    mi_run_result_free(result);
                }
}
END_TEST

START_TEST(test_step_0_is_the_copula_estimate)
{
    const mi_objective *const objectives[] = {mi_objective_find("infonce-anchor"), mi_objective_find("nwj")};
    double mi[2];
    for (int i = 0; i < 2; i++) {
        mi_spec spec = small_spec();
        spec.objective.entry = objectives[i];
        spec.train.max_steps = 0;
        spec.calibrate = 0;
        mi_run_result *result = run_to_end(&spec, 0, 0, x, y);
        ck_assert_uint_eq(result->steps, 0);
        double sum = 0.0;
        for (uint32_t k = 0; k < result->n_test; k++)
            sum += result->pmi[k];
        mi[i] = sum / result->n_test;
        mi_run_result_free(result);
    }
    ck_assert_double_eq_tol(mi[0], mi[1], 1e-5); /* the baseline alone, whatever the network's output means */
}
END_TEST

/* NWJ at a rate that nothing survives. */
static mi_spec diverging_spec(void)
{
    mi_spec spec = small_spec();
    spec.train.learning_rate = 1000.0;
    spec.train.gradient_clip = 0.0;
    spec.train.max_steps = 200;
    mi_objective_defaults(&spec.objective, mi_objective_find("nwj"), 0);
    return spec;
}

START_TEST(test_divergence_keeps_the_best_weights_until_then)
{
    const mi_spec spec = diverging_spec();
    mi_run_result *result = run_to_end(&spec, 0, 0, x, y);
    ck_assert_uint_eq(result->diverged, 1);
    ck_assert_uint_lt(result->steps, 200);
    ck_assert_uint_le(result->best_step, result->steps);
    ck_assert(isfinite(result->estimate) && isfinite(result->pmi[0]));
    mi_run_result_free(result);
}
END_TEST

START_TEST(test_divergence_without_early_stopping_is_an_error)
{
    mi_spec spec = diverging_spec();
    spec.train.early_stopping = 0;
    mi_run *run = NULL;
    mi_progress p = {0};
    mi_error err = {0};
    ck_assert_int_eq(mi_run_new(&run, &spec, 0, 0, x, y, &err), MI_OK);
    mi_status status = MI_OK;
    while (status == MI_OK && p.phase != MI_PHASE_DONE)
        status = mi_run_step(run, &p, &err);
    ck_assert_int_eq(status, MI_NUMERIC);
    mi_run_free(run);
}
END_TEST

START_TEST(test_objective_without_pmi_gives_an_estimate_and_no_pmi)
{
    mi_spec spec = small_spec();
    spec.objective.entry = mi_objective_find("infonce");
    mi_error err = {0};
    mi_plan plan;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, N_ROWS, 3, 3, &err), MI_INVALID); /* asks for permutations */
    ck_assert_str_eq(err.pointer, "/permutations");
    spec.permutations = 0;
    mi_run_result *result = run_to_end(&spec, 0, 0, x, y);
    ck_assert(isnan(result->pmi[0]) && result->n_null == 0);
    ck_assert(isfinite(result->estimate) && result->estimate <= result->infonce_ceiling);
    mi_run_result_free(result);
}
END_TEST

START_TEST(test_too_few_pairs_for_the_settings_are_refused_by_field)
{
    mi_spec spec = small_spec();
    mi_plan plan;
    mi_error err = {0};
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 39, 3, 3, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/x");
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 400, 0, 3, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/x");
    spec.split.folds = 100;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 400, 3, 3, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/split/folds");
    spec.split.folds = 5;
    spec.split.validation = 0.99;
    ck_assert_int_eq(mi_plan_make(&plan, &spec, 400, 3, 3, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/split/validation");
}
END_TEST

START_TEST(test_constant_side_is_refused_by_name)
{
    static float constant[N_ROWS * 3];
    const mi_spec spec = small_spec();
    mi_run *run = NULL;
    mi_progress p = {0};
    mi_error err = {0};
    ck_assert_int_eq(mi_run_new(&run, &spec, 0, 0, x, (mi_matrix){constant, N_ROWS, 3}, &err), MI_OK);
    mi_status status = MI_OK;
    while (status == MI_OK && p.phase != MI_PHASE_DONE)
        status = mi_run_step(run, &p, &err);
    ck_assert_int_eq(status, MI_INVALID);
    ck_assert_str_eq(err.pointer, "/y");
    mi_run_free(run);
}
END_TEST

/* Nothing to be learned, and much to learn it by: what is found on the way has to earn its place. */
START_TEST(test_few_independent_rows_of_many_columns_teach_nothing)
{
    enum { ROWS = 400, COLUMNS = 200 };
    float *rows = malloc(sizeof *rows * 2 * ROWS * COLUMNS);
    const mi_matrix a = {rows, ROWS, COLUMNS}, b = {rows + ROWS * COLUMNS, ROWS, COLUMNS};
    mi_spec spec = small_spec();
    mi_rng rng = test_rng(12);
    spec.split.folds = 2;
    for (size_t i = 0; i < 2 * (size_t)ROWS * COLUMNS; i++)
        rows[i] = (float)mi_rng_normal(&rng);
    for (uint32_t fold = 0; fold < 2; fold++) {
        mi_run_result *r = run_to_end(&spec, 0, fold, a, b);
        double mean = 0.0;
        for (uint32_t i = 0; i < r->n_test; i++)
            mean += r->pmi[i] / r->n_test;
        printf("few rows: fold %u best step %u mean %.3f slope %.3f shrinkage %.3g\n", fold, r->best_step,
               mean, r->slope, r->baseline_shrinkage);
        ck_assert_uint_lt(r->dims_x, COLUMNS);
        ck_assert_uint_eq(r->best_step, 0);
        ck_assert_double_lt(fabs(mean), 0.1);
        mi_run_result_free(r);
    }
    free(rows);
}
END_TEST

int main(void)
{
    mi_blas_setup(NULL);
    sample();
    RUN_TESTS(
        "run", test_resumed_run_gives_the_same_bytes, test_resumed_joint_run_gives_the_same_bytes,
        test_a_run_with_a_helper_gives_the_same_bytes, test_bfloat16_is_refused_where_it_means_nothing,
        test_runs_differ_by_fold_and_seed_only, test_damaged_checkpoint_is_refused_and_the_run_starts_anew,
        test_training_and_scoring_allocate_nothing, test_every_spec_fits_the_workspace_it_was_accepted_with,
        test_step_0_is_the_copula_estimate, test_divergence_keeps_the_best_weights_until_then,
        test_divergence_without_early_stopping_is_an_error,
        test_objective_without_pmi_gives_an_estimate_and_no_pmi,
        test_too_few_pairs_for_the_settings_are_refused_by_field, test_constant_side_is_refused_by_name,
        test_few_independent_rows_of_many_columns_teach_nothing);
}
