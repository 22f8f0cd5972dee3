/*
 * Laws with known mutual information, for tests. Sources of the closed forms: Czyz et al., NeurIPS 2023
 * (spiral, Student-t, sparse multinormal); the others are elementary.
 */
#ifndef TEST_LAWS_H
#define TEST_LAWS_H

#include <stdint.h>

typedef struct law {
    const char *name;
    uint32_t dim_x, dim_y;
    double mi_nats;
    double parameter; /* of the sampler: a correlation, or degrees of freedom */
    void (*draw)(const struct law *l, void *rng, float *x, float *y);
} law;

law law_gaussian(uint32_t dim, double mi_nats); /* dim independent pairs of equal correlation */
law law_cubic(uint32_t dim, double mi_nats);    /* the same with y^3 */
law law_independent(uint32_t dim);
law law_spiral(void);   /* 3 x 3, sparse multinormal rotated by its own radius */
law law_student(void);  /* 5 x 5, 2 degrees of freedom */
law law_xor_sign(void); /* 2 x 1: y takes the sign of x1 x2 */

/* n rows into x (n, dim_x) and y (n, dim_y), from seed. */
void law_sample(const law *l, uint64_t seed, uint32_t n, float *x, float *y);

#endif
