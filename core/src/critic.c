#include "critic.h"

#include "critic_impl.h"

#include <assert.h>
#include <string.h>

static const mi_critic_ops *ops_of(const mi_critic *critic)
{
    switch (critic->type) {
    case MI_CRITIC_SEPARABLE:
        return &mi_critic_separable_ops;
    case MI_CRITIC_JOINT:
        return &mi_critic_joint_ops;
    }
    assert(!"a critic of unknown type");
    return NULL;
}

mi_status mi_critic_layout(mi_critic *critic, mi_arena *arena, const mi_critic_spec *spec, uint32_t dim_x,
                           uint32_t dim_y, uint32_t base, uint32_t max_batch, mi_error *err)
{
    assert(dim_x > 0 && dim_y > 0 && max_batch >= 2 && spec->n_hidden <= MI_MAX_HIDDEN);
    *critic = (mi_critic){
        .type = spec->type,
        .dim = {dim_x, dim_y},
        .n_hidden = spec->n_hidden,
        .embed = spec->embed,
        .base = base,
        .max_batch = max_batch,
    };
    memcpy(critic->hidden, spec->hidden, sizeof critic->hidden);
    const mi_status status = ops_of(critic)->layout(critic, arena, err);
    if (status == MI_OK && arena->overflow)
        return mi_fail_at(err, MI_LIMIT, "/critic", "the critic is too large for this machine");
    return status;
}

void mi_critic_init(const mi_critic *critic, mi_baseline baseline, mi_rng *rng, float *params)
{
    ops_of(critic)->init(critic, baseline == MI_BASELINE_GAUSSIAN, rng, params);
}

void mi_critic_forward(mi_critic *critic, const float *params, const float *x, const float *y,
                       const float *base_x, const float *base_y, uint32_t batch, float *scores)
{
    assert(batch >= 2 && batch <= critic->max_batch);
    const float *const rows[2] = {x, y}, *const base[2] = {base_x, base_y};
    ops_of(critic)->forward(critic, params, rows, base, batch, scores);
}

void mi_critic_backward(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params)
{
    ops_of(critic)->backward(critic, params, grad_scores, grad_params);
}

void mi_critic_features(mi_critic *critic, const float *params, mi_side side, const float *rows,
                        const float *base, uint32_t n, float *features)
{
    for (uint32_t first = 0; first < n; first += MI_CRITIC_BLOCK) {
        const uint32_t m = n - first < MI_CRITIC_BLOCK ? n - first : MI_CRITIC_BLOCK;
        ops_of(critic)->embed(critic, params, side, rows + (size_t)first * critic->dim[side], m,
                              features + (size_t)first * critic->width);
    }
    mi_critic_copy_base(critic, base, n, features);
}

void mi_critic_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                     const float *features_y, uint32_t n_y, float *scores, size_t ld)
{
    assert(ld >= n_y);
    if (n_x > 0 && n_y > 0)
        ops_of(critic)->block(critic, params, features_x, n_x, features_y, n_y, scores, ld);
}

void mi_critic_pairs(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                     const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores)
{
    ops_of(critic)->pairs(critic, params, features_x, index_x, features_y, index_y, n_pairs, scores);
}

void mi_critic_copy_base(const mi_critic *critic, const float *base, uint32_t n, float *features)
{
    const uint32_t learned = critic->width - critic->base;
    for (size_t i = 0; critic->base > 0 && i < n; i++)
        memcpy(features + i * critic->width + learned, base + i * critic->base, critic->base * sizeof(float));
}
