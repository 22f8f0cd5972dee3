/*
 * The method that trains a critic: parts, baseline, what selects, what is learned.
 *
 * What selects is a loss that sees the scale of r: the anchor loss at nu = K over the validation score
 * matrix, rows and columns. The anchor at nu = 1, InfoNCE and DV are blind to the scale and must not choose.
 * An objective whose output is log r only up to a constant or C(y) is selected by its own loss.
 *
 * The Gaussian baseline alone is the same method with a network that is zero and no step of training.
 */
#include "kernels.h"
#include "objective_entries.h"
#include "run_internal.h"
#include "vecmath.h"

#include <math.h>
#include <string.h>

#define SLOPE_STEP  0.8 /* candidates for the slope of the baseline */
#define SLOPE_LEAST 0.04

/* Rows of one validation score matrix for the joint critic: all V^2 pairs would cost more than the training
 * they steer. */
#define JOINT_VALIDATION_BLOCK 128u

uint32_t mi_run_base_width(const mi_run *run)
{
    return run->spec.critic.baseline == MI_BASELINE_GAUSSIAN ? run->gaussian.width : 0;
}

static const mi_objective *selecting_objective(const mi_run *run, mi_objective_params *params, size_t n)
{
    const mi_objective_spec *own = &run->spec.objective;
    *params = own->params;
    if (mi_objective_optimum(own) != MI_OPT_LOG_RATIO) {
        if (params->k >= n) /* a block with fewer rows than a batch; every K has the same optimum */
            params->k = 0;
        return own->entry;
    }
    *params = (mi_objective_params){.nu = (double)n - 1.0, .directions = MI_DIRECTIONS_BOTH};
    return mi_objective_find("infonce-anchor");
}

static mi_status layout_critic(mi_run *run, mi_error *err)
{
    mi_arena *arena = &run->arena;
    const uint32_t n_validation = run->split.n_validation;
    const mi_status status =
        mi_critic_layout(&run->critic, arena, &run->spec.critic, run->prepare[MI_SIDE_X].dim_out,
                         run->prepare[MI_SIDE_Y].dim_out, mi_run_base_width(run), run->batch, err);
    if (status != MI_OK)
        return status;
    run->critic.crew = run->crew;
    mi_trainer_layout(&run->trainer, arena, &run->critic, &run->spec.train, &run->spec.objective);
    mi_run_train_layout(run);

    const int joint = run->spec.critic.type == MI_CRITIC_JOINT;
    run->validation_block =
        joint && n_validation > JOINT_VALIDATION_BLOCK ? JOINT_VALIDATION_BLOCK : n_validation;
    for (int side = 0; side < 2; side++)
        run->validation_features[side] = MI_TAKE(arena, float, (size_t)n_validation * run->critic.width);
    run->validation_scores =
        MI_TAKE(arena, float, (size_t)n_validation *n_validation); /* whole: calibration takes all pairs */
    mi_objective_params params;
    const mi_objective *objective = selecting_objective(run, &params, n_validation);
    const size_t selecting = objective->loss_and_grad == mi_anchor_loss_and_grad && params.k == 0
                                 ? mi_anchor_loss_scratch_bytes(n_validation)
                                 : objective->scratch_bytes(n_validation);
    const size_t calibrating = mi_calibrate_scratch(n_validation);
    run->validation_scratch = mi_arena_take(arena, selecting > calibrating ? selecting : calibrating, 1);
    return MI_OK;
}

void mi_run_log_ratios(const mi_run *run, float *scores, size_t n)
{
    const mi_objective_spec *objective = &run->spec.objective;
    const float offset = (float)mi_objective_offset(objective);
    if (!mi_objective_is_shift(objective))
        for (size_t k = 0; k < n; k++)
            scores[k] = (float)mi_objective_log_ratio(objective, (double)scores[k]);
    else
        for (size_t k = 0; offset != 0.0f && k < n; k++)
            scores[k] -= offset;
}

/* Scores (b, b) of the validation rows from `first`. Without weights, of the baseline alone, whose columns
 * are those of slope 1 and whose slope is the gaussian's: the network adds nothing before it has learned. */
static void score_validation(mi_run *run, const float *weights, uint32_t first, uint32_t b)
{
    const size_t width = weights ? run->critic.width : mi_run_base_width(run);
    const part *v = &run->validation;
    const float *x = weights ? run->validation_features[MI_SIDE_X] : v->base[MI_SIDE_X],
                *y = weights ? run->validation_features[MI_SIDE_Y] : v->base[MI_SIDE_Y];
    x += first * width;
    y += first * width;
    if (weights) {
        mi_critic_block(&run->critic, weights, x, b, y, b, run->validation_scores, b);
        return;
    }
    const mi_product p = {.m = b,
                          .n = b,
                          .k = width,
                          .a = x,
                          .a_row = width,
                          .a_col = 1,
                          .b = y,
                          .b_row = width,
                          .b_transposed = 1,
                          .c = run->validation_scores,
                          .c_row = b};
    const double slope = run->gaussian.slope;
    mi_kernels_best()->product(&p);
    if (slope != 1.0)
        mi_vec_affine(run->validation_scores, slope,
                      (1.0 - slope) * mi_objective_offset(&run->spec.objective), (size_t)b * b);
}

/* Loss of one block of b validation rows from `first`; adds its diagonal to *diagonal. */
static double block_loss(mi_run *run, const float *weights, uint32_t first, uint32_t b, double *diagonal)
{
    float *scores = run->validation_scores;
    score_validation(run, weights, first, b);
    for (size_t i = 0; i < b; i++)
        *diagonal += mi_objective_log_ratio(&run->spec.objective, (double)scores[i * b + i]);
    if (mi_objective_optimum(&run->spec.objective) == MI_OPT_LOG_RATIO)
        mi_run_log_ratios(run, scores, (size_t)b * b);
    mi_objective_params params;
    const mi_objective *objective = selecting_objective(run, &params, b);
    double loss = 0.0;
    objective->loss_and_grad(scores, b, &params, NULL, &loss, run->validation_scratch);
    return loss;
}

double mi_run_validation_loss(mi_run *run, const float *weights, double *mean_diagonal)
{
    const part *v = &run->validation;
    if (weights)
        mi_critic_features(&run->critic, weights, v->rows, v->base, v->n, run->validation_features);
    /* Blocks of nearly equal size, none smaller than the block asked for (unless it is the only one). */
    const uint32_t n_blocks = v->n / run->validation_block;
    double loss = 0.0;
    *mean_diagonal = 0.0;
    for (uint32_t block = 0, first = 0; block < n_blocks; block++) {
        const uint32_t end = (uint32_t)((uint64_t)v->n * (block + 1) / n_blocks);
        loss += block_loss(run, weights, first, end - first, mean_diagonal) * (end - first);
        first = end;
    }
    *mean_diagonal /= v->n;
    return loss / v->n;
}

/* Second half: widths that are final only once preparation is fitted (constant columns are gone); before
 * that, their upper bounds. */
static mi_status critic_layout(mi_run *run, mi_error *err)
{
    mi_arena *arena = &run->arena;
    uint32_t base = 0;
    if (run->spec.critic.baseline == MI_BASELINE_GAUSSIAN) {
        mi_gaussian_layout(&run->gaussian, arena, run->prepare[MI_SIDE_X].dim_out,
                           run->prepare[MI_SIDE_Y].dim_out, run->split.n_train);
        base = run->gaussian.width;
    }
    mi_run_part_layout(&run->train, arena, run->split.n_train, run, base);
    mi_run_part_layout(&run->validation, arena, run->split.n_validation, run, base);
    mi_run_part_layout(&run->test, arena, run->split.n_test, run, base);
    mi_run_part_layout(&run->minibatch, arena, run->batch, run, base);
    const mi_status status = layout_critic(run, err);
    if (status != MI_OK)
        return status;
    mi_run_score_layout(run);
    return MI_OK;
}

/* Reduced to principal components where rows are few for the columns: then the validation slice is worth more
 * as rows of the fit. */
int mi_run_refits_baseline(const mi_run *run)
{
    return run->spec.critic.baseline == MI_BASELINE_GAUSSIAN &&
           (run->prepare[MI_SIDE_X].pca || run->prepare[MI_SIDE_Y].pca);
}

static void take_fit_rows(mi_run *run, float *rows[2])
{
    for (int side = 0; side < 2; side++)
        rows[side] =
            mi_arena_take(&run->arena, (size_t)run->split.n_fit * run->prepare[side].dim_out, sizeof(float));
}

static void critic_measure_scratch(mi_run *run)
{
    const size_t mark = mi_arena_mark(&run->arena);
    for (int side = 0; side < 2; side++) {
        mi_prepare_apply_layout(&run->prepare[side], &run->arena);
        mi_arena_release(&run->arena, mark);
    }
    if (run->spec.critic.baseline == MI_BASELINE_GAUSSIAN) {
        float *rows[2];
        if (mi_run_refits_baseline(run))
            take_fit_rows(run, rows);
        mi_gaussian_fit_layout(&run->gaussian, &run->arena);
        mi_arena_release(&run->arena, mark);
    }
}

void mi_baseline_columns(const mi_gaussian *g, const mi_objective_spec *objective, mi_side side,
                         const float *rows, uint32_t n, float *columns)
{
    if (side == MI_SIDE_Y) {
        mi_gaussian_columns_y(g, rows, n, columns);
        return;
    }
    mi_gaussian_columns_x(g, rows, n, columns);
    /* Where the network's output is log r plus a constant the baseline has to be too, or step 0 would not be
     * the copula estimate. */
    const float offset = (float)mi_objective_offset(objective);
    for (uint32_t i = 0; offset != 0.0f && i < n; i++)
        columns[(size_t)i * g->width + g->n_canonical] += offset;
}

void mi_run_baseline_columns(mi_run *run, part *p)
{
    for (int side = 0; side < 2; side++)
        mi_baseline_columns(&run->gaussian, &run->spec.objective, (mi_side)side, p->rows[side], p->n,
                            p->base[side]);
}

typedef struct baseline_choice {
    double shrinkage, slope, loss;
} baseline_choice;

/* Down the ladder of slopes as long as it lowers the loss, which is convex in the slope; without principal
 * components, of many rows, its top rung alone: there the network sees to the spread. */
static baseline_choice best_slope(mi_run *run, double shrinkage)
{
    const double least = mi_run_refits_baseline(run) ? SLOPE_LEAST : SLOPE_STEP;
    baseline_choice best = {shrinkage, 1.0, (double)INFINITY};
    double diagonal = 0.0;
    run->gaussian.slope = 1.0;
    mi_gaussian_shrink(&run->gaussian, shrinkage);
    mi_run_baseline_columns(run, &run->validation);
    for (double slope = 1.0; slope > least; slope *= SLOPE_STEP) {
        run->gaussian.slope = slope;
        const double loss = mi_run_validation_loss(run, NULL, &diagonal);
        if (!(loss < best.loss))
            break;
        best.slope = slope;
        best.loss = loss;
    }
    return best;
}

/*
 * Shrinkage and slope by validation loss. Of few rows with many columns the order of the pairs is right long
 * before their spread is: without a slope the loss would throw the whole baseline away (1,219 pairs of 768
 * columns, half of a fold's rows for a component: held-out MI .46 nats, with a slope 1.12).
 */
static void choose_shrinkage(mi_run *run)
{
    baseline_choice best = {(double)INFINITY, 1.0, (double)INFINITY};
    for (int i = 0; i < MI_GAUSSIAN_SHRINKAGES; i++) {
        const baseline_choice c = best_slope(run, mi_gaussian_shrinkage[i]);
        if (c.loss < best.loss)
            best = c;
    }
    run->shrinkage = best.shrinkage;
    run->gaussian.slope = best.slope;
    mi_gaussian_shrink(&run->gaussian, best.shrinkage);
    mi_run_baseline_columns(run, &run->train);
    mi_run_baseline_columns(run, &run->validation);
    mi_run_baseline_columns(run, &run->test);
}

/* A weak principal component is mostly noise, and all components are of unit variance by now. */
static void set_ridge(const mi_run *run, int side, double *ridge)
{
    const mi_prepare *p = &run->prepare[side];
    const mi_critic_spec *spec = &run->spec.critic;
    for (uint32_t c = 0; c < p->dim_out; c++)
        ridge[c] = spec->ridge + (p->pca ? spec->spectral_ridge / mi_prepare_spectrum(p, c) : 0.0);
}

enum { STAGE_LAYOUT, STAGE_BASELINE, STAGE_START, STAGES };

/*
 * Once it has chosen shrinkage, slope, weights and calibration, the validation slice joins the fit of the
 * baseline (1,219 pairs of 768 columns, both ids unseen: AUROC .72 without, .73 with).
 */
mi_status mi_run_refit_baseline(mi_run *run, mi_error *err)
{
    mi_gaussian *g = &run->gaussian;
    const double slope = g->slope;
    const size_t mark = mi_arena_mark(&run->arena);
    float *rows[2];
    if (!mi_run_refits_baseline(run))
        return MI_OK;
    take_fit_rows(run, rows);
    for (int side = 0; side < 2; side++) {
        const size_t dim = run->prepare[side].dim_out, n_train = run->train.n;
        memcpy(rows[side], run->train.rows[side], n_train * dim * sizeof(float));
        memcpy(rows[side] + n_train * dim, run->validation.rows[side],
               run->validation.n * dim * sizeof(float));
    }
    g->n_train = run->split.n_fit;
    const mi_status status = mi_gaussian_fit(g, &run->arena, rows[MI_SIDE_X], rows[MI_SIDE_Y], err);
    mi_arena_release(&run->arena, mark);
    if (status != MI_OK)
        return status;
    g->slope = slope;
    mi_gaussian_shrink(g, run->shrinkage);
    mi_run_baseline_columns(run, &run->train);
    mi_run_baseline_columns(run, &run->test);
    return MI_OK;
}

static mi_status critic_start(mi_run *run, int stage, mi_error *err)
{
    mi_rng rng;
    mi_status status = MI_OK;
    switch (stage) {
    case STAGE_LAYOUT:
        if ((status = critic_layout(run, err)) != MI_OK)
            return status;
        mi_run_prepare_rows(run, &run->train, run->split.train);
        mi_run_prepare_rows(run, &run->validation, run->split.validation);
        mi_run_prepare_rows(run, &run->test, run->split.test);
        mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_WEIGHTS, 0);
        mi_critic_init(&run->critic, &rng, run->trainer.weights);
        return MI_OK;
    case STAGE_BASELINE:
        if (run->spec.critic.baseline != MI_BASELINE_GAUSSIAN)
            return MI_OK;
        set_ridge(run, MI_SIDE_X, run->gaussian.ridge_x);
        set_ridge(run, MI_SIDE_Y, run->gaussian.ridge_y);
        status = mi_gaussian_fit(&run->gaussian, &run->arena, run->train.rows[MI_SIDE_X],
                                 run->train.rows[MI_SIDE_Y], err);
        if (status == MI_OK)
            choose_shrinkage(run);
        return status;
    default:
        mi_run_train_start(run);
        return MI_OK;
    }
}

/* Others at every step. */
static void drop_units(mi_run *run)
{
    mi_rng rng;
    if (run->spec.train.dropout <= 0.0)
        return;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_DROPOUT, run->trainer.step);
    run->critic.dropout = (mi_mlp_dropout){run->spec.train.dropout, mi_rng_u32(&rng)};
}

static mi_status critic_learn(mi_run *run, double *loss, double *mean_log_ratio, mi_error *err)
{
    const part *b = &run->minibatch;
    drop_units(run);
    return mi_trainer_step(&run->trainer, b->rows[MI_SIDE_X], b->rows[MI_SIDE_Y], b->base[MI_SIDE_X],
                           b->base[MI_SIDE_Y], b->n, loss, mean_log_ratio, err);
}

/* One unit on each side, one of them zero: no network, and nothing to train. */
static void settle_baseline(mi_spec *spec)
{
    mi_objective_defaults(&spec->objective, mi_objective_find("infonce-anchor"), 0);
    spec->critic.type = MI_CRITIC_SEPARABLE;
    spec->critic.n_hidden = 0;
    spec->critic.embed = 1;
    spec->critic.baseline = MI_BASELINE_GAUSSIAN;
    spec->train.max_steps = 0;
}

#define CRITIC_METHOD                                                                                        \
    .trains = 1, .start_stages = STAGES, .layout = critic_layout, .measure_scratch = critic_measure_scratch, \
    .start = critic_start, .score = mi_run_score_step, .validation_loss = mi_run_validation_loss,            \
    .learn = critic_learn

const mi_run_method mi_run_critic = {CRITIC_METHOD};
const mi_run_method mi_run_baseline = {CRITIC_METHOD, .settle = settle_baseline};
