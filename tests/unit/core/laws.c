#include "laws.h"

#include "rng.h"

#include <math.h>

#define LN2 0.69314718055994530942

static void draw_gaussian(const law *l, void *rng, float *x, float *y)
{
    const double rho = l->parameter;
    for (uint32_t k = 0; k < l->dim_x; k++) {
        const double u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = (float)u;
        y[k] = (float)(rho * u + sqrt(1.0 - rho * rho) * v);
    }
}

static void draw_cubic(const law *l, void *rng, float *x, float *y)
{
    draw_gaussian(l, rng, x, y);
    for (uint32_t k = 0; k < l->dim_y; k++)
        y[k] = y[k] * y[k] * y[k];
}

/* v -> rotation of coordinates (first, first + 1) by the angle |v|^2 / 3 */
static void rotate(float *v, int first)
{
    const double angle =
        ((double)v[0] * (double)v[0] + (double)v[1] * (double)v[1] + (double)v[2] * (double)v[2]) / 3.0;
    const double a = (double)v[first], b = (double)v[first + 1];
    v[first] = (float)(cos(angle) * a - sin(angle) * b);
    v[first + 1] = (float)(sin(angle) * a + cos(angle) * b);
}

static void draw_spiral(const law *l, void *rng, float *x, float *y)
{
    for (uint32_t k = 0; k < 3; k++) {
        const double rho = k < 2 ? l->parameter : 0.0, u = mi_rng_normal(rng), v = mi_rng_normal(rng);
        x[k] = (float)u;
        y[k] = (float)(rho * u + sqrt(1.0 - rho * rho) * v);
    }
    rotate(x, 0);
    rotate(y, 1);
}

static void draw_student(const law *l, void *rng, float *x, float *y)
{
    double chi2 = 0.0;
    for (int i = 0; i < (int)l->parameter; i++) {
        const double z = mi_rng_normal(rng);
        chi2 += z * z;
    }
    const double scale = sqrt(l->parameter / chi2);
    for (uint32_t k = 0; k < l->dim_x; k++) {
        x[k] = (float)(scale * mi_rng_normal(rng));
        y[k] = (float)(scale * mi_rng_normal(rng));
    }
}

static void draw_xor_sign(const law *l, void *rng, float *x, float *y)
{
    (void)l;
    x[0] = (float)mi_rng_normal(rng);
    x[1] = (float)mi_rng_normal(rng);
    y[0] = (float)copysign(mi_rng_normal(rng), 1.0);
    if ((x[0] > 0.0f) != (x[1] > 0.0f))
        y[0] = -y[0];
}

law law_gaussian(uint32_t dim, double mi_nats)
{
    return (law){"gaussian", dim, dim, mi_nats, sqrt(1.0 - exp(-2.0 * mi_nats / dim)), draw_gaussian};
}

law law_cubic(uint32_t dim, double mi_nats)
{
    law l = law_gaussian(dim, mi_nats);
    l.name = "cubic";
    l.draw = draw_cubic;
    return l;
}

law law_independent(uint32_t dim)
{
    return (law){"independent", dim, dim, 0.0, 0.0, draw_gaussian};
}

law law_spiral(void)
{
    return (law){"spiral", 3, 3, 1.021651, 0.8, draw_spiral};
}

law law_student(void)
{
    return (law){"student", 5, 5, 0.448151, 2.0, draw_student};
}

law law_xor_sign(void)
{
    return (law){"xor-sign", 2, 1, LN2, 0.0, draw_xor_sign};
}

void law_sample(const law *l, uint64_t seed, uint32_t n, float *x, float *y)
{
    mi_rng rng;
    mi_rng_init(&rng, seed, 0, 0, MI_PURPOSE_TEST, 0);
    for (uint32_t i = 0; i < n; i++)
        l->draw(l, &rng, x + (uint64_t)i * l->dim_x, y + (uint64_t)i * l->dim_y);
}
