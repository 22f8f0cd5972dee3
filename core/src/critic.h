/*
 * The critic c(x,y) = c_G(x,y) + c_theta(x,y).
 *
 * Dimension letters: B pairs of a batch, D columns of a side, H hidden width, E embedding, G baseline
 * columns, S = width of a side's features.
 *
 * Both critics factor into per-row work and per-pair work, and everything is built on that:
 *   separable  side features = tower output and the baseline's columns (S = E + G); a pair costs one dot
 * product joint      side features = W_x x (or W_y y + b) and the baseline's columns (S = H1 + G); a pair
 * costs the rest of the MLP. The first layer of an MLP on [x;y] is W_x x + W_y y + b: 2B rows instead of B^2.
 * The joint critic streams over row blocks of the pair matrix: memory O(B H), activations recomputed in the
 * backward pass, since a loss over rows and columns needs every score before any gradient.
 *
 * Parameters are one float block, so that Adam, averages and checkpoints are one loop over one array.
 */
#ifndef MI_CRITIC_H
#define MI_CRITIC_H

#include "arena.h"
#include "mi/spec.h"
#include "rng.h"

typedef enum mi_side { MI_SIDE_X, MI_SIDE_Y } mi_side;

typedef struct mi_critic {
    mi_critic_type type;
    uint32_t dim[2]; /* D of x, of y */
    uint32_t n_hidden, hidden[MI_MAX_HIDDEN];
    uint32_t embed;     /* E */
    uint32_t base;      /* G, 0 without a baseline */
    uint32_t width;     /* S */
    uint32_t max_batch; /* B of training */
    size_t n_params;
    void *work; /* activations and scratch, private to critic*.c */
} mi_critic;

/* Fill sizes and offsets and take the workspace. MI_LIMIT when a size wraps. */
mi_status mi_critic_layout(mi_critic *critic, mi_arena *arena, const mi_critic_spec *spec, uint32_t dim_x,
                           uint32_t dim_y, uint32_t base, uint32_t max_batch, mi_error *err);

/* Uniform weights and biases (mi_init_uniform), last layer of the y tower (separable) or of the MLP (joint)
 * zero when the baseline is Gaussian: c_theta starts at zero. params (n_params). */
void mi_critic_init(const mi_critic *critic, mi_baseline baseline, mi_rng *rng, float *params);

/*
 * Forward for training: x (B, D_x), y (B, D_y), base_x, base_y (B, G; NULL when G = 0), scores out (B, B), 2
 * <= B <= max_batch. Keeps what backward needs. params must not change in between.
 */
void mi_critic_forward(mi_critic *critic, const float *params, const float *x, const float *y,
                       const float *base_x, const float *base_y, uint32_t batch, float *scores);
/* grad_scores (B, B) in, grad_params (n_params) out, overwritten. */
void mi_critic_backward(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params);

/* Scoring. features (n, S) out of n rows (n, D) and their baseline columns (n, G). n any; works in blocks. */
void mi_critic_features(mi_critic *critic, const float *params, mi_side side, const float *rows,
                        const float *base, uint32_t n, float *features);
/* scores (n_x, n_y) row-major, leading dimension ld, of every combination. */
void mi_critic_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                     const float *features_y, uint32_t n_y, float *scores, size_t ld);
/* scores[p] of the pair (index_x[p], index_y[p]) of feature rows; index NULL: p itself. */
void mi_critic_pairs(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                     const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores);

#endif
