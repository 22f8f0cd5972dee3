#include "critic_tower.h"

#include <stdio.h>

mi_status mi_tower_layout(mi_tower *tower, mi_critic *critic, mi_side side, uint32_t out, mi_arena *arena,
                          mi_error *err)
{
    const mi_status status =
        mi_mlp_shape(&tower->mlp, critic->dim[side], critic->hidden, critic->n_hidden, out, err);
    if (status != MI_OK)
        return status;
    tower->mlp.kernels = critic->kernels;
    tower->mlp.half = critic->half;
    tower->offset = critic->n_params;
    if (__builtin_add_overflow(critic->n_params, tower->mlp.n_params, &critic->n_params))
        return mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters");
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        tower->kept.layer[l] = MI_TAKE(arena, float, critic->max_batch *mi_mlp_stride(critic->hidden[l]));
    return MI_OK;
}

void mi_tower_scratch_layout(mi_tower_scratch *scratch, const mi_critic *critic, const mi_tower *tower,
                             mi_arena *arena)
{
    const uint32_t rows = critic->max_batch > MI_CRITIC_BLOCK ? critic->max_batch : MI_CRITIC_BLOCK;
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        scratch->passing.layer[l] = MI_TAKE(arena, float, MI_CRITIC_BLOCK *mi_mlp_stride(critic->hidden[l]));
    for (int k = 0; k < 2; k++)
        scratch->delta[k] = MI_TAKE(arena, float, critic->max_batch *mi_mlp_stride(tower->mlp.widest));
    scratch->packed = mi_mlp_pack_layout(&tower->mlp, rows, arena);
}

void mi_tower_init(const mi_tower *tower, int zero_last, mi_rng *rng, float *params)
{
    mi_mlp_init(&tower->mlp, rng, zero_last, params + tower->offset);
}

uint32_t mi_mlp_views(const mi_mlp *mlp, size_t offset, const char *name, mi_critic_view *out)
{
    for (uint32_t l = 0; l < mlp->n_layers; l++) {
        mi_critic_view *weight = &out[2 * l], *bias = weight + 1;
        *weight = (mi_critic_view){
            .offset = offset + mlp->weights[l], .rows = mlp->dim[l], .cols = mlp->dim[l + 1]};
        *bias = (mi_critic_view){.offset = offset + mlp->biases[l], .rows = mlp->dim[l + 1]};
        snprintf(weight->name, sizeof weight->name, "%s.layer%u.weight", name, l);
        snprintf(bias->name, sizeof bias->name, "%s.layer%u.bias", name, l);
    }
    return 2 * mlp->n_layers;
}

uint32_t mi_tower_views(const mi_tower *tower, const char *name, mi_critic_view *out)
{
    return mi_mlp_views(&tower->mlp, tower->offset, name, out);
}

/* The towers of a critic do not drop the same units. */
static mi_mlp_dropout dropout_of(const mi_critic *critic, const mi_tower *tower)
{
    mi_mlp_dropout dropout = critic->dropout;
    dropout.key ^= (uint32_t)tower->offset;
    return dropout;
}

void mi_tower_forward(const mi_critic *critic, const mi_tower *tower, const mi_tower_scratch *scratch,
                      const float *params, const float *rows, uint32_t n, mi_critic_mode mode, float *out,
                      size_t ld)
{
    mi_mlp_hidden hidden = mode == MI_CRITIC_TRAIN ? tower->kept : scratch->passing;
    hidden.packed = scratch->packed;
    if (mode == MI_CRITIC_TRAIN)
        hidden.dropout = dropout_of(critic, tower);
    mi_mlp_repack(scratch->packed);
    mi_mlp_forward(&tower->mlp, params + tower->offset, rows, n, &hidden, out, ld);
}

void mi_tower_backward(const mi_critic *critic, const mi_tower *tower, const mi_tower_scratch *scratch,
                       const float *params, const float *rows, uint32_t n, const float *grad_out,
                       float *grad_params)
{
    mi_mlp_hidden hidden = tower->kept;
    hidden.packed = scratch->packed;
    hidden.dropout = dropout_of(critic, tower);
    mi_mlp_backward(&tower->mlp, params + tower->offset, rows, n, &hidden, grad_out,
                    tower->mlp.dim[tower->mlp.n_layers], scratch->delta, 0, grad_params + tower->offset,
                    NULL);
}
