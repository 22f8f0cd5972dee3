#include "estimating.h"
#include "one_hot.h"
#include "prepare.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { N = 400, FIT = 320, D = 5 };

/* Two numbers, a label, a column of one level in the fit, codes at the ends of their range. */
static const uint8_t mixed[D] = {0, 1, 0, 1, 1};

typedef struct table {
    float data[N * D];
    uint32_t fit_rows[FIT]; /* not the first ones, not in order */
} table;

static void fill_table(table *t)
{
    mi_rng rng = test_rng(1);
    uint32_t order[N];
    for (uint32_t i = 0; i < N; i++)
        order[i] = i;
    mi_rng_permute(&rng, order, N);
    memcpy(t->fit_rows, order, sizeof t->fit_rows);
    fill_normal(t->data, sizeof t->data / sizeof *t->data, 2);
    for (uint32_t k = 0; k < N; k++) {
        float *row = t->data + (size_t)order[k] * D;
        row[1] = (float)(3 * (order[k] * 7 % 11));
        row[3] = 4.0f;
        row[4] = k % 3 == 0 ? 65535.0f : 0.0f;
        if (k >= FIT) { /* codes that the fit never sees */
            row[1] = k % 2 ? 5.0f : row[1];
            row[3] = 9.0f;
        }
    }
}

static mi_matrix matrix_of(const table *t)
{
    return (mi_matrix){t->data, N, D, mixed};
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The naive twin: the expanded columns as an array of their own. Returns its width; is_level (width). */
static uint32_t expand_naively(const table *t, float *out, int *is_level)
{
    uint32_t width = 0;
    for (uint32_t j = 0; j < D; j++) {
        if (!mixed[j]) {
            is_level[width] = 0;
            for (uint32_t i = 0; i < N; i++)
                out[(size_t)i * 64 + width] = t->data[i * D + j];
            width++;
            continue;
        }
        float codes[FIT];
        for (uint32_t i = 0; i < FIT; i++)
            codes[i] = t->data[(size_t)t->fit_rows[i] * D + j];
        qsort(codes, FIT, sizeof *codes, compare_floats);
        for (uint32_t k = 0; k < FIT; k++) {
            if ((k > 0 && codes[k] == codes[k - 1]) || codes[0] == codes[FIT - 1])
                continue;
            is_level[width] = 1;
            for (uint32_t i = 0; i < N; i++)
                out[(size_t)i * 64 + width] = t->data[i * D + j] == codes[k] ? 1.0f : 0.0f;
            width++;
        }
    }
    for (uint32_t i = 0; i < N; i++)
        memmove(out + (size_t)i * width, out + (size_t)i * 64, width * sizeof *out);
    return width;
}

/* Prepared rows of all the data, (N, dim_out); free. */
static float *prepare(mi_transform transform, uint32_t pca, mi_matrix data, const uint32_t *fit_rows,
                      uint32_t *dim, uint32_t *n_constant)
{
    const mi_prepare_spec spec = {.transform = transform, .pca = pca, .clip = 1.5};
    mi_prepare p;
    mi_arena measured, arena;
    mi_error err = {0};
    uint64_t width = 0;
    ck_assert_msg(mi_matrix_width(data, &width, &err) == MI_OK, "%s", err.message);
    mi_arena_init(&measured, NULL, 0);
    ck_assert_int_eq(mi_prepare_layout(&p, &measured, &spec, width, FIT, NULL), MI_OK);
    mi_prepare_fit_layout(&p, &measured);
    mi_prepare_apply_layout(&p, &measured);
    arena = arena_like(&measured);
    mi_prepare_layout(&p, &arena, &spec, width, FIT, NULL);
    ck_assert_msg(mi_prepare_fit(&p, &arena, data, fit_rows, &err) == MI_OK, "%s", err.message);
    float *out = malloc((size_t)N * p.dim_out * sizeof *out);
    mi_prepare_apply(&p, &arena, data, NULL, N, out);
    *dim = p.dim_out;
    if (n_constant)
        *n_constant = p.n_constant;
    free(arena.base);
    return out;
}

static void check_same(const float *a, const float *b, uint32_t dim)
{
    for (size_t i = 0; i < (size_t)N * dim; i++)
        ck_assert_msg(a[i] == b[i], "row %zu, column %zu: %g, naively %g", i / dim, i % dim, (double)a[i],
                      (double)b[i]);
}

START_TEST(test_preparation_equals_that_of_naively_expanded_columns)
{
    static table t;
    static float naive[N * 64];
    int is_level[64];
    uint32_t dim, naive_dim, n_constant;
    fill_table(&t);
    const uint32_t width = expand_naively(&t, naive, is_level);
    ck_assert_uint_eq(width, 2 + 11 + 2);
    const mi_matrix expanded = {naive, N, width};
    static const uint32_t pca[] = {MI_PCA_OFF, 4, 14};
    for (int k = 0; k < 3; k++)
        for (int transform = MI_TRANSFORM_RANK_GAUSSIAN; transform <= MI_TRANSFORM_NONE; transform++) {
            float *got =
                prepare((mi_transform)transform, pca[k], matrix_of(&t), t.fit_rows, &dim, &n_constant);
            float *want = prepare((mi_transform)transform, pca[k], expanded, t.fit_rows, &naive_dim, NULL);
            ck_assert_uint_eq(n_constant, 1);
            ck_assert_uint_eq(dim, naive_dim);
            if (transform == MI_TRANSFORM_RANK_GAUSSIAN && pca[k] == MI_PCA_OFF) {
                /* Numbers are ranked, levels standardised. */
                float *z = prepare(MI_TRANSFORM_ZSCORE, MI_PCA_OFF, expanded, t.fit_rows, &naive_dim, NULL);
                for (size_t i = 0; i < (size_t)N * dim; i++)
                    want[i] = is_level[i % dim] ? z[i] : want[i];
                free(z);
            }
            check_same(got, want, dim);
            free(got);
            free(want);
        }
}
END_TEST

START_TEST(test_a_code_that_the_fit_has_not_seen_is_all_zeros)
{
    static table t;
    uint32_t dim;
    fill_table(&t);
    float *out = prepare(MI_TRANSFORM_NONE, MI_PCA_OFF, matrix_of(&t), t.fit_rows, &dim, NULL);
    int n_unseen = 0;
    for (uint32_t i = 0; i < N; i++) {
        float ones = 0.0f;
        for (uint32_t c = 1; c < 12; c++) /* a number, the label's 11 levels, a number, two levels */
            ones += out[(size_t)i * dim + c];
        const int unseen = t.data[i * D + 1] == 5.0f;
        ck_assert(ones == (unseen ? 0.0f : 1.0f));
        n_unseen += unseen;
    }
    ck_assert_int_eq(n_unseen, (N - FIT) / 2);
    free(out);
}
END_TEST

/* A ranked score would spread rounding error of equal rows over the whole normal distribution. */
START_TEST(test_components_of_levels_alone_are_not_ranked)
{
    static float codes[N * 2];
    static const uint8_t all[2] = {1, 1};
    uint32_t rows[FIT], dim, z_dim;
    for (uint32_t i = 0; i < N; i++) {
        codes[2 * i] = (float)(i % 9);
        codes[2 * i + 1] = (float)(i / 9 % 7);
    }
    for (uint32_t i = 0; i < FIT; i++)
        rows[i] = i;
    const mi_matrix m = {codes, N, 2, all};
    float *ranked = prepare(MI_TRANSFORM_RANK_GAUSSIAN, 5, m, rows, &dim, NULL),
          *z = prepare(MI_TRANSFORM_ZSCORE, 5, m, rows, &z_dim, NULL);
    ck_assert_uint_eq(dim, 5);
    check_same(ranked, z, dim);
    free(ranked);
    free(z);
}
END_TEST

START_TEST(test_a_categorical_column_of_one_level_is_constant)
{
    static float codes[N];
    static const uint8_t all[1] = {1};
    uint32_t rows[FIT];
    for (uint32_t i = 0; i < FIT; i++)
        rows[i] = i;
    codes[N - 1] = 1.0f; /* not in the fit */
    const mi_prepare_spec spec = {.transform = MI_TRANSFORM_ZSCORE, .clip = 10.0};
    mi_prepare p;
    mi_arena measured, arena;
    mi_error err = {0};
    mi_arena_init(&measured, NULL, 0);
    mi_prepare_layout(&p, &measured, &spec, 2, FIT, NULL);
    mi_prepare_fit_layout(&p, &measured);
    arena = arena_like(&measured);
    mi_prepare_layout(&p, &arena, &spec, 2, FIT, NULL);
    ck_assert_int_eq(mi_prepare_fit(&p, &arena, (mi_matrix){codes, N, 1, all}, rows, &err), MI_INVALID);
    ck_assert(strstr(err.message, "constant") != NULL);
    ck_assert_uint_eq(p.n_constant, 1);
    free(arena.base);
}
END_TEST

START_TEST(test_width_counts_the_levels_of_every_row)
{
    enum { ROWS = 600, COLUMNS = 23 }; /* more columns than one pass looks at */
    static float data[ROWS * COLUMNS];
    uint8_t flags[COLUMNS] = {0};
    uint64_t width, expected = 0;
    for (uint32_t j = 0; j < COLUMNS; j++) {
        flags[j] = j % 5 != 4;
        expected += flags[j] ? 11 * j + 1 : 1;
        for (uint32_t i = 0; i < ROWS; i++)
            data[i * COLUMNS + j] = flags[j] ? (float)((i + j) % (11 * j + 1)) : (float)i + 0.5f;
    }
    ck_assert_int_eq(mi_matrix_width((mi_matrix){data, ROWS, COLUMNS, flags}, &width, NULL), MI_OK);
    ck_assert_uint_eq(width, expected);
    ck_assert_int_eq(mi_matrix_width((mi_matrix){data, ROWS, COLUMNS}, &width, NULL), MI_OK);
    ck_assert_uint_eq(width, COLUMNS);
}
END_TEST

START_TEST(test_a_column_of_too_many_levels_is_named)
{
    static float data[2 * 300];
    static const uint8_t flags[2] = {0, 1};
    mi_error err;
    uint64_t width;
    for (uint32_t i = 0; i < 300; i++)
        data[2 * i + 1] = (float)(i % 256);
    ck_assert_int_eq(mi_matrix_width((mi_matrix){data, 300, 2, flags}, &width, &err), MI_OK);
    ck_assert_uint_eq(width, 257);
    data[1] = 300.0f;
    data[3] = 301.0f;
    ck_assert_int_eq(mi_matrix_width((mi_matrix){data, 300, 2, flags}, &width, &err), MI_LIMIT);
    ck_assert_msg(strstr(err.message, "column 1 (from 0)") && strstr(err.message, "258 levels"), "%s",
                  err.message);
}
END_TEST

START_TEST(test_a_value_that_is_no_code_is_named)
{
    static const float bad[] = {-1.0f, 0.5f, 65536.0f, 1e20f, -1e20f, NAN, INFINITY};
    static const uint8_t flags[2] = {1, 1};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        float data[6] = {0.0f, 65535.0f, -0.0f, 1.0f, 2.0f, bad[k]};
        mi_error err;
        uint64_t width;
        ck_assert_int_eq(mi_matrix_width((mi_matrix){data, 3, 2, flags}, &width, &err), MI_INVALID);
        ck_assert_msg(strstr(err.message, "row 2, column 1 (from 0)") != NULL, "%s", err.message);
        data[5] = 3.0f;
        ck_assert_int_eq(mi_matrix_width((mi_matrix){data, 3, 2, flags}, &width, &err), MI_OK);
        ck_assert_uint_eq(width, 2 + 3);
    }
}
END_TEST

/* Y is one of four letters that X's place on a line tells for certain: I = H(Y) = ln 4. The one-hot columns
 * sum to a constant, so that the baseline's covariance is singular but for its ridge. */
START_TEST(test_information_about_a_label_reaches_its_entropy)
{
    enum { ROWS = 1200 };
    static float x[ROWS * 2], y[ROWS];
    static const uint8_t flags[1] = {1};
    mi_rng rng = test_rng(3);
    for (uint32_t i = 0; i < ROWS; i++) {
        const uint32_t letter = mi_rng_below(&rng, 4);
        y[i] = (float)(100 * letter);
        x[2 * i] = (float)(letter * 2 % 3 * 4) + 0.5f * (float)mi_rng_normal(&rng);
        x[2 * i + 1] = (float)(letter / 2) * 6.0f + 0.5f * (float)mi_rng_normal(&rng);
    }
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.split.folds = 2;
    spec.train.max_steps = 400;
    mi_estimate *e = estimate_all(&spec, (mi_matrix){x, ROWS, 2}, (mi_matrix){y, ROWS, 1, flags});
    ck_assert_msg(isfinite(e->mi_nats) && fabs(e->mi_nats - log(4.0)) < 0.06, "%g nats; expected %g",
                  e->mi_nats, log(4.0));
    ck_assert_msg(e->mi_nats < log(4.0) + 0.02, "%g nats: more than the label has", e->mi_nats);
    for (uint64_t i = 0; i < e->n_pairs; i++)
        ck_assert(isfinite(e->pmi[i]));
    mi_estimate_free(e);
}
END_TEST

START_TEST(test_a_run_refuses_what_is_no_code)
{
    static float x[100], y[100];
    static const uint8_t flags[1] = {1};
    mi_spec spec;
    mi_run *run = NULL;
    mi_error err;
    fill_normal(x, 100, 4);
    y[17] = 2.5f;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    ck_assert_int_eq(
        mi_run_new(&run, &spec, 0, 0, (mi_matrix){x, 100, 1}, (mi_matrix){y, 100, 1, flags}, &err),
        MI_INVALID);
    ck_assert_ptr_null(run);
    ck_assert_str_eq(err.pointer, "/y");
    ck_assert_msg(strstr(err.message, "row 17, column 0") != NULL, "%s", err.message);
}
END_TEST

int main(void)
{
    RUN_TESTS("one_hot", test_preparation_equals_that_of_naively_expanded_columns,
              test_a_code_that_the_fit_has_not_seen_is_all_zeros,
              test_components_of_levels_alone_are_not_ranked,
              test_a_categorical_column_of_one_level_is_constant, test_width_counts_the_levels_of_every_row,
              test_a_column_of_too_many_levels_is_named, test_a_value_that_is_no_code_is_named,
              test_information_about_a_label_reaches_its_entropy, test_a_run_refuses_what_is_no_code);
}
