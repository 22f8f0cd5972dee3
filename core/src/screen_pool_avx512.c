/*
 * What pools do most, by vectors of 16.
 */
#include "screen_order.h"
#include "screen_pool.h"

#if defined(__x86_64__)
#include "screen_append.h"

#define WIDE   __attribute__((target("avx512f,avx512dq,popcnt")))
#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512dq,popcnt")))
#define LANES  16u

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

/* The lanes of n values that there are from i on. */
INLINE __mmask16 lanes_from(size_t i, size_t n)
{
    return n - i >= LANES ? 0xffff : (__mmask16)((1u << (n - i)) - 1);
}

WIDE static size_t count_at_least(const float *values, size_t n, float limit)
{
    const __m512 least = _mm512_set1_ps(limit);
    size_t i = 0, count = 0;
    for (; i + LANES <= n; i += LANES)
        count += (size_t)_mm_popcnt_u32(_mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), least, _CMP_GE_OQ));
    if (i < n) {
        const __mmask16 here = lanes_from(i, n);
        const __m512 value = _mm512_maskz_loadu_ps(here, values + i);
        count += (size_t)_mm_popcnt_u32(_mm512_mask_cmp_ps_mask(here, value, least, _CMP_GE_OQ));
    }
    return count;
}

/* The least of the values that are >= limit; there is one. */
WIDE static float least_from(const float *values, size_t n, float limit)
{
    const __m512 from = _mm512_set1_ps(limit);
    __m512 least = _mm512_set1_ps(__builtin_inff());
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 here = lanes_from(i, n);
        const __m512 value = _mm512_maskz_loadu_ps(here, values + i);
        least =
            _mm512_mask_min_ps(least, _mm512_mask_cmp_ps_mask(here, value, from, _CMP_GE_OQ), least, value);
    }
    return _mm512_reduce_min_ps(least);
}

WIDE static float largest(const float *values, size_t n)
{
    __m512 most = _mm512_set1_ps(-__builtin_inff());
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 here = lanes_from(i, n);
        most = _mm512_mask_max_ps(most, here, most, _mm512_maskz_loadu_ps(here, values + i));
    }
    return _mm512_reduce_max_ps(most);
}

/* As in screen_order.c. */
WIDE float mi_kth_largest_avx512(const float *values, size_t n, size_t k)
{
    uint32_t low = mi_rank_of(least_from(values, n, -__builtin_inff())),
             high = mi_rank_of(largest(values, n));
    for (int step = 0; low < high; step++) {
        const uint32_t middle = mi_middle_rank(low, high, step);
        const float limit = mi_of_rank(middle);
        const size_t count = count_at_least(values, n, limit);
        if (count == k)
            return least_from(values, n, limit);
        if (count > k)
            low = middle;
        else
            high = middle - 1;
    }
    return mi_of_rank(low);
}

/* How many of n outputs go before each of the 16 from `first` on: larger ones, and equal ones that came
 * earlier, whose rows are lower. */
INLINE __m512i count_before(const float *output, uint32_t first, uint32_t n)
{
    const __m512i one = _mm512_set1_epi32(1);
    const __m512 value = _mm512_maskz_loadu_ps(lanes_from(first, n), output + first);
    __m512i before = _mm512_setzero_si512();
    uint32_t j = 0;
    for (; j < first; j++) {
        const __mmask16 goes = _mm512_cmp_ps_mask(_mm512_set1_ps(output[j]), value, _CMP_GE_OQ);
        before = _mm512_mask_add_epi32(before, goes, before, one);
    }
    for (; j < first + LANES && j < n; j++) {
        const __m512 other = _mm512_set1_ps(output[j]);
        const __mmask16 later = (__mmask16)(0xfffeu << (j - first));
        const __mmask16 goes = _mm512_cmp_ps_mask(other, value, _CMP_GT_OQ) |
                               _mm512_mask_cmp_ps_mask(later, other, value, _CMP_EQ_OQ);
        before = _mm512_mask_add_epi32(before, goes, before, one);
    }
    for (; j < n; j++) {
        const __mmask16 goes = _mm512_cmp_ps_mask(_mm512_set1_ps(output[j]), value, _CMP_GT_OQ);
        before = _mm512_mask_add_epi32(before, goes, before, one);
    }
    return before;
}

WIDE void mi_pools_rank_avx512(const float *output, const uint32_t *row, uint32_t n, uint32_t *rows,
                               float *outputs)
{
    for (uint32_t first = 0; first < n; first += LANES) {
        uint32_t place[LANES];
        _mm512_storeu_si512(place, count_before(output, first, n));
        for (uint32_t i = first; i < n && i < first + LANES; i++) {
            rows[place[i - first]] = row[i];
            outputs[place[i - first]] = output[i];
        }
    }
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

float mi_kth_largest_avx512(const float *values, size_t n, size_t k)
{
    return mi_kth_largest(values, n, k);
}

void mi_pools_rank_avx512(const float *output, const uint32_t *row, uint32_t n, uint32_t *rows,
                          float *outputs)
{
    (void)output, (void)row, (void)n, (void)rows, (void)outputs;
}

#endif
