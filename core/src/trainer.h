/*
 * The optimiser: Adam with warm-up, gradient clipping, decoupled weight decay, and an exponential average of
 * the weights.
 */
#ifndef MI_TRAINER_H
#define MI_TRAINER_H

#include "arena.h"
#include "critic.h"

typedef struct mi_trainer {
    const mi_train_spec *spec;
    size_t n_params;
    float epsilon;               /* of Adam */
    mi_objective_spec objective; /* its own: what MINE carries from step to step is in params */
    const mi_kernels *kernels;
    mi_critic *critic;
    uint32_t step; /* steps done */
    float *state;  /* (4, n_params): weights, Adam's m and v, average (of no use when ema is 0). The
                      block a checkpoint saves. */
    float *weights, *moment1, *moment2, *average; /* views of it */
    float *gradient;                              /* (n_params) */
    float *scores, *grad_scores;                  /* (B, B) */
    void *scratch;                                /* of the objective */
} mi_trainer;

void mi_trainer_layout(mi_trainer *trainer, mi_arena *arena, mi_critic *critic, const mi_train_spec *spec,
                       const mi_objective_spec *objective);
/* The optimiser alone, for whoever has another gradient than a critic's: n_params weights, no critic. */
void mi_trainer_layout_optimiser(mi_trainer *trainer, mi_arena *arena, size_t n_params, float epsilon,
                                 const mi_train_spec *spec);
/* Start from weights already in trainer->weights: moments zero, average = weights, step 0. */
void mi_trainer_start(mi_trainer *trainer);

/* One step. loss: of the objective; diagonal: mean log ratio of the joint pairs: both
 * before the update. MI_NUMERIC when loss or gradient norm is not finite; the weights are then unchanged. */
mi_status mi_trainer_step(mi_trainer *trainer, const float *x, const float *y, const float *base_x,
                          const float *base_y, uint32_t batch, double *loss, double *diagonal, mi_error *err);

/* The update of a step, by the gradient that is in trainer->gradient. MI_NUMERIC when its norm is not finite;
 * the weights are then unchanged. */
mi_status mi_trainer_update(mi_trainer *trainer, mi_error *err);

/* The weights to evaluate: the average, or the raw weights when ema is 0. */
const float *mi_trainer_evaluated(const mi_trainer *trainer);

#endif
