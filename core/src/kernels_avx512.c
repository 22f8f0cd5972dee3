/*
 * Products for AVX-512: tiles of 6 x 64, 24 of the 32 registers. Compiled for that machine alone; kernels.c
 * asks the CPU before anything here runs.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define LANES   16
#define VECTORS 4

typedef __m512 vector, factors;
typedef float operand;
typedef __mmask16 mask;

#define mask_of(n)              ((__mmask16)((1u << (n)) - 1u))
#define zero()                  _mm512_setzero_ps()
#define splat(x)                _mm512_set1_ps(x)
#define load(p)                 _mm512_loadu_ps(p)
#define store(p, v)             _mm512_storeu_ps(p, v)
#define load_some(p, m)         _mm512_maskz_loadu_ps(m, p)
#define store_some(p, m, v)     _mm512_mask_storeu_ps(p, m, v)
#define load_factors(p)         load(p)
#define load_some_factors(p, m) load_some(p, m)
#define multiply_add(a, b, c)   _mm512_fmadd_ps(a, b, c)
#define rectify(v)              _mm512_max_ps(_mm512_setzero_ps(), v) /* the second when one is NaN */
#define where_positive(gate, v) \
    _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(gate, _mm512_setzero_ps(), _CMP_GT_OQ), v)

#include "kernels_tiles.h"

#include "transpose512.h"

static inline void transpose(float *out, const float *in, size_t stride)
{
    __m512 row[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        row[i] = _mm512_loadu_ps(in + (size_t)i * stride);
    mi_transpose_square(row, out, PANEL);
}

#include "kernels_product.h"

const mi_kernels mi_kernels_avx512 = {
    .name = "avx512", .product = product, .adam = mi_adam_avx512, .sum_squares = mi_sum_squares_avx512};

#endif
