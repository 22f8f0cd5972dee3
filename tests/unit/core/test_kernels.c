/*
 * The product kernels against plain loops in double, and against each other to the bit.
 */
#include "kernels.h"
#include "rng.h"
#include "testing.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[] = {"portable", "avx2", "avx512"};
#define N_NAMES (sizeof names / sizeof *names)

/* Sizes around every tail: rows of a tile, lanes, panels, steps of depth. */
static const size_t heights[] = {1, 2, 5, 6, 7, 11, 12, 13, 64};
static const size_t widths[] = {1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128};
static const size_t depths[] = {1, 2, 7, 16, 20, 64, 255, 256, 257, 300, 530};
#define N_OF(array) (sizeof array / sizeof *array)

#define PAD 3u /* rows are apart by more than their length, and what is between them stays as it was */

#define MOST_ARRAYS 8

/* Arrays that end where a page does which may not be touched: the kernels are compiled without sanitizers,
 * which make them too slow for the other tests, so that an entry too many has to show by itself. */
typedef struct operands {
    mi_product p;
    float *a, *b, *c, *start, *gate, *bias;
    size_t a_size, b_size, c_size;
    struct {
        void *at;
        size_t bytes;
    } mapped[MOST_ARRAYS];
    int n_mapped;
} operands;

static float *guarded(operands *o, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = n * sizeof(float);
    const size_t room = (bytes + page - 1) / page * page;
    char *at = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(at != MAP_FAILED && mprotect(at + room, page, PROT_NONE) == 0);
    o->mapped[o->n_mapped].at = at;
    o->mapped[o->n_mapped++].bytes = room + page;
    return (float *)(void *)(at + room - bytes);
}

static float *draw(operands *o, mi_rng *rng, size_t n)
{
    float *out = guarded(o, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mi_rng_normal(rng);
    return out;
}

/* Floats of n rows of `width`, ld apart: nothing behind the last one. */
static size_t extent(size_t n, size_t width, size_t ld)
{
    return (n - 1) * ld + width;
}

/* variant: bits 0 a transposed, 1 b transposed, 2-3 init (zero, bias, accumulate), 4 relu, 5 gate */
static operands operands_new(size_t m, size_t n, size_t k, unsigned variant)
{
    operands o = {0};
    mi_rng rng;
    mi_rng_init(&rng, m + 1000 * n, (uint32_t)k, variant, MI_PURPOSE_TEST, 0);
    const int a_turned = variant & 1, b_turned = variant >> 1 & 1, init = variant >> 2 & 3;
    const size_t a_ld = (a_turned ? m : k) + PAD, b_ld = (b_turned ? k : n) + PAD, c_ld = n + PAD;
    o.a_size = a_turned ? extent(k, m, a_ld) : extent(m, k, a_ld);
    o.b_size = b_turned ? extent(n, k, b_ld) : extent(k, n, b_ld);
    o.c_size = extent(m, n, c_ld);
    o.a = draw(&o, &rng, o.a_size);
    o.b = draw(&o, &rng, o.b_size);
    o.start = draw(&o, &rng, o.c_size);
    o.c = guarded(&o, o.c_size);
    o.gate = draw(&o, &rng, o.c_size);
    o.bias = draw(&o, &rng, n);
    o.gate[0] = 0.0f;
    o.p = (mi_product){.m = m,
                       .n = n,
                       .k = k,
                       .a = o.a,
                       .a_row = a_turned ? 1 : a_ld,
                       .a_col = a_turned ? a_ld : 1,
                       .b = o.b,
                       .b_row = b_ld,
                       .b_transposed = b_turned,
                       .init = init == 0   ? NULL
                               : init == 1 ? o.bias
                                           : o.c,
                       .init_row = init == 1 ? 0 : c_ld,
                       .c = o.c,
                       .c_row = c_ld,
                       .relu = variant >> 4 & 1,
                       .gate = variant >> 5 & 1 ? o.gate : NULL,
                       .gate_row = c_ld};
    return o;
}

static void operands_free(operands *o)
{
    while (o->n_mapped-- > 0)
        munmap(o->mapped[o->n_mapped].at, o->mapped[o->n_mapped].bytes);
}

static void run(const operands *o, const mi_kernels *kernels)
{
    memcpy(o->c, o->start, o->c_size * sizeof *o->c);
    kernels->product(&o->p);
}

/* Entry (i, j) in double before ReLU and gate, and the sum of the sizes of its terms. */
static double entry(const operands *o, size_t i, size_t j, double *size)
{
    const mi_product *p = &o->p;
    double sum = 0.0;
    if (p->init == o->bias)
        sum = (double)o->bias[j];
    else if (p->init)
        sum = (double)o->start[i * p->c_row + j];
    *size = fabs(sum);
    for (size_t l = 0; l < p->k; l++) {
        const double term = (double)p->a[i * p->a_row + l * p->a_col] *
                            (double)(p->b_transposed ? p->b[j * p->b_row + l] : p->b[l * p->b_row + j]);
        sum += term;
        *size += fabs(term);
    }
    return sum;
}

static void check_entries(const operands *o, const char *name)
{
    const mi_product *p = &o->p;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double size = 0.0, expected = entry(o, i, j, &size);
            if (p->relu)
                expected = fmax(expected, 0.0);
            if (p->gate && !(p->gate[i * p->gate_row + j] > 0.0f))
                expected = 0.0;
            const double error = fabs((double)p->c[i * p->c_row + j] - expected);
            ck_assert_msg(error <= 1e-6 * size, "%s (%zu, %zu, %zu): entry (%zu, %zu) off by %g", name, p->m,
                          p->n, p->k, i, j, error);
        }
    for (size_t i = 0; i + 1 < p->m; i++)
        ck_assert_mem_eq(p->c + i * p->c_row + p->n, o->start + i * p->c_row + p->n, PAD * sizeof(float));
}

static void check_product(size_t m, size_t n, size_t k, unsigned variant)
{
    operands o = operands_new(m, n, k, variant);
    float *of_avx2 = NULL;
    for (size_t q = 0; q < N_NAMES; q++) {
        const mi_kernels *kernels = mi_kernels_find(names[q]);
        if (!kernels)
            continue;
        run(&o, kernels);
        check_entries(&o, names[q]);
        if (of_avx2)
            ck_assert_mem_eq(o.c, of_avx2, o.c_size * sizeof *o.c);
        if (strcmp(names[q], "avx2") == 0) {
            of_avx2 = malloc(o.c_size * sizeof *of_avx2);
            memcpy(of_avx2, o.c, o.c_size * sizeof *of_avx2);
        }
    }
    free(of_avx2);
    operands_free(&o);
}

START_TEST(test_every_kernel_computes_the_product_for_every_tail)
{
    unsigned turn = 0;
    for (size_t i = 0; i < N_OF(heights); i++)
        for (size_t j = 0; j < N_OF(widths); j++)
            for (size_t l = 0; l < N_OF(depths); l++, turn++) {
                const unsigned transposed = turn & 3, rest = turn / 4 % 12;
                check_product(heights[i], widths[j], depths[l], transposed | rest % 3 << 2 | rest / 3 << 4);
            }
}
END_TEST

START_TEST(test_every_variant_of_a_product)
{
    for (unsigned variant = 0; variant < 64; variant++)
        if ((variant >> 2 & 3) < 3)
            check_product(13, 70, 300, variant);
}
END_TEST

/* Rows dealt to two callers give the bits of one. */
START_TEST(test_rows_do_not_depend_on_their_company)
{
    for (size_t q = 0; q < N_NAMES; q++) {
        const mi_kernels *kernels = mi_kernels_find(names[q]);
        if (!kernels)
            continue;
        operands o = operands_new(23, 70, 300, 0);
        run(&o, kernels);
        float *whole = malloc(o.c_size * sizeof *whole);
        memcpy(whole, o.c, o.c_size * sizeof *whole);
        memcpy(o.c, o.start, o.c_size * sizeof *o.c);
        mi_product part = o.p;
        part.m = 9;
        kernels->product(&part);
        part.m = 14;
        part.a += 9 * part.a_row;
        part.c += 9 * part.c_row;
        kernels->product(&part);
        ck_assert_mem_eq(o.c, whole, o.c_size * sizeof *whole);
        free(whole);
        operands_free(&o);
    }
}
END_TEST

START_TEST(test_not_a_number_goes_through)
{
    for (size_t q = 0; q < N_NAMES; q++) {
        const mi_kernels *kernels = mi_kernels_find(names[q]);
        if (!kernels)
            continue;
        operands o = operands_new(7, 20, 5, 16);
        o.a[0] = NAN;
        run(&o, kernels);
        for (size_t j = 0; j < 20; j++)
            ck_assert_msg(isnan(o.p.c[j]), "%s: ReLU swallowed a NaN", names[q]);
        operands_free(&o);
    }
}
END_TEST

/* To nearest, ties to even. */
static float to_bfloat16(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void check_half_product(size_t m, size_t n, size_t k, unsigned variant)
{
    const mi_half_kernels *half = mi_half_kernels_best();
    operands o = operands_new(m, n, k, variant);
    const mi_half_bytes bytes = half->bytes(m, n, k);
    void *a = guarded(&o, bytes.a / sizeof(float)), *b = guarded(&o, bytes.b / sizeof(float));
    float *first = malloc(o.c_size * sizeof *first);
    memcpy(o.c, o.start, o.c_size * sizeof *o.c);
    half->product(&o.p, a, b, 0);
    memcpy(first, o.c, o.c_size * sizeof *first);
    memcpy(o.c, o.start, o.c_size * sizeof *o.c);
    half->product(&o.p, a, b, 1);
    ck_assert_mem_eq(o.c, first, o.c_size * sizeof *first);
    for (size_t i = 0; i < o.a_size; i++)
        o.a[i] = to_bfloat16(o.a[i]);
    for (size_t i = 0; i < o.b_size; i++)
        o.b[i] = to_bfloat16(o.b[i]);
    check_entries(&o, "bfloat16");
    free(first);
    operands_free(&o);
}

START_TEST(test_products_of_bfloat16_are_those_of_rounded_factors)
{
    if (!mi_half_kernels_best()) {
        printf("skipped: this CPU has no AVX512_BF16\n");
        return;
    }
    for (unsigned variant = 0; variant < 64; variant++)
        if ((variant >> 2 & 3) < 3)
            check_half_product(13, 70, 300, variant);
    for (size_t i = 0; i < N_OF(heights); i++)
        for (size_t j = 0; j < N_OF(widths); j++)
            for (size_t l = 0; l < N_OF(depths); l++)
                check_half_product(heights[i], widths[j], depths[l], (unsigned)(i + j + l) & 3);
}
END_TEST

#define N_MOVED 1003u /* no multiple of a vector */

/* Gradients and second moments over many powers of ten, and none. */
static void fill_adam(float *state[5])
{
    mi_rng rng;
    mi_rng_init(&rng, 9, 0, 0, MI_PURPOSE_TEST, 0);
    for (int k = 0; k < 5; k++)
        for (size_t i = 0; i < N_MOVED; i++) {
            const double size = pow(10.0, 12.0 * mi_rng_uniform(&rng) - 10.0);
            state[k][i] = k == 0 || i % 17 == 0 ? 0.0f : (float)(size * mi_rng_normal(&rng));
        }
    for (size_t i = 0; i < N_MOVED; i++)
        state[2][i] *= state[2][i]; /* a second moment */
}

START_TEST(test_adam_of_every_kernel_moves_alike)
{
    static const mi_adam_step step = {0.5f, 1e-3f, 1.7f, 1e-5f, 0.25f, 1e-8f};
    float exact[5][N_MOVED], other[5][N_MOVED];
    float *e[5] = {exact[0], exact[1], exact[2], exact[3], exact[4]};
    float *o[5] = {other[0], other[1], other[2], other[3], other[4]};
    for (size_t q = 0; q < N_NAMES; q++) {
        const mi_kernels *kernels = mi_kernels_find(names[q]);
        for (int average = 0; kernels && average < 2; average++) {
            fill_adam(e);
            fill_adam(o);
            mi_adam_exact(&step, &(mi_adam_arrays){e[0], e[1], e[2], average ? e[3] : NULL, e[4]}, 5,
                          N_MOVED);
            kernels->adam(&step, &(mi_adam_arrays){o[0], o[1], o[2], average ? o[3] : NULL, o[4]}, 5, 500);
            kernels->adam(&step, &(mi_adam_arrays){o[0], o[1], o[2], average ? o[3] : NULL, o[4]}, 500,
                          N_MOVED);
            for (int k = 0; k < 5; k++)
                for (size_t i = 0; i < N_MOVED; i++)
                    ck_assert_msg(fabs((double)o[k][i] - (double)e[k][i]) <=
                                      2e-6 * fabs((double)e[k][i]) + 1e-9,
                                  "%s: array %d, entry %zu: %g, not %g", names[q], k, i, (double)o[k][i],
                                  (double)e[k][i]);
        }
    }
}
END_TEST

START_TEST(test_sum_of_squares_of_every_kernel)
{
    for (size_t q = 0; q < N_NAMES; q++) {
        const mi_kernels *kernels = mi_kernels_find(names[q]);
        for (size_t n = 1; kernels && n < 1500; n = n * 3 + 2) {
            mi_rng rng;
            mi_rng_init(&rng, n, 0, 0, MI_PURPOSE_TEST, 1);
            operands o = {0};
            float *values = draw(&o, &rng, n);
            double sum = 0.0;
            for (size_t i = 0; i < n; i++)
                sum += (double)values[i] * (double)values[i];
            ck_assert_double_eq_tol(kernels->sum_squares(values, n), sum, 1e-6 * sum);
            values[n / 2] = NAN;
            ck_assert(isnan(kernels->sum_squares(values, n)));
            operands_free(&o);
        }
    }
}
END_TEST

START_TEST(test_kernels_are_found_by_name)
{
    ck_assert_ptr_nonnull(mi_kernels_find("portable"));
    ck_assert_ptr_null(mi_kernels_find("abacus"));
    ck_assert_ptr_eq(mi_kernels_find(mi_kernels_best()->name), mi_kernels_best());
    for (size_t q = 1; q < N_NAMES; q++)
        if (!mi_kernels_find(names[q]))
            printf("skipped: this CPU has no %s\n", names[q]);
}
END_TEST

int main(void)
{
    RUN_TESTS("kernels", test_every_kernel_computes_the_product_for_every_tail,
              test_every_variant_of_a_product, test_rows_do_not_depend_on_their_company,
              test_not_a_number_goes_through, test_products_of_bfloat16_are_those_of_rounded_factors,
              test_adam_of_every_kernel_moves_alike, test_sum_of_squares_of_every_kernel,
              test_kernels_are_found_by_name);
}
