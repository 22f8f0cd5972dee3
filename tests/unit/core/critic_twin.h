/*
 * The critic as its definition reads: one pair at a time, in double, with no blocks, no shared first layer
 * and no BLAS.
 *
 * Parameters are those of mi_critic, in its order (see critic_separable.c, critic_joint.c).
 */
#ifndef CORE_CRITIC_TWIN_H
#define CORE_CRITIC_TWIN_H

#include "critic.h"

#include <check.h>

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

static inline double twin_separable(const mi_critic *critic, const double *params, const twin_input *in)
{
    double h[2][TWIN_WIDEST], score = 0;
    const float *rows[2] = {in->x, in->y};
    for (int side = 0; side < 2; side++) {
        uint32_t dims[MI_MAX_HIDDEN + 2] = {critic->dim[side]};
        for (uint32_t l = 0; l < critic->n_hidden; l++)
            dims[l + 1] = critic->hidden[l];
        dims[critic->n_hidden + 1] = critic->embed;
        for (uint32_t i = 0; i < critic->dim[side]; i++)
            h[side][i] = (double)rows[side][i];
        params = twin_layers(params, dims, critic->n_hidden + 1, h[side]);
    }
    for (uint32_t e = 0; e < critic->embed; e++)
        score += h[0][e] * h[1][e];
    return score;
}

static inline double twin_joint(const mi_critic *critic, const double *params, const twin_input *in)
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
    twin_layers(params, dims, critic->n_hidden + 1, h);
    return h[0];
}

static inline double twin_score(const mi_critic *critic, const double *params, const twin_input *in)
{
    ck_assert(critic->dim[0] + critic->dim[1] <= TWIN_WIDEST);
    double score =
        critic->type == MI_CRITIC_JOINT ? twin_joint(critic, params, in) : twin_separable(critic, params, in);
    for (uint32_t k = 0; k < critic->base; k++)
        score += (double)in->base_x[k] * (double)in->base_y[k];
    return score;
}

#endif
