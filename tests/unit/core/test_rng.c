#include "testing.h"

#include <math.h>

/* Known answers of philox4x32-10 published with Random123 (kat_vectors). */
START_TEST(test_philox_gives_the_published_numbers)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mi_rng rng = {.used = 4};
        for (int k = 0; k < 4; k++)
            rng.counter[k] = known[i].counter[k];
        rng.key[0] = known[i].key[0];
        rng.key[1] = known[i].key[1];
        for (int k = 0; k < 4; k++)
            ck_assert_uint_eq(mi_rng_u32(&rng), known[i].expected[k]);
    }
}
END_TEST

START_TEST(test_every_part_of_the_name_opens_another_stream)
{
    static const struct {
        uint64_t seed;
        uint32_t replicate, fold, purpose, step;
    } names[] = {{1, 0, 0, 1, 0},         {2, 0, 0, 1, 0}, {UINT64_C(1) << 32, 0, 0, 1, 0},
                 {1, 1, 0, 1, 0},         {1, 0, 1, 1, 0}, {1, 0, 0, 2, 0},
                 {1, 0, 0, 1, 1},         {1, 0, 1, 2, 0}, {1, 1, 1, 1, 1},
                 {1, 0, 0, 1, UINT32_MAX}};
    enum { N = sizeof names / sizeof names[0] };
    uint64_t first[N];
    for (int i = 0; i < N; i++) {
        mi_rng rng;
        mi_rng_init(&rng, names[i].seed, names[i].replicate, names[i].fold, (mi_purpose)names[i].purpose,
                    names[i].step);
        first[i] = (uint64_t)mi_rng_u32(&rng) << 32;
        first[i] |= mi_rng_u32(&rng);
        for (int k = 0; k < i; k++)
            ck_assert(first[i] != first[k]);
        mi_rng again;
        mi_rng_init(&again, names[i].seed, names[i].replicate, names[i].fold, (mi_purpose)names[i].purpose,
                    names[i].step);
        ck_assert_uint_eq(mi_rng_u32(&again), first[i] >> 32);
    }
}
END_TEST

START_TEST(test_below_is_unbiased)
{
    /* Without rejection, the first of three thirds of 3 * 2^30 would be drawn twice as often as the others.
     */
    const uint32_t bounds[] = {6, UINT32_C(3) << 30}, parts[] = {6, 3};
    for (int b = 0; b < 2; b++) {
        mi_rng rng = test_rng((uint32_t)b);
        uint32_t count[6] = {0};
        const uint32_t n = 60000;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t drawn = mi_rng_below(&rng, bounds[b]);
            ck_assert_uint_lt(drawn, bounds[b]);
            count[drawn / (bounds[b] / parts[b])]++;
        }
        double chi2 = 0.0;
        for (uint32_t k = 0; k < parts[b]; k++) {
            const double expected = (double)n / parts[b];
            chi2 += (count[k] - expected) * (count[k] - expected) / expected;
        }
        ck_assert_double_lt(chi2, 25.0); /* 5 degrees of freedom: 1e-4 */
    }
    mi_rng rng = test_rng(2);
    ck_assert_uint_eq(mi_rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(test_uniforms_and_normals_have_their_moments)
{
    mi_rng rng = test_rng(3);
    const int n = 200000;
    double sum = 0.0, squares = 0.0, fourth = 0.0;
    for (int i = 0; i < n; i++) {
        const double u = mi_rng_uniform(&rng);
        ck_assert(u > 0.0 && u < 1.0);
        sum += u;
    }
    ck_assert_double_lt(fabs(sum / n - 0.5), 5.0 * sqrt(1.0 / 12.0 / n));
    sum = 0.0;
    for (int i = 0; i < n; i++) {
        const double z = mi_rng_normal(&rng);
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
    }
    ck_assert_double_lt(fabs(sum / n), 5.0 / sqrt(n));
    ck_assert_double_lt(fabs(squares / n - 1.0), 5.0 * sqrt(2.0 / n));
    ck_assert_double_lt(fabs(fourth / n - 3.0), 5.0 * sqrt(96.0 / n));
}
END_TEST

START_TEST(test_permutation_holds_every_item_once_and_favours_none)
{
    mi_rng rng = test_rng(4);
    uint32_t first[5] = {0};
    for (int trial = 0; trial < 20000; trial++) {
        uint32_t items[5] = {0, 1, 2, 3, 4}, seen = 0;
        mi_rng_permute(&rng, items, 5);
        for (int i = 0; i < 5; i++)
            seen |= 1u << items[i];
        ck_assert_uint_eq(seen, 31);
        first[items[0]]++;
    }
    for (int i = 0; i < 5; i++)
        ck_assert_double_lt(fabs(first[i] - 4000.0), 5.0 * sqrt(20000 * 0.2 * 0.8));
    mi_rng_permute(&rng, first, 0);
}
END_TEST

int main(void)
{
    RUN_TESTS("rng", test_philox_gives_the_published_numbers,
              test_every_part_of_the_name_opens_another_stream, test_below_is_unbiased,
              test_uniforms_and_normals_have_their_moments,
              test_permutation_holds_every_item_once_and_favours_none);
}
