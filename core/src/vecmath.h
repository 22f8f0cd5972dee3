/*
 * Loops over arrays that the compiler turns into vector code.
 *
 * Reductions use a fixed number of accumulators (MI_LANES), whatever the vector width of the machine, so that
 * a result does not depend on the instruction set that the compiler was allowed. NaN and infinity propagate.
 */
#ifndef MI_VECMATH_H
#define MI_VECMATH_H

#include <stddef.h>
#include <stdint.h>

#define MI_LANES 16u

/* out[i] = e^(in[i] - shift), relative error below 1e-12; 0 below e^-708, infinity above e^709.4. */
void mi_vec_exp(double *out, const float *in, double shift, size_t n);

/* out[i] = e^(factor in[i]), likewise; out may be in. */
void mi_vec_exp_scaled(double *out, const double *in, double factor, size_t n);

/* out = (in - shift) * factor */
void mi_vec_widen(double *out, const float *in, double shift, double factor, size_t n);

/* out = in * factor, rounded to float; infinity where float ends. */
void mi_vec_narrow(float *out, const double *in, double factor, size_t n);

/* values become log(1 + e^value), slope its derivative 1/(1 + e^-value); relative error below 2e-12, both 0
 * below -708. */
void mi_vec_softplus(double *values, double *slope, size_t n);

/* values become log(log(1 + e^value)), slope the derivative; error below 2e-12 of 1 or of the value,
 * whichever is more. NaN at infinity. */
void mi_vec_log_softplus(double *values, double *slope, size_t n);

double mi_vec_sum(const double *values, size_t n);

/* sum (n) += addend */
void mi_vec_add_doubles(double *sum, const double *addend, size_t n);

/* values = slope values + offset, in double. */
void mi_vec_affine(float *values, double slope, double offset, size_t n);

/* out[i] = log in[i], relative error below 1e-15 away from 1, for positive normal numbers; NaN for any other.
 * out may be in. */
void mi_vec_log(double *out, const double *in, size_t n);

/* Largest of n > 0 values; NaN when any of them is not finite. */
float mi_vec_max(const float *values, size_t n);

/* Sum of squares, in double. */
double mi_vec_sum_squares(const float *values, size_t n);

float mi_vec_dot(const float *a, const float *b, size_t n);

/* sum (n) += addend */
void mi_vec_add(float *sum, const float *addend, size_t n);

/* out = max(a + b, 0); NaN stays. */
void mi_vec_add_relu(float *out, const float *a, const float *b, size_t n);

/* values[i] *= slope where it is below 0. */
void mi_vec_leaky(float *values, float slope, size_t n);

/* gradient[i] *= slope where the output[i] of mi_vec_leaky is not above 0. slope > 0. */
void mi_vec_leaky_gradient(float *gradient, const float *output, float slope, size_t n);

/* Each of n values becomes 0 or `scale` times itself, by a hash of its place, first + i, and the key: 0 for
 * `threshold` of 2^32 keys. */
void mi_vec_drop(float *values, size_t n, uint32_t first, uint32_t key, uint32_t threshold, float scale);

/* values *= factor */
void mi_vec_scale(float *values, float factor, size_t n);

/* out = a * b, element by element; out may be a. */
void mi_vec_multiply(float *out, const float *a, const float *b, size_t n);

/* sum (width) += the column sums of rows (n, width), leading dimension ld. */
void mi_vec_column_sums(float *sum, const float *rows, size_t n, size_t width, size_t ld);

#endif
