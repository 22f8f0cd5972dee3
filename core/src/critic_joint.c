/*
 * c_theta(x,y) = MLP([x;y]).
 *
 * The first layer of the MLP is W_x x + W_y y + b, computed once for each row of a side; the rest of it
 * ("trunk") sees every pair. Pairs stream through the trunk in blocks of MI_CRITIC_BLOCK, in row-major order
 * of the pair matrix.
 *
 * Parameters: W_x (D_x, H1), W_y (D_y, H1), b (H1), trunk.
 */
#include "blas.h"
#include "critic_impl.h"
#include "mlp.h"
#include "vecmath.h"

#include <assert.h>
#include <string.h>

typedef struct joint {
    size_t first[2]; /* offsets of W_x, W_y */
    size_t bias, trunk_offset;
    mi_mlp trunk;
    /* one block of pairs */
    const float *left[MI_CRITIC_BLOCK], *right[MI_CRITIC_BLOCK]; /* their rows of features */
    float *input;                                                /* (BLOCK, H1) output of the first layer */
    float *grad_input;                                           /* (BLOCK, H1) */
    mi_mlp_hidden hidden;                                        /* (BLOCK, H_l) */
    float *delta[2];                                             /* (BLOCK, widest) */
    float *output;                                               /* (BLOCK) */
} joint;

static mi_status shape(const mi_critic *critic, joint *s, mi_error *err)
{
    const uint32_t h1 = critic->hidden[0];
    const mi_status status = mi_mlp_shape(&s->trunk, h1, critic->hidden + 1, critic->n_hidden - 1, 1, err);
    if (status != MI_OK)
        return status;
    size_t total = 0;
    int wraps = 0;
    for (int side = 0; side < 2; side++) {
        size_t count = 0;
        s->first[side] = total;
        wraps |= __builtin_mul_overflow((size_t)critic->dim[side], (size_t)h1, &count);
        wraps |= __builtin_add_overflow(total, count, &total);
    }
    s->bias = total;
    wraps |= __builtin_add_overflow(total, (size_t)h1, &s->trunk_offset);
    wraps |= __builtin_add_overflow(s->trunk_offset, s->trunk.n_params, &total);
    return wraps ? mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters") : MI_OK;
}

static mi_status joint_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    if (critic->n_hidden == 0)
        return mi_fail_at(err, MI_INVALID, "/critic/hidden",
                          "a joint critic needs at least one hidden layer");
    joint s = {0};
    const mi_status status = shape(critic, &s, err);
    if (status != MI_OK)
        return status;
    const size_t h1 = critic->hidden[0], block = MI_CRITIC_BLOCK;
    critic->learned = critic->hidden[0];
    critic->n_params = s.trunk_offset + s.trunk.n_params;

    for (int k = 0; k < 2; k++)
        s.delta[k] = MI_TAKE(arena, float, block *s.trunk.widest);
    s.input = MI_TAKE(arena, float, block *h1);
    s.grad_input = MI_TAKE(arena, float, block *h1);
    for (uint32_t l = 0; l + 1 < critic->n_hidden; l++)
        s.hidden.layer[l] = MI_TAKE(arena, float, block * critic->hidden[l + 1]);
    s.output = MI_TAKE(arena, float, block);
    joint *work = MI_TAKE(arena, joint, 1);
    if (work)
        *work = s;
    critic->work = work;
    return MI_OK;
}

static void joint_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const joint *s = critic->work;
    mi_init_uniform(rng, critic->dim[0] + critic->dim[1], params + s->first[0], s->bias + critic->hidden[0]);
    mi_mlp_init(&s->trunk, rng, zero_last, params + s->trunk_offset);
}

/* The first layer's share of one side; the bias goes with y. */
static void joint_embed(mi_critic *critic, const float *params, mi_side side, const float *rows, uint32_t n,
                        mi_embed_mode mode, float *features)
{
    (void)mode;
    const joint *s = critic->work;
    const size_t h1 = critic->hidden[0], dim = critic->dim[side];
    mi_gemm(n, h1, dim, rows, dim, params + s->first[side], h1, 0.0f, features, critic->width);
    if (side == MI_SIDE_Y)
        mi_vec_bias(features, n, h1, critic->width, params + s->bias, 0);
}

/* output[q] = score of the pair (left[q], right[q]), q < m <= BLOCK. Leaves the block's activations in place.
 */
static void through_trunk(mi_critic *critic, const float *params, uint32_t m)
{
    joint *s = critic->work;
    const size_t h1 = critic->hidden[0];
    for (size_t q = 0; q < m; q++)
        mi_vec_add_relu(s->input + q * h1, s->left[q], s->right[q], h1);
    mi_mlp_forward(&s->trunk, params + s->trunk_offset, s->input, m, &s->hidden, s->output, 1);
    const size_t fixed = critic->width - h1;
    for (uint32_t q = 0; fixed > 0 && q < m; q++)
        s->output[q] += mi_vec_dot(s->left[q] + h1, s->right[q] + h1, fixed);
}

/* Pairs first .. of the (n_x, n_y) combinations; returns how many the block holds. */
static uint32_t gather(mi_critic *critic, const float *features_x, const float *features_y, size_t n_x,
                       size_t n_y, size_t first)
{
    joint *s = critic->work;
    const size_t left = n_x * n_y - first;
    const uint32_t m = left < MI_CRITIC_BLOCK ? (uint32_t)left : MI_CRITIC_BLOCK;
    for (uint32_t q = 0; q < m; q++) {
        s->left[q] = features_x + (first + q) / n_y * critic->width;
        s->right[q] = features_y + (first + q) % n_y * critic->width;
    }
    return m;
}

static void joint_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                        const float *features_y, uint32_t n_y, float *scores, size_t ld)
{
    const joint *s = critic->work;
    uint32_t m = 0;
    for (size_t first = 0; first < (size_t)n_x * n_y; first += m) {
        m = gather(critic, features_x, features_y, n_x, n_y, first);
        through_trunk(critic, params, m);
        for (size_t q = 0; q < m; q++)
            scores[(first + q) / n_y * ld + (first + q) % n_y] = s->output[q];
    }
}

static void joint_pairs(mi_critic *critic, const float *params, const float *features_x,
                        const uint32_t *index_x, const float *features_y, const uint32_t *index_y,
                        uint32_t n_pairs, float *scores)
{
    joint *s = critic->work;
    const size_t width = critic->width;
    for (uint32_t first = 0; first < n_pairs; first += MI_CRITIC_BLOCK) {
        const uint32_t m = n_pairs - first < MI_CRITIC_BLOCK ? n_pairs - first : MI_CRITIC_BLOCK;
        for (uint32_t q = 0; q < m; q++) {
            s->left[q] = features_x + (index_x ? index_x[first + q] : first + q) * width;
            s->right[q] = features_y + (index_y ? index_y[first + q] : first + q) * width;
        }
        through_trunk(critic, params, m);
        memcpy(scores + first, s->output, m * sizeof(float));
    }
}

static void joint_backward(mi_critic *critic, const float *params, const float *grad_scores,
                           float *grad_params)
{
    joint *s = critic->work;
    const mi_critic_batch *t = critic->training;
    const size_t batch = t->n, h1 = critic->hidden[0];
    for (int side = 0; side < 2; side++)
        memset(t->grad_learned[side], 0, batch * h1 * sizeof(float));
    uint32_t m = 0;
    for (size_t first = 0; first < batch * batch; first += m) {
        m = gather(critic, t->features[0], t->features[1], batch, batch, first);
        through_trunk(critic, params, m);
        mi_mlp_backward(&s->trunk, params + s->trunk_offset, s->input, m, &s->hidden, grad_scores + first, 1,
                        s->delta, first == 0 ? 0.0f : 1.0f, grad_params + s->trunk_offset, s->grad_input);
        mi_vec_relu_gradient(s->grad_input, s->input, m * h1);
        for (size_t q = 0; q < m; q++) {
            mi_vec_add(t->grad_learned[0] + (first + q) / batch * h1, s->grad_input + q * h1, h1);
            mi_vec_add(t->grad_learned[1] + (first + q) % batch * h1, s->grad_input + q * h1, h1);
        }
    }
    for (int side = 0; side < 2; side++) {
        const size_t dim = critic->dim[side];
        mi_gemm_tn(dim, h1, batch, t->rows[side], dim, t->grad_learned[side], h1, 0.0f,
                   grad_params + s->first[side], h1);
    }
    memset(grad_params + s->bias, 0, h1 * sizeof(float));
    mi_vec_column_sums(grad_params + s->bias, t->grad_learned[1], batch, h1, h1);
}

const mi_critic_ops mi_critic_joint_ops = {
    .layout = joint_layout,
    .init = joint_init,
    .embed = joint_embed,
    .backward = joint_backward,
    .block = joint_block,
    .pairs = joint_pairs,
};
