#include "trainer.h"

#include "vecmath.h"
#include "vector_clones.h"

#include <math.h>
#include <string.h>

#define BETA1   0.9
#define BETA2   0.999
#define EPSILON 1e-8f

void mi_trainer_layout_optimiser(mi_trainer *trainer, mi_arena *arena, size_t n_params, float epsilon,
                                 const mi_train_spec *spec)
{
    *trainer = (mi_trainer){.spec = spec, .n_params = n_params, .epsilon = epsilon};
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

/* What changes from step to step, in the precision of the loop below. */
typedef struct update {
    float scale;   /* of the gradient, from clipping */
    float rate;    /* learning rate over Adam's first bias correction */
    float second;  /* 1/sqrt of the second bias correction */
    float decay;   /* learning rate times weight decay */
    float average; /* weight of the new weights in the average */
} update;

static update plan_update(const mi_train_spec *spec, uint32_t step, double norm)
{
    const double t = (double)step + 1.0; /* this step's number, from 1 */
    const double warm = t < (double)spec->warmup_steps ? t / (double)spec->warmup_steps : 1.0;
    const double rate = spec->learning_rate * warm;
    const double ramp = fmin(spec->ema, (1.0 + t) / (10.0 + t));
    const int clips = spec->gradient_clip > 0 && norm > spec->gradient_clip;
    return (update){
        .scale = clips ? (float)(spec->gradient_clip / norm) : 1.0f,
        .rate = (float)(rate / (1.0 - pow(BETA1, t))),
        .second = (float)(1.0 / sqrt(1.0 - pow(BETA2, t))),
        .decay = (float)(rate * spec->weight_decay),
        .average = (float)(1.0 - ramp),
    };
}

MI_VECTOR_CLONES
static void apply_update(const mi_trainer *trainer, const update *u)
{
    const size_t n = trainer->n_params;
    float *restrict weights = trainer->weights, *restrict moment1 = trainer->moment1;
    float *restrict moment2 = trainer->moment2, *restrict average = trainer->average;
    const float *restrict gradient = trainer->gradient;
    const float scale = u->scale, rate = u->rate, second = u->second, decay = u->decay, fresh = u->average;
    const float beta1 = (float)BETA1, beta2 = (float)BETA2, epsilon = trainer->epsilon;
    const float gain1 = (float)(1.0 - BETA1), gain2 = (float)(1.0 - BETA2);
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i] * scale;
        const float m = beta1 * moment1[i] + gain1 * g;
        const float v = beta2 * moment2[i] + gain2 * g * g;
        const float w = weights[i] - rate * m / (sqrtf(v) * second + epsilon) - decay * weights[i];
        moment1[i] = m;
        moment2[i] = v;
        weights[i] = w;
        average[i] += fresh * (w - average[i]);
    }
}

mi_status mi_trainer_update(mi_trainer *trainer, mi_error *err)
{
    const double norm = sqrt(mi_vec_sum_squares(trainer->gradient, trainer->n_params));
    if (!isfinite(norm))
        return mi_fail(err, MI_NUMERIC, "the gradient is not finite at step %u", trainer->step + 1);
    const update u = plan_update(trainer->spec, trainer->step, norm);
    apply_update(trainer, &u);
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
