/*
 * The critic as its definition reads: one pair at a time, in double, with no blocks, no shared first layer
 * and no BLAS.
 *
 * Parameters are those of mi_critic, in its order (see critic_<type>.c, critic_offset.h).
 */
#ifndef CORE_CRITIC_TWIN_H
#define CORE_CRITIC_TWIN_H

#include "critic.h"

#include <check.h>
#include <math.h>

#define TWIN_WIDEST 512u

typedef struct twin_input {
    const float *x, *y, *base_x, *base_y; /* one row each; base NULL without a baseline */
} twin_input;

/* layers after the first `done`; h holds the input and then the output. Returns where the parameters end. */
static inline const double *twin_layers(const double *params, const uint32_t *dims, uint32_t n_layers,
                                        double *h)
{
    double next[TWIN_WIDEST];
    for (uint32_t l = 0; l < n_layers; l++) {
        const double *bias = params + (size_t)dims[l] * dims[l + 1];
        for (uint32_t o = 0; o < dims[l + 1]; o++) {
            next[o] = bias[o];
            for (uint32_t i = 0; i < dims[l]; i++)
                next[o] += h[i] * params[(size_t)i * dims[l + 1] + o];
            if (l + 1 < n_layers && next[o] < 0)
                next[o] = 0;
        }
        for (uint32_t o = 0; o < dims[l + 1]; o++)
            h[o] = next[o];
        params = bias + dims[l + 1];
    }
    return params;
}

/* The tower of one side, D -> hidden -> out; h gets its output. Returns where its parameters end. */
static inline const double *twin_tower(const mi_critic *critic, const double *params, mi_side side,
                                       const float *row, uint32_t out, double *h)
{
    uint32_t dims[MI_MAX_HIDDEN + 2] = {critic->dim[side]};
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        dims[l + 1] = critic->hidden[l];
    dims[critic->n_hidden + 1] = out;
    for (uint32_t i = 0; i < critic->dim[side]; i++)
        h[i] = (double)row[i];
    return twin_layers(params, dims, critic->n_hidden + 1, h);
}

/* Each adds the type's c_theta to *score and returns where its parameters end. */
static inline const double *twin_separable(const mi_critic *critic, const double *params,
                                           const twin_input *in, double *score)
{
    double f[TWIN_WIDEST], g[TWIN_WIDEST];
    params = twin_tower(critic, params, MI_SIDE_X, in->x, critic->embed, f);
    params = twin_tower(critic, params, MI_SIDE_Y, in->y, critic->embed, g);
    for (uint32_t e = 0; e < critic->embed; e++)
        *score += f[e] * g[e];
    return params;
}

static inline const double *twin_joint(const mi_critic *critic, const double *params, const twin_input *in,
                                       double *score)
{
    double h[TWIN_WIDEST];
    uint32_t dims[MI_MAX_HIDDEN + 2] = {critic->dim[0] + critic->dim[1]};
    for (uint32_t l = 0; l < critic->n_hidden; l++)
        dims[l + 1] = critic->hidden[l];
    dims[critic->n_hidden + 1] = 1;
    for (uint32_t i = 0; i < critic->dim[0]; i++)
        h[i] = (double)in->x[i];
    for (uint32_t i = 0; i < critic->dim[1]; i++)
        h[critic->dim[0] + i] = (double)in->y[i];
    params = twin_layers(params, dims, critic->n_hidden + 1, h);
    *score += h[0];
    return params;
}

static inline const double *twin_bilinear(const mi_critic *critic, const double *params, const twin_input *in,
                                          double *score)
{
    for (uint32_t k = 0; k < critic->dim[0]; k++)
        for (uint32_t l = 0; l < critic->dim[1]; l++)
            *score += (double)in->x[k] * *params++ * (double)in->y[l];
    return params;
}

static inline const double *twin_cosine(const mi_critic *critic, const double *params, const twin_input *in,
                                        double *score)
{
    const double d = critic->baseline == MI_BASELINE_GAUSSIAN ? 1 : 1e-6;
    double f[TWIN_WIDEST], g[TWIN_WIDEST], dot = 0, square_f = d * d, square_g = d * d;
    params = twin_tower(critic, params, MI_SIDE_X, in->x, critic->embed, f);
    params = twin_tower(critic, params, MI_SIDE_Y, in->y, critic->embed, g);
    for (uint32_t e = 0; e < critic->embed; e++) {
        dot += f[e] * g[e];
        square_f += f[e] * f[e];
        square_g += g[e] * g[e];
    }
    const double temperature = critic->learn_temperature ? exp(*params++) : critic->temperature;
    *score += dot / sqrt(square_f * square_g) / temperature;
    return params;
}

static inline double twin_score(const mi_critic *critic, const double *params, const twin_input *in)
{
    const double *end = params;
    double score = 0, offset[TWIN_WIDEST];
    ck_assert(critic->dim[0] + critic->dim[1] <= TWIN_WIDEST);
    switch (critic->type) {
    case MI_CRITIC_SEPARABLE:
        end = twin_separable(critic, params, in, &score);
        break;
    case MI_CRITIC_JOINT:
        end = twin_joint(critic, params, in, &score);
        break;
    case MI_CRITIC_BILINEAR:
        end = twin_bilinear(critic, params, in, &score);
        break;
    case MI_CRITIC_COSINE:
        end = twin_cosine(critic, params, in, &score);
        break;
    }
    if (critic->y_offset) {
        end = twin_tower(critic, end, MI_SIDE_Y, in->y, 1, offset);
        score -= offset[0];
    }
    ck_assert_uint_eq((size_t)(end - params), critic->n_params);
    for (uint32_t k = 0; k < critic->base; k++)
        score += (double)in->base_x[k] * (double)in->base_y[k];
    return score;
}

#endif
