/*
 * Special functions that libm lacks.
 */
#ifndef MI_SPECIAL_H
#define MI_SPECIAL_H

/* psi(x) = d/dx log Gamma(x) for x > 0, absolute error below 1e-13 (relative far from its zero at 1.46); NaN
 * for other x. Thread: any. */
double mi_digamma(double x);

/*
 * Regularised incomplete beta I_x(a, b), the distribution function of Beta(a, b), for a, b > 0 and x in
 * [0,1]; NaN for others. Relative error below 1e-7 for a, b to 10^7. Thread: any.
 */
double mi_incomplete_beta(double x, double a, double b);
/* The x with I_x(a, b) = p, p in [0,1]. Thread: any. */
double mi_beta_quantile(double p, double a, double b);

#endif
