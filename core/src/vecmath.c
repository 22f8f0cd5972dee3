#include "vecmath.h"

#include "vector_clones.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LOG2_E 1.4426950408889634
#define SQRT_2 1.4142135623730951
/* log 2 in two parts; the first has trailing zeros, so that k * LN2_HIGH is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW  1.90821492927058770002e-10
/* 1.5 * 2^52: adding it rounds to the nearest integer, which then sits in the low bits. */
#define ROUNDER 0x1.8p52
/* Where 2^k rounds to exponents 0 and 2047, whose bits are zero and infinity: the clamp is all the range
 * check there is. */
#define EXP_LOW  (-709.0)
#define EXP_HIGH 710.0

static inline double exp_lane(double x)
{
    /* A NaN fails both comparisons and goes through. */
    double clamped = x < EXP_LOW ? EXP_LOW : x;
    clamped = clamped > EXP_HIGH ? EXP_HIGH : clamped;
    const double shifted = clamped * LOG2_E + ROUNDER;
    const double k = shifted - ROUNDER;
    const double r = clamped - k * (LN2_HIGH + LN2_LOW);
    /* The minimax polynomial of degree 9 for |r| <= log(2)/2, but for e^0 = 1: relative error below 3e-14,
     * and that of k log 2 below 6e-14. */
    double p = 2.748218810156132e-06;
    p = p * r + 2.4884010017813186e-05;
    p = p * r + 0.00019841596394134628;
    p = p * r + 0.0013888802828812244;
    p = p * r + 0.0083333330028251;
    p = p * r + 0.04166666703246346;
    p = p * r + 0.16666666667826946;
    p = p * r + 0.4999999999945797;
    p = p * r + 0.9999999999998928;
    p = p * r + 1.0;
    uint64_t bits = 0;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double power = 0;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

MI_VECTOR_CLONES
void mi_vec_exp(double *out, const float *in, double shift, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = exp_lane((double)in[i] - shift);
}

MI_VECTOR_CLONES
void mi_vec_exp_scaled(double *out, const double *in, double factor, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = exp_lane(factor * in[i]);
}

MI_VECTOR_CLONES
void mi_vec_widen(double *out, const float *in, double shift, double factor, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = ((double)in[i] - shift) * factor;
}

MI_VECTOR_CLONES
void mi_vec_narrow(float *out, const double *in, double factor, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(in[i] * factor);
}

/* artanh s = s + s z (1/3 + z/5 + ...), z = s^2. For |s| <= 0.172 the first term left out is below 1e-17. */
static inline double artanh_rest(double z)
{
    double p = 1.0 / 19;
    p = p * z + 1.0 / 17;
    p = p * z + 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    return p * z + 1.0 / 3;
}

#define MANTISSA_MASK ((UINT64_C(1) << 52) - 1)
#define ONE_BITS      (UINT64_C(1023) << 52)
#define COUNTER       0x1p52 /* plus an integer below 2^52: its low bits are the integer */

static inline double log_lane(double x)
{
    uint64_t bits = 0, counter = 0;
    const double base = COUNTER;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&counter, &base, sizeof counter);
    counter |= bits >> 52;
    bits = (bits & MANTISSA_MASK) | ONE_BITS;
    double m = 0, k = 0;
    memcpy(&m, &bits, sizeof m);
    memcpy(&k, &counter, sizeof k);
    k -= COUNTER + 1023.0;
    const double above = m > SQRT_2 ? 1.0 : 0.0; /* m in [1/sqrt 2, sqrt 2] */
    m -= 0.5 * above * m;
    k += above;
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    const double result = k * LN2_HIGH + (2.0 * s + (2.0 * s * z * artanh_rest(z) + k * LN2_LOW));
    return x >= 0x1p-1022 && x <= 0x1.fffffffffffffp1023 ? result : (double)NAN;
}

/* log(1 + u) for u in [0, 1], around 1 or around 2, whichever is nearer. */
static inline double log1p_lane(double u)
{
    const int far = u > SQRT_2 - 1.0;
    const double numerator = far ? u - 1.0 : u, denominator = far ? u + 3.0 : u + 2.0;
    const double s = numerator / denominator, z = s * s;
    return (far ? LN2_HIGH + LN2_LOW : 0.0) + (2.0 * s + 2.0 * s * z * artanh_rest(z));
}

/* log(1 + e^x); slope its derivative. */
static inline double softplus_lane(double x, double *slope)
{
    const double u = exp_lane(x < 0.0 ? x : -x);
    *slope = (x < 0.0 ? u : 1.0) / (1.0 + u);
    return (x < 0.0 ? 0.0 : x) + log1p_lane(u);
}

MI_VECTOR_CLONES
void mi_vec_softplus(double *values, double *slope, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        values[i] = softplus_lane(values[i], &slope[i]);
}

MI_VECTOR_CLONES
void mi_vec_log_softplus(double *values, double *slope, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double x = values[i];
        double logistic = 0;
        const double softplus = softplus_lane(x, &logistic);
        const int low = x < -40.0; /* both are e^x */
        values[i] = low ? x : log_lane(softplus);
        slope[i] = low ? 1.0 : logistic / softplus;
    }
}

MI_VECTOR_CLONES
double mi_vec_sum(const double *values, size_t n)
{
    double sum[MI_LANES] = {0};
    size_t i = 0;
    for (; i + MI_LANES <= n; i += MI_LANES) {
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            sum[l] += values[i + l];
    }
    for (size_t l = 0; i < n; i++, l++)
        sum[l] += values[i];
    double result = 0;
    for (size_t l = 0; l < MI_LANES; l++)
        result += sum[l];
    return result;
}

MI_VECTOR_CLONES
void mi_vec_add_doubles(double *sum, const double *addend, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += addend[i];
}

MI_VECTOR_CLONES
void mi_vec_affine(float *values, double slope, double offset, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(slope * (double)values[i] + offset);
}

MI_VECTOR_CLONES
void mi_vec_log(double *out, const double *in, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = log_lane(in[i]);
}

MI_VECTOR_CLONES
float mi_vec_max(const float *values, size_t n)
{
    float max[MI_LANES], poison[MI_LANES] = {0};
    for (size_t l = 0; l < MI_LANES; l++)
        max[l] = values[0];
    size_t i = 0;
    for (; i + MI_LANES <= n; i += MI_LANES) {
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const float value = values[i + l];
            max[l] = value > max[l] ? value : max[l];
            poison[l] += value * 0.0f; /* NaN unless finite */
        }
    }
    for (size_t l = 0; i < n; i++, l++) {
        max[l] = values[i] > max[l] ? values[i] : max[l];
        poison[l] += values[i] * 0.0f;
    }
    float result = max[0], spoiled = poison[0];
    for (size_t l = 1; l < MI_LANES; l++) {
        result = max[l] > result ? max[l] : result;
        spoiled += poison[l];
    }
    return result + spoiled;
}

MI_VECTOR_CLONES
double mi_vec_sum_squares(const float *values, size_t n)
{
    double sum[MI_LANES] = {0};
    size_t i = 0;
    for (; i + MI_LANES <= n; i += MI_LANES) {
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double value = (double)values[i + l];
            sum[l] += value * value;
        }
    }
    for (size_t l = 0; i < n; i++, l++)
        sum[l] += (double)values[i] * (double)values[i];
    double result = 0;
    for (size_t l = 0; l < MI_LANES; l++)
        result += sum[l];
    return result;
}

MI_VECTOR_CLONES
float mi_vec_dot(const float *a, const float *b, size_t n)
{
    float sum[MI_LANES] = {0};
    size_t i = 0;
    for (; i + MI_LANES <= n; i += MI_LANES) {
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            sum[l] += a[i + l] * b[i + l];
    }
    for (size_t l = 0; i < n; i++, l++)
        sum[l] += a[i] * b[i];
    float result = 0;
    for (size_t l = 0; l < MI_LANES; l++)
        result += sum[l];
    return result;
}

MI_VECTOR_CLONES
void mi_vec_add(float *sum, const float *addend, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += addend[i];
}

MI_VECTOR_CLONES
void mi_vec_add_relu(float *out, const float *a, const float *b, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float value = a[i] + b[i];
        out[i] = value < 0.0f ? 0.0f : value;
    }
}

MI_VECTOR_CLONES
void mi_vec_leaky(float *values, float slope, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] < 0.0f ? slope * values[i] : values[i];
}

MI_VECTOR_CLONES
void mi_vec_leaky_gradient(float *gradient, const float *output, float slope, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        gradient[i] = output[i] > 0.0f ? gradient[i] : slope * gradient[i];
}

/* A bijection of 32 bits in which every bit of the input decides about half of those of the output: two
 * rounds of multiplication and shift (the form of MurmurHash3's finaliser). Cheap enough to be drawn anew
 * wherever it is needed, where a stream of Philox would cost as much as the layer. */
static inline uint32_t scatter(uint32_t v)
{
    v ^= v >> 16;
    v *= 0x7feb352du;
    v ^= v >> 15;
    v *= 0x846ca68bu;
    return v ^ v >> 16;
}

MI_VECTOR_CLONES
void mi_vec_drop(float *restrict values, size_t n, uint32_t first, uint32_t key, uint32_t threshold,
                 float scale)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const uint32_t h = scatter(scatter(first + (uint32_t)i) ^ key);
        values[i] = h < threshold ? 0.0f : values[i] * scale;
    }
}

MI_VECTOR_CLONES
void mi_vec_scale(float *restrict values, float factor, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        values[i] *= factor;
}

MI_VECTOR_CLONES
void mi_vec_multiply(float *out, const float *a, const float *b, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

MI_VECTOR_CLONES
void mi_vec_column_sums(float *sum, const float *rows, size_t n, size_t width, size_t ld)
{
    for (size_t i = 0; i < n; i++)
        mi_vec_add(sum, rows + i * ld, width);
}
