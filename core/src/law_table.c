/*
 * The table of laws.
 */
#include "law_impl.h"

#include <string.h>

#define MAX_DIM MI_LAW_MAX_DIM
#define PARAMETER(...) \
    {                  \
        __VA_ARGS__    \
    }
#define NONE \
    {        \
        0    \
    }
#define RHO(fallback) PARAMETER("rho", "correlation of a pair", 1e-6, LAW_RHO_MAX, fallback)
#define LISTED(half)  MI_LAW_SET_LISTED, half, 1, 1
#define OWN(half)     MI_LAW_SET_OWN, half, 1, 1
#define PAIRS         "independent pairs"
#define COLUMNS       "columns of each side"
#define COPIES        "independent copies"

/* In each set, halves are dealt alternately. Entries are only ever added, at the end of their set. */
static const mi_law TABLE[] = {
    {"gaussian", "correlated normal pairs", LISTED('a'), PAIRS, 1, MAX_DIM, 5, RHO(0.75),
     &mi_law_of_gaussian},
    {"cubic", "normal pairs, y cubed", LISTED('b'), PAIRS, 1, MAX_DIM, 5, RHO(0.75), &mi_law_of_cubic},
    {"half-cube", "normal pairs, each t sqrt|t|", LISTED('a'), PAIRS, 1, MAX_DIM, 5, RHO(0.75),
     &mi_law_of_half_cube},
    {"asinh", "normal pairs, asinh of each", LISTED('b'), PAIRS, 1, MAX_DIM, 5, RHO(0.75), &mi_law_of_asinh},
    {"wiggly", "normal pairs, plus sines of them", LISTED('a'), PAIRS, 1, MAX_DIM, 1, RHO(0.75),
     &mi_law_of_wiggly},
    {"normal-cdf", "normal pairs with uniform margins", LISTED('b'), PAIRS, 1, MAX_DIM, 1, RHO(0.75),
     &mi_law_of_normal_cdf},
    {"bimodal", "normal pairs with two-humped margins", LISTED('a'), PAIRS, 1, MAX_DIM, 1, RHO(0.75),
     &mi_law_of_bimodal},
    {"additive-uniform", "x uniform, y = x + uniform noise", LISTED('b'), COPIES, 1, MAX_DIM, 1,
     PARAMETER("epsilon", "half width of the noise", 1e-3, 10.0, 0.1), &mi_law_of_additive_uniform},
    {"student", "Student-t with identity dispersion", LISTED('a'), COLUMNS, 1, MAX_DIM, 5,
     PARAMETER("dof", "degrees of freedom", 0.5, 1000.0, 2.0), &mi_law_of_student},
    {"asinh-student", "the same, asinh of each", LISTED('b'), COLUMNS, 1, MAX_DIM, 5,
     PARAMETER("dof", "degrees of freedom", 0.5, 1000.0, 2.0), &mi_law_of_asinh_student},
    {"swiss-roll", "uniform x rolled up in the plane", LISTED('a'), PAIRS, 1, MAX_DIM / 2, 1, RHO(0.75),
     &mi_law_of_swiss_roll},
    {"sparse", "two normal pairs among noise", LISTED('b'), COLUMNS, 2, MAX_DIM, 5, RHO(0.8),
     &mi_law_of_sparse},
    {"sparse-half-cube", "sparse, each t sqrt|t|", LISTED('a'), COLUMNS, 2, MAX_DIM, 5, RHO(0.8),
     &mi_law_of_sparse_half_cube},
    {"sparse-normal-cdf", "sparse with uniform margins", LISTED('b'), COLUMNS, 2, MAX_DIM, 5, RHO(0.8),
     &mi_law_of_sparse_normal_cdf},
    {"spiral", "sparse, turned by its own radius", LISTED('a'), COLUMNS, 3, MAX_DIM, 3, RHO(0.8),
     &mi_law_of_spiral},
    {"spiral-normal-cdf", "sparse with uniform margins, then turned by its radius", LISTED('b'), COLUMNS, 3,
     MAX_DIM, 3, RHO(0.8), &mi_law_of_spiral_normal_cdf},
    {"dense", "normal, all columns equally correlated", LISTED('a'), COLUMNS, 1, MAX_DIM, 5,
     PARAMETER("r", "correlation of any two columns", 1e-6, 0.999, 0.5), &mi_law_of_dense},
    {"bsc", "bits through a noisy channel behind a nonlinear map, as in image and text benchmarks",
     LISTED('b'), "bits", 1, 32, 10, PARAMETER("p", "probability that a bit flips", 0.0, 0.4999, 0.1461018),
     &mi_law_of_bsc},
    {"xor-sign", "y takes the sign of x1 x2", LISTED('a'), COPIES, 1, 64, 1,
     PARAMETER("p", "probability that the sign is wrong", 0.0, 0.4999, 0.0), &mi_law_of_xor_sign},
    {"stochastic-volatility", "x log-variance of the normal y", LISTED('b'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "standard deviation of the log-variance", 0.05, 6.0, 2.0),
     &mi_law_of_stochastic_volatility},
    {"independent", "unrelated normals", MI_LAW_SET_LISTED, 'a', 0, 1, COLUMNS, 1, MAX_DIM, 5, NONE,
     &mi_law_of_independent},

    {"two-branches", "y = +-rho x + noise, the sign hidden", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("rho", "correlation within a branch", 0.05, 0.9995, 0.95), &mi_law_of_two_branches},
    {"gauss-mixture", "four clusters in the plane, two with correlation inside", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("weight", "share of the clusters on the diagonal", 0.5, 0.999, 0.8), &mi_law_of_gauss_mixture},
    {"ring", "angles of two thick circles", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "noise of the angle, radians", 0.01, 3.0, 0.3), &mi_law_of_ring},
    {"multiplicative", "y = x times log-normal noise", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "standard deviation of the log of the noise", 0.01, 3.0, 0.5),
     &mi_law_of_multiplicative},
    {"log-normal", "exponentials of normal pairs", OWN('a'), PAIRS, 1, MAX_DIM, 3, RHO(0.75),
     &mi_law_of_log_normal},
    {"clusters", "x a label of four, y around its centre", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("a", "distance of the centres from the axes", 0.01, 6.0, 1.0), &mi_law_of_clusters},
    {"heteroscedastic", "noise whose scale depends on x", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "scale of the noise", 0.1, 5.0, 0.3), &mi_law_of_heteroscedastic},
    {"rotated-square", "a uniform square, turned", OWN('b'), COPIES, 1, 64, 2,
     PARAMETER("angle", "radians", 0.01, 0.25 * LAW_PI, 0.25 * LAW_PI), &mi_law_of_rotated_square},
    {"gamma-additive", "x gamma, y = x + exponential noise", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("shape", "of x", 0.2, 200.0, 1.0), &mi_law_of_gamma_additive},
    {"clayton", "Clayton copula: tied in the lower tail", OWN('b'), COPIES, 1, MAX_DIM, 1,
     PARAMETER("theta", "of the copula", 0.02, 50.0, 4.0), &mi_law_of_clayton},
    {"frank", "Frank copula: no tail dependence", OWN('a'), COPIES, 1, MAX_DIM, 1,
     PARAMETER("theta", "of the copula", 0.1, 50.0, 10.0), &mi_law_of_frank},
    {"needle", "one informative direction, turned into all columns", OWN('b'), COLUMNS, 2, MAX_DIM, 20,
     RHO(0.95), &mi_law_of_needle},
    {"poisson", "counts y at a gamma rate x", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("rate", "counts per unit of x", 0.01, 10.0, 3.0), &mi_law_of_poisson},
    {"quantised", "y uniform in the cell of normal x", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("width", "of a cell", 0.02, 6.0, 0.7), &mi_law_of_quantised},
    {"periodic", "y = cos 3x + noise", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "scale of the noise", 0.02, 5.0, 0.2), &mi_law_of_periodic},
    {"product", "y = a b + noise for x = (a, b)", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("sigma", "scale of the noise", 0.01, 10.0, 0.3), &mi_law_of_product},
    {"ar-window", "neighbouring windows of an autoregression", OWN('a'), COLUMNS, 1, MAX_DIM, 8,
     PARAMETER("phi", "correlation of neighbours", 1e-6, LAW_RHO_MAX, 0.9), &mi_law_of_ar_window},
    {"erasure", "a strong normal pair, or with some probability an unrelated one", OWN('b'), COPIES, 1, 64, 1,
     PARAMETER("q", "probability of an unrelated pair", 0.001, 0.99, 0.3), &mi_law_of_erasure},
    {"wrapped-uniform", "y = x + uniform noise modulo 1", OWN('a'), COPIES, 1, 64, 1,
     PARAMETER("width", "of the noise", 1e-3, 0.999, 0.2), &mi_law_of_wrapped_uniform},
    {"letters", "one-hot letters and copies with errors", OWN('b'), "letters", 1, 128, 4,
     PARAMETER("p", "probability of another letter", 0.0, 0.7499, 0.1), &mi_law_of_letters},
};

const mi_law *mi_law_at(size_t index)
{
    return index < sizeof TABLE / sizeof *TABLE ? &TABLE[index] : NULL;
}

const mi_law *mi_law_find(const char *name)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++)
        if (strcmp(TABLE[i].name, name) == 0)
            return &TABLE[i];
    return NULL;
}
