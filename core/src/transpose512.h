/*
 * 16 x 16 entries of 32 bits, transposed in registers; for those who have asked the CPU for AVX-512.
 */
#ifndef MI_TRANSPOSE512_H
#define MI_TRANSPOSE512_H

#include <immintrin.h>
#include <stddef.h>

/* out[k * ld + j] = in[j][k]; rows of out are aligned to 64 bytes. */
static inline __attribute__((always_inline, target("avx512f,avx512dq,popcnt"))) void
mi_transpose_square(const __m512 in[16], float *out, size_t ld)
{
    __m512 a[16], b[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        a[i] = _mm512_unpacklo_ps(in[i], in[i + 1]);
        a[i + 1] = _mm512_unpackhi_ps(in[i], in[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        b[i] = _mm512_shuffle_ps(a[i], a[i + 2], 0x44);
        b[i + 1] = _mm512_shuffle_ps(a[i], a[i + 2], 0xee);
        b[i + 2] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0x44);
        b[i + 3] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) { /* column i of each quarter, of rows 0-3, 4-7, 8-11, 12-15 */
        const __m512 p = _mm512_shuffle_f32x4(b[i], b[4 + i], 0x88),
                     q = _mm512_shuffle_f32x4(b[i], b[4 + i], 0xdd),
                     r = _mm512_shuffle_f32x4(b[8 + i], b[12 + i], 0x88),
                     s = _mm512_shuffle_f32x4(b[8 + i], b[12 + i], 0xdd);
        _mm512_store_ps(out + (size_t)i * ld, _mm512_shuffle_f32x4(p, r, 0x88));
        _mm512_store_ps(out + (size_t)(4 + i) * ld, _mm512_shuffle_f32x4(q, s, 0x88));
        _mm512_store_ps(out + (size_t)(8 + i) * ld, _mm512_shuffle_f32x4(p, r, 0xdd));
        _mm512_store_ps(out + (size_t)(12 + i) * ld, _mm512_shuffle_f32x4(q, s, 0xdd));
    }
}

#endif
