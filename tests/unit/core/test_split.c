#include "run_internal.h"
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
    spec.split = (mi_split_spec){.folds = folds, .validation = validation, .validation_max = validation_max};
    spec.seed = seed;
    return spec;
}

static filled fill(const mi_spec *spec, uint32_t replicate, uint32_t fold, uint32_t n)
{
    filled f;
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    const mi_split_pairs pairs = {.n = n};
    mi_split_size(&f.split, spec, replicate, fold, &pairs);
    mi_split_layout(&f.split, &measured);
    f.arena = arena_like(&measured);
    mi_split_layout(&f.split, &f.arena);
    uint32_t *order = malloc(n * sizeof *order);
    mi_split_fill(&f.split, spec, replicate, fold, &pairs, order);
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
    const mi_spec spec = spec_of(5, 0.15, 1024, 42);
    mi_split_size(&split, &spec, 0, 0, &(mi_split_pairs){.n = 4000});
    ck_assert_uint_eq(split.n_test, 800);
    ck_assert_uint_eq(split.n_fit, 3200);
    ck_assert_uint_eq(split.n_validation, 480);
    ck_assert_uint_eq(split.n_train, 2720);
    mi_split_size(&split, &spec, 0, 4, &(mi_split_pairs){.n = 100000});
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

/* ---- folds by who is in the pairs ---- */

enum { N_PAIRS = 600, N_X = 70, N_Y = 60, N_BOTH = 10 }; /* the last of x are the first of y */

typedef struct grouped {
    uint32_t entity[2][N_PAIRS];
    mi_split_pairs pairs;
    mi_spec spec;
} grouped;

static grouped *grouped_new(mi_split_by by, uint32_t folds)
{
    grouped *g = calloc(1, sizeof *g);
    mi_rng rng = test_rng(77);
    for (uint32_t i = 0; i < N_PAIRS; i++) {
        g->entity[0][i] = mi_rng_below(&rng, N_X);
        g->entity[1][i] = N_X - N_BOTH + mi_rng_below(&rng, N_Y);
    }
    g->pairs = (mi_split_pairs){N_PAIRS, {g->entity[0], g->entity[1]}};
    g->spec = spec_of(folds, 0.2, 1024, 5);
    g->spec.split.by = by;
    return g;
}

static filled fill_grouped(const grouped *g, uint32_t fold)
{
    filled f;
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    mi_split_size(&f.split, &g->spec, 0, fold, &g->pairs);
    mi_split_layout(&f.split, &measured);
    f.arena = arena_like(&measured);
    mi_split_layout(&f.split, &f.arena);
    mi_split_fill(&f.split, &g->spec, 0, fold, &g->pairs, NULL);
    return f;
}

static void note(const grouped *g, int side, const uint32_t *rows, uint32_t n, unsigned char *seen)
{
    for (uint32_t i = 0; i < n; i++)
        seen[g->entity[side][rows[i]]] = 1;
}

/* Nobody on `side` of a test pair is on side `other` of a pair that training or validation has. */
static void check_unseen(const grouped *g, const mi_split *s, int side, int other)
{
    unsigned char in_test[N_X + N_Y] = {0}, in_fit[N_X + N_Y] = {0};
    note(g, side, s->test, s->n_test, in_test);
    note(g, other, s->fit, s->n_fit, in_fit);
    for (int e = 0; e < N_X + N_Y; e++)
        ck_assert(!(in_test[e] && in_fit[e]));
}

START_TEST(test_a_split_by_side_holds_out_all_pairs_of_its_ids_once)
{
    for (int side = 0; side < 2; side++) {
        grouped *g = grouped_new(side ? MI_SPLIT_Y : MI_SPLIT_X, 4);
        unsigned char held_out[N_PAIRS] = {0};
        for (uint32_t fold = 0; fold < 4; fold++) {
            filled f = fill_grouped(g, fold);
            ck_assert_uint_eq(f.split.n_test + f.split.n_fit, N_PAIRS);
            check_unseen(g, &f.split, side, side);
            mark(held_out, f.split.test, f.split.n_test, N_PAIRS);
            /* validation ids are no training ids either */
            unsigned char validating[N_X + N_Y] = {0}, training[N_X + N_Y] = {0};
            note(g, side, f.split.validation, f.split.n_validation, validating);
            note(g, side, f.split.train, f.split.n_train, training);
            for (int e = 0; e < N_X + N_Y; e++)
                ck_assert(!(validating[e] && training[e]));
            free(f.arena.base);
        }
        for (int i = 0; i < N_PAIRS; i++)
            ck_assert_uint_eq(held_out[i], 1);
        free(g);
    }
}
END_TEST

/* Few ids, one of them in half of the pairs: most pairs of those who validate are left out, from all over. */
START_TEST(test_a_hub_does_not_pass_the_most_validation_pairs)
{
    uint32_t seen = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        grouped *g = grouped_new(MI_SPLIT_X, 4);
        g->spec.seed = seed;
        g->spec.split.validation_max = 16;
        for (int i = 0; i < N_PAIRS; i++)
            g->entity[0][i] = i % 2 ? 0 : 1 + (uint32_t)i * 7 / N_PAIRS;
        filled f = fill_grouped(g, 0);
        ck_assert_uint_le(f.split.n_validation, 16);
        if (f.split.n_validation > 0) {
            unsigned char validating[N_X + N_Y] = {0}, training[N_X + N_Y] = {0};
            note(g, 0, f.split.validation, f.split.n_validation, validating);
            note(g, 0, f.split.train, f.split.n_train, training);
            for (int e = 0; e < N_X + N_Y; e++)
                ck_assert(!(validating[e] && training[e]));
            if (validating[0])
                ck_assert_uint_gt(f.split.validation[15] - f.split.validation[0], N_PAIRS / 2);
            seen++;
        }
        check_unseen(g, &f.split, 0, 0);
        free(f.arena.base);
        free(g);
    }
    ck_assert_uint_gt(seen, 10); /* a share of 16/600 of 8 ids would be nobody, mostly */
}
END_TEST

START_TEST(test_a_split_by_entity_has_seen_neither_id_of_a_test_pair)
{
    static const uint32_t folds[] = {1, 3, 4};
    for (int c = 0; c < 3; c++) {
        grouped *g = grouped_new(MI_SPLIT_ENTITY, folds[c]);
        unsigned char held_out[N_PAIRS] = {0};
        for (uint32_t fold = 0; fold < folds[c]; fold++) {
            filled f = fill_grouped(g, fold);
            ck_assert_uint_gt(f.split.n_test, 0);
            ck_assert_uint_gt(f.split.n_validation, 0);
            for (int side = 0; side < 4; side++)
                check_unseen(g, &f.split, side / 2, side % 2);
            mark(held_out, f.split.test, f.split.n_test, N_PAIRS);
            free(f.arena.base);
        }
        for (int i = 0; i < N_PAIRS; i++)
            ck_assert_uint_le(held_out[i], 1);
        free(g);
    }
}
END_TEST

/* Rows of a list that have the other half of their pair in it as well. */
static void check_mirrored(const uint32_t *rows, uint32_t n, uint32_t half)
{
    ck_assert_uint_eq(n % 2, 0);
    for (uint32_t i = 0; i < n / 2; i++) {
        ck_assert_uint_lt(rows[i], half);
        ck_assert_uint_eq(rows[n / 2 + i], rows[i] + half);
    }
}

START_TEST(test_both_orders_of_a_mirrored_pair_go_one_way)
{
    enum { HALF = N_PAIRS / 2 };
    static const mi_split_by ways[] = {MI_SPLIT_PAIR, MI_SPLIT_ENTITY};
    for (int way = 0; way < 2; way++) {
        grouped *g = grouped_new(ways[way], 3);
        uint32_t order[N_PAIRS], held_out = 0;
        for (uint32_t i = 0; i < HALF; i++) {
            g->entity[0][HALF + i] = g->entity[1][i];
            g->entity[1][HALF + i] = g->entity[0][i];
        }
        g->pairs.mirrored = 1;
        for (uint32_t fold = 0; fold < 3; fold++) {
            mi_split split;
            mi_arena measured, arena;
            mi_arena_init(&measured, NULL, 0);
            mi_split_size(&split, &g->spec, 0, fold, &g->pairs);
            mi_split_layout(&split, &measured);
            arena = arena_like(&measured);
            mi_split_layout(&split, &arena);
            mi_split_fill(&split, &g->spec, 0, fold, &g->pairs, order);
            check_mirrored(split.test, split.n_test, HALF);
            check_mirrored(split.validation, split.n_validation, HALF);
            check_mirrored(split.train, split.n_train, HALF);
            check_mirrored(split.fit, split.n_fit, HALF);
            ck_assert_uint_eq(split.n_fit, split.n_validation + split.n_train);
            held_out += split.n_test;
            if (ways[way] == MI_SPLIT_ENTITY)
                check_unseen(g, &split, 0, 1);
            free(arena.base);
        }
        ck_assert(ways[way] == MI_SPLIT_PAIR ? held_out == N_PAIRS : held_out < N_PAIRS);
        free(g);
    }
}
END_TEST

/* Every run has a size of its own: the plan is of the largest, and too many to count are refused at once. */
START_TEST(test_a_plan_by_entity_covers_every_run)
{
    static const uint64_t width[2] = {3, 3};
    grouped *g = grouped_new(MI_SPLIT_ENTITY, 3);
    static const float data[N_PAIRS * 3];
    const mi_matrix x = {.data = data, .rows = N_PAIRS, .cols = 3, .entity = g->entity[0]},
                    y = {.data = data, .rows = N_PAIRS, .cols = 3, .entity = g->entity[1]};
    size_t most = 0, least = SIZE_MAX;
    mi_spec spec;
    mi_plan plan;
    mi_error err = {0};
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.split.by = MI_SPLIT_ENTITY;
    spec.split.folds = 3;
    spec.replicates = 2;
    ck_assert_msg(mi_plan_pairs(&plan, &spec, x, y, width, &err) == MI_OK, "%s", err.message);
    ck_assert_uint_eq(plan.n_runs, 6);
    for (uint32_t r = 0; r < 6; r++) {
        mi_run *run = NULL;
        ck_assert_int_eq(mi_run_new(&run, &spec, r / 3, r % 3, x, y, &err), MI_OK);
        most = run->arena.capacity > most ? run->arena.capacity : most;
        least = run->arena.capacity < least ? run->arena.capacity : least;
        mi_run_free(run);
    }
    ck_assert_uint_eq(plan.workspace_bytes, most);
    ck_assert_uint_lt(least, most);
    spec.replicates = 1000000;
    ck_assert_int_eq(mi_plan_pairs(&plan, &spec, x, y, width, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/replicates");
    mi_objective_defaults(&spec.objective, mi_objective_find("ksg"), 0);
    ck_assert_int_eq(mi_plan_pairs(&plan, &spec, x, y, width, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/split/by"); /* it holds nobody out */
    free(g);
}
END_TEST

int main(void)
{
    RUN_TESTS("split", test_a_plan_by_entity_covers_every_run, test_both_orders_of_a_mirrored_pair_go_one_way,
              test_a_hub_does_not_pass_the_most_validation_pairs,
              test_a_split_by_side_holds_out_all_pairs_of_its_ids_once,
              test_a_split_by_entity_has_seen_neither_id_of_a_test_pair,
              test_every_pair_is_held_out_exactly_once, test_no_pair_is_on_two_sides_of_a_split,
              test_validation_takes_its_share_up_to_the_limit, test_one_fold_is_a_hold_out_of_a_fifth,
              test_splits_follow_from_seed_and_replicate_alone);
}
