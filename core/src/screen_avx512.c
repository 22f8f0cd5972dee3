/*
 * Looking at outputs by vectors of 16.
 */
#include "mi/info.h"
#include "screen_impl.h"

#if defined(__x86_64__)
#include "screen_rows512.h"
#include "transpose512.h"

#define WIDE   __attribute__((target("avx512f,avx512dq,popcnt")))
#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512dq,popcnt")))
#define LANES  16
#define VECS   4 /* of a panel */

/* Columns [k, k + 16) of 16 rows of y into a panel. */
INLINE void pack_square(const float *y, size_t ld, float *panel)
{
    __m512 rows[LANES];
#pragma GCC unroll 16
    for (uint32_t l = 0; l < LANES; l++)
        rows[l] = _mm512_loadu_ps(y + l * ld);
    mi_transpose_square(rows, panel, MI_PANEL);
}

/* The same at an edge: `n` rows of `columns` columns. */
WIDE static void pack_edge(const float *y, size_t ld, uint32_t n, uint32_t columns, float *panel)
{
    for (uint32_t k = 0; k < columns; k++)
        for (uint32_t l = 0; l < LANES; l++)
            panel[(size_t)k * MI_PANEL + l] = l < n ? y[l * ld + k] : 0.0f;
}

/* panel (width, 64) = the transpose of n rows of y, zero after them. */
WIDE static void pack(const float *y, size_t ld, uint32_t n, uint32_t width, float *panel)
{
    for (uint32_t j = 0; j < MI_PANEL; j += LANES) {
        const uint32_t rows = n > j ? mi_screen_min(n - j, LANES) : 0;
        const float *from = rows ? y + j * ld : y;
        for (uint32_t k = 0; k < width; k += LANES) {
            const uint32_t columns = mi_screen_min(width - k, LANES);
            if (rows == LANES && columns == LANES)
                pack_square(from + k, ld, panel + (size_t)k * MI_PANEL + j);
            else
                pack_edge(from + k, ld, rows, columns, panel + (size_t)k * MI_PANEL + j);
        }
    }
}

INLINE uint64_t join(const __mmask16 m[VECS])
{
    return (uint64_t)m[0] | (uint64_t)m[1] << 16 | (uint64_t)m[2] << 32 | (uint64_t)m[3] << 48;
}

/* As in screen_portable.c. */
INLINE uint64_t passing(const __m512 value[VECS], float floor, const float *column_floor)
{
    const __m512 f = _mm512_set1_ps(floor);
    __mmask16 pass[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; v++)
        pass[v] = _mm512_cmp_ps_mask(value[v], f, _CMP_NLE_UQ);
    if (column_floor)
#pragma GCC unroll 4
        for (int v = 0; v < VECS; v++)
            pass[v] |= _mm512_cmp_ps_mask(value[v], _mm512_load_ps(column_floor + v * LANES), _CMP_NLE_UQ);
    return join(pass);
}

INLINE uint64_t numbers(const __m512 value[VECS])
{
    __mmask16 is[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; v++)
        is[v] = _mm512_cmp_ps_mask(value[v], value[v], _CMP_ORD_Q);
    return join(is);
}

/* The sums of a summary while they are in registers. */
typedef struct sums {
    __m512d low, high;
    __m512 max;
} sums;

INLINE void add_row(sums *s, const __m512 value[VECS], uint64_t live)
{
    __m512 v[VECS], max = s->max;
#pragma GCC unroll 4
    for (int i = 0; i < VECS; i++) {
        const __mmask16 here = (__mmask16)(live >> (i * LANES));
        v[i] = _mm512_maskz_mov_ps(here, value[i]);
        max = _mm512_mask_max_ps(max, here, max, value[i]);
    }
    const __m512 t = _mm512_add_ps(_mm512_add_ps(v[0], v[1]), _mm512_add_ps(v[2], v[3]));
    s->low = _mm512_add_pd(s->low, _mm512_cvtps_pd(_mm512_castps512_ps256(t)));
    s->high = _mm512_add_pd(s->high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(t, 1)));
    s->max = max;
}

/* The columns of a row that pass, of those that count; into the summary what counts. */
INLINE uint64_t look_at_row(mi_screen *s, uint32_t row, uint32_t first, const float *outputs, uint64_t valid,
                            uint32_t phase, sums *summary, uint64_t *nan)
{
    /* Whose NaN are not asked for has no columns' floors. */
    const float *column_floor = nan && s->by_column.keep ? s->by_column.floor + first : NULL;
    __m512 value[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; v++)
        value[v] = _mm512_load_ps(outputs + v * LANES);
    const uint64_t hits = passing(value, s->row_floor[row], column_floor) & valid;
    if (nan)
        *nan = hits ? hits & ~numbers(value) : 0;
    if (summary) {
        const uint64_t live = valid & (nan ? ~*nan : numbers(value));
        add_row(summary, value, live);
        if (mi_screen_due(s, phase))
            mi_screen_bin(s, phase, outputs, live);
    }
    return hits;
}

/* summary: NULL without one. alone: the best of a row are all there is to keep. */
INLINE void look_at_rows(mi_screen *s, uint32_t row, uint32_t n, uint32_t first, int whole, sums *summary,
                         int alone)
{
    uint32_t phase = mi_screen_phase(s, row, first);
    uint64_t counted = 0;
    mi_row_hits hits;
    hits.n = 0;
    for (uint32_t i = 0; i < n; i++, phase = mi_screen_next_phase(s, phase)) {
        const float *outputs = s->tile + (size_t)i * MI_PANEL;
        const uint64_t valid = whole ? UINT64_MAX : mi_screen_valid(s, row + i, first);
        uint64_t nan = 0;
        counted += whole ? MI_PANEL : (uint64_t)_mm_popcnt_u64(valid);
        const uint64_t mask =
            look_at_row(s, row + i, first, outputs, valid, phase, summary, alone ? NULL : &nan);
        if (alone)
            mi_row_hits_add(&hits, i, mask);
        else if (mask)
            mi_screen_hits(s, row + i, first, outputs, mask, nan);
    }
    s->result->summary.n_scored += counted;
    if (hits.n > 0)
        mi_row_hits_take(s, &hits, row, first);
}

WIDE static void look(mi_screen *s, uint32_t row, uint32_t n, uint32_t first, int whole)
{
    if (!s->spec.summarise && s->rows_alone && whole) {
        look_at_rows(s, row, n, first, 1, NULL, 1);
        return;
    }
    if (!s->spec.summarise) {
        look_at_rows(s, row, n, first, whole, NULL, s->rows_alone);
        return;
    }
    sums summary = {_mm512_loadu_pd(s->sums.sum), _mm512_loadu_pd(s->sums.sum + 8),
                    _mm512_loadu_ps(s->sums.max)};
    look_at_rows(s, row, n, first, whole, &summary, s->rows_alone);
    _mm512_storeu_pd(s->sums.sum, summary.low);
    _mm512_storeu_pd(s->sums.sum + 8, summary.high);
    _mm512_storeu_ps(s->sums.max, summary.max);
}

static const mi_screen_ops wide = {.pack = pack, .look = look};

const mi_screen_ops *mi_screen_avx512(void)
{
    mi_cpu cpu;
    mi_cpu_get(&cpu);
    return cpu.avx512 ? &wide : NULL;
}

#else

const mi_screen_ops *mi_screen_avx512(void)
{
    return NULL;
}

#endif
