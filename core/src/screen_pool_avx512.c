/*
 * What pools do most, by compressing vectors.
 */
#include "screen_pool.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE  __attribute__((target("avx512f,popcnt")))
#define LANES 16u

WIDE void mi_pools_append_avx512(mi_pools *pools, uint32_t place, uint32_t first, const float *outputs,
                                 uint64_t mask)
{
    const size_t start = (size_t)place * pools->capacity;
    const __m512 floor = _mm512_set1_ps(pools->floor[place]);
    uint32_t used = pools->used[place];
    __m512i rows = _mm512_add_epi32(_mm512_set1_epi32((int)first),
                                    _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    for (uint32_t v = 0; v < 64; v += LANES) {
        /* One zero only: selection compares bits. */
        const __m512 value = _mm512_add_ps(_mm512_loadu_ps(outputs + v), _mm512_setzero_ps());
        const __mmask16 pass = _mm512_mask_cmp_ps_mask((__mmask16)(mask >> v), value, floor, _CMP_NLE_UQ) &
                               _mm512_cmp_ps_mask(value, value, _CMP_ORD_Q);
        const uint32_t n = (uint32_t)_mm_popcnt_u32(pass);
        const __mmask16 front = (__mmask16)((1u << n) - 1);
        _mm512_mask_storeu_ps(pools->output + start + used, front, _mm512_maskz_compress_ps(pass, value));
        _mm512_mask_storeu_epi32(pools->row + start + used, front, _mm512_maskz_compress_epi32(pass, rows));
        used += n;
        rows = _mm512_add_epi32(rows, _mm512_set1_epi32(LANES));
    }
    pools->used[place] = used;
    if (used >= pools->limit)
        mi_pools_shrink(pools, place);
}

WIDE uint32_t mi_pools_keep_avx512(float *output, uint32_t *row, uint32_t n, float v)
{
    const __m512 least = _mm512_set1_ps(v);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i += LANES) {
        const __mmask16 here = n - i >= LANES ? 0xffff : (__mmask16)((1u << (n - i)) - 1);
        const __m512 value = _mm512_maskz_loadu_ps(here, output + i);
        const __m512i at = _mm512_maskz_loadu_epi32(here, row + i);
        const __mmask16 pass = _mm512_mask_cmp_ps_mask(here, value, least, _CMP_GE_OQ);
        const uint32_t some = (uint32_t)_mm_popcnt_u32(pass);
        const __mmask16 front = (__mmask16)((1u << some) - 1);
        _mm512_mask_storeu_ps(output + kept, front, _mm512_maskz_compress_ps(pass, value));
        _mm512_mask_storeu_epi32(row + kept, front, _mm512_maskz_compress_epi32(pass, at));
        kept += some;
    }
    return kept;
}

#else

void mi_pools_append_avx512(mi_pools *pools, uint32_t place, uint32_t first, const float *outputs,
                            uint64_t mask)
{
    (void)pools, (void)place, (void)first, (void)outputs, (void)mask;
}

uint32_t mi_pools_keep_avx512(float *output, uint32_t *row, uint32_t n, float v)
{
    (void)output, (void)row, (void)v;
    return n;
}

#endif
