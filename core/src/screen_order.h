/*
 * Order of outputs and rows as order of integers: what sorts and selects without a comparison function.
 */
#ifndef MI_SCREEN_ORDER_H
#define MI_SCREEN_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Rises with the float; both zeros have places of their own. Not for NaN. */
static inline uint32_t mi_rank_of(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31);
}

static inline float mi_of_rank(uint32_t rank)
{
    const uint32_t bits = rank ^ (rank >> 31 ? UINT32_C(1) << 31 : UINT32_MAX);
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What is above it is value or more; NaN, below everything, for -infinity. Next below zero is no zero. */
static inline float mi_floor_below(float value)
{
    if (value == -__builtin_inff())
        return __builtin_nanf("");
    return mi_of_rank(mi_rank_of(value) - (value == 0.0f && mi_rank_of(value) >> 31 ? 2 : 1));
}

/* An output and a row, as a key that is larger for a larger output, then for a lower row. */
static inline uint64_t mi_key_of(float output, uint32_t row)
{
    return (uint64_t)mi_rank_of(output) << 32 | (uint32_t)~row;
}
static inline float mi_key_output(uint64_t key)
{
    return mi_of_rank((uint32_t)(key >> 32));
}
static inline uint32_t mi_key_row(uint64_t key)
{
    return ~(uint32_t)key;
}

/* Steps of a bisection by value. */
#define MI_STEPS_BY_VALUE 16

/* A rank in [low + 1, high], in the middle by value for some steps, since values of like size spread by value
 * and not by rank; then in the middle by rank, which ends whatever the values are. */
static inline uint32_t mi_middle_rank(uint32_t low, uint32_t high, int step)
{
    const float a = mi_of_rank(low), b = mi_of_rank(high);
    const uint32_t by_value = mi_rank_of(a + 0.5f * (b - a));
    if (step < MI_STEPS_BY_VALUE && b - a <= 0x1p126f && by_value > low && by_value <= high)
        return by_value;
    return high - (high - low) / 2;
}

/* n distinct keys, largest first. scratch (n). */
void mi_sort_keys(uint64_t *keys, uint64_t *scratch, size_t n);

/* How many of n values are >= limit. */
size_t mi_count_at_least(const float *values, size_t n, float limit);

/* The k-th largest of n values, 1 <= k <= n, none NaN and none -0. At most 50 passes, whatever the values. */
float mi_kth_largest(const float *values, size_t n, size_t k);
/* The same, by AVX-512 (screen_pool_avx512.c). */
float mi_kth_largest_avx512(const float *values, size_t n, size_t k);

#endif
