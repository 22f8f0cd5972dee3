#include "critic_tower.h"

mi_status mi_tower_layout(mi_tower *tower, mi_critic *critic, mi_side side, uint32_t out, mi_arena *arena,
                          mi_error *err)
{
    const mi_status status =
        mi_mlp_shape(&tower->mlp, critic->dim[side], critic->hidden, critic->n_hidden, out, err);
    if (status != MI_OK)
        return status;
    tower->mlp.kernels = critic->kernels;
    tower->offset = critic->n_params;
    if (__builtin_add_overflow(critic->n_params, tower->mlp.n_params, &critic->n_params))
        return mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters");
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        tower->kept.layer[l] = MI_TAKE(arena, float, (size_t)critic->max_batch * critic->hidden[l]);
    return MI_OK;
}

void mi_tower_scratch_layout(mi_tower_scratch *scratch, const mi_critic *critic, uint32_t out,
                             mi_arena *arena)
{
    uint32_t widest = out;
    for (uint32_t l = 0; l < critic->n_hidden; l++) {
        scratch->passing.layer[l] = MI_TAKE(arena, float, (size_t)MI_CRITIC_BLOCK * critic->hidden[l]);
        widest = critic->hidden[l] > widest ? critic->hidden[l] : widest;
    }
    for (int k = 0; k < 2; k++)
        scratch->delta[k] = MI_TAKE(arena, float, (size_t)critic->max_batch *widest);
}

void mi_tower_init(const mi_tower *tower, int zero_last, mi_rng *rng, float *params)
{
    mi_mlp_init(&tower->mlp, rng, zero_last, params + tower->offset);
}

void mi_tower_forward(const mi_tower *tower, const mi_tower_scratch *scratch, const float *params,
                      const float *rows, uint32_t n, mi_critic_mode mode, float *out, size_t ld)
{
    const mi_mlp_hidden *hidden = mode == MI_CRITIC_TRAIN ? &tower->kept : &scratch->passing;
    mi_mlp_forward(&tower->mlp, params + tower->offset, rows, n, hidden, out, ld);
}

void mi_tower_backward(const mi_tower *tower, const mi_tower_scratch *scratch, const float *params,
                       const float *rows, uint32_t n, const float *grad_out, float *grad_params)
{
    mi_mlp_backward(&tower->mlp, params + tower->offset, rows, n, &tower->kept, grad_out,
                    tower->mlp.dim[tower->mlp.n_layers], scratch->delta, 0.0f, grad_params + tower->offset,
                    NULL);
}
