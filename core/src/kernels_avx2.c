/*
 * Products for AVX2 with FMA: tiles of 6 x 16, 12 of the 16 registers. Compiled for that machine alone;
 * kernels.c asks the CPU before anything here runs.
 */
#if defined(__x86_64__)
#include "vecmath.h"

#include <immintrin.h>
#include <stdint.h>

#define LANES   8
#define VECTORS 2

typedef __m256 vector, factors;
typedef float operand;
typedef __m256i mask;

static inline __m256i mask_of(size_t n)
{
    static const int32_t ones[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + LANES - n));
}

#define zero()                  _mm256_setzero_ps()
#define splat(x)                _mm256_set1_ps(x)
#define load(p)                 _mm256_loadu_ps(p)
#define store(p, v)             _mm256_storeu_ps(p, v)
#define load_some(p, m)         _mm256_maskload_ps(p, m)
#define store_some(p, m, v)     _mm256_maskstore_ps(p, m, v)
#define load_factors(p)         load(p)
#define load_some_factors(p, m) load_some(p, m)
#define multiply_add(a, b, c)   _mm256_fmadd_ps(a, b, c)
#define rectify(v)              _mm256_max_ps(_mm256_setzero_ps(), v) /* the second when one is NaN */
#define where_positive(gate, v) _mm256_and_ps(_mm256_cmp_ps(gate, _mm256_setzero_ps(), _CMP_GT_OQ), v)

#include "kernels_tiles.h"

/* 4 x 4 within each half, then the halves. */
static inline void transpose(float *out, const float *in, size_t stride)
{
    __m256 r[8], t[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        r[i] = _mm256_loadu_ps(in + (size_t)i * stride);
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        const __m256 low01 = _mm256_unpacklo_ps(r[i], r[i + 1]), high01 = _mm256_unpackhi_ps(r[i], r[i + 1]);
        const __m256 low23 = _mm256_unpacklo_ps(r[i + 2], r[i + 3]);
        const __m256 high23 = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
        t[i] = _mm256_shuffle_ps(low01, low23, 0x44);
        t[i + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
        t[i + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
        t[i + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
        _mm256_storeu_ps(out + (size_t)c * PANEL, _mm256_permute2f128_ps(t[c], t[4 + c], 0x20));
        _mm256_storeu_ps(out + (size_t)(4 + c) * PANEL, _mm256_permute2f128_ps(t[c], t[4 + c], 0x31));
    }
}

#include "kernels_product.h"

const mi_kernels mi_kernels_avx2 = {
    .name = "avx2", .product = product, .adam = mi_adam_exact, .sum_squares = mi_vec_sum_squares};

#endif
