/*
 * Named instances. The 40 tasks carry the names they were published under (Czyz et al., NeurIPS 2023).
 */
#include "mi/law.h"

#include <assert.h>
#include <string.h>

#define BITS(b) ((b)*0.69314718055994530942)

static const mi_law_instance BEYOND_NORMAL[] = {
    {"1v1-normal-0.75", "gaussian", 1, 0, 0.75},
    {"normal_cdf-1v1-normal-0.75", "normal-cdf", 1, 0, 0.75},
    {"1v1-additive-0.1", "additive-uniform", 1, 0, 0.1},
    {"1v1-additive-0.75", "additive-uniform", 1, 0, 0.75},
    {"1v1-bimodal-0.75", "bimodal", 1, 0, 0.75},
    {"wiggly-1v1-normal-0.75", "wiggly", 1, 0, 0.75},
    {"half_cube-1v1-normal-0.75", "half-cube", 1, 0, 0.75},
    {"student-identity-1-1-1", "student", 1, 0, 1},
    {"asinh-student-identity-1-1-1", "asinh-student", 1, 0, 1},
    {"swissroll_x-normal_cdf-1v1-normal-0.75", "swiss-roll", 1, 0, 0.75},
    {"multinormal-dense-2-2-0.5", "dense", 2, 0, 0.5},
    {"multinormal-dense-3-3-0.5", "dense", 3, 0, 0.5},
    {"multinormal-dense-5-5-0.5", "dense", 5, 0, 0.5},
    {"multinormal-dense-25-25-0.5", "dense", 25, 0, 0.5},
    {"multinormal-dense-50-50-0.5", "dense", 50, 0, 0.5},
    {"multinormal-sparse-2-2-2-2.0", "sparse", 2, 0, 0.8},
    {"multinormal-sparse-3-3-2-2.0", "sparse", 3, 0, 0.8},
    {"multinormal-sparse-5-5-2-2.0", "sparse", 5, 0, 0.8},
    {"multinormal-sparse-25-25-2-2.0", "sparse", 25, 0, 0.8},
    {"student-identity-2-2-1", "student", 2, 0, 1},
    {"student-identity-2-2-2", "student", 2, 0, 2},
    {"student-identity-3-3-2", "student", 3, 0, 2},
    {"student-identity-3-3-3", "student", 3, 0, 3},
    {"student-identity-5-5-2", "student", 5, 0, 2},
    {"student-identity-5-5-3", "student", 5, 0, 3},
    {"normal_cdf-multinormal-sparse-3-3-2-2.0", "sparse-normal-cdf", 3, 0, 0.8},
    {"normal_cdf-multinormal-sparse-5-5-2-2.0", "sparse-normal-cdf", 5, 0, 0.8},
    {"normal_cdf-multinormal-sparse-25-25-2-2.0", "sparse-normal-cdf", 25, 0, 0.8},
    {"half_cube-multinormal-sparse-3-3-2-2.0", "sparse-half-cube", 3, 0, 0.8},
    {"half_cube-multinormal-sparse-5-5-2-2.0", "sparse-half-cube", 5, 0, 0.8},
    {"half_cube-multinormal-sparse-25-25-2-2.0", "sparse-half-cube", 25, 0, 0.8},
    {"spiral-multinormal-sparse-3-3-2-2.0", "spiral", 3, 0, 0.8},
    {"spiral-multinormal-sparse-5-5-2-2.0", "spiral", 5, 0, 0.8},
    {"spiral-multinormal-sparse-25-25-2-2.0", "spiral", 25, 0, 0.8},
    {"spiral-normal_cdf-multinormal-sparse-3-3-2-2.0", "spiral-normal-cdf", 3, 0, 0.8},
    {"spiral-normal_cdf-multinormal-sparse-5-5-2-2.0", "spiral-normal-cdf", 5, 0, 0.8},
    {"spiral-normal_cdf-multinormal-sparse-25-25-2-2.0", "spiral-normal-cdf", 25, 0, 0.8},
    {"asinh-student-identity-2-2-1", "asinh-student", 2, 0, 1},
    {"asinh-student-identity-3-3-2", "asinh-student", 3, 0, 2},
    {"asinh-student-identity-5-5-2", "asinh-student", 5, 0, 2},
};

static const mi_law_instance FURTHER[] = {
    {"gaussian-10-2bits", "gaussian", 10, BITS(2), 0},
    {"gaussian-20-4bits", "gaussian", 20, BITS(4), 0},
    {"cubic-5-1.5", "cubic", 5, 1.5, 0},
    {"cubic-20-2bits", "cubic", 20, BITS(2), 0},
    {"asinh-5-1.5", "asinh", 5, 1.5, 0},
    {"bsc-10-2bits", "bsc", 10, BITS(2), 0},
    {"bsc-10-4bits", "bsc", 10, BITS(4), 0},
    {"xor-sign", "xor-sign", 1, 0, 0},
    {"stochastic-volatility-2", "stochastic-volatility", 1, 0, 2},
    {"independent-1", "independent", 1, 0, 0},
    {"independent-10", "independent", 10, 0, 0},
};

static const mi_law_instance OWN[] = {
    {"two-branches-0.95", "two-branches", 1, 0, 0.95},
    {"two-branches-3-0.9", "two-branches", 3, 0, 0.9},
    {"gauss-mixture-0.8", "gauss-mixture", 1, 0, 0.8},
    {"ring-0.3", "ring", 1, 0, 0.3},
    {"ring-3-0.5", "ring", 3, 0, 0.5},
    {"multiplicative-0.5", "multiplicative", 1, 0, 0.5},
    {"multiplicative-2-0.5", "multiplicative", 2, 0, 0.5},
    {"log-normal-3-0.75", "log-normal", 3, 0, 0.75},
    {"clusters-1.0", "clusters", 1, 0, 1.0},
    {"clusters-3-0.7", "clusters", 3, 0, 0.7},
    {"heteroscedastic-0.3", "heteroscedastic", 1, 0, 0.3},
    {"rotated-square-2", "rotated-square", 2, 0, 0},
    {"gamma-additive-1.0", "gamma-additive", 1, 0, 1.0},
    {"gamma-additive-3-2.0", "gamma-additive", 3, 0, 2.0},
    {"clayton-4.0", "clayton", 1, 0, 4.0},
    {"clayton-5-2.0", "clayton", 5, 0, 2.0},
    {"frank-10", "frank", 1, 0, 10},
    {"needle-20-0.95", "needle", 20, 0, 0.95},
    {"needle-100-0.95", "needle", 100, 0, 0.95},
    {"poisson-3.0", "poisson", 1, 0, 3.0},
    {"poisson-5-1.0", "poisson", 5, 0, 1.0},
    {"quantised-0.7", "quantised", 1, 0, 0.7},
    {"periodic-0.2", "periodic", 1, 0, 0.2},
    {"periodic-2-0.4", "periodic", 2, 0, 0.4},
    {"product-0.3", "product", 1, 0, 0.3},
    {"product-2-0.3", "product", 2, 0, 0.3},
    {"ar-window-8-0.9", "ar-window", 8, 0, 0.9},
    {"ar-window-32-0.9", "ar-window", 32, 0, 0.9},
    {"erasure-0.3", "erasure", 1, 0, 0.3},
    {"wrapped-uniform-0.2", "wrapped-uniform", 1, 0, 0.2},
    {"wrapped-uniform-2-0.4", "wrapped-uniform", 2, 0, 0.4},
    {"letters-4-0.1", "letters", 4, 0, 0.1},
};

#define SUITE(name, help, list)                         \
    {                                                   \
        name, help, list, sizeof(list) / sizeof *(list) \
    }

static const mi_law_suite SUITES[] = {
    SUITE("beyond-normal", "the 40 tasks of Czyz et al., NeurIPS 2023", BEYOND_NORMAL),
    SUITE("further", "other laws of published benchmarks", FURTHER),
    SUITE("own", "laws of our own choice, in none of those benchmarks", OWN),
};

const mi_law_suite *mi_law_suite_at(size_t index)
{
    return index < sizeof SUITES / sizeof *SUITES ? &SUITES[index] : NULL;
}

const mi_law_suite *mi_law_suite_find(const char *name)
{
    for (size_t i = 0; i < sizeof SUITES / sizeof *SUITES; i++)
        if (strcmp(SUITES[i].name, name) == 0)
            return &SUITES[i];
    return NULL;
}

void mi_law_instance_spec(const mi_law_instance *instance, mi_law_spec *out)
{
    *out = (mi_law_spec){mi_law_find(instance->law), instance->dim, instance->mi_nats, instance->parameter};
    const mi_status status = mi_law_resolve(out, "", NULL);
    assert(status == MI_OK && "every instance of the tables resolves");
    (void)status;
}
