/*
 * Mismatched pairs are those that are left when the known ones are taken out; of many, a sample without
 * repetition.
 */
#include "../runner.h"
#include "internal.h"
#include "mismatched.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID 8 /* bytes of an id, all alike */

/* A matrix of n rows with the ids prefix0, prefix1, ... */
static models_matrix *matrix(char prefix, uint32_t n)
{
    models_matrix *m = calloc(1, sizeof *m);
    char *bytes = malloc((size_t)n * ID + 1);
    uint64_t *offsets = malloc((n + 1) * sizeof *offsets);
    for (uint32_t i = 0; i <= n; i++)
        offsets[i] = (uint64_t)i * ID;
    for (uint32_t i = 0; i < n; i++)
        snprintf(bytes + i * ID, ID + 1, "%c%07u", prefix, i % 10000000u);
    m->view =
        (proto_matrix_view){.matrix = {.rows = n}, .has_ids = true, .id_offsets = offsets, .id_bytes = bytes};
    ck_assert_int_eq(proto_id_index_new(&m->index, &m->view, NULL), MI_OK);
    return m;
}

static void matrix_free(models_matrix *m)
{
    proto_id_index_free(m->index);
    free((void *)(uintptr_t)m->view.id_offsets);
    free((void *)(uintptr_t)m->view.id_bytes);
    free(m);
}

/* A model of the pairs (0, 0), (1, 2) of matrices with those ids. */
static models_model model_of(const models_matrix *x, const models_matrix *y, bool symmetric)
{
    static const uint32_t rows[] = {0, 0, 1, 2};
    models_model model = {.view = {.pair_rows = rows, .n_pairs = 2}, .pairs = {.symmetric = symmetric}};
    model.view.ids[0] = (proto_model_ids){x->view.matrix.rows, x->view.id_offsets, x->view.id_bytes};
    model.view.ids[1] = (proto_model_ids){y->view.matrix.rows, y->view.id_offsets, y->view.id_bytes};
    return model;
}

static bool has(const mismatched *m, uint32_t x, uint32_t y)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < m->n; i++)
        found += m->x[i] == x && m->y[i] == y;
    ck_assert_uint_le(found, 1);
    return found == 1;
}

START_TEST(test_known_pairs_are_none)
{
    models_matrix *x = matrix('a', 9), *y = matrix('b', 9);
    const models_model model = model_of(x, y, false);
    uint32_t rows_x[] = {0, 1, 5, 0}, rows_y[] = {3, 0, 2, 2};
    const proto_pairs pairs = {.n = 4, .x = rows_x, .y = rows_y};
    mismatched m;
    /* rows 0 1 5 with rows 0 2 3: nine, four listed, two trained on, ids differ throughout */
    ck_assert_int_eq(mismatched_find(&m, &model, x, y, &pairs, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert_uint_eq(m.n, 3);
    ck_assert(has(&m, 1, 3) && has(&m, 5, 0) && has(&m, 5, 3) && !m.sampled);
    mismatched_fini(&m);
    matrix_free(x);
    matrix_free(y);
}
END_TEST

START_TEST(test_nobody_with_themselves_and_both_ways)
{
    models_matrix *x = matrix('a', 9);
    uint32_t rows_x[] = {1, 3, 4}, rows_y[] = {3, 4, 1};
    const proto_pairs pairs = {.n = 3, .x = rows_x, .y = rows_y};
    const models_model one_way = model_of(x, x, false), both_ways = model_of(x, x, true);
    mismatched m;
    ck_assert_int_eq(mismatched_find(&m, &one_way, x, x, &pairs, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert(m.n == 3 && has(&m, 3, 1) && has(&m, 4, 3) && has(&m, 1, 4));
    mismatched_fini(&m);
    ck_assert_int_eq(mismatched_find(&m, &one_way, x, x, &pairs, true, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert_uint_eq(m.n, 0);
    mismatched_fini(&m);
    /* (1, 2) was trained on; both ways it is (2, 1) as well */
    uint32_t other_x[] = {2, 3}, other_y[] = {3, 1};
    const proto_pairs other = {.n = 2, .x = other_x, .y = other_y};
    ck_assert_int_eq(mismatched_find(&m, &one_way, x, x, &other, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert(m.n == 1 && has(&m, 2, 1));
    mismatched_fini(&m);
    ck_assert_int_eq(mismatched_find(&m, &both_ways, x, x, &other, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert_uint_eq(m.n, 0);
    mismatched_fini(&m);
    matrix_free(x);
}
END_TEST

START_TEST(test_of_many_a_sample)
{
    enum { N = 1500 };
    models_matrix *x = matrix('a', N), *y = matrix('b', N);
    const models_model model = model_of(x, y, false);
    uint32_t rows[N];
    for (uint32_t i = 0; i < N; i++)
        rows[i] = i;
    const proto_pairs pairs = {.n = N, .x = rows, .y = rows};
    mismatched first, again, other;
    ck_assert_int_eq(mismatched_find(&first, &model, x, y, &pairs, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert_int_eq(mismatched_find(&again, &model, x, y, &pairs, false, MISMATCHED_MAX, 1, NULL), MI_OK);
    ck_assert_int_eq(mismatched_find(&other, &model, x, y, &pairs, false, MISMATCHED_MAX, 2, NULL), MI_OK);
    ck_assert(first.sampled && first.n > MISMATCHED_MAX * 3 / 4 && first.n <= MISMATCHED_MAX);
    for (uint32_t i = 0; i < first.n; i++) {
        ck_assert(first.x[i] != first.y[i] && !(first.x[i] == 1 && first.y[i] == 2));
        if (i > 0)
            ck_assert(first.x[i - 1] < first.x[i] ||
                      (first.x[i - 1] == first.x[i] && first.y[i - 1] < first.y[i]));
    }
    ck_assert(again.n == first.n && memcmp(again.x, first.x, first.n * sizeof *first.x) == 0);
    mismatched few;
    ck_assert_int_eq(mismatched_find(&few, &model, x, y, &pairs, false, 1000, 1, NULL), MI_OK);
    ck_assert(few.sampled && few.n > 900 && few.n <= 1000);
    mismatched_fini(&few);
    ck_assert(other.n != first.n || memcmp(other.x, first.x, first.n * sizeof *first.x) != 0);
    mismatched_fini(&first);
    mismatched_fini(&again);
    mismatched_fini(&other);
    matrix_free(x);
    matrix_free(y);
}
END_TEST

START_TEST(test_where_a_pair_costs_more_there_are_fewer)
{
    ck_assert_uint_eq(mismatched_most(true, 1000), MISMATCHED_MAX);
    ck_assert_uint_eq(mismatched_most(false, 5), 10000);
    ck_assert_uint_eq(mismatched_most(false, 1000), 1000);
}
END_TEST

int main(void)
{
    RUN_TESTS("models_mismatched", test_known_pairs_are_none, test_nobody_with_themselves_and_both_ways,
              test_of_many_a_sample, test_where_a_pair_costs_more_there_are_fewer);
}
