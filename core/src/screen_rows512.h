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

/* Places in the tile of the hits, in order; how many there are. Vectors are written whole. */
MI_ROWS512 uint32_t mi_row_hits_places(const mi_row_hits *hits, uint32_t *place)
{
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    uint32_t n = 0;
    for (uint32_t i = 0; i < hits->n; i++) {
        const __m512i start = _mm512_add_epi32(_mm512_set1_epi32((int)(hits->row[i] * MI_PANEL)), lanes);
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) {
            const __mmask16 pass = (__mmask16)(hits->mask[i] >> (v * 16));
            const __m512i at = _mm512_add_epi32(start, _mm512_set1_epi32(v * 16));
            _mm512_storeu_si512(place + n, _mm512_maskz_compress_epi32(pass, at));
            n += (uint32_t)_mm_popcnt_u32(pass);
        }
    }
    return n;
}

/* The hits of a panel from `first` on into the pools of their rows; `row` is the tile's first. */
MI_ROWS512 void mi_row_hits_take(mi_screen *s, const mi_row_hits *hits, uint32_t row, uint32_t first)
{
    uint32_t place[MI_SCREEN_ROWS * MI_PANEL + MI_POOL_SLACK];
    const uint32_t n = mi_row_hits_places(hits, place);
    mi_pools *const pools = &s->by_row;
    for (uint32_t i = 0; i < n; i++) {
        const float output = s->tile[place[i]] + 0.0f; /* one zero only: selection compares bits */
        const uint32_t to = row + place[i] / MI_PANEL, used = pools->used[to];
        const size_t at = (size_t)to * pools->capacity + used;
        if (__builtin_expect(output != output, 0)) {
            s->result->summary.n_nan++;
            s->result->summary.n_scored--;
            continue;
        }
        pools->output[at] = output;
        pools->row[at] = first + place[i] % MI_PANEL;
        pools->used[to] = used + 1;
        if (__builtin_expect(used + 1 >= pools->limit, 0)) {
            mi_pools_shrink(pools, to);
            s->row_floor[to] = pools->floor[to];
        }
    }
}

#endif
