/*
 * 16 x 16 entries of 32 bits, transposed in registers.
 */
#ifndef MI_KERNELS_TRANSPOSE512_H
#define MI_KERNELS_TRANSPOSE512_H

#include <immintrin.h>
#include <stddef.h>

/* out (16, 16), rows `stride` apart = transpose of r. Four by four within lanes of four, then the lanes among
 * themselves. */
static inline void transpose_rows(float *out, size_t stride, const __m512 r[16])
{
    __m512 t[16];
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
        _mm512_storeu_ps(out + (size_t)c * stride, _mm512_shuffle_f32x4(a, b, 0x88));
        _mm512_storeu_ps(out + (size_t)(8 + c) * stride, _mm512_shuffle_f32x4(a, b, 0xdd));
        _mm512_storeu_ps(out + (size_t)(4 + c) * stride, _mm512_shuffle_f32x4(d, e, 0x88));
        _mm512_storeu_ps(out + (size_t)(12 + c) * stride, _mm512_shuffle_f32x4(d, e, 0xdd));
    }
}

#endif
