#include "critic_offset.h"

#include "vecmath.h"

#include <string.h>

mi_status mi_critic_offset_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    mi_critic_offset o = {0};
    const mi_status status = mi_tower_layout(&o.tower, critic, MI_SIDE_Y, 1, arena, err);
    if (status != MI_OK)
        return status;
    mi_tower_scratch_layout(&o.scratch, critic, &o.tower, arena);
    o.grad = MI_TAKE(arena, float, critic->max_batch);
    critic->offset = MI_TAKE(arena, mi_critic_offset, 1);
    if (critic->offset)
        *critic->offset = o;
    return MI_OK;
}

void mi_critic_offset_init(const mi_critic *critic, mi_rng *rng, float *params)
{
    mi_tower_init(&critic->offset->tower, 1, rng, params);
}

void mi_critic_offset_column(const mi_critic *critic, const float *params, mi_side side, const float *rows,
                             uint32_t n, mi_critic_mode mode, float *column)
{
    const mi_critic_offset *o = critic->offset;
    const size_t width = critic->width;
    if (side == MI_SIDE_Y)
        mi_tower_forward(critic, &o->tower, &o->scratch, params, rows, n, mode, column, width);
    for (size_t i = 0; i < n; i++)
        column[i * width] = side == MI_SIDE_Y ? -column[i * width] : 1.0f;
}

void mi_critic_offset_backward(const mi_critic *critic, const float *params, const float *grad_scores,
                               float *grad_params)
{
    const mi_critic_offset *o = critic->offset;
    const mi_critic_batch *t = critic->training;
    memset(o->grad, 0, t->n * sizeof *o->grad);
    mi_vec_column_sums(o->grad, grad_scores, t->n, t->n, t->n);
    for (uint32_t j = 0; j < t->n; j++)
        o->grad[j] = -o->grad[j];
    mi_tower_backward(critic, &o->tower, &o->scratch, params, t->rows[MI_SIDE_Y], t->n, o->grad, grad_params);
}
