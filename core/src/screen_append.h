/*
 * Appending what passes of a vector, for those who have asked the CPU for AVX-512.
 */
#ifndef MI_SCREEN_APPEND_H
#define MI_SCREEN_APPEND_H

#include <immintrin.h>
#include <stdint.h>

/* Those of 16 outputs, of rows from `first` on, that are in `pass` behind the `used` ones; how many there are
 * then. Writes a whole vector (MI_POOL_SLACK). Adding zero leaves one zero only: selection compares bits. */
static inline __attribute__((always_inline, target("avx512f,avx512dq,popcnt"))) uint32_t
mi_append_vector(float *output, uint32_t *row, uint32_t used, __m512 value, uint32_t first, __mmask16 pass)
{
    const __m512i rows =
        _mm512_add_epi32(_mm512_set1_epi32((int)first),
                         _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    _mm512_storeu_ps(output + used,
                     _mm512_maskz_compress_ps(pass, _mm512_add_ps(value, _mm512_setzero_ps())));
    _mm512_storeu_si512(row + used, _mm512_maskz_compress_epi32(pass, rows));
    return used + (uint32_t)_mm_popcnt_u32(pass);
}

#endif
