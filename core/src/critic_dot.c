/*
 * Scores that are dot products of features: all of a block are one matrix product.
 */
#include "critic_impl.h"
#include "pair_scores.h"

typedef struct block_work {
    const mi_critic *critic;
    mi_product product;
} block_work;

/* Rows of a product are independent of each other. */
static void half_of_rows(void *context, int which)
{
    const block_work *w = context;
    mi_product p = w->product;
    const size_t begin = p.m * (size_t)which / 2, end = p.m * (size_t)(which + 1) / 2;
    if (begin == end)
        return;
    p.m = end - begin;
    p.a += begin * p.a_row;
    p.c += begin * p.c_row;
    w->critic->kernels->product(&p);
}

void mi_critic_dot_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                         const float *features_y, uint32_t n_y, mi_critic_mode mode, float *scores, size_t ld)
{
    (void)params;
    (void)mode;
    block_work w = {critic,
                    {.m = n_x,
                     .n = n_y,
                     .k = critic->width,
                     .a = features_x,
                     .a_row = critic->width,
                     .a_col = 1,
                     .b = features_y,
                     .b_row = critic->width,
                     .b_transposed = 1,
                     .c = scores,
                     .c_row = ld}};
    mi_crew_split(critic->crew, half_of_rows, &w);
}

void mi_critic_dot_pairs(mi_critic *critic, const float *params, const float *features_x,
                         const uint32_t *index_x, const float *features_y, const uint32_t *index_y,
                         uint32_t n_pairs, float *scores)
{
    (void)params;
    mi_pair_scores(features_x, index_x, features_y, index_y, n_pairs, critic->width, scores);
}

float *mi_critic_dot_gradient(mi_critic *critic, mi_side side, const float *grad_scores)
{
    const mi_critic_batch *t = critic->training;
    const size_t batch = t->n, learned = critic->learned;
    const int by_column = side == MI_SIDE_Y;
    const mi_product p = {.m = batch,
                          .n = learned,
                          .k = batch,
                          .a = grad_scores,
                          .a_row = by_column ? 1 : batch,
                          .a_col = by_column ? batch : 1,
                          .b = t->features[by_column ? MI_SIDE_X : MI_SIDE_Y],
                          .b_row = critic->width,
                          .c = t->grad_learned[side],
                          .c_row = learned};
    critic->kernels->product(&p);
    return t->grad_learned[side];
}
