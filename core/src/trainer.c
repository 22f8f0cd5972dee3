#include "trainer.h"

#include <math.h>
#include <string.h>

#define EPSILON 1e-8f
#define LINE    16u /* parameters in a cache line */

void mi_trainer_layout_optimiser(mi_trainer *trainer, mi_arena *arena, size_t n_params, float epsilon,
                                 const mi_train_spec *spec)
{
    *trainer =
        (mi_trainer){.spec = spec, .n_params = n_params, .epsilon = epsilon, .kernels = mi_kernels_best()};
    trainer->state = mi_arena_take(arena, n_params, 4 * sizeof(float));
    if (trainer->state) {
        trainer->weights = trainer->state;
        trainer->moment1 = trainer->state + n_params;
        trainer->moment2 = trainer->state + 2 * n_params;
        trainer->average = trainer->state + 3 * n_params;
    }
    trainer->gradient = MI_TAKE(arena, float, n_params);
}

void mi_trainer_layout(mi_trainer *trainer, mi_arena *arena, mi_critic *critic, const mi_train_spec *spec,
                       const mi_objective_spec *objective)
{
    const size_t batch = critic->max_batch;
    mi_trainer_layout_optimiser(trainer, arena, critic->n_params, EPSILON, spec);
    trainer->critic = critic;
    trainer->kernels = critic->kernels;
    trainer->objective = *objective;
    trainer->scores = MI_TAKE(arena, float, batch *batch);
    trainer->grad_scores = MI_TAKE(arena, float, batch *batch);
    trainer->scratch = mi_arena_take(arena, objective->entry->scratch_bytes(batch), 1);
}

void mi_trainer_start(mi_trainer *trainer)
{
    const size_t bytes = trainer->n_params * sizeof(float);
    trainer->step = 0;
    trainer->objective.params.log_partition = (double)NAN;
    memset(trainer->moment1, 0, bytes);
    memset(trainer->moment2, 0, bytes);
    memcpy(trainer->average, trainer->weights, bytes);
}

static mi_adam_step plan_update(const mi_trainer *trainer, double norm)
{
    const mi_train_spec *spec = trainer->spec;
    const double t = (double)trainer->step + 1.0; /* this step's number, from 1 */
    const double warm = t < (double)spec->warmup_steps ? t / (double)spec->warmup_steps : 1.0;
    const double rate = spec->learning_rate * warm;
    const double ramp = fmin(spec->ema, (1.0 + t) / (10.0 + t));
    const int clips = spec->gradient_clip > 0 && norm > spec->gradient_clip;
    return (mi_adam_step){
        .scale = clips ? (float)(spec->gradient_clip / norm) : 1.0f,
        .rate = (float)(rate / (1.0 - pow(MI_ADAM_BETA1, t))),
        .second = (float)(1.0 / sqrt(1.0 - pow(MI_ADAM_BETA2, t))),
        .decay = (float)(rate * spec->weight_decay),
        .average = (float)(1.0 - ramp),
        .epsilon = trainer->epsilon,
    };
}

/* The two halves of the parameters, cut where a cache line ends. */
static size_t half_begins(size_t n, int which)
{
    return which == 0 ? 0 : which == 1 ? n / 2 / LINE * LINE : n;
}

typedef struct update_work {
    const mi_trainer *trainer;
    mi_adam_step step;
    double squares[2];
} update_work;

static void half_of_norm(void *context, int which)
{
    update_work *w = context;
    const size_t n = w->trainer->n_params, begin = half_begins(n, which), end = half_begins(n, which + 1);
    w->squares[which] = w->trainer->kernels->sum_squares(w->trainer->gradient + begin, end - begin);
}

static void half_of_update(void *context, int which)
{
    const update_work *w = context;
    const mi_trainer *t = w->trainer;
    const mi_adam_arrays arrays = {.weights = t->weights,
                                   .moment1 = t->moment1,
                                   .moment2 = t->moment2,
                                   .average = t->spec->ema > 0 ? t->average : NULL,
                                   .gradient = t->gradient};
    t->kernels->adam(&w->step, &arrays, half_begins(t->n_params, which), half_begins(t->n_params, which + 1));
}

mi_status mi_trainer_update(mi_trainer *trainer, mi_error *err)
{
    mi_crew *crew = trainer->critic ? trainer->critic->crew : NULL;
    update_work w = {.trainer = trainer};
    mi_crew_split(crew, half_of_norm, &w);
    const double norm = sqrt(w.squares[0] + w.squares[1]);
    if (!isfinite(norm))
        return mi_fail(err, MI_NUMERIC, "the gradient is not finite at step %u", trainer->step + 1);
    w.step = plan_update(trainer, norm);
    mi_crew_split(crew, half_of_update, &w);
    trainer->step++;
    return MI_OK;
}

mi_status mi_trainer_step(mi_trainer *trainer, const float *x, const float *y, const float *base_x,
                          const float *base_y, uint32_t batch, double *loss, double *diagonal, mi_error *err)
{
    const mi_objective *objective = trainer->objective.entry;
    mi_objective_params *params = &trainer->objective.params;
    mi_critic *critic = trainer->critic;
    mi_critic_forward(critic, trainer->weights, x, y, base_x, base_y, batch, trainer->scores);
    if (objective->observe)
        objective->observe(trainer->scores, batch, params);
    objective->loss_and_grad(trainer->scores, batch, params, trainer->grad_scores, loss, trainer->scratch);
    double joint = 0;
    for (size_t i = 0; i < batch; i++)
        joint += mi_objective_log_ratio(&trainer->objective, (double)trainer->scores[i * (batch + 1)]);
    *diagonal = joint / (double)batch;
    if (!isfinite(*loss))
        return mi_fail(err, MI_NUMERIC, "the loss is not finite at step %u", trainer->step + 1);

    mi_critic_backward(critic, trainer->weights, trainer->grad_scores, trainer->gradient);
    return mi_trainer_update(trainer, err);
}

const float *mi_trainer_evaluated(const mi_trainer *trainer)
{
    return trainer->spec->ema > 0 ? trainer->average : trainer->weights;
}
