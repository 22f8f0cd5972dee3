#include "split.h"
#include "testing.h"

#include <string.h>

typedef struct filled {
    mi_split split;
    mi_arena arena;
} filled;

static mi_spec spec_of(uint32_t folds, double validation, uint32_t validation_max, uint64_t seed)
{
    mi_spec spec;
    memset(&spec, 0, sizeof spec);
    spec.split = (mi_split_spec){folds, validation, validation_max};
    spec.seed = seed;
    return spec;
}

static filled fill(const mi_spec *spec, uint32_t replicate, uint32_t fold, uint32_t n)
{
    filled f;
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    mi_split_size(&f.split, &spec->split, fold, n);
    mi_split_layout(&f.split, &measured);
    f.arena = arena_like(&measured);
    mi_split_layout(&f.split, &f.arena);
    uint32_t *order = malloc(n * sizeof *order);
    mi_split_fill(&f.split, spec, replicate, fold, n, order);
    free(order);
    return f;
}

static void mark(unsigned char *seen, const uint32_t *rows, uint32_t n, uint32_t n_rows)
{
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_uint_lt(rows[i], n_rows);
        ck_assert(i == 0 || rows[i] > rows[i - 1]);
        seen[rows[i]]++;
    }
}

START_TEST(test_every_pair_is_held_out_exactly_once)
{
    static const uint32_t sizes[] = {40, 101, 1003}, folds[] = {2, 5, 7};
    for (int c = 0; c < 3; c++) {
        const uint32_t n = sizes[c];
        const mi_spec spec = spec_of(folds[c], 0.15, 1024, 42);
        unsigned char *held_out = calloc(n, 1);
        for (uint32_t fold = 0; fold < folds[c]; fold++) {
            filled f = fill(&spec, 0, fold, n);
            ck_assert(f.split.n_test == n / folds[c] || f.split.n_test == n / folds[c] + 1);
            mark(held_out, f.split.test, f.split.n_test, n);
            free(f.arena.base);
        }
        for (uint32_t row = 0; row < n; row++)
            ck_assert_uint_eq(held_out[row], 1);
        free(held_out);
    }
}
END_TEST

START_TEST(test_no_pair_is_on_two_sides_of_a_split)
{
    const uint32_t n = 503;
    const mi_spec spec = spec_of(5, 0.15, 1024, 1);
    for (uint32_t fold = 0; fold < 5; fold++) {
        filled f = fill(&spec, 0, fold, n);
        const mi_split *s = &f.split;
        unsigned char *parts = calloc(n, 1), *fit = calloc(n, 1);
        mark(parts, s->test, s->n_test, n);
        mark(parts, s->validation, s->n_validation, n);
        mark(parts, s->train, s->n_train, n);
        mark(fit, s->validation, s->n_validation, n);
        mark(fit, s->train, s->n_train, n);
        for (uint32_t row = 0; row < n; row++)
            ck_assert_uint_eq(parts[row], 1);
        for (uint32_t i = 0; i < s->n_fit; i++)
            ck_assert_uint_eq(fit[s->fit[i]], 1);
        ck_assert_uint_eq(s->n_fit, s->n_train + s->n_validation);
        free(parts);
        free(fit);
        free(f.arena.base);
    }
}
END_TEST

START_TEST(test_validation_takes_its_share_up_to_the_limit)
{
    mi_split split;
    const mi_split_spec spec = {5, 0.15, 1024};
    mi_split_size(&split, &spec, 0, 4000);
    ck_assert_uint_eq(split.n_test, 800);
    ck_assert_uint_eq(split.n_fit, 3200);
    ck_assert_uint_eq(split.n_validation, 480);
    ck_assert_uint_eq(split.n_train, 2720);
    mi_split_size(&split, &spec, 4, 100000);
    ck_assert_uint_eq(split.n_validation, 1024);
}
END_TEST

START_TEST(test_one_fold_is_a_hold_out_of_a_fifth)
{
    const mi_spec spec = spec_of(1, 0.15, 1024, 3);
    filled f = fill(&spec, 0, 0, 1000);
    ck_assert_uint_eq(f.split.n_test, 200);
    ck_assert_uint_eq(f.split.n_fit, 800);
    free(f.arena.base);
}
END_TEST

static int same_test_rows(const mi_spec *a, uint32_t replicate_a, const mi_spec *b, uint32_t replicate_b)
{
    filled f = fill(a, replicate_a, 2, 300), g = fill(b, replicate_b, 2, 300);
    const int same =
        memcmp(f.split.test, g.split.test, f.split.n_test * sizeof(uint32_t)) == 0 &&
        memcmp(f.split.validation, g.split.validation, f.split.n_validation * sizeof(uint32_t)) == 0;
    free(f.arena.base);
    free(g.arena.base);
    return same;
}

START_TEST(test_splits_follow_from_seed_and_replicate_alone)
{
    const mi_spec a = spec_of(5, 0.15, 1024, 42), b = spec_of(5, 0.15, 1024, 43);
    ck_assert(same_test_rows(&a, 0, &a, 0));
    ck_assert(!same_test_rows(&a, 0, &b, 0));
    ck_assert(!same_test_rows(&a, 0, &a, 1));
}
END_TEST

int main(void)
{
    RUN_TESTS("split", test_every_pair_is_held_out_exactly_once, test_no_pair_is_on_two_sides_of_a_split,
              test_validation_takes_its_share_up_to_the_limit, test_one_fold_is_a_hold_out_of_a_fifth,
              test_splits_follow_from_seed_and_replicate_alone);
}
