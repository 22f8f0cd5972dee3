/*
 * The way of a row's outputs when the best of a row are all there is to keep, for those who have asked the
 * CPU for AVX-512.
 *
 * About every second row of a panel has an output that passes, and which one is random: a branch on it costs
 * more than a vector's work. So rows are compared without a branch, those with hits are listed, their hits
 * are listed, and a loop over hits appends one output a turn. Outputs that are not numbers have passed; they
 * are so rare that the last loop may branch on them.
 */
#ifndef MI_SCREEN_ROWS512_H
#define MI_SCREEN_ROWS512_H

#include "screen_impl.h"

#include <immintrin.h>

#define MI_ROWS512 static inline __attribute__((always_inline, target("avx512f,avx512dq,popcnt")))

/* Rows of the tile with hits, and which. */
typedef struct mi_row_hits {
    uint32_t n;
    uint32_t row[MI_SCREEN_ROWS + 1]; /* of the tile; one more, since it is written before it is counted */
    uint64_t mask[MI_SCREEN_ROWS + 1];
} mi_row_hits;

MI_ROWS512 void mi_row_hits_add(mi_row_hits *hits, uint32_t row, uint64_t mask)
{
    hits->row[hits->n] = row;
    hits->mask[hits->n] = mask;
    hits->n += mask != 0;
}

/* Places in the tile of the columns of `mask`, from `start` on, appended; how many there are then. Vectors
 * are written whole. */
MI_ROWS512 uint32_t mi_row_hits_spread(uint32_t *place, uint32_t n, uint32_t start, uint64_t mask)
{
    const __m512i lanes =
        _mm512_add_epi32(_mm512_set1_epi32((int)start),
                         _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    for (uint32_t v = 0; v < MI_PANEL; v += 16) {
        const __mmask16 pass = (__mmask16)(mask >> v);
        const __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)v));
        _mm512_storeu_si512(place + n, _mm512_maskz_compress_epi32(pass, at));
        n += (uint32_t)_mm_popcnt_u32(pass);
    }
    return n;
}

/* Places in the tile of all hits, in order. The first of a row are taken without a branch; where there are
 * more, there are many. */
MI_ROWS512 uint32_t mi_row_hits_places(const mi_row_hits *hits, uint32_t *place)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < hits->n; i++) {
        const uint32_t start = hits->row[i] * MI_PANEL;
        uint64_t mask = hits->mask[i];
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++, mask &= mask - 1) {
            place[n] = start + ((uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63));
            n += mask != 0;
        }
        if (__builtin_expect(mask != 0, 0))
            n = mi_row_hits_spread(place, n, start, mask);
    }
    return n;
}

/* The hits of a panel from `first` on into the pools of their rows; `row` is the tile's first. */
MI_ROWS512 void mi_row_hits_take(mi_screen *s, const mi_row_hits *hits, uint32_t row, uint32_t first)
{
    uint32_t place[MI_SCREEN_ROWS * MI_PANEL + MI_POOL_SLACK], n_nan = 0;
    const uint32_t n = mi_row_hits_places(hits, place);
    mi_pools *const pools = &s->by_row;
    const uint32_t limit = pools->limit;
    const size_t capacity = pools->capacity;
    const float *const tile = s->tile;
    uint32_t *const used = pools->used + row, *const rows = pools->row + row * capacity;
    float *const outputs = pools->output + row * capacity;
    for (uint32_t i = 0; i < n; i++) {
        const float output = tile[place[i]] + 0.0f; /* one zero only: selection compares bits */
        const uint32_t to = place[i] / MI_PANEL, before = used[to];
        const size_t at = to * capacity + before;
        if (__builtin_expect(output != output, 0)) {
            n_nan++;
            continue;
        }
        outputs[at] = output;
        rows[at] = first + place[i] % MI_PANEL;
        used[to] = before + 1;
        if (__builtin_expect(before + 1 >= limit, 0)) {
            mi_pools_shrink(pools, row + to);
            s->row_floor[row + to] = pools->floor[row + to];
        }
    }
    s->result->summary.n_nan += n_nan;
    s->result->summary.n_scored -= n_nan;
}

#endif
