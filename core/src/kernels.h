/*
 * Single-precision products of the sizes that a critic has, with what follows them fused in; and the
 * optimiser's pass over all parameters.
 *
 * OpenBLAS is made for large matrices; at 64 to 512 rows it spends a fifth of a step on packing and on the
 * passes around it. Here nothing is packed: a row-major factor is read where it lies, a transposed one goes
 * through a panel on the stack, and bias, accumulation, ReLU and its gradient happen while the result is
 * still in registers.
 *
 * Every entry of a result is one chain of multiply-adds over k, in order. So it depends neither on the tiling
 * nor on how rows are dealt to threads, and the AVX2 and AVX-512 kernels agree on every bit. The portable
 * one, plain C for any machine and the reference in the tests, rounds product and sum apart.
 */
#ifndef MI_KERNELS_H
#define MI_KERNELS_H

#include "adam.h"

#include <stddef.h>

/* c (m, n) = init + a (m, k) b (k, n); m, n, k > 0. c overlaps neither a nor b. */
typedef struct mi_product {
    size_t m, n, k;
    const float *a; /* entry (i, l) at a[i * a_row + l * a_col] */
    size_t a_row, a_col;
    const float *b; /* row l at b + l * b_row */
    size_t b_row;
    int b_transposed;  /* b is (n, k) instead: the factor's column j at b + j * b_row */
    const float *init; /* NULL: 0; a bias: init_row 0; c itself, to accumulate */
    size_t init_row;
    float *c;
    size_t c_row;
    int relu;          /* then max(c, 0); NaN stays */
    const float *gate; /* c = 0 where gate (m, n) is not above 0: the gradient of that; NULL: none */
    size_t gate_row;
} mi_product;

typedef struct mi_kernels {
    const char *name; /* "avx512", "avx2", "portable" */
    void (*product)(const mi_product *p);
    /* Parameters begin .. end of one optimiser step (adam.h). */
    void (*adam)(const mi_adam_step *step, const mi_adam_arrays *arrays, size_t begin, size_t end);
    /* Of a gradient; infinity or NaN when it is not finite. */
    double (*sum_squares)(const float *values, size_t n);
} mi_kernels;

/* The fastest that this machine runs. Thread: any. */
const mi_kernels *mi_kernels_best(void);
/* By name, NULL for one that this machine or build does not have. Thread: any. */
const mi_kernels *mi_kernels_find(const char *name);

/*
 * Products whose factors are rounded to bfloat16 and packed, with sums in single precision: twice the rate,
 * eight bits of a factor.
 */
typedef struct mi_half_bytes {
    size_t a, b; /* of the packed factors */
} mi_half_bytes;

typedef struct mi_half_kernels {
    mi_half_bytes (*bytes)(size_t m, size_t n, size_t k);
    /* a contiguous in rows or in columns (a_row or a_col is 1). b_is_packed: b_packed is still as a product
     * with the same b left it. */
    void (*product)(const mi_product *p, void *a_packed, void *b_packed, int b_is_packed);
} mi_half_kernels;

/* NULL where the CPU has no instruction for it. Thread: any. */
const mi_half_kernels *mi_half_kernels_best(void);

extern const mi_kernels mi_kernels_portable;
#if defined(__x86_64__)
extern const mi_half_kernels mi_half_kernels_avx512;
extern const mi_kernels mi_kernels_avx2;
extern const mi_kernels mi_kernels_avx512;
#endif

#endif
