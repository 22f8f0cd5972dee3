/*
 * The update of Adam (Kingma and Ba, 2015), with decoupled weight decay and an exponential average of the
 * weights: one pass over arrays that are larger than a second-level cache, so that moving them is all that it
 * should cost.
 */
#ifndef MI_ADAM_H
#define MI_ADAM_H

#include <stddef.h>

#define MI_ADAM_BETA1 0.9
#define MI_ADAM_BETA2 0.999

/* What changes from step to step. */
typedef struct mi_adam_step {
    float scale;   /* of the gradient, from clipping */
    float rate;    /* learning rate over the first bias correction */
    float second;  /* 1/sqrt of the second bias correction */
    float decay;   /* learning rate times weight decay */
    float average; /* weight of the new weights in the average */
    float epsilon;
} mi_adam_step;

/* (n) each, not overlapping. */
typedef struct mi_adam_arrays {
    float *weights, *moment1, *moment2;
    float *average; /* NULL: none is kept */
    const float *gradient;
} mi_adam_arrays;

/* Parameters begin .. end. Exact division and square root; the bits depend on no instruction set. */
void mi_adam_exact(const mi_adam_step *step, const mi_adam_arrays *arrays, size_t begin, size_t end);
#if defined(__x86_64__)
/* By approximate reciprocals and one step of Newton: relative error of a move below 1e-6. For AVX-512. */
void mi_adam_avx512(const mi_adam_step *step, const mi_adam_arrays *arrays, size_t begin, size_t end);
/* Sum of squares: blocks in single precision, their sums in double; infinity when that overflows. */
double mi_sum_squares_avx512(const float *values, size_t n);
#endif

#endif
