/*
 * c(x,y) = f(x).g(y) + c_G(x,y): two towers, and the baseline's columns beside their outputs, so that all
 * scores of a batch are one product.
 *
 * Parameters: tower of x, tower of y.
 */
#include "blas.h"
#include "critic_impl.h"
#include "mlp.h"
#include "vecmath.h"

typedef struct separable {
    mi_mlp tower[2];
    size_t offset[2]; /* of a tower's parameters */
    /* training */
    mi_mlp_hidden hidden[2]; /* (B, H_l) each */
    float *features[2];      /* (B, S) */
    float *grad_embed;       /* (B, E) */
    float *delta[2];         /* (B, widest) */
    const float *rows[2];    /* of the last forward, borrowed until backward */
    uint32_t batch;
    /* scoring */
    mi_mlp_hidden block_hidden; /* (MI_CRITIC_BLOCK, max over sides of H_l) */
} separable;

static mi_status shape(const mi_critic *critic, separable *s, mi_error *err)
{
    size_t total = 0;
    for (int side = 0; side < 2; side++) {
        const mi_status status = mi_mlp_shape(&s->tower[side], critic->dim[side], critic->hidden,
                                              critic->n_hidden, critic->embed, err);
        if (status != MI_OK)
            return status;
        s->offset[side] = total;
        if (__builtin_add_overflow(total, s->tower[side].n_params, &total))
            return mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters");
    }
    return MI_OK;
}

static mi_status separable_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    separable s = {0};
    const mi_status status = shape(critic, &s, err);
    if (status != MI_OK)
        return status;
    if (__builtin_add_overflow(critic->embed, critic->base, &critic->width))
        return mi_fail_at(err, MI_LIMIT, "/critic/embed", "too many columns");
    critic->n_params = s.offset[1] + s.tower[1].n_params;

    const size_t batch = critic->max_batch;
    for (int side = 0; side < 2; side++) {
        for (uint32_t l = 0; l < critic->n_hidden; l++)
            s.hidden[side].layer[l] = MI_TAKE(arena, float, batch * critic->hidden[l]);
        s.features[side] = MI_TAKE(arena, float, batch * critic->width);
        s.delta[side] = MI_TAKE(arena, float, batch *s.tower[0].widest);
    }
    s.grad_embed = MI_TAKE(arena, float, batch * critic->embed);
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        s.block_hidden.layer[l] = MI_TAKE(arena, float, (size_t)MI_CRITIC_BLOCK * critic->hidden[l]);
    separable *work = MI_TAKE(arena, separable, 1);
    if (work)
        *work = s;
    critic->work = work;
    return MI_OK;
}

static void separable_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const separable *s = critic->work;
    mi_mlp_init(&s->tower[MI_SIDE_X], rng, 0, params + s->offset[MI_SIDE_X]);
    mi_mlp_init(&s->tower[MI_SIDE_Y], rng, zero_last, params + s->offset[MI_SIDE_Y]);
}

static void separable_forward(mi_critic *critic, const float *params, const float *const rows[2],
                              const float *const base[2], uint32_t batch, float *scores)
{
    separable *s = critic->work;
    const size_t width = critic->width;
    s->batch = batch;
    for (int side = 0; side < 2; side++) {
        s->rows[side] = rows[side];
        mi_mlp_forward(&s->tower[side], params + s->offset[side], rows[side], batch, &s->hidden[side],
                       s->features[side], width);
        mi_critic_copy_base(critic, base[side], batch, s->features[side]);
    }
    mi_gemm_nt(batch, batch, width, s->features[0], width, s->features[1], width, 0.0f, scores, batch);
}

static void separable_backward(mi_critic *critic, const float *params, const float *grad_scores,
                               float *grad_params)
{
    separable *s = critic->work;
    const size_t batch = s->batch, embed = critic->embed, width = critic->width;
    for (int side = 0; side < 2; side++) {
        const float *other = s->features[1 - side];
        if (side == MI_SIDE_X)
            mi_gemm(batch, embed, batch, grad_scores, batch, other, width, 0.0f, s->grad_embed, embed);
        else
            mi_gemm_tn(batch, embed, batch, grad_scores, batch, other, width, 0.0f, s->grad_embed, embed);
        mi_mlp_backward(&s->tower[side], params + s->offset[side], s->rows[side], batch, &s->hidden[side],
                        s->grad_embed, embed, s->delta, 0.0f, grad_params + s->offset[side], NULL);
    }
}

static void separable_embed(mi_critic *critic, const float *params, mi_side side, const float *rows,
                            uint32_t n, float *features)
{
    separable *s = critic->work;
    mi_mlp_forward(&s->tower[side], params + s->offset[side], rows, n, &s->block_hidden, features,
                   critic->width);
}

static void separable_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                            const float *features_y, uint32_t n_y, float *scores, size_t ld)
{
    (void)params;
    const size_t width = critic->width;
    for (uint32_t first = 0; first < n_x; first += MI_CRITIC_BLOCK) {
        const uint32_t m = n_x - first < MI_CRITIC_BLOCK ? n_x - first : MI_CRITIC_BLOCK;
        mi_gemm_nt(m, n_y, width, features_x + first * width, width, features_y, width, 0.0f,
                   scores + first * ld, ld);
    }
}

static void separable_pairs(mi_critic *critic, const float *params, const float *features_x,
                            const uint32_t *index_x, const float *features_y, const uint32_t *index_y,
                            uint32_t n_pairs, float *scores)
{
    (void)params;
    const size_t width = critic->width;
    for (uint32_t p = 0; p < n_pairs; p++) {
        const size_t i = index_x ? index_x[p] : p, j = index_y ? index_y[p] : p;
        scores[p] = mi_vec_dot(features_x + i * width, features_y + j * width, width);
    }
}

const mi_critic_ops mi_critic_separable_ops = {
    .layout = separable_layout,
    .init = separable_init,
    .forward = separable_forward,
    .backward = separable_backward,
    .embed = separable_embed,
    .block = separable_block,
    .pairs = separable_pairs,
};
