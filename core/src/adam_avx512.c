/*
 * Adam for AVX-512. Division and square root of 16 floats take 14 cycles, more than moving their data; here
 * they are reciprocals of 14 bits and one step of Newton. Compiled for that machine alone; kernels.c asks the
 * CPU before anything here runs.
 */
#if defined(__x86_64__)
#include "adam.h"

#include <immintrin.h>

#define LANES 16
#define TINY  1e-36f /* a root of 1e-18: far below any epsilon, and 1/sqrt of it is finite */

typedef struct constants {
    __m512 scale, rate, second, keep, average, epsilon;
} constants;

/* 1/(second sqrt v + epsilon) */
static inline __m512 inverse_root(const constants *c, __m512 v)
{
    const __m512 one = _mm512_set1_ps(1.0f), half = _mm512_set1_ps(0.5f);
    const __m512 t = _mm512_max_ps(_mm512_set1_ps(TINY), v); /* v when it is NaN */
    const __m512 guess = _mm512_rsqrt14_ps(t), root = _mm512_mul_ps(t, guess);
    /* root (1 + (1 - root guess)/2) */
    const __m512 error = _mm512_fnmadd_ps(root, guess, one);
    const __m512 better = _mm512_fmadd_ps(_mm512_mul_ps(half, error), root, root);
    const __m512 divisor = _mm512_fmadd_ps(better, c->second, c->epsilon);
    const __m512 inverse = _mm512_rcp14_ps(divisor);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(divisor, inverse, one), inverse, inverse);
}

static inline void move(const constants *c, const mi_adam_arrays *a, size_t i, __mmask16 exists)
{
    const __m512 beta1 = _mm512_set1_ps((float)MI_ADAM_BETA1),
                 gain1 = _mm512_set1_ps((float)(1.0 - MI_ADAM_BETA1));
    const __m512 beta2 = _mm512_set1_ps((float)MI_ADAM_BETA2),
                 gain2 = _mm512_set1_ps((float)(1.0 - MI_ADAM_BETA2));
    const __m512 g = _mm512_mul_ps(_mm512_maskz_loadu_ps(exists, a->gradient + i), c->scale);
    const __m512 m =
        _mm512_fmadd_ps(beta1, _mm512_maskz_loadu_ps(exists, a->moment1 + i), _mm512_mul_ps(gain1, g));
    const __m512 v = _mm512_fmadd_ps(beta2, _mm512_maskz_loadu_ps(exists, a->moment2 + i),
                                     _mm512_mul_ps(_mm512_mul_ps(gain2, g), g));
    const __m512 w = _mm512_fnmadd_ps(_mm512_mul_ps(c->rate, m), inverse_root(c, v),
                                      _mm512_mul_ps(c->keep, _mm512_maskz_loadu_ps(exists, a->weights + i)));
    _mm512_mask_storeu_ps(a->moment1 + i, exists, m);
    _mm512_mask_storeu_ps(a->moment2 + i, exists, v);
    _mm512_mask_storeu_ps(a->weights + i, exists, w);
    if (a->average) {
        const __m512 average = _mm512_maskz_loadu_ps(exists, a->average + i);
        _mm512_mask_storeu_ps(a->average + i, exists,
                              _mm512_fmadd_ps(c->average, _mm512_sub_ps(w, average), average));
    }
}

void mi_adam_avx512(const mi_adam_step *step, const mi_adam_arrays *arrays, size_t begin, size_t end)
{
    const constants c = {_mm512_set1_ps(step->scale),   _mm512_set1_ps(step->rate),
                         _mm512_set1_ps(step->second),  _mm512_set1_ps(1.0f - step->decay),
                         _mm512_set1_ps(step->average), _mm512_set1_ps(step->epsilon)};
    const mi_adam_arrays a = *arrays;
    size_t i = begin;
    for (; i + LANES <= end; i += LANES)
        move(&c, &a, i, 0xffff);
    if (i < end)
        move(&c, &a, i, (__mmask16)((1u << (end - i)) - 1u));
}

#define BLOCK 256 /* squares that are added up in single precision, 4 to a lane */

double mi_sum_squares_avx512(const float *values, size_t n)
{
    __m512d sum[4] = {_mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()};
    for (size_t first = 0; first < n; first += BLOCK) {
        __m512 squares[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                             _mm512_setzero_ps()};
        const size_t left = n - first;
        for (size_t i = 0; i < BLOCK && i < left; i += LANES) {
            const __mmask16 exists = left - i < LANES ? (__mmask16)((1u << (left - i)) - 1u) : 0xffff;
            const __m512 v = _mm512_maskz_loadu_ps(exists, values + first + i);
            squares[i / LANES % 4] = _mm512_fmadd_ps(v, v, squares[i / LANES % 4]);
        }
        for (int k = 0; k < 4; k++) {
            const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(squares[k]));
            const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(squares[k], 1));
            sum[k] = _mm512_add_pd(sum[k], _mm512_add_pd(low, high));
        }
    }
    return _mm512_reduce_add_pd(_mm512_add_pd(_mm512_add_pd(sum[0], sum[1]), _mm512_add_pd(sum[2], sum[3])));
}

#endif
