/*
 * The estimate against the truth, with all defaults, on laws whose MI is known. Tolerances in
 * nats.
 */
#include "estimating.h"
#include "laws.h"
#include "testing.h"

#include "mi/info.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LN2 0.69314718055994530942

static void within(const char *law, uint32_t dim, double mi_nats, uint32_t n, uint64_t seed, double tolerance)
{
    const mi_law_spec l = law_of(law, dim, mi_nats);
    uint32_t dim_x, dim_y;
    mi_law_dims(&l, &dim_x, &dim_y);
    float *x = malloc(sizeof *x * n * dim_x), *y = malloc(sizeof *y * n * dim_y);
    mi_law_sample(&l, seed, n, x, y);
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    mi_estimate *e = estimate_all(&spec, (mi_matrix){x, n, dim_x}, (mi_matrix){y, n, dim_y});
    printf("%-12s n=%-6u d=%-3u truth %.4f estimate %.4f (error %+.4f, se %.4f) null ratio %.3f auroc %.3f "
           "steps %llu\n",
           law, n, dim_x, l.mi_nats, e->mi_nats, e->mi_nats - l.mi_nats, e->std_err, e->null_mean_ratio,
           e->auroc, (unsigned long long)e->steps);
    ck_assert_double_le(fabs(e->mi_nats - l.mi_nats), tolerance);
    ck_assert_uint_eq(e->n_scored, n);
    mi_estimate_free(e);
    free(x);
    free(y);
}

START_TEST(test_gaussian_and_its_cube_within_a_tenth_of_a_nat)
{
    within("gaussian", 5, 1.5, 4000, 1, 0.1);
    within("cubic", 5, 1.5, 4000, 1, 0.1);
}
END_TEST

START_TEST(test_gaussian_at_2_4_6_bits_within_015_bits)
{
    for (int bits = 2; bits <= 6; bits += 2)
        within("gaussian", 10, bits * LN2, 20000, 2, 0.15 * LN2);
}
END_TEST

START_TEST(test_laws_that_are_not_gaussian_within_03_nats)
{
    within("spiral", 3, 0.0, 4000, 3, 0.3);
    within("student", 5, 0.0, 4000, 3, 0.3);
    within("xor-sign", 1, 0.0, 4000, 3, 0.3);
}
END_TEST

START_TEST(test_independent_data_give_no_information)
{
    within("independent", 1, 0.0, 1000, 4, 0.02);
    within("independent", 5, 0.0, 1000, 5, 0.02);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mi_error err = {0};
    if (mi_blas_setup(&err) != MI_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    RUN_TESTS("accuracy", test_gaussian_and_its_cube_within_a_tenth_of_a_nat,
              test_gaussian_at_2_4_6_bits_within_015_bits, test_laws_that_are_not_gaussian_within_03_nats,
              test_independent_data_give_no_information);
}
