/* lanes.h: for AVX-512. */
#ifndef MI_LANES_AVX512_H
#define MI_LANES_AVX512_H

#include <immintrin.h>

typedef __m512d doubles;
typedef __m512 floats;

#define d_splat(x)                        _mm512_set1_pd(x)
#define d_load(p)                         _mm512_loadu_pd(p)
#define d_store(p, v)                     _mm512_storeu_pd(p, v)
#define d_low(v)                          _mm512_cvtps_pd(_mm512_castps512_ps256(v))
#define d_high(v)                         _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))
#define d_to_floats(p, v)                 _mm256_storeu_ps(p, _mm512_cvtpd_ps(v))
#define d_add(a, b)                       _mm512_add_pd(a, b)
#define d_subtract(a, b)                  _mm512_sub_pd(a, b)
#define d_multiply(a, b)                  _mm512_mul_pd(a, b)
#define d_divide(a, b)                    _mm512_div_pd(a, b)
#define d_multiply_add(a, b, c)           _mm512_fmadd_pd(a, b, c)
#define d_less_product(a, b, c)           _mm512_fnmadd_pd(a, b, c)
#define d_choose_unless_equal(x, y, a, b) _mm512_mask_mov_pd(b, _mm512_cmp_pd_mask(x, y, _CMP_NEQ_OQ), a)
#define d_unless_equal(x, y, a)           _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x, y, _CMP_NEQ_OQ), a)
#define d_add_unless_equal(x, y, a, sum) \
    _mm512_mask_add_pd(sum, _mm512_cmp_pd_mask(x, y, _CMP_NEQ_OQ), sum, a)
#define d_sum(v)     _mm512_reduce_add_pd(v)
#define d_product(v) _mm512_reduce_mul_pd(v)

static inline doubles d_scale(doubles p, doubles shifted)
{
    const __m512i k = _mm512_castpd_si512(shifted);
    const __m512i root = _mm512_permutexvar_epi64(k, _mm512_loadu_si512(mi_roots));
    return _mm512_mul_pd(p, _mm512_castsi512_pd(_mm512_add_epi64(root, _mm512_slli_epi64(k, 49))));
}

#define f_splat(x)               _mm512_set1_ps(x)
#define f_load(p)                _mm512_loadu_ps(p)
#define f_load_some(p, n, rest)  _mm512_mask_loadu_ps(rest, (__mmask16)((1u << (n)) - 1u), p)
#define f_store(p, v)            _mm512_storeu_ps(p, v)
#define f_max(a, b)              _mm512_max_ps(a, b)
#define f_multiply(a, b)         _mm512_mul_ps(a, b)
#define f_multiply_add(a, b, c)  _mm512_fmadd_ps(a, b, c)
#define f_if_greater(x, y, a, b) _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, y, _CMP_GT_OQ), a)
#define f_if_equal(x, y, a, b)   _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ), a)
#define f_largest(v)             _mm512_reduce_max_ps(v)
#define f_smallest(v)            _mm512_reduce_min_ps(v)

#endif
