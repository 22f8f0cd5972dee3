/*
 * Critics of every type and shape with weights, a batch and the scores of their definition, for tests.
 */
#ifndef TEST_CRITIC_BENCH_H
#define TEST_CRITIC_BENCH_H

#include "critic.h"

/* A critic with weights, a batch and room for its scores and gradients. */
typedef struct critic_bench {
    mi_critic critic;
    void *memory;
    uint32_t batch;
    float *params, *grad;           /* (n_params) */
    double *wide;                   /* (n_params) */
    float *x, *y, *base_x, *base_y; /* (B, .) */
    float *scores, *grad_scores;    /* (B, B) */
    float *linear;                  /* (B, B) weights of scores */
    double *wide_scores;            /* (B, B) */
} critic_bench;

typedef struct critic_shape {
    mi_critic_type type;
    uint32_t n_hidden, hidden[MI_MAX_HIDDEN], embed, dim_x, dim_y, base, batch;
} critic_shape;

typedef struct critic_setup {
    critic_shape shape;
    mi_baseline baseline;
    int y_offset, fixed_temperature;
    const mi_kernels *kernels; /* NULL: the fastest */
    mi_precision precision;
} critic_setup;

/* Weights at random, those that start at zero as well. Asserts (by Check). */
critic_bench critic_bench_new(const critic_setup *s);
/* The weights that training starts from, with a Gaussian baseline. */
critic_bench critic_bench_at_start(const critic_setup *s);
void critic_bench_free(critic_bench *b);

/* Every shape, with an offset and without, with a temperature that is learned and one that is not. A shape
 * with columns of a baseline starts from it. */
void for_every_critic(void (*run)(const critic_setup *s));

void forward(critic_bench *b);
/* wide = params */
void widen(critic_bench *b);
/* The score of x_i and y_j by the definition, with the weights in `wide`. */
double twin_of(const critic_bench *b, size_t i, size_t j);
/* All of them, in wide_scores. */
void twin_scores(const critic_bench *b);

/* malloc'ed. */
float *normals(size_t n, uint32_t stream);
void close_to(double got, double want, double tolerance);

#endif
