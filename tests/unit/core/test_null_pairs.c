/* Mismatched pairs of data by index: none of them is a pair of the data, nobody is with themselves. */
#include "run_internal.h"
#include "testing.h"

#include <string.h>

enum { ROWS = 400, TEST = 100, IDS = 60 };

typedef struct bench {
    mi_run run;
    uint32_t x[ROWS], y[ROWS], test[TEST];
    unsigned char known[IDS * IDS];
} bench;

/* Distinct pairs of ids; every fourth one is held out. */
static bench *bench_new(uint32_t n_ids, uint32_t null_pairs)
{
    bench *b = calloc(1, sizeof *b);
    mi_rng rng = test_rng(5);
    ck_assert(b != NULL);
    for (uint32_t i = 0; i < ROWS;) {
        const uint32_t x = mi_rng_below(&rng, n_ids), y = mi_rng_below(&rng, n_ids);
        if (b->known[x * IDS + y])
            continue;
        b->known[x * IDS + y] = 1;
        b->x[i] = x;
        b->y[i++] = y;
    }
    for (uint32_t i = 0; i < TEST; i++)
        b->test[i] = 4 * i;
    mi_spec_from_recipe(&b->run.spec, MI_RECIPE_DEFAULT);
    b->run.spec.split.folds = 1;
    b->run.spec.null_pairs = null_pairs;
    b->run.split = (mi_split){.n_test = TEST, .test = b->test};
    b->run.n_rows = ROWS;
    b->run.data[MI_SIDE_X].index = b->x;
    b->run.data[MI_SIDE_Y].index = b->y;
    return b;
}

static void bench_draw(bench *b)
{
    mi_arena measured;
    mi_arena_init(&b->run.arena, NULL, 0);
    mi_run_pairs_layout(&b->run, UINT64_MAX);
    measured = b->run.arena;
    b->run.arena = arena_like(&measured);
    mi_run_pairs_layout(&b->run, UINT64_MAX);
    mi_run_draw_null_pairs(&b->run);
}

static void bench_free(bench *b)
{
    free(b->run.arena.base);
    free(b);
}

static uint32_t x_of(const bench *b, uint32_t k)
{
    return b->x[b->test[b->run.scoring.null_index[MI_SIDE_X][k]]];
}

static uint32_t y_of(const bench *b, uint32_t k)
{
    return b->y[b->test[b->run.scoring.null_index[MI_SIDE_Y][k]]];
}

static void check_none_is_known(const bench *b)
{
    for (uint32_t k = 0; k < b->run.scoring.n_null; k++)
        ck_assert(!b->known[x_of(b, k) * IDS + y_of(b, k)]);
}

START_TEST(test_no_pair_of_any_fold_is_a_null_pair)
{
    bench *b = bench_new(IDS, 600);
    bench_draw(b);
    ck_assert_uint_eq(b->run.scoring.n_null, 600);
    check_none_is_known(b);
    bench_free(b);
}
END_TEST

START_TEST(test_nobody_is_with_themselves)
{
    for (int with = 0; with < 2; with++) {
        bench *b = bench_new(IDS, 5000);
        uint32_t own = 0;
        if (with) {
            b->run.data[MI_SIDE_X].entity = b->x; /* both sides are of the same data */
            b->run.data[MI_SIDE_Y].entity = b->y;
        }
        bench_draw(b);
        ck_assert_uint_eq(b->run.scoring.n_null, 5000);
        for (uint32_t k = 0; k < b->run.scoring.n_null; k++)
            own += x_of(b, k) == y_of(b, k);
        ck_assert((own == 0) == (with == 1));
        bench_free(b);
    }
}
END_TEST

START_TEST(test_few_mismatched_pairs_are_all_taken_once)
{
    bench *b = bench_new(21, 9000); /* 41 of 441 pairs are not in the table */
    unsigned char taken[TEST][TEST] = {{0}};
    uint32_t all = 0;
    bench_draw(b);
    for (uint32_t i = 0; i < TEST; i++)
        for (uint32_t j = 0; j < TEST; j++)
            all += i != j && !b->known[b->x[b->test[i]] * IDS + b->y[b->test[j]]];
    ck_assert_uint_gt(all, 0);
    ck_assert_uint_eq(b->run.scoring.n_null, all);
    check_none_is_known(b);
    for (uint32_t k = 0; k < all; k++) {
        const uint32_t i = b->run.scoring.null_index[MI_SIDE_X][k],
                       j = b->run.scoring.null_index[MI_SIDE_Y][k];
        ck_assert(!taken[i][j]++);
    }
    bench_free(b);
}
END_TEST

START_TEST(test_a_table_of_all_pairs_has_no_null)
{
    for (uint32_t null_pairs = 10; null_pairs <= 100000; null_pairs *= 10) {
        bench *b = bench_new(20, null_pairs);
        bench_draw(b);
        ck_assert_uint_eq(b->run.scoring.n_null, 0);
        bench_free(b);
    }
}
END_TEST

START_TEST(test_without_an_index_any_two_rows_are_mismatched)
{
    bench *b = bench_new(20, 100000);
    b->run.data[MI_SIDE_X].index = b->run.data[MI_SIDE_Y].index = NULL;
    bench_draw(b);
    ck_assert_ptr_null(b->run.scoring.known);
    ck_assert_uint_eq(b->run.scoring.n_null, TEST * (TEST - 1));
    bench_free(b);
}
END_TEST

/* The second half of the rows is the first with the sides exchanged, and the test pairs likewise. */
START_TEST(test_null_pairs_without_an_order_come_in_both)
{
    for (uint32_t wanted = 50; wanted <= 5000; wanted *= 100) {
        bench *b = bench_new(IDS, wanted);
        const uint32_t half = ROWS / 2;
        memset(b->known, 0, sizeof b->known);
        for (uint32_t i = 0; i < half; i++) {
            b->x[half + i] = b->y[i];
            b->y[half + i] = b->x[i];
            b->known[b->x[i] * IDS + b->y[i]] = b->known[b->y[i] * IDS + b->x[i]] = 1;
        }
        for (uint32_t i = 0; i < TEST / 2; i++) {
            b->test[i] = 3 * i;
            b->test[TEST / 2 + i] = half + 3 * i;
        }
        b->run.data[MI_SIDE_X].entity = b->x;
        b->run.data[MI_SIDE_Y].entity = b->y;
        b->run.data[MI_SIDE_X].mirrored = b->run.data[MI_SIDE_Y].mirrored = 1;
        bench_draw(b);
        const uint32_t n = b->run.scoring.n_null / 2;
        uint32_t all = 0;
        for (uint32_t i = 0; i < TEST; i++)
            for (uint32_t j = 0; j < TEST; j++) {
                const uint32_t x = b->x[b->test[i]], y = b->y[b->test[j]];
                all += i != j && x != y && !b->known[x * IDS + y];
            }
        ck_assert_uint_eq(n, wanted == 50 ? wanted : all / 2);
        check_none_is_known(b);
        for (uint32_t k = 0; k < n; k++) {
            ck_assert(x_of(b, k) == y_of(b, n + k) && y_of(b, k) == x_of(b, n + k));
            ck_assert(x_of(b, k) != y_of(b, k));
        }
        for (uint32_t k = 0; k < 2 * n; k++)
            b->run.scoring.null_pmi[k] = k;
        for (uint32_t k = 0; k < TEST; k++)
            b->run.scoring.pmi[k] = k;
        mi_run_settle_pairs(&b->run);
        ck_assert_uint_eq(b->run.scoring.n_null, n);
        ck_assert_uint_eq(mi_run_reported(&b->run), TEST / 2);
        ck_assert_double_eq(b->run.scoring.null_pmi[3], 3 + 0.5 * n);
        ck_assert_double_eq(b->run.scoring.pmi[3], 3 + 0.25 * TEST);
        bench_free(b);
    }
}
END_TEST

/* What is permuted is whom the first of a pair is with; the other order of the pair follows. */
START_TEST(test_a_permutation_of_mirrored_rows_has_both_orders)
{
    enum { HALF = 40 };
    bench *b = bench_new(IDS, 50);
    uint32_t order[2 * HALF], plain[HALF], again[2 * HALF], moved = 0;
    mi_run_permute(&b->run, 1, 7, plain, HALF);
    b->run.data[MI_SIDE_X].mirrored = b->run.data[MI_SIDE_Y].mirrored = 1;
    mi_run_permute(&b->run, 1, 7, order, 2 * HALF);
    mi_run_permute(&b->run, 1, 8, again, 2 * HALF);
    ck_assert(memcmp(order, plain, sizeof plain) == 0);
    for (uint32_t i = 0; i < HALF; i++) {
        ck_assert_uint_lt(order[i], HALF);
        ck_assert_uint_eq(order[HALF + order[i]], HALF + i);
        moved += order[i] != again[i];
    }
    ck_assert_uint_gt(moved, HALF / 2);
    ck_assert_uint_eq(mi_run_pairs_of(&b->run, 2 * HALF), HALF);
    bench_free(b);
}
END_TEST

int main(void)
{
    RUN_TESTS("null pairs", test_no_pair_of_any_fold_is_a_null_pair, test_nobody_is_with_themselves,
              test_few_mismatched_pairs_are_all_taken_once, test_a_table_of_all_pairs_has_no_null,
              test_without_an_index_any_two_rows_are_mismatched,
              test_null_pairs_without_an_order_come_in_both,
              test_a_permutation_of_mirrored_rows_has_both_orders);
}
