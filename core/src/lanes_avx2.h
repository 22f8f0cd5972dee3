/* lanes.h: for AVX2 with FMA, in halves. */
#ifndef MI_LANES_AVX2_H
#define MI_LANES_AVX2_H

#include <immintrin.h>

typedef struct doubles {
    __m256d v[2];
} doubles;
typedef struct floats {
    __m256 v[2];
} floats;

#define D_MAP(expression)            \
    do {                             \
        doubles out;                 \
        for (int h = 0; h < 2; h++)  \
            out.v[h] = (expression); \
        return out;                  \
    } while (0)
#define F_MAP(expression)            \
    do {                             \
        floats out;                  \
        for (int h = 0; h < 2; h++)  \
            out.v[h] = (expression); \
        return out;                  \
    } while (0)
#define D_STEP(v, operation)                                                                    \
    do {                                                                                        \
        const __m256d four = _mm256_##operation##_pd(v.v[0], v.v[1]);                           \
        const __m128d two =                                                                     \
            _mm_##operation##_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1)); \
        return _mm_cvtsd_f64(_mm_##operation##_pd(two, _mm_unpackhi_pd(two, two)));             \
    } while (0)
#define F_STEP(v, operation)                                                                                \
    do {                                                                                                    \
        const __m256 eight = _mm256_##operation##_ps(v.v[0], v.v[1]);                                       \
        __m128 four = _mm_##operation##_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)); \
        four = _mm_##operation##_ps(four, _mm_movehl_ps(four, four));                                       \
        return _mm_cvtss_f32(_mm_##operation##_ps(four, _mm_shuffle_ps(four, four, 1)));                    \
    } while (0)

static inline doubles d_splat(double x)
{
    D_MAP(_mm256_set1_pd(x));
}
static inline doubles d_load(const double *p)
{
    D_MAP(_mm256_loadu_pd(p + 4 * h));
}
static inline doubles d_low(floats v)
{
    D_MAP(_mm256_cvtps_pd(h ? _mm256_extractf128_ps(v.v[0], 1) : _mm256_castps256_ps128(v.v[0])));
}
static inline doubles d_high(floats v)
{
    D_MAP(_mm256_cvtps_pd(h ? _mm256_extractf128_ps(v.v[1], 1) : _mm256_castps256_ps128(v.v[1])));
}
static inline doubles d_add(doubles a, doubles b)
{
    D_MAP(_mm256_add_pd(a.v[h], b.v[h]));
}
static inline doubles d_subtract(doubles a, doubles b)
{
    D_MAP(_mm256_sub_pd(a.v[h], b.v[h]));
}
static inline doubles d_multiply(doubles a, doubles b)
{
    D_MAP(_mm256_mul_pd(a.v[h], b.v[h]));
}
static inline doubles d_divide(doubles a, doubles b)
{
    D_MAP(_mm256_div_pd(a.v[h], b.v[h]));
}
static inline doubles d_multiply_add(doubles a, doubles b, doubles c)
{
    D_MAP(_mm256_fmadd_pd(a.v[h], b.v[h], c.v[h]));
}
static inline doubles d_less_product(doubles a, doubles b, doubles c)
{
    D_MAP(_mm256_fnmadd_pd(a.v[h], b.v[h], c.v[h]));
}
static inline doubles d_unless_equal(doubles x, doubles y, doubles a)
{
    D_MAP(_mm256_and_pd(_mm256_cmp_pd(x.v[h], y.v[h], _CMP_NEQ_OQ), a.v[h]));
}
static inline doubles d_choose_unless_equal(doubles x, doubles y, doubles a, doubles b)
{
    D_MAP(_mm256_blendv_pd(b.v[h], a.v[h], _mm256_cmp_pd(x.v[h], y.v[h], _CMP_NEQ_OQ)));
}
static inline doubles d_add_unless_equal(doubles x, doubles y, doubles a, doubles sum)
{
    return d_add(sum, d_unless_equal(x, y, a));
}
static inline double d_sum(doubles v)
{
    D_STEP(v, add);
}
static inline double d_product(doubles v)
{
    D_STEP(v, mul);
}

static inline void d_store(double *p, doubles v)
{
    _mm256_storeu_pd(p, v.v[0]);
    _mm256_storeu_pd(p + 4, v.v[1]);
}
static inline void d_to_floats(float *p, doubles v)
{
    _mm_storeu_ps(p, _mm256_cvtpd_ps(v.v[0]));
    _mm_storeu_ps(p + 4, _mm256_cvtpd_ps(v.v[1]));
}
static inline __m256d d_scale_half(__m256d p, __m256i k)
{
    const __m256i root =
        _mm256_i64gather_epi64((const long long *)mi_roots, _mm256_and_si256(k, _mm256_set1_epi64x(7)), 8);
    return _mm256_mul_pd(p, _mm256_castsi256_pd(_mm256_add_epi64(root, _mm256_slli_epi64(k, 49))));
}
static inline doubles d_scale(doubles p, doubles shifted)
{
    D_MAP(d_scale_half(p.v[h], _mm256_castpd_si256(shifted.v[h])));
}

static inline floats f_splat(float x)
{
    F_MAP(_mm256_set1_ps(x));
}
static inline floats f_load(const float *p)
{
    F_MAP(_mm256_loadu_ps(p + 8 * h));
}
static inline floats f_max(floats a, floats b)
{
    F_MAP(_mm256_max_ps(a.v[h], b.v[h]));
}
static inline floats f_multiply(floats a, floats b)
{
    F_MAP(_mm256_mul_ps(a.v[h], b.v[h]));
}
static inline floats f_multiply_add(floats a, floats b, floats c)
{
    F_MAP(_mm256_fmadd_ps(a.v[h], b.v[h], c.v[h]));
}
static inline floats f_if_greater(floats x, floats y, floats a, floats b)
{
    F_MAP(_mm256_blendv_ps(b.v[h], a.v[h], _mm256_cmp_ps(x.v[h], y.v[h], _CMP_GT_OQ)));
}
static inline floats f_if_equal(floats x, floats y, floats a, floats b)
{
    F_MAP(_mm256_blendv_ps(b.v[h], a.v[h], _mm256_cmp_ps(x.v[h], y.v[h], _CMP_EQ_OQ)));
}
static inline float f_largest(floats v)
{
    F_STEP(v, max);
}
static inline float f_smallest(floats v)
{
    F_STEP(v, min);
}
static inline void f_store(float *p, floats v)
{
    _mm256_storeu_ps(p, v.v[0]);
    _mm256_storeu_ps(p + 8, v.v[1]);
}
static inline floats f_load_some(const float *p, size_t n, floats rest)
{
    float lane[FLOATS];
    f_store(lane, rest);
    for (size_t l = 0; l < n; l++)
        lane[l] = p[l];
    return f_load(lane);
}

#endif
