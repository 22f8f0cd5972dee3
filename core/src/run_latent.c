/*
 * LMI (Gowri et al., NeurIPS 2024): paired autoencoders trained on the training rows, then KSG on the codes
 * of the held-out rows, of each fold by itself: codes of different folds are not comparable.
 *
 * Training is the run's own: batches, early stopping and checkpoints are those of critics. Its settings are
 * the objective's, since those of a critic would not fit. The publication counts in epochs of batches of 512,
 * at most 300 and a patience of 30; here it is steps, 2,000 and a tenth of them, which would be as many at
 * 3,400 training rows, and fewer rows get as many steps. (On linear maps of 2 to 10 latent dimensions into 10
 * to 500, N = 2,000 to 5,000, twice the steps changed the estimate by .02.) It is steps that count and not
 * rows: batches of 64 take a fifth of the time and gave .99 for .98 (truth 1, 2 dimensions in 50, N = 2,000).
 * The encoders begin with 256 units and not with the published 1,024, whose steps take 12 times as long on a
 * CPU and gave the same there (.92 for .93, truth 1).
 * Columns many for the rows stay as they are unless components are asked for, as in the publication: of
 * components of like variance an autoencoder cannot tell which ones matter (1,219 pairs of 768 columns: AUROC
 * .55 by components, .77 by columns).
 *
 * Unlike in the reference implementation, the rows that stop training are not those that are scored, and they
 * are evaluated without dropout.
 */
#include "run_internal.h"

#include <math.h>

#define EPSILON        1e-7f /* of Adam */
#define EVALUATE_EVERY 7u    /* steps */

static mi_status latent_check(const mi_spec *spec, uint64_t n_rows, uint32_t n_test, mi_error *err)
{
    (void)n_rows;
    if (spec->objective.params.latent == 0)
        return mi_fail_at(err, MI_INVALID, "/objective/latent", "0; expected at least 1");
    if (spec->objective.params.width < 4)
        return mi_fail_at(err, MI_INVALID, "/objective/width", "%u; expected at least 4",
                          spec->objective.params.width);
    return mi_run_search_check(spec, n_test, err);
}

static void latent_settle(mi_spec *spec)
{
    const mi_objective_params *params = &spec->objective.params;
    spec->critic.baseline = MI_BASELINE_NONE;
    spec->calibrate = 0;
    if (spec->prepare.pca == MI_PCA_AUTO)
        spec->prepare.pca = MI_PCA_OFF;
    spec->train = (mi_train_spec){
        .batch = params->code_batch,
        .max_steps = params->code_steps,
        .learning_rate = params->code_rate,
        .early_stopping = 1,
        .patience_steps = params->code_steps / 10 + 1,
        .evaluate_every = EVALUATE_EVERY,
    };
}

static mi_status latent_layout(mi_run *run, mi_error *err)
{
    mi_arena *arena = &run->arena;
    const mi_objective_params *params = &run->spec.objective.params;
    const uint32_t dim[2] = {run->prepare[MI_SIDE_X].dim_out, run->prepare[MI_SIDE_Y].dim_out};
    scoring *s = &run->scoring;
    mi_run_part_layout(&run->train, arena, run->split.n_train, run, 0);
    mi_run_part_layout(&run->validation, arena, run->split.n_validation, run, 0);
    mi_run_part_layout(&run->test, arena, run->split.n_test, run, 0);
    mi_run_part_layout(&run->minibatch, arena, run->batch, run, 0);
    const mi_status status =
        mi_autoencoder_layout(&run->autoencoder, arena, dim, params->latent, params->width, run->batch, err);
    if (status != MI_OK)
        return status;
    run->autoencoder.self_weight = params->self_weight;
    run->autoencoder.cross_weight = params->cross_weight;
    mi_trainer_layout_optimiser(&run->trainer, arena, run->autoencoder.n_params, EPSILON, &run->spec.train);
    mi_run_train_layout(run);
    for (int side = 0; side < 2; side++)
        run->codes[side] = MI_TAKE(arena, float, (size_t)run->split.n_test * params->latent);
    mi_run_search_layout(run, run->split.n_test, params->latent, params->latent);
    s->train_mi = s->infonce = s->nwj = s->dv = s->infonce_ceiling = (double)NAN;
    return MI_OK;
}

static void latent_measure_scratch(mi_run *run)
{
    const size_t mark = mi_arena_mark(&run->arena);
    for (int side = 0; side < 2; side++) {
        mi_prepare_apply_layout(&run->prepare[side], &run->arena);
        mi_arena_release(&run->arena, mark);
    }
    mi_ksg_fill_layout(&run->search.ksg, &run->arena);
    mi_arena_release(&run->arena, mark);
}

static mi_status latent_start(mi_run *run, int stage, mi_error *err)
{
    (void)stage;
    const mi_status status = latent_layout(run, err);
    if (status != MI_OK)
        return status;
    mi_run_prepare_rows(run, &run->train, run->split.train);
    mi_run_prepare_rows(run, &run->validation, run->split.validation);
    mi_run_prepare_rows(run, &run->test, run->split.test);
    mi_rng rng;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_WEIGHTS, 0);
    mi_autoencoder_init(&run->autoencoder, &rng, run->trainer.weights);
    mi_run_train_start(run);
    return MI_OK;
}

static double latent_validation_loss(mi_run *run, const float *weights, double *mean_log_ratio)
{
    const part *v = &run->validation;
    const uint32_t most = run->autoencoder.max_batch;
    double loss = 0.0;
    for (uint32_t first = 0; first < v->n; first += most) {
        const uint32_t n = v->n - first < most ? v->n - first : most;
        loss += n * mi_autoencoder_loss(&run->autoencoder, weights,
                                        v->rows[MI_SIDE_X] + (size_t)first * run->autoencoder.dim[MI_SIDE_X],
                                        v->rows[MI_SIDE_Y] + (size_t)first * run->autoencoder.dim[MI_SIDE_Y],
                                        n, NULL, NULL);
    }
    *mean_log_ratio = (double)NAN; /* a reconstruction is no ratio */
    return loss / v->n;
}

static mi_status latent_learn(mi_run *run, double *loss, double *mean_log_ratio, mi_error *err)
{
    const part *b = &run->minibatch;
    mi_trainer *trainer = &run->trainer;
    mi_rng dropout;
    mi_rng_init(&dropout, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_DROPOUT, trainer->step);
    *loss = mi_autoencoder_loss(&run->autoencoder, trainer->weights, b->rows[MI_SIDE_X], b->rows[MI_SIDE_Y],
                                b->n, &dropout, trainer->gradient);
    *mean_log_ratio = (double)NAN;
    if (!isfinite(*loss))
        return mi_fail(err, MI_NUMERIC, "the loss is not finite at step %u", trainer->step + 1);
    return mi_trainer_update(trainer, err);
}

/* The search begins with the codes of the test rows, each of them a sample. */
static mi_status latent_score(mi_run *run, int *done, mi_error *err)
{
    if (run->stage > 0)
        return mi_run_search_step(run, done, err);
    const part *t = &run->test;
    for (int side = 0; side < 2; side++)
        mi_autoencoder_encode(&run->autoencoder, mi_run_final_weights(run), (mi_side)side, t->rows[side],
                              t->n, run->codes[side]);
    for (uint32_t i = 0; i < t->n; i++)
        run->search.sample[i] = i;
    run->stage++;
    return mi_run_search_fill(run, run->codes[MI_SIDE_X], run->codes[MI_SIDE_Y], run->fold, err);
}

const mi_run_method mi_run_latent = {
    .trains = 1,
    .start_stages = 1,
    .settle = latent_settle,
    .check = latent_check,
    .layout = latent_layout,
    .measure_scratch = latent_measure_scratch,
    .start = latent_start,
    .score = latent_score,
    .validation_loss = latent_validation_loss,
    .learn = latent_learn,
};
