/*
 * Paired autoencoders that learn codes of x and y for the estimation of their information (Gowri et al.,
 * "Approximating mutual information of high-dimensional variables using learned representations", NeurIPS
 * 2024).
 *
 * Each side has an encoder D -> L -> L/2 -> L/4 -> code; from each code one decoder reconstructs its own side
 * and another one the other side, with the widths of the encoder in reverse:
 *
 *     loss = self_weight (MSE_xx + MSE_yy) + cross_weight (MSE_xy + MSE_yx)
 *
 * where MSE_ab is the mean square over rows and columns of side b, decoded from the code of side a. LeakyReLU
 * of slope 0.2 behind every layer, the code's too, but not behind the outputs of the decoders; in training,
 * dropout of one half before each layer of the two cross decoders. So a code keeps what its side shares with
 * the other one.
 *
 * Parameters: encoders of x, y; then decoders xx, xy, yx, yy.
 */
#ifndef MI_AUTOENCODER_H
#define MI_AUTOENCODER_H

#include "arena.h"
#include "critic.h"
#include "mlp.h"

#define MI_AUTOENCODER_HIDDEN 3u

typedef struct mi_autoencoder {
    uint32_t dim[2], code_width, max_batch;
    double self_weight, cross_weight;
    mi_mlp encoder[2], decoder[2][2]; /* decoder[a][b]: code of side a to columns of side b */
    size_t encoder_at[2], decoder_at[2][2];
    size_t n_params;

    mi_mlp_hidden encoding[2];     /* (B, H_l) each */
    mi_mlp_hidden decoding;        /* (B, H_l) of the decoder at work, with room for dropout */
    float *factor[MI_MLP_LAYERS];  /* (B, width of that layer's input) */
    float *code[2], *grad_code[2]; /* (B, code) */
    float *output;                 /* (B, the larger D), then its gradient */
    float *grad_input;             /* (B, code) */
    float *delta[2];               /* (B, widest) */
} mi_autoencoder;

/* width: L >= 4; code_width > 0. MI_LIMIT when the parameters are too many. */
mi_status mi_autoencoder_layout(mi_autoencoder *a, mi_arena *arena, const uint32_t dim[2],
                                uint32_t code_width, uint32_t width, uint32_t max_batch, mi_error *err);
/* Xavier: weights uniform within sqrt(6 / (in + out)), biases zero. */
void mi_autoencoder_init(const mi_autoencoder *a, mi_rng *rng, float *params);

/*
 * Loss of n <= max_batch rows x (n, dim x), y (n, dim y).
 * rng    training: draws dropout, for decoder xy and then yx, layer after layer; NULL: no dropout
 * grad   (n_params) out, overwritten; NULL: the loss alone
 * Thread: one at a time.
 */
double mi_autoencoder_loss(mi_autoencoder *a, const float *params, const float *x, const float *y, uint32_t n,
                           mi_rng *rng, float *grad);
/* codes (n, code_width) of any number of rows (n, dim) of a side. */
void mi_autoencoder_encode(mi_autoencoder *a, const float *params, mi_side side, const float *rows,
                           uint32_t n, float *codes);

/* factor (n): 0 or 2, each with probability 1/2. */
void mi_autoencoder_draw_dropout(mi_rng *rng, float *factor, size_t n);

#endif
