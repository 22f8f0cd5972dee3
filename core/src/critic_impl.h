/*
 * What a type of critic provides; the contracts are those of critic.h. Sizes in mi_critic are filled before
 * `layout`.
 */
#ifndef MI_CRITIC_IMPL_H
#define MI_CRITIC_IMPL_H

#include "critic.h"

/* Rows of one side, or pairs, that go through a network at once: activations of a block stay in the
 * second-level cache. A constant, so that results do not depend on the memory of whoever asks. */
#define MI_CRITIC_BLOCK 256u

typedef struct mi_critic_ops {
    mi_status (*layout)(mi_critic *critic, mi_arena *arena, mi_error *err);
    void (*init)(const mi_critic *critic, int zero_last, mi_rng *rng, float *params);
    void (*forward)(mi_critic *critic, const float *params, const float *const rows[2],
                    const float *const base[2], uint32_t batch, float *scores);
    void (*backward)(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params);
    /* n <= MI_CRITIC_BLOCK; fills the learned columns of features, not the baseline's. */
    void (*embed)(mi_critic *critic, const float *params, mi_side side, const float *rows, uint32_t n,
                  float *features);
    void (*block)(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                  const float *features_y, uint32_t n_y, float *scores, size_t ld);
    void (*pairs)(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                  const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores);
} mi_critic_ops;

extern const mi_critic_ops mi_critic_separable_ops;
extern const mi_critic_ops mi_critic_joint_ops;

/* The last G columns of features (n, S) = base (n, G). */
void mi_critic_copy_base(const mi_critic *critic, const float *base, uint32_t n, float *features);

#endif
