/*
 * What pools do most, by compressing vectors.
 */
#include "screen_pool.h"

#if defined(__x86_64__)
#include "screen_append.h"

#define WIDE  __attribute__((target("avx512f,avx512dq,popcnt")))
#define LANES 16u

WIDE void mi_pools_append_avx512(mi_pools *pools, uint32_t place, uint32_t first, const float *outputs,
                                 uint64_t mask)
{
    const size_t start = (size_t)place * pools->capacity;
    const __m512 floor = _mm512_set1_ps(pools->floor[place]);
    uint32_t used = pools->used[place];
    for (uint32_t v = 0; v < 64; v += LANES) {
        const __m512 value = _mm512_loadu_ps(outputs + v);
        const __mmask16 pass = _mm512_mask_cmp_ps_mask((__mmask16)(mask >> v), value, floor, _CMP_NLE_UQ) &
                               _mm512_cmp_ps_mask(value, value, _CMP_ORD_Q);
        used = mi_append_vector(pools->output + start, pools->row + start, used, value, first + v, pass);
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
        /* What is written over has been read, or lies in the slack. */
        _mm512_storeu_ps(output + kept, _mm512_maskz_compress_ps(pass, value));
        _mm512_storeu_si512(row + kept, _mm512_maskz_compress_epi32(pass, at));
        kept += (uint32_t)_mm_popcnt_u32(pass);
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
