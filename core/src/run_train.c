/*
 * Training of a run: minibatches, evaluation on the validation slice, early stopping.
 *
 * What selects is a loss that sees the scale of r: the anchor loss at nu = K over the validation score
 * matrix, rows and columns. The anchor at nu = 1, InfoNCE and DV are blind to the scale and must not choose.
 * An objective whose output is log r only up to a constant or C(y) is selected by its own loss.
 */
#include "run_internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Rows of one validation score matrix for the joint critic: all V^2 pairs would cost more than the training
 * they steer. */
#define JOINT_VALIDATION_BLOCK 128u

static uint32_t evaluation_gap(const mi_train_spec *spec, uint32_t step)
{
    const double gap = fmax(spec->evaluate_every, step * spec->evaluate_fraction);
    return gap < 1.0 ? 1u : gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap;
}

uint32_t mi_run_max_curve(const mi_train_spec *spec)
{
    uint32_t points = 2; /* step 0 and the last step */
    for (uint64_t step = 0; step < spec->max_steps; points++)
        step += evaluation_gap(spec, (uint32_t)step);
    return points;
}

static const mi_objective *selecting_objective(const mi_run *run, mi_objective_params *params, size_t n)
{
    const mi_objective_spec *own = &run->spec.objective;
    *params = own->params;
    if (mi_objective_optimum(own) != MI_OPT_LOG_RATIO)
        return own->entry;
    *params = (mi_objective_params){.nu = (double)n - 1.0, .directions = MI_DIRECTIONS_BOTH};
    return mi_objective_find("infonce-anchor");
}

mi_status mi_run_train_layout(mi_run *run, mi_error *err)
{
    mi_arena *arena = &run->arena;
    const uint32_t n_validation = run->split.n_validation;
    const mi_status status =
        mi_critic_layout(&run->critic, arena, &run->spec.critic, run->prepare[MI_SIDE_X].dim_out,
                         run->prepare[MI_SIDE_Y].dim_out, mi_run_base_width(run), run->batch, err);
    if (status != MI_OK)
        return status;
    mi_trainer_layout(&run->trainer, arena, &run->critic, &run->spec.train, &run->spec.objective);
    run->best = MI_TAKE(arena, float, run->critic.n_params);
    run->epoch_order = MI_TAKE(arena, uint32_t, run->split.n_train);
    run->epoch = UINT32_MAX;
    run->max_curve = mi_run_max_curve(&run->spec.train);
    run->curve = MI_TAKE(arena, mi_curve_point, run->max_curve);

    const int joint = run->spec.critic.type == MI_CRITIC_JOINT;
    run->validation_block =
        joint && n_validation > JOINT_VALIDATION_BLOCK ? JOINT_VALIDATION_BLOCK : n_validation;
    for (int side = 0; side < 2; side++)
        run->validation_features[side] = MI_TAKE(arena, float, (size_t)n_validation * run->critic.width);
    /* Whole, and twice: calibration takes all pairs and tries slopes on a copy. */
    run->validation_scores = MI_TAKE(arena, float, (size_t)n_validation *n_validation);
    run->validation_work =
        MI_TAKE(arena, float, (size_t)n_validation *n_validation); /* whole: calibration takes all pairs */
    mi_objective_params params;
    const size_t selecting = selecting_objective(run, &params, n_validation)->scratch_bytes(n_validation);
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

/* Loss of one block of b validation rows from `first`; adds its diagonal to *diagonal. */
static double block_loss(mi_run *run, const float *weights, uint32_t first, uint32_t b, double *diagonal)
{
    const size_t width = run->critic.width;
    float *scores = run->validation_scores;
    mi_critic_block(&run->critic, weights, run->validation_features[MI_SIDE_X] + first * width, b,
                    run->validation_features[MI_SIDE_Y] + first * width, b, scores, b);
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
    for (int side = 0; side < 2; side++)
        mi_critic_features(&run->critic, weights, (mi_side)side, v->rows[side], v->base[side], v->n,
                           run->validation_features[side]);
    /* Blocks of nearly equal size, none smaller than the block asked for (unless it is the only one). */
    const uint32_t n_blocks = v->n / run->validation_block;
    double loss = 0.0, diagonal = 0.0;
    for (uint32_t block = 0, first = 0; block < n_blocks; block++) {
        const uint32_t end = (uint32_t)((uint64_t)v->n * (block + 1) / n_blocks);
        loss += block_loss(run, weights, first, end - first, &diagonal) * (end - first);
        first = end;
    }
    if (mean_diagonal)
        *mean_diagonal = diagonal / v->n;
    return loss / v->n;
}

const float *mi_run_final_weights(const mi_run *run)
{
    return run->spec.train.early_stopping ? run->best : mi_trainer_evaluated(&run->trainer);
}

/* A curve point, and whether it is the best so far. */
static mi_status evaluate(mi_run *run, mi_error *err)
{
    train_progress *p = &run->progress;
    const uint32_t step = run->trainer.step;
    const float *weights = mi_trainer_evaluated(&run->trainer);
    double diagonal = 0.0;
    const double loss = mi_run_validation_loss(run, weights, &diagonal);
    if (!isfinite(loss))
        return mi_fail(err, MI_NUMERIC,
                       "validation loss is not finite at step %u; a lower /train/learning_rate would help",
                       step);
    assert(p->n_curve < run->max_curve);
    run->curve[p->n_curve++] = (mi_curve_point){
        .step = step,
        .train_loss = p->batches ? p->loss_sum / p->batches : (double)NAN,
        .val_loss = loss,
        .train_mi = p->batches ? p->diagonal_sum / p->batches : (double)NAN,
        .val_mi = diagonal,
    };
    p->batches = 0;
    p->loss_sum = p->diagonal_sum = 0.0;
    p->next_evaluation = step + evaluation_gap(&run->spec.train, step);
    if (loss < p->best_loss) {
        p->best_loss = loss;
        p->best_step = step;
        memcpy(run->best, weights, run->critic.n_params * sizeof *run->best);
    }
    return MI_OK;
}

void mi_run_train_start(mi_run *run)
{
    mi_trainer_start(&run->trainer);
    run->progress = (train_progress){.best_loss = (double)INFINITY};
    run->epoch = UINT32_MAX;
}

void mi_run_gather(mi_run *run, const uint32_t *rows, uint32_t n)
{
    assert(n <= run->batch);
    const size_t base = mi_run_base_width(run);
    for (int side = 0; side < 2; side++) {
        const size_t dim = run->critic.dim[side];
        for (size_t i = 0; i < n; i++) {
            memcpy(run->minibatch.rows[side] + i * dim, run->train.rows[side] + rows[i] * dim,
                   dim * sizeof(float));
            if (base)
                memcpy(run->minibatch.base[side] + i * base, run->train.base[side] + rows[i] * base,
                       base * sizeof(float));
        }
    }
}

/* Rows of step t: epochs are seeded permutations of the training rows, cut into batches; a remainder waits
 * for another epoch. */
static void gather_minibatch(mi_run *run, uint32_t step)
{
    const uint32_t n = run->train.n, per_epoch = n / run->batch, epoch = step / per_epoch;
    if (epoch != run->epoch) {
        mi_run_shuffle(run, MI_PURPOSE_EPOCH, epoch, run->epoch_order, n);
        run->epoch = epoch;
    }
    mi_run_gather(run, run->epoch_order + (size_t)(step % per_epoch) * run->batch, run->batch);
}

static int out_of_patience(const mi_run *run)
{
    const mi_train_spec *spec = &run->spec.train;
    const double patience = spec->patience_steps + spec->patience_fraction * run->progress.best_step;
    return spec->early_stopping && run->trainer.step - run->progress.best_step >= patience;
}

mi_status mi_run_train_step(mi_run *run, mi_error *err)
{
    train_progress *p = &run->progress;
    mi_trainer *trainer = &run->trainer;
    const part *b = &run->minibatch;
    mi_status status = MI_OK;
    if (trainer->step == 0 && p->n_curve == 0 && (status = evaluate(run, err)) != MI_OK)
        return status; /* step 0, the baseline alone, is a candidate */
    if (trainer->step < run->spec.train.max_steps) {
        double loss = 0.0, diagonal = 0.0;
        gather_minibatch(run, trainer->step);
        status = mi_trainer_step(trainer, b->rows[MI_SIDE_X], b->rows[MI_SIDE_Y], b->base[MI_SIDE_X],
                                 b->base[MI_SIDE_Y], b->n, &loss, &diagonal, err);
        if (status != MI_OK)
            return status;
        p->loss_sum += loss;
        p->diagonal_sum += diagonal;
        p->batches++;
    }
    const int last = trainer->step >= run->spec.train.max_steps;
    if (last ? p->batches > 0 : trainer->step >= p->next_evaluation) {
        if ((status = evaluate(run, err)) != MI_OK)
            return status;
    }
    p->finished = last || out_of_patience(run);
    return MI_OK;
}
