/*
 * Inside of the laws: what one entry implements, and the entries by family. Only law*.c include this.
 *
 * Within a family, numbers are double until mi_law_float makes them data.
 */
#ifndef MI_LAW_IMPL_H
#define MI_LAW_IMPL_H

#include "law_math.h"
#include "mi/law.h"
#include "rng.h"

struct mi_law_methods {
    void (*dims)(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y);
    /* True MI, nats. Monotone in the parameter where an MI can be chosen. */
    double (*mi)(uint32_t dim, double parameter);
    /* Its inverse; NULL: found by bisection between the parameter's limits. */
    double (*parameter_for)(uint32_t dim, double mi_nats);
    void (*draw)(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y);
    double (*log_ratio)(const mi_law_spec *spec, const float *x, const float *y); /* NULL: none */
};

/* dim columns on both sides. */
void mi_law_dims_square(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y);

/* The names of all methods: X(symbol), a line or two for each of the files that hold them. */
/* clang-format off */
#define LAW_METHODS(X)                                                                                    \
    X(gaussian) X(cubic) X(half_cube) X(asinh) X(wiggly) X(normal_cdf) X(bimodal) X(log_normal)           \
    X(swiss_roll) X(independent)                                                                          \
    X(sparse) X(sparse_half_cube) X(sparse_normal_cdf) X(spiral) X(spiral_normal_cdf) X(dense) X(needle)  \
    X(ar_window)                                                                                          \
    X(student) X(asinh_student)                                                                           \
    X(additive_uniform) X(rotated_square) X(wrapped_uniform) X(quantised)                                 \
    X(bsc) X(xor_sign) X(letters) X(clusters) X(poisson)                                                  \
    X(two_branches) X(gauss_mixture) X(erasure)                                                           \
    X(stochastic_volatility) X(multiplicative) X(heteroscedastic) X(product)                              \
    X(ring) X(periodic)                                                                                   \
    X(clayton) X(frank) X(gamma_additive)
/* clang-format on */

#define X(name) extern const mi_law_methods mi_law_of_##name;
LAW_METHODS(X)
#undef X

#endif
