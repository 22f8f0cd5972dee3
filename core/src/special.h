/*
 * Special functions that libm lacks.
 */
#ifndef MI_SPECIAL_H
#define MI_SPECIAL_H

/* psi(x) = d/dx log Gamma(x) for x > 0, absolute error below 1e-13 (relative far from its zero at 1.46); NaN
 * for other x. Thread: any. */
double mi_digamma(double x);

#endif
