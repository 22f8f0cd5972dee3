/*
 * What a type of critic provides, and what critic.c keeps for all of them. The contracts are those of
 * critic.h; features are laid out as it says. Sizes in mi_critic that come from the spec are filled before
 * `layout`.
 */
#ifndef MI_CRITIC_IMPL_H
#define MI_CRITIC_IMPL_H

#include "critic.h"

/* Rows of one side, or pairs, that go through a network at once: activations of a block stay in the
 * second-level cache. A constant, so that results do not depend on the memory of whoever asks. */
#define MI_CRITIC_BLOCK 256u

/* The batch of the last forward. */
typedef struct mi_critic_batch {
    uint32_t n;
    const float *rows[2];   /* (B, D), borrowed until backward */
    float *features[2];     /* (B, S) */
    float *grad_learned[2]; /* (B, L) scratch of backward */
} mi_critic_batch;

/* A forward pass in training leaves behind what backward needs. */
typedef enum mi_critic_mode { MI_CRITIC_SCORE, MI_CRITIC_TRAIN } mi_critic_mode;

typedef struct mi_critic_ops {
    /* Sets learned and n_params, takes work. */
    mi_status (*layout)(mi_critic *critic, mi_arena *arena, mi_error *err);
    /* All parameters of the type, from the first to the last; how many views. */
    uint32_t (*views)(const mi_critic *critic, mi_critic_view *out);
    void (*init)(const mi_critic *critic, int zero_last, mi_rng *rng, float *params);
    /* Fills the learned columns of features (n, S). n <= MI_CRITIC_BLOCK, in training n <= B. The sides may
     * be embedded at once. */
    void (*embed)(mi_critic *critic, const float *params, mi_side side, const float *rows, uint32_t n,
                  mi_critic_mode mode, float *features);
    /* Of critic->training; writes the type's own parameters. */
    void (*backward)(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params);
    void (*block)(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                  const float *features_y, uint32_t n_y, mi_critic_mode mode, float *scores, size_t ld);
    void (*pairs)(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                  const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores);
} mi_critic_ops;

extern const mi_critic_ops mi_critic_separable_ops;
extern const mi_critic_ops mi_critic_joint_ops;
extern const mi_critic_ops mi_critic_bilinear_ops;
extern const mi_critic_ops mi_critic_cosine_ops;

/* The layers of an MLP whose parameters begin at `offset` of the critic's; how many views. */
uint32_t mi_mlp_views(const mi_mlp *mlp, size_t offset, const char *name, mi_critic_view *out);

/* critic_dot.c: the critics whose score is the dot product of two rows of features. */
void mi_critic_dot_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                         const float *features_y, uint32_t n_y, mi_critic_mode mode, float *scores,
                         size_t ld);
void mi_critic_dot_pairs(mi_critic *critic, const float *params, const float *features_x,
                         const uint32_t *index_x, const float *features_y, const uint32_t *index_y,
                         uint32_t n_pairs, float *scores);
/* d loss / d learned columns (B, L) of that side of the batch: grad_learned[side] of critic->training. */
float *mi_critic_dot_gradient(mi_critic *critic, mi_side side, const float *grad_scores);

#endif
