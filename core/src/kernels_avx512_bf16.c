/*
 * Products whose factors are rounded to bfloat16, with sums in single precision: vdpbf16ps adds the products
 * of two neighbours along k to a sum. Compiled for AVX512_BF16 alone; kernels.c asks the CPU before anything
 * here runs.
 *
 * Factors are rounded to nearest and packed as pairs of neighbours along k, zeros past its end:
 *   a (m, k)   pairs (m, P) when its rows are contiguous, (P, m) when its columns are; P = ceil(k / 2)
 *   b (k, n)   panels of (P, 64) pairs, one for every 64 columns
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#define LANES   16
#define VECTORS 4

typedef __m512 vector;
typedef __mmask16 mask;
typedef uint32_t operand; /* two bfloat16 */
typedef __m512bh factors;

#define mask_of(n)              ((__mmask16)((1u << (n)) - 1u))
#define zero()                  _mm512_setzero_ps()
#define load(p)                 _mm512_loadu_ps(p)
#define store(p, v)             _mm512_storeu_ps(p, v)
#define load_some(p, m)         _mm512_maskz_loadu_ps(m, p)
#define store_some(p, m, v)     _mm512_mask_storeu_ps(p, m, v)
#define rectify(v)              _mm512_max_ps(_mm512_setzero_ps(), v) /* the second when one is NaN */
#define where_positive(gate, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(gate, zero(), _CMP_GT_OQ), v)
#define splat(x)                ((__m512bh)_mm512_set1_epi32((int)(x)))
#define load_factors(p)         ((__m512bh)_mm512_loadu_si512(p))
#define load_some_factors(p, m) load_factors(p) /* panels are whole */
#define multiply_add(a, b, c)   _mm512_dpbf16_ps(c, a, b)

#include "kernels_tiles.h"
#include "transpose512.h"

static size_t pairs_of(size_t k)
{
    return (k + 1) / 2;
}

static mi_half_bytes half_bytes(size_t m, size_t n, size_t k)
{
    const size_t panels = (n + PANEL - 1) / PANEL;
    return (mi_half_bytes){m * pairs_of(k) * sizeof(operand), panels * PANEL * pairs_of(k) * sizeof(operand)};
}

/* 32 contiguous entries, of which `left` exist, as 16 pairs. */
static inline __m512i contiguous_pairs(const float *in, size_t left)
{
    const size_t low = left < 16 ? left : 16, high = left < 16 ? 0 : left < 32 ? left - 16 : 16;
    const __m512 first = _mm512_maskz_loadu_ps((__mmask16)((1u << low) - 1u), in);
    const __m512 second = _mm512_maskz_loadu_ps((__mmask16)((1u << high) - 1u), in + low);
    return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}

/* Pairs (first[i], second[i]) of 16 columns, of which `mask` exist. */
static inline __m512i stacked_pairs(const float *first, const float *second, __mmask16 exists)
{
    const __m512 low = _mm512_maskz_loadu_ps(exists, first);
    const __m512 high = second ? _mm512_maskz_loadu_ps(exists, second) : zero();
    const __m512i low_half = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(low));
    const __m512i high_half = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(high));
    return _mm512_or_si512(low_half, _mm512_slli_epi32(high_half, 16));
}

/* Pairs of rows 2 l and 2 l + 1 of in (k, columns): out (P, columns), rows out_row apart; whole vectors are
 * written where `whole`. */
static void stack_rows(operand *out, size_t out_row, const float *in, size_t in_row, size_t k, size_t columns,
                       int whole)
{
    for (size_t l = 0; l < pairs_of(k); l++)
        for (size_t j = 0; j < columns; j += LANES) {
            const __mmask16 exists = mask_of(columns - j < LANES ? columns - j : LANES);
            const float *first = in + 2 * l * in_row + j, *second = 2 * l + 1 < k ? first + in_row : NULL;
            _mm512_mask_storeu_epi32(out + l * out_row + j, whole ? 0xffff : exists,
                                     stacked_pairs(first, second, exists));
        }
}

static void pack_rows(operand *out, const mi_product *p)
{
    const size_t pairs = pairs_of(p->k);
    for (size_t i = 0; i < p->m; i++)
        for (size_t l = 0; l < pairs; l += LANES) {
            const size_t left = p->k - 2 * l;
            const __mmask16 exists = mask_of(pairs - l < LANES ? pairs - l : LANES);
            _mm512_mask_storeu_epi32(out + i * pairs + l, exists,
                                     contiguous_pairs(p->a + i * p->a_row + 2 * l, left));
        }
}

/* One panel of a b that is (n, k): pairs of 16 of its rows at a time, turned. */
static void turn_panel(operand *out, const float *b, size_t b_row, size_t columns, size_t k)
{
    for (size_t l = 0; l < pairs_of(k); l += LANES)
        for (size_t j = 0; j < PANEL; j += LANES) {
            __m512 row[LANES];
            _Alignas(64) float turned[LANES * LANES];
            for (size_t q = 0; q < LANES; q++)
                row[q] = j + q < columns ? (__m512)contiguous_pairs(b + (j + q) * b_row + 2 * l, k - 2 * l)
                                         : zero();
            const size_t rows = pairs_of(k) - l;
            if (rows >= LANES) {
                mi_transpose_square(row, (float *)out + l * PANEL + j, PANEL);
                continue;
            }
            mi_transpose_square(row, turned, LANES);
            for (size_t q = 0; q < rows; q++)
                _mm512_storeu_ps((float *)out + (l + q) * PANEL + j, _mm512_loadu_ps(turned + q * LANES));
        }
}

static void pack_b(operand *out, const mi_product *p)
{
    for (size_t j = 0; j < p->n; j += PANEL, out += PANEL * pairs_of(p->k)) {
        const size_t columns = p->n - j < PANEL ? p->n - j : PANEL;
        if (p->b_transposed)
            turn_panel(out, p->b + j * p->b_row, p->b_row, columns, p->k);
        else
            stack_rows(out, PANEL, p->b + j, p->b_row, p->k, columns, 1);
    }
}

static void product_half(const mi_product *p, void *a_packed, void *b_packed, int b_is_packed)
{
    const size_t pairs = pairs_of(p->k);
    const int by_rows = p->a_col == 1;
    if (by_rows)
        pack_rows(a_packed, p);
    else
        stack_rows(a_packed, p->m, p->a, p->a_col, p->k, p->m, 0);
    if (!b_is_packed)
        pack_b(b_packed, p);
    for (size_t j = 0; j < p->n; j += PANEL) {
        const operand *b = (const operand *)b_packed + j * pairs;
        const span s = {.k = pairs,
                        .a = a_packed,
                        .a_row = by_rows ? pairs : 1,
                        .a_col = by_rows ? 1 : p->m,
                        .b = b,
                        .b_row = PANEL,
                        .ahead = j + PANEL < p->n ? b + PANEL * pairs : b,
                        .init = p->init ? p->init + j : NULL,
                        .init_row = p->init_row,
                        .c = p->c + j,
                        .c_row = p->c_row,
                        .relu = p->relu,
                        .gate = p->gate ? p->gate + j : NULL,
                        .gate_row = p->gate_row};
        panel(s, p->m, p->n - j < PANEL ? p->n - j : PANEL);
    }
}

const mi_half_kernels mi_half_kernels_avx512 = {.bytes = half_bytes, .product = product_half};

#endif
