#include "critic.h"

#include "critic_impl.h"
#include "critic_offset.h"
#include "critic_tower.h"

#include <assert.h>
#include <string.h>

static const mi_critic_ops *ops_of(const mi_critic *critic)
{
    switch (critic->type) {
    case MI_CRITIC_SEPARABLE:
        return &mi_critic_separable_ops;
    case MI_CRITIC_JOINT:
        return &mi_critic_joint_ops;
    case MI_CRITIC_BILINEAR:
        return &mi_critic_bilinear_ops;
    case MI_CRITIC_COSINE:
        return &mi_critic_cosine_ops;
    }
    assert(!"a critic of unknown type");
    return NULL;
}

static void training_layout(mi_critic *critic, mi_arena *arena)
{
    mi_critic_batch t = {0};
    const size_t batch = critic->max_batch;
    for (int side = 0; side < 2; side++) {
        t.features[side] = MI_TAKE(arena, float, batch * critic->width);
        t.grad_learned[side] = MI_TAKE(arena, float, batch * critic->learned);
    }
    critic->training = MI_TAKE(arena, mi_critic_batch, 1);
    if (critic->training)
        *critic->training = t;
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
        .baseline = spec->baseline,
        .temperature = spec->temperature,
        .learn_temperature = spec->learn_temperature,
        .y_offset = spec->y_offset != 0,
        .base = base,
        .max_batch = max_batch,
        .kernels = spec->kernels ? spec->kernels : mi_kernels_best(),
        .half = spec->precision == MI_PRECISION_BF16 ? mi_half_kernels_best() : NULL,
    };
    memcpy(critic->hidden, spec->hidden, sizeof critic->hidden);
    mi_status status = ops_of(critic)->layout(critic, arena, err);
    if (status == MI_OK && critic->y_offset)
        status = mi_critic_offset_layout(critic, arena, err);
    if (status != MI_OK)
        return status;
    if (__builtin_add_overflow(critic->learned, (uint32_t)critic->y_offset, &critic->width) ||
        __builtin_add_overflow(critic->width, base, &critic->width))
        return mi_fail_at(err, MI_LIMIT, "/critic", "too many columns");
    training_layout(critic, arena);
    if (arena->overflow)
        return mi_fail_at(err, MI_LIMIT, "/critic", "the critic is too large for this machine");
    return MI_OK;
}

void mi_critic_init(const mi_critic *critic, mi_rng *rng, float *params)
{
    ops_of(critic)->init(critic, critic->baseline == MI_BASELINE_GAUSSIAN, rng, params);
    if (critic->y_offset)
        mi_critic_offset_init(critic, rng, params);
}

uint32_t mi_critic_views(const mi_critic *critic, mi_critic_view out[MI_CRITIC_VIEWS])
{
    uint32_t n = ops_of(critic)->views(critic, out);
    if (critic->y_offset)
        n += mi_tower_views(&critic->offset->tower, "offset", out + n);
    return n;
}

/* features (n, S) of n rows of a side; limits of n as in `embed`. */
static void embed(mi_critic *critic, const float *params, mi_side side, const float *rows, const float *base,
                  uint32_t n, mi_critic_mode mode, float *features)
{
    const size_t width = critic->width, g = critic->base;
    ops_of(critic)->embed(critic, params, side, rows, n, mode, features);
    if (critic->y_offset)
        mi_critic_offset_column(critic, params, side, rows, n, mode, features + critic->learned);
    for (size_t i = 0; g > 0 && i < n; i++)
        memcpy(features + (i + 1) * width - g, base + i * g, g * sizeof *base);
}

typedef struct embedding {
    mi_critic *critic;
    const float *params;
    const float *const *rows, *const *base;
    uint32_t n;
    mi_critic_mode mode;
    float *const *features;
} embedding;

/* In blocks, but for training, where activations are kept whole. */
static void embed_side(void *context, int side)
{
    const embedding *w = context;
    const mi_critic *critic = w->critic;
    const uint32_t most = w->mode == MI_CRITIC_TRAIN ? w->n : MI_CRITIC_BLOCK;
    for (uint32_t first = 0; first < w->n; first += most) {
        const uint32_t m = w->n - first < most ? w->n - first : most;
        embed(w->critic, w->params, (mi_side)side, w->rows[side] + (size_t)first * critic->dim[side],
              w->base[side] ? w->base[side] + (size_t)first * critic->base : NULL, m, w->mode,
              w->features[side] + (size_t)first * critic->width);
    }
}

void mi_critic_forward(mi_critic *critic, const float *params, const float *x, const float *y,
                       const float *base_x, const float *base_y, uint32_t batch, float *scores)
{
    assert(batch >= 2 && batch <= critic->max_batch);
    const float *const rows[2] = {x, y}, *const base[2] = {base_x, base_y};
    mi_critic_batch *t = critic->training;
    t->n = batch;
    t->rows[MI_SIDE_X] = x;
    t->rows[MI_SIDE_Y] = y;
    embedding w = {critic, params, rows, base, batch, MI_CRITIC_TRAIN, t->features};
    mi_crew_split(critic->crew, embed_side, &w);
    ops_of(critic)->block(critic, params, t->features[MI_SIDE_X], batch, t->features[MI_SIDE_Y], batch,
                          MI_CRITIC_TRAIN, scores, batch);
}

void mi_critic_backward(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params)
{
    ops_of(critic)->backward(critic, params, grad_scores, grad_params);
    if (critic->y_offset)
        mi_critic_offset_backward(critic, params, grad_scores, grad_params);
}

void mi_critic_features(mi_critic *critic, const float *params, float *const rows[2], float *const base[2],
                        uint32_t n, float *const features[2])
{
    const float *const r[2] = {rows[0], rows[1]}, *const b[2] = {base[0], base[1]};
    embedding w = {critic, params, r, b, n, MI_CRITIC_SCORE, features};
    mi_crew_split(critic->crew, embed_side, &w);
}

void mi_critic_side_features(mi_critic *critic, const float *params, mi_side side, const float *rows,
                             const float *base, uint32_t n, float *features)
{
    const float *r[2] = {NULL, NULL}, *b[2] = {NULL, NULL};
    float *f[2] = {NULL, NULL};
    r[side] = rows;
    b[side] = base;
    f[side] = features;
    embedding w = {critic, params, r, b, n, MI_CRITIC_SCORE, f};
    embed_side(&w, side);
}

void mi_critic_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                     const float *features_y, uint32_t n_y, float *scores, size_t ld)
{
    assert(ld >= n_y);
    if (n_x > 0 && n_y > 0)
        ops_of(critic)->block(critic, params, features_x, n_x, features_y, n_y, MI_CRITIC_SCORE, scores, ld);
}

void mi_critic_pairs(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                     const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores)
{
    ops_of(critic)->pairs(critic, params, features_x, index_x, features_y, index_y, n_pairs, scores);
}
