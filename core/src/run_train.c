/*
 * Training of a run, for every method that trains: minibatches, evaluation on the validation slice, early
 * stopping. What is learned, and by which loss, is the method's.
 */
#include "run_internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define EARNED_NATS 4.0 /* a likelihood ratio's point of 1 in 200, with one degree of freedom */

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

void mi_run_train_layout(mi_run *run)
{
    mi_arena *arena = &run->arena;
    run->best = MI_TAKE(arena, float, run->trainer.n_params);
    run->epoch_order = MI_TAKE(arena, uint32_t, run->split.n_train);
    run->epoch = UINT32_MAX;
    run->max_curve = mi_run_max_curve(&run->spec.train);
    run->curve = MI_TAKE(arena, mi_curve_point, run->max_curve);
}

const float *mi_run_final_weights(const mi_run *run)
{
    return run->spec.train.early_stopping ? run->best : mi_trainer_evaluated(&run->trainer);
}

/*
 * What a loss has to be below to be the best so far. Where columns became principal components, of few
 * rows, the validation slice is small and looked at often: there, what is learned has to earn its place
 * beside the baseline alone, by more nats over all validation pairs than the luckiest of many looks gives
 * away.
 */
static double to_beat(const mi_run *run)
{
    const train_progress *p = &run->progress;
    const int unproven = p->best_step == 0 && isfinite(p->best_loss) && mi_run_refits_baseline(run);
    return unproven ? p->best_loss - EARNED_NATS / mi_run_pairs_of(run, run->validation.n) : p->best_loss;
}

/* A curve point, and whether it is the best so far. */
static mi_status evaluate(mi_run *run, mi_error *err)
{
    train_progress *p = &run->progress;
    const uint32_t step = run->trainer.step;
    const float *weights = mi_trainer_evaluated(&run->trainer);
    double diagonal = 0.0;
    const double loss = run->method->validation_loss(run, weights, &diagonal);
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
    if (loss < to_beat(run)) {
        p->best_loss = loss;
        p->best_step = step;
        memcpy(run->best, weights, run->trainer.n_params * sizeof *run->best);
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
        const size_t dim = run->prepare[side].dim_out;
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

/* With early stopping divergence only ends the search for better weights: step 0 at least has been evaluated.
 * Without it the last weights would be asked for, and there are none. */
static mi_status end_of_training(mi_run *run, mi_status status)
{
    train_progress *p = &run->progress;
    if (status != MI_NUMERIC || !run->spec.train.early_stopping || !isfinite(p->best_loss))
        return status;
    p->finished = p->diverged = 1;
    return MI_OK;
}

mi_status mi_run_train_step(mi_run *run, mi_error *err)
{
    train_progress *p = &run->progress;
    mi_trainer *trainer = &run->trainer;
    mi_status status = MI_OK;
    if (p->n_curve == 0 && (status = evaluate(run, err)) != MI_OK)
        return status; /* step 0, the baseline alone, is a candidate */
    if (trainer->step < run->spec.train.max_steps) {
        double loss = 0.0, diagonal = 0.0;
        if (run->feed.fill)
            mi_run_feed_minibatch(run, trainer->step);
        else
            gather_minibatch(run, trainer->step);
        if ((status = run->method->learn(run, &loss, &diagonal, err)) != MI_OK)
            return end_of_training(run, status);
        p->loss_sum += loss;
        p->diagonal_sum += diagonal;
        p->batches++;
    }
    const int last = trainer->step >= run->spec.train.max_steps;
    if (last ? p->batches > 0 : trainer->step >= p->next_evaluation) {
        if ((status = evaluate(run, err)) != MI_OK)
            return end_of_training(run, status);
    }
    p->finished = last || out_of_patience(run);
    return MI_OK;
}
