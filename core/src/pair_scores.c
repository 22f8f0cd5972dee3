#include "pair_scores.h"

#include "mi/info.h"
#include "vecmath.h"

static size_t row_of(const uint32_t *index, size_t pair)
{
    return index ? index[pair] : pair;
}

void mi_pair_scores_portable(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                             size_t n_pairs, size_t width, float *scores)
{
    for (size_t p = 0; p < n_pairs; p++)
        scores[p] = mi_vec_dot(x + row_of(index_x, p) * width, y + row_of(index_y, p) * width, width);
}

#if defined(__x86_64__)
#include "transpose512.h"

#define WIDE  __attribute__((target("avx512f,avx512dq,popcnt")))
#define LANES 16u
/* Rows are asked for as many pairs ahead as memory needs to answer, by their first lines: the machine
 * notices that the rest is wanted. */
#define AHEAD      16u
#define LINE       16u /* floats */
#define LINES_MOST 8u

_Static_assert(LANES == MI_LANES, "a lane of mi_vec_dot for each of a vector");

static inline void ask_for(const float *row, size_t width)
{
    const size_t lines = (width + LINE - 1) / LINE;
    for (size_t l = 0; l < lines && l < LINES_MOST; l++)
        __builtin_prefetch(row + l * LINE);
}

/* The sums that mi_vec_dot has in its lanes: products are rounded before they are added. */
WIDE static inline __m512 lanes_of(const float *a, const float *b, size_t width, __mmask16 tail)
{
    __m512 sum = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + LANES <= width; i += LANES)
        sum = _mm512_add_ps(sum, _mm512_mul_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i)));
    if (tail)
        sum = _mm512_mask_add_ps(
            sum, tail, sum,
            _mm512_mul_ps(_mm512_maskz_loadu_ps(tail, a + i), _mm512_maskz_loadu_ps(tail, b + i)));
    return sum;
}

/* Sixteen pairs: their lanes transposed, so that each pair's lanes are added in mi_vec_dot's order, all pairs
 * at once. */
WIDE static void sixteen(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                         size_t first, size_t n_pairs, size_t width, float *scores)
{
    const __mmask16 tail = (__mmask16)((1u << (width % LANES)) - 1);
    __m512 lanes[LANES];
    float by_lane[LANES * LANES] __attribute__((aligned(64)));
    for (size_t l = 0; l < LANES; l++) {
        const size_t p = first + l;
        if (p + AHEAD < n_pairs) {
            ask_for(x + row_of(index_x, p + AHEAD) * width, width);
            ask_for(y + row_of(index_y, p + AHEAD) * width, width);
        }
        lanes[l] = lanes_of(x + row_of(index_x, p) * width, y + row_of(index_y, p) * width, width, tail);
    }
    mi_transpose_square(lanes, by_lane, LANES);
    __m512 sum = _mm512_setzero_ps();
    for (size_t l = 0; l < LANES; l++)
        sum = _mm512_add_ps(sum, _mm512_load_ps(by_lane + l * LANES));
    _mm512_storeu_ps(scores + first, sum);
}

static int has_avx512(void)
{
    mi_cpu cpu;
    mi_cpu_get(&cpu);
    return cpu.avx512;
}

void mi_pair_scores(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                    size_t n_pairs, size_t width, float *scores)
{
    size_t done = 0;
    if (has_avx512())
        for (; done + LANES <= n_pairs; done += LANES)
            sixteen(x, index_x, y, index_y, done, n_pairs, width, scores);
    for (; done < n_pairs; done++)
        scores[done] =
            mi_vec_dot(x + row_of(index_x, done) * width, y + row_of(index_y, done) * width, width);
}

#else

void mi_pair_scores(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                    size_t n_pairs, size_t width, float *scores)
{
    mi_pair_scores_portable(x, index_x, y, index_y, n_pairs, width, scores);
}

#endif
