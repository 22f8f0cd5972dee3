/*
 * A dense tower: affine maps with ReLU between them, linear at the end. Between them also a leaky ReLU, and
 * before each of them dropout, for those who ask.
 *
 * Parameters of layer l, one after the other: weights (dim[l], dim[l+1]) row-major, then biases (dim[l+1]).
 */
#ifndef MI_MLP_H
#define MI_MLP_H

#include "arena.h"
#include "kernels.h"
#include "mi/spec.h"
#include "rng.h"

#include <stddef.h>

#define MI_MLP_LAYERS (MI_MAX_HIDDEN + 1)

typedef struct mi_mlp {
    uint32_t n_layers;
    uint32_t dim[MI_MLP_LAYERS + 1]; /* in, hidden..., out */
    uint32_t widest;                 /* of all dims but the input's */
    size_t stride[MI_MLP_LAYERS];    /* between rows of the input of layer l: dim[0], which the caller may
                                        raise, then mi_mlp_stride of the hidden layers */
    size_t weights[MI_MLP_LAYERS];   /* offsets into the tower's parameters */
    size_t biases[MI_MLP_LAYERS];
    size_t n_params;
    int rectified_input;         /* it came out of a ReLU: its gradient goes on to what went in; else 0 */
    float leak;                  /* slope of the activation below 0; mi_mlp_shape leaves 0, which is ReLU */
    const mi_kernels *kernels;   /* mi_mlp_shape takes the fastest */
    const mi_half_kernels *half; /* of the layers between two ReLUs; NULL, as mi_mlp_shape leaves it: as the
                                    others */
} mi_mlp;

/* Factors rounded to bfloat16, of layers with such products. Weights are packed anew after mi_mlp_repack. */
typedef struct mi_mlp_packed {
    void *a, *delta;
    void *weights[MI_MLP_LAYERS], *turned[MI_MLP_LAYERS];
    int has_weights[MI_MLP_LAYERS], has_turned[MI_MLP_LAYERS];
} mi_mlp_packed;

/*
 * Dropout of the units of hidden layers, in place: a unit is 0, or 1/(1-rate) times itself. Then backward
 * needs no mask: what was dropped is a zero behind its ReLU, like what the ReLU cut off.
 */
typedef struct mi_mlp_dropout {
    double rate;  /* 0: none */
    uint32_t key; /* who is dropped */
} mi_mlp_dropout;

/* Outputs of the hidden layers, (n, dim[l+1]), rows stride[l+1] apart, for l = 0 .. n_layers-2. */
typedef struct mi_mlp_hidden {
    float *layer[MI_MAX_HIDDEN];
    /* Dropout: (n, dim[l]) factors of the input of layer l, the caller's, and room for what is left of that
     * input; strides are then the dims. NULL: none. */
    const float *factor[MI_MLP_LAYERS];
    float *dropped[MI_MLP_LAYERS];
    mi_mlp_packed *packed;  /* where mlp->half is set */
    mi_mlp_dropout dropout; /* of ReLU towers */
} mi_mlp_hidden;

/* MI_LIMIT when the number of parameters or a dimension passes what BLAS and size_t can index. */
mi_status mi_mlp_shape(mi_mlp *mlp, uint32_t in, const uint32_t *hidden, uint32_t n_hidden, uint32_t out,
                       mi_error *err);

/* Floats between rows of a hidden layer: an odd number of cache lines. Rows 4 KiB / n apart would all fall
 * into a few sets of the first-level cache, whose columns the gradient of the weights goes through. */
static inline size_t mi_mlp_stride(uint32_t width)
{
    const size_t line = 16;
    return width < 4 * line ? width : ((width + line - 1) / line | 1) * line;
}

/* Weights and biases uniform (mi_init_uniform); the last layer zero when zero_last. */
void mi_mlp_init(const mi_mlp *mlp, mi_rng *rng, int zero_last, float *params);
/* `count` parameters uniform within 1 / (2 sqrt fan_in). */
void mi_init_uniform(mi_rng *rng, size_t fan_in, float *params, size_t count);

/* Room for the packed factors of n rows at most; NULL while measuring, and where mlp has no use for it. */
mi_mlp_packed *mi_mlp_pack_layout(const mi_mlp *mlp, size_t n, mi_arena *arena);
/* The weights are others now. NULL is legal. */
void mi_mlp_repack(mi_mlp_packed *packed);

/* out (n, dim_out) with leading dimension ld_out, of input (n, dim_in), rows stride[0] apart. */
void mi_mlp_forward(const mi_mlp *mlp, const float *params, const float *input, size_t n,
                    const mi_mlp_hidden *hidden, float *out, size_t ld_out);

/*
 * hidden      as forward left it
 * grad_out    (n, dim_out) leading dimension ld_out
 * scratch     two of (n, mi_mlp_stride(widest))
 * grad        (n_params) = gradient, or + gradient when `accumulate`
 * grad_input  (n, dim_in), strides as the input's, or NULL
 */
void mi_mlp_backward(const mi_mlp *mlp, const float *params, const float *input, size_t n,
                     const mi_mlp_hidden *hidden, const float *grad_out, size_t ld_out,
                     float *const scratch[2], int accumulate, float *grad, float *grad_input);

#endif
