/*
 * Products in plain C, row by row: what any compiler turns into whatever vectors it has, and what the other
 * kernels are compared with.
 */
#include "kernels.h"
#include "vecmath.h"

#include <string.h>

static void start_row(const mi_product *p, size_t i, float *c)
{
    if (!p->init)
        memset(c, 0, p->n * sizeof *c);
    else if (p->init != p->c)
        memcpy(c, p->init + i * p->init_row, p->n * sizeof *c);
}

static void finish_row(const mi_product *p, size_t i, float *c)
{
    const float *gate = p->gate ? p->gate + i * p->gate_row : NULL;
    for (size_t j = 0; p->relu && j < p->n; j++)
        c[j] = c[j] < 0.0f ? 0.0f : c[j];
    for (size_t j = 0; gate && j < p->n; j++)
        c[j] = gate[j] > 0.0f ? c[j] : 0.0f;
}

static float dot(const float *a, size_t stride, const float *b, size_t n, float sum)
{
    for (size_t l = 0; l < n; l++)
        sum += a[l * stride] * b[l];
    return sum;
}

static void product(const mi_product *p)
{
    for (size_t i = 0; i < p->m; i++) {
        const float *a = p->a + i * p->a_row;
        float *restrict c = p->c + i * p->c_row;
        start_row(p, i, c);
        for (size_t j = 0; p->b_transposed && j < p->n; j++)
            c[j] = dot(a, p->a_col, p->b + j * p->b_row, p->k, c[j]);
        for (size_t l = 0; !p->b_transposed && l < p->k; l++) {
            const float *restrict b = p->b + l * p->b_row, factor = a[l * p->a_col];
            for (size_t j = 0; j < p->n; j++)
                c[j] += factor * b[j];
        }
        finish_row(p, i, c);
    }
}

const mi_kernels mi_kernels_portable = {
    .name = "portable", .product = product, .adam = mi_adam_exact, .sum_squares = mi_vec_sum_squares};
