/*
 * Scores that are dot products of features: all of a block are one matrix product.
 */
#include "blas.h"
#include "critic_impl.h"
#include "vecmath.h"

void mi_critic_dot_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
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

void mi_critic_dot_pairs(mi_critic *critic, const float *params, const float *features_x,
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

float *mi_critic_dot_gradient(mi_critic *critic, mi_side side, const float *grad_scores)
{
    const mi_critic_batch *t = critic->training;
    const size_t batch = t->n, learned = critic->learned, width = critic->width;
    float *grad = t->grad_learned[side];
    if (side == MI_SIDE_X)
        mi_gemm(batch, learned, batch, grad_scores, batch, t->features[MI_SIDE_Y], width, 0.0f, grad,
                learned);
    else
        mi_gemm_tn(batch, learned, batch, grad_scores, batch, t->features[MI_SIDE_X], width, 0.0f, grad,
                   learned);
    return grad;
}
