#include "autoencoder.h"

#include "vecmath.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LEAK 0.2f

static mi_status shape_tower(mi_autoencoder *a, mi_mlp *mlp, size_t *at, uint32_t in, const uint32_t *hidden,
                             uint32_t out, mi_error *err)
{
    const mi_status status = mi_mlp_shape(mlp, in, hidden, MI_AUTOENCODER_HIDDEN, out, err);
    if (status != MI_OK)
        return status;
    mlp->leak = LEAK;
    for (uint32_t l = 0; l < mlp->n_layers; l++) /* leaks and dropout go over rows without gaps */
        mlp->stride[l] = mlp->dim[l];
    *at = a->n_params;
    if (__builtin_add_overflow(a->n_params, mlp->n_params, &a->n_params))
        return mi_fail_at(err, MI_LIMIT, "/objective/width", "too many parameters");
    return MI_OK;
}

static mi_status shape(mi_autoencoder *a, uint32_t width, mi_error *err)
{
    const uint32_t narrowing[MI_AUTOENCODER_HIDDEN] = {width, width / 2, width / 4};
    const uint32_t widening[MI_AUTOENCODER_HIDDEN] = {width / 4, width / 2, width};
    for (int side = 0; side < 2; side++) {
        const mi_status status = shape_tower(a, &a->encoder[side], &a->encoder_at[side], a->dim[side],
                                             narrowing, a->code_width, err);
        if (status != MI_OK)
            return status;
    }
    for (int from = 0; from < 2; from++)
        for (int to = 0; to < 2; to++) {
            const mi_status status = shape_tower(a, &a->decoder[from][to], &a->decoder_at[from][to],
                                                 a->code_width, widening, a->dim[to], err);
            if (status != MI_OK)
                return status;
        }
    return MI_OK;
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

mi_status mi_autoencoder_layout(mi_autoencoder *a, mi_arena *arena, const uint32_t dim[2],
                                uint32_t code_width, uint32_t width, uint32_t max_batch, mi_error *err)
{
    assert(width >= 4 && code_width > 0);
    *a = (mi_autoencoder){.dim = {dim[0], dim[1]}, .code_width = code_width, .max_batch = max_batch};
    const mi_status status = shape(a, width, err);
    if (status != MI_OK)
        return status;
    const size_t batch = max_batch, widest_side = max_size(dim[0], dim[1]);
    const mi_mlp *decoder = &a->decoder[0][0]; /* inputs of its layers are as wide as those of the others */
    for (uint32_t l = 0; l < MI_AUTOENCODER_HIDDEN; l++) {
        for (int side = 0; side < 2; side++)
            a->encoding[side].layer[l] = MI_TAKE(arena, float, batch * a->encoder[side].dim[l + 1]);
        a->decoding.layer[l] = MI_TAKE(arena, float, batch * decoder->dim[l + 1]);
    }
    for (uint32_t l = 0; l < decoder->n_layers; l++) {
        a->factor[l] = MI_TAKE(arena, float, batch * decoder->dim[l]);
        a->decoding.dropped[l] = MI_TAKE(arena, float, batch * decoder->dim[l]);
    }
    for (int side = 0; side < 2; side++) {
        a->code[side] = MI_TAKE(arena, float, batch *code_width);
        a->grad_code[side] = MI_TAKE(arena, float, batch *code_width);
        a->delta[side] = MI_TAKE(arena, float, batch *max_size(width, code_width));
    }
    a->output = MI_TAKE(arena, float, batch *widest_side);
    a->grad_input = MI_TAKE(arena, float, batch *code_width);
    return MI_OK;
}

static void init_tower(const mi_mlp *mlp, mi_rng *rng, float *params)
{
    memset(params, 0, mlp->n_params * sizeof *params);
    for (uint32_t l = 0; l < mlp->n_layers; l++) {
        const double bound = sqrt(6.0 / ((double)mlp->dim[l] + mlp->dim[l + 1]));
        for (size_t i = mlp->weights[l]; i < mlp->biases[l]; i++)
            params[i] = (float)(bound * (2.0 * mi_rng_uniform(rng) - 1.0));
    }
}

void mi_autoencoder_init(const mi_autoencoder *a, mi_rng *rng, float *params)
{
    for (int side = 0; side < 2; side++)
        init_tower(&a->encoder[side], rng, params + a->encoder_at[side]);
    for (int from = 0; from < 2; from++)
        for (int to = 0; to < 2; to++)
            init_tower(&a->decoder[from][to], rng, params + a->decoder_at[from][to]);
}

#define WORD_BITS 32u

MI_VECTOR_CLONES
static void spread_bits(const uint32_t word, float *restrict factor)
{
#pragma omp simd
    for (uint32_t b = 0; b < WORD_BITS; b++)
        factor[b] = (float)(2 * (int)(word >> b & 1u));
}

void mi_autoencoder_draw_dropout(mi_rng *rng, float *factor, size_t n)
{
    for (; n >= WORD_BITS; n -= WORD_BITS, factor += WORD_BITS)
        spread_bits(mi_rng_u32(rng), factor);
    if (n > 0) {
        float last[WORD_BITS];
        spread_bits(mi_rng_u32(rng), last);
        memcpy(factor, last, n * sizeof *factor);
    }
}

static void encode(const mi_autoencoder *a, const float *params, int side, const float *rows, size_t n,
                   float *code)
{
    mi_mlp_forward(&a->encoder[side], params + a->encoder_at[side], rows, n, &a->encoding[side], code,
                   a->code_width);
    mi_vec_leaky(code, LEAK, n * a->code_width);
}

/* Dropout of a cross decoder for n rows, or none. */
static void drop(mi_autoencoder *a, const mi_mlp *decoder, size_t n, mi_rng *rng)
{
    for (uint32_t l = 0; l < decoder->n_layers; l++) {
        a->decoding.factor[l] = rng ? a->factor[l] : NULL;
        if (rng)
            mi_autoencoder_draw_dropout(rng, a->factor[l], n * decoder->dim[l]);
    }
}

/* weight * the mean square of output - target over n values; scale * (output - target) into output. */
static double square_loss(float *output, const float *target, size_t n, double weight)
{
    for (size_t i = 0; i < n; i++)
        output[i] -= target[i];
    const double loss = weight * mi_vec_sum_squares(output, n) / (double)n;
    const float scale = (float)(2.0 * weight / (double)n);
    for (size_t i = 0; i < n; i++)
        output[i] *= scale;
    return loss;
}

/* One decoder: its loss, and with grad its gradients; the code's is added to grad_code. */
static double decode(mi_autoencoder *a, const float *params, int from, int to, const float *target, size_t n,
                     float *grad)
{
    const mi_mlp *decoder = &a->decoder[from][to];
    const size_t at = a->decoder_at[from][to];
    mi_mlp_forward(decoder, params + at, a->code[from], n, &a->decoding, a->output, a->dim[to]);
    const double weight = from == to ? a->self_weight : a->cross_weight;
    const double loss = square_loss(a->output, target, n * a->dim[to], weight);
    if (grad) {
        mi_mlp_backward(decoder, params + at, a->code[from], n, &a->decoding, a->output, a->dim[to], a->delta,
                        0, grad + at, a->grad_input);
        mi_vec_add(a->grad_code[from], a->grad_input, n * a->code_width);
    }
    return loss;
}

double mi_autoencoder_loss(mi_autoencoder *a, const float *params, const float *x, const float *y, uint32_t n,
                           mi_rng *rng, float *grad)
{
    assert(n > 0 && n <= a->max_batch);
    const float *const rows[2] = {x, y};
    const size_t n_code = (size_t)n * a->code_width;
    double loss = 0.0;
    for (int side = 0; side < 2; side++) {
        encode(a, params, side, rows[side], n, a->code[side]);
        memset(a->grad_code[side], 0, n_code * sizeof(float));
    }
    for (int from = 0; from < 2; from++)
        for (int to = 0; to < 2; to++) {
            drop(a, &a->decoder[from][to], n, from != to ? rng : NULL);
            loss += decode(a, params, from, to, rows[to], n, grad);
        }
    for (int side = 0; grad && side < 2; side++) {
        mi_vec_leaky_gradient(a->grad_code[side], a->code[side], LEAK, n_code);
        mi_mlp_backward(&a->encoder[side], params + a->encoder_at[side], rows[side], n, &a->encoding[side],
                        a->grad_code[side], a->code_width, a->delta, 0, grad + a->encoder_at[side], NULL);
    }
    return loss;
}

void mi_autoencoder_encode(mi_autoencoder *a, const float *params, mi_side side, const float *rows,
                           uint32_t n, float *codes)
{
    for (uint32_t first = 0; first < n; first += a->max_batch) {
        const uint32_t m = n - first < a->max_batch ? n - first : a->max_batch;
        encode(a, params, (int)side, rows + (size_t)first * a->dim[side], m,
               codes + (size_t)first * a->code_width);
    }
}
