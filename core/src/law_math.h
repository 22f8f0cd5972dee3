/*
 * What the laws compute with: special functions, quadrature, a root finder, fixed invertible maps, and draws
 * that are not normal.
 */
#ifndef MI_LAW_MATH_H
#define MI_LAW_MATH_H

#include "rng.h"
#include "special.h"

#include <stdint.h>

#define LAW_PI       3.14159265358979323846
#define LAW_TWO_PI   6.28318530717958647693
#define LAW_LN2      0.69314718055994530942
#define LAW_LN_2PI   1.83787706640934548356 /* log(2 pi) */
#define LAW_NORMAL_H 1.41893853320467274178 /* entropy of N(0,1): log(2 pi e)/2 */

/* As float32 data: finite, whatever the tail threw. */
float mi_law_float(double value);

double mi_law_log_gamma(double x); /* x > 0; lgamma would write a global */
double mi_law_normal_cdf(double z);
double mi_law_normal_upper(double z); /* 1 - cdf, without cancellation */
/* z of a point whose lower and upper tail are known, each exact where it is small. */
double mi_law_normal_from_tails(double lower, double upper);
double mi_law_normal_pdf(double z);
/* log(1 + e^t), log(e^a + e^b): no overflow. */
double mi_law_softplus(double t);
double mi_law_log_add(double a, double b);

/* log ratio of a pair of standard normals of correlation rho; -1/2 log(1-rho^2); its inverse. */
double mi_law_normal_log_ratio(double rho, double x, double y);
double mi_law_normal_mi(double rho);
double mi_law_normal_rho(double mi_nats);
/* Largest correlation a law offers: beyond it float32 rounding would show (8.06 nats a pair). */
#define LAW_RHO_MAX 0.99999995

/* Of one variable, with what it needs to know. */
typedef double (*mi_law_function)(double t, const void *context);
/* Composite Gauss-Legendre, 8 nodes a panel. */
double mi_law_integrate(mi_law_function f, const void *context, double from, double to, uint32_t panels);
/* Entropy -integral p log p of a density between two limits outside which nothing counts. */
double mi_law_entropy(mi_law_function density, const void *context, double from, double to, uint32_t panels);
/* t in [low, high] where monotone f, whose signs differ at the ends, is within tolerance of 0; or as near as
 * doubles come. */
double mi_law_root(mi_law_function f, const void *context, double low, double high, double tolerance);

/* A fixed rotation that mixes all d coordinates, and its inverse; O(d log d). */
void mi_law_rotate(double *v, uint32_t d, double phase);
void mi_law_unrotate(double *v, uint32_t d, double phase);

double mi_law_draw_gamma(mi_rng *rng, double shape);  /* scale 1 */
double mi_law_draw_poisson(mi_rng *rng, double mean); /* mean < 700 */

#endif
