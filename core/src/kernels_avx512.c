/*
 * Products for AVX-512: tiles of 6 x 64, 24 of the 32 registers. Compiled for that machine alone; kernels.c
 * asks the CPU before anything here runs.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define LANES   16
#define VECTORS 4

typedef __m512 vector;
typedef __mmask16 mask;

#define mask_of(n)            ((__mmask16)((1u << (n)) - 1u))
#define zero()                _mm512_setzero_ps()
#define splat(x)              _mm512_set1_ps(x)
#define load(p)               _mm512_loadu_ps(p)
#define store(p, v)           _mm512_storeu_ps(p, v)
#define load_some(p, m)       _mm512_maskz_loadu_ps(m, p)
#define store_some(p, m, v)   _mm512_mask_storeu_ps(p, m, v)
#define multiply_add(a, b, c) _mm512_fmadd_ps(a, b, c)
#define rectify(v)            _mm512_max_ps(_mm512_setzero_ps(), v) /* the second when one is NaN */
#define where_positive(gate, v) \
    _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(gate, _mm512_setzero_ps(), _CMP_GT_OQ), v)

static inline void transpose(float *out, const float *in, size_t stride);

#include "kernels_tiles.h"

/* 4 x 4 within lanes of four, then the lanes among themselves. */
static inline void transpose(float *out, const float *in, size_t stride)
{
    __m512 r[16], t[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        r[i] = _mm512_loadu_ps(in + (size_t)i * stride);
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        const __m512 low01 = _mm512_unpacklo_ps(r[i], r[i + 1]), high01 = _mm512_unpackhi_ps(r[i], r[i + 1]);
        const __m512 low23 = _mm512_unpacklo_ps(r[i + 2], r[i + 3]);
        const __m512 high23 = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
        t[i] = _mm512_shuffle_ps(low01, low23, 0x44);
        t[i + 1] = _mm512_shuffle_ps(low01, low23, 0xee);
        t[i + 2] = _mm512_shuffle_ps(high01, high23, 0x44);
        t[i + 3] = _mm512_shuffle_ps(high01, high23, 0xee);
    }
    /* t[4 g + c], lane of four q: entries (4 g .. 4 g + 3, 4 q + c) */
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
        const __m512 a = _mm512_shuffle_f32x4(t[c], t[4 + c], 0x88),
                     b = _mm512_shuffle_f32x4(t[8 + c], t[12 + c], 0x88);
        const __m512 d = _mm512_shuffle_f32x4(t[c], t[4 + c], 0xdd),
                     e = _mm512_shuffle_f32x4(t[8 + c], t[12 + c], 0xdd);
        _mm512_storeu_ps(out + (size_t)c * PANEL, _mm512_shuffle_f32x4(a, b, 0x88));
        _mm512_storeu_ps(out + (size_t)(8 + c) * PANEL, _mm512_shuffle_f32x4(a, b, 0xdd));
        _mm512_storeu_ps(out + (size_t)(4 + c) * PANEL, _mm512_shuffle_f32x4(d, e, 0x88));
        _mm512_storeu_ps(out + (size_t)(12 + c) * PANEL, _mm512_shuffle_f32x4(d, e, 0xdd));
    }
}

const mi_kernels mi_kernels_avx512 = {.name = "avx512", .product = product};

#endif
