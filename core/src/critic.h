/*
 * The critic c(x,y) = c_G(x,y) + c_theta(x,y) - a(y).
 *
 * Dimension letters: B pairs of a batch, D columns of a side, H hidden width, E embedding, L learned columns,
 * G baseline columns, S = width of a side's features.
 *
 * Every critic factors into per-row work and per-pair work, and everything is built on that. A row's features
 * are [learned (L) | offset (0 or 1) | baseline (G)]; what is not learned by the type of critic is a product
 * of columns for all of them.
 *   separable  learned columns = a tower's output, L = E; a pair costs one dot product over S
 *   bilinear   learned columns = x W and y, or x and y W': whichever is narrower; one dot product
 *   cosine     learned columns = a tower's output over its norm, L = E; one dot product
 *   joint      learned columns = W_x x, W_y y + b, L = H1; a pair costs the rest of the MLP. The first layer
 *              of an MLP on [x;y] is W_x x + W_y y + b: 2B rows instead of B^2.
 * The joint critic streams over row blocks of the pair matrix: memory O(B H), activations recomputed in the
 * backward pass, since a loss over rows and columns needs every score before any gradient.
 *
 * Parameters are one float block, so that Adam, averages and checkpoints are one loop over one array: those
 * of the type (critic_<type>.c), then those of a(y) (critic_offset.h).
 */
#ifndef MI_CRITIC_H
#define MI_CRITIC_H

#include "arena.h"
#include "kernels.h"
#include "mi/crew.h"
#include "mi/spec.h"
#include "mlp.h"
#include "rng.h"

typedef enum mi_side { MI_SIDE_X, MI_SIDE_Y } mi_side;

typedef struct mi_critic {
    mi_critic_type type;
    uint32_t dim[2]; /* D of x, of y */
    uint32_t n_hidden, hidden[MI_MAX_HIDDEN];
    uint32_t embed;        /* E */
    mi_baseline baseline;  /* what the residual starts from */
    double temperature;    /* of cosine */
    int learn_temperature; /* then it is where training starts */
    uint32_t learned;      /* L */
    int y_offset;          /* whether there is an a(y) */
    uint32_t base;         /* G, 0 without a baseline */
    uint32_t width;        /* S */
    uint32_t max_batch;    /* B of training */
    size_t n_params;
    const mi_kernels *kernels;
    const mi_half_kernels *half; /* of layers between two hidden ones; NULL: as all others */
    mi_mlp_dropout dropout;      /* of the towers, in training; a key for each step */
    mi_crew *crew; /* who helps with training and scoring; NULL: nobody. Results do not depend on it */
    /* Activations and scratch, private to critic*.c; NULL while measuring. */
    struct mi_critic_batch *training;
    struct mi_critic_offset *offset; /* NULL without a(y) */
    void *work;                      /* of the type */
} mi_critic;

/* Fill sizes and take the workspace. base: G, the width of the baseline's columns. MI_LIMIT when a size
 * wraps, MI_INVALID for settings that no critic can have (err->pointer names them). */
mi_status mi_critic_layout(mi_critic *critic, mi_arena *arena, const mi_critic_spec *spec, uint32_t dim_x,
                           uint32_t dim_y, uint32_t base, uint32_t max_batch, mi_error *err);

/* Uniform weights and biases (mi_init_uniform). When the baseline is Gaussian the last layer of the y tower
 * (separable, cosine) or of the MLP (joint), or W (bilinear), is zero: c_theta starts at zero. So does a(y),
 * always. params (n_params). */
void mi_critic_init(const mi_critic *critic, mi_rng *rng, float *params);

/*
 * Forward for training: x (B, D_x), y (B, D_y), base_x, base_y (B, G; NULL when G = 0), scores out (B, B), 2
 * <= B <= max_batch. Keeps what backward needs. params must not change in between.
 */
void mi_critic_forward(mi_critic *critic, const float *params, const float *x, const float *y,
                       const float *base_x, const float *base_y, uint32_t batch, float *scores);
/* grad_scores (B, B) in, grad_params (n_params) out, overwritten. */
void mi_critic_backward(mi_critic *critic, const float *params, const float *grad_scores, float *grad_params);

/* A stretch of the parameters that is a matrix or a vector of its own. */
typedef struct mi_critic_view {
    char name[32];       /* "x.layer0.weight" */
    size_t offset;       /* into the parameters */
    uint32_t rows, cols; /* cols 0: a vector */
} mi_critic_view;
#define MI_CRITIC_VIEWS (6 * MI_MLP_LAYERS + 4)
/* All parameters, one view behind another; how many. */
uint32_t mi_critic_views(const mi_critic *critic, mi_critic_view out[MI_CRITIC_VIEWS]);

/* Scoring. features (n, S) out of n rows (n, D) and their baseline columns (n, G), each by mi_side. n any;
 * works in blocks, the sides at once where the critic has a crew. */
void mi_critic_features(mi_critic *critic, const float *params, float *const rows[2], float *const base[2],
                        uint32_t n, float *const features[2]);
/* The same of one side. */
void mi_critic_side_features(mi_critic *critic, const float *params, mi_side side, const float *rows,
                             const float *base, uint32_t n, float *features);
/* scores (n_x, n_y) row-major, leading dimension ld, of every combination. */
void mi_critic_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                     const float *features_y, uint32_t n_y, float *scores, size_t ld);
/* scores[p] of the pair (index_x[p], index_y[p]) of feature rows; index NULL: p itself. */
void mi_critic_pairs(mi_critic *critic, const float *params, const float *features_x, const uint32_t *index_x,
                     const float *features_y, const uint32_t *index_y, uint32_t n_pairs, float *scores);

#endif
