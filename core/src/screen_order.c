#include "screen_order.h"

#include "vecmath.h"
#include "vector_clones.h"

/* Keys that are sorted by counting who is before whom: quadratic, and a vector loop without a branch. */
#define RUN 64u

MI_VECTOR_CLONES
static void rank_run(const uint64_t *restrict keys, uint64_t *restrict sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = keys[i];
        uint64_t before = 0;
#pragma omp simd reduction(+ : before)
        for (size_t j = 0; j < n; j++)
            before += keys[j] > key;
        sorted[before] = key;
    }
}

/* The sorted keys [0, middle) and [middle, n) of `from` into `to`. */
static void merge_runs(const uint64_t *from, size_t middle, size_t n, uint64_t *to)
{
    size_t i = 0, j = middle, at = 0;
    while (i < middle && j < n) {
        const int left = from[i] > from[j];
        to[at++] = left ? from[i] : from[j];
        i += (size_t)left;
        j += (size_t)!left;
    }
    memcpy(to + at, from + i, (middle - i) * sizeof *to);
    memcpy(to + at + (middle - i), from + j, (n - j) * sizeof *to);
}

void mi_sort_keys(uint64_t *keys, uint64_t *scratch, size_t n)
{
    for (size_t first = 0; first < n; first += RUN)
        rank_run(keys + first, scratch + first, n - first < RUN ? n - first : RUN);
    uint64_t *from = scratch, *to = keys;
    for (size_t run = RUN; run < n; run *= 2) {
        for (size_t first = 0; first < n; first += 2 * run) {
            const size_t m = n - first < 2 * run ? n - first : 2 * run;
            merge_runs(from + first, run < m ? run : m, m, to + first);
        }
        uint64_t *const swapped = from;
        from = to;
        to = swapped;
    }
    if (from != keys)
        memcpy(keys, from, n * sizeof *keys);
}

MI_VECTOR_CLONES
size_t mi_count_at_least(const float *values, size_t n, float limit)
{
    size_t count = 0;
    for (size_t first = 0; first < n;) { /* 32-bit counters keep whole vectors busy */
        const size_t end = n - first > UINT16_MAX ? first + UINT16_MAX : n;
        uint32_t some = 0;
#pragma omp simd reduction(+ : some)
        for (size_t i = first; i < end; i++)
            some += values[i] >= limit;
        count += some;
        first = end;
    }
    return count;
}

typedef struct extent {
    float low, high;
} extent;

/* Of the values that are >= limit; there is one. */
MI_VECTOR_CLONES
static extent extent_at_least(const float *values, size_t n, float limit)
{
    float low[MI_LANES], high[MI_LANES];
    for (size_t l = 0; l < MI_LANES; l++) {
        low[l] = __builtin_inff();
        high[l] = limit;
    }
    size_t i = 0;
    for (; i + MI_LANES <= n; i += MI_LANES) {
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const float value = values[i + l];
            const float floored = value >= limit ? value : __builtin_inff();
            low[l] = floored < low[l] ? floored : low[l];
            high[l] = value > high[l] ? value : high[l];
        }
    }
    for (; i < n; i++) {
        low[0] = values[i] >= limit && values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    extent e = {low[0], high[0]};
    for (size_t l = 1; l < MI_LANES; l++) {
        e.low = low[l] < e.low ? low[l] : e.low;
        e.high = high[l] > e.high ? high[l] : e.high;
    }
    return e;
}

float mi_kth_largest(const float *values, size_t n, size_t k)
{
    const extent all = extent_at_least(values, n, -__builtin_inff());
    /* At least k values are >= low, fewer than k are > high. */
    uint32_t low = mi_rank_of(all.low), high = mi_rank_of(all.high);
    for (int step = 0; low < high; step++) {
        const uint32_t middle = mi_middle_rank(low, high, step);
        const float limit = mi_of_rank(middle);
        const size_t count = mi_count_at_least(values, n, limit);
        if (count == k)
            return extent_at_least(values, n, limit).low;
        if (count > k)
            low = middle;
        else
            high = middle - 1;
    }
    return mi_of_rank(low);
}
