#include "trainer.h"

#include "vecmath.h"
#include "vector_clones.h"

#include <math.h>
#include <string.h>

#define BETA1   0.9
#define BETA2   0.999
#define EPSILON 1e-8f
#define LINE    16u /* parameters in a cache line */

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
    float epsilon;
} update;

static update plan_update(const mi_trainer *trainer, double norm)
{
    const mi_train_spec *spec = trainer->spec;
    const double t = (double)trainer->step + 1.0; /* this step's number, from 1 */
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
        .epsilon = trainer->epsilon,
    };
}

/* The weight after the step; its moments move on. */
static inline float moved(const update *u, float gradient, float *moment1, float *moment2, float weight)
{
    const float g = gradient * u->scale;
    const float m = (float)BETA1 * *moment1 + (float)(1.0 - BETA1) * g;
    const float v = (float)BETA2 * *moment2 + (float)(1.0 - BETA2) * g * g;
    *moment1 = m;
    *moment2 = v;
    return weight - u->rate * m / (sqrtf(v) * u->second + u->epsilon) - u->decay * weight;
}

/* Parameters begin .. end, in one pass: the arrays are larger than a second-level cache, and moving them is
 * all that this costs. */
MI_VECTOR_CLONES
static void apply_update(const mi_trainer *trainer, const update *step, size_t begin, size_t end)
{
    float *restrict weights = trainer->weights, *restrict moment1 = trainer->moment1;
    float *restrict moment2 = trainer->moment2, *restrict average = trainer->average;
    const float *restrict gradient = trainer->gradient;
    const update u = *step;
    if (trainer->spec->ema > 0) {
#pragma omp simd
        for (size_t i = begin; i < end; i++) {
            weights[i] = moved(&u, gradient[i], &moment1[i], &moment2[i], weights[i]);
            average[i] += u.average * (weights[i] - average[i]);
        }
    } else {
#pragma omp simd
        for (size_t i = begin; i < end; i++)
            weights[i] = moved(&u, gradient[i], &moment1[i], &moment2[i], weights[i]);
    }
}

/* The two halves of the parameters, cut where a cache line ends. */
static size_t half_begins(size_t n, int which)
{
    return which == 0 ? 0 : which == 1 ? n / 2 / LINE * LINE : n;
}

typedef struct update_work {
    const mi_trainer *trainer;
    update update;
    double squares[2];
} update_work;

static void half_of_norm(void *context, int which)
{
    update_work *w = context;
    const size_t n = w->trainer->n_params, begin = half_begins(n, which), end = half_begins(n, which + 1);
    w->squares[which] = mi_vec_sum_squares(w->trainer->gradient + begin, end - begin);
}

static void half_of_update(void *context, int which)
{
    const update_work *w = context;
    const size_t n = w->trainer->n_params;
    apply_update(w->trainer, &w->update, half_begins(n, which), half_begins(n, which + 1));
}

mi_status mi_trainer_update(mi_trainer *trainer, mi_error *err)
{
    mi_crew *crew = trainer->critic ? trainer->critic->crew : NULL;
    update_work w = {.trainer = trainer};
    mi_crew_split(crew, half_of_norm, &w);
    const double norm = sqrt(w.squares[0] + w.squares[1]);
    if (!isfinite(norm))
        return mi_fail(err, MI_NUMERIC, "the gradient is not finite at step %u", trainer->step + 1);
    w.update = plan_update(trainer, norm);
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
