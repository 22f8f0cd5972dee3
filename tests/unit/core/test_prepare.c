#include "prepare.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* A fitted preparation with its memory. */
typedef struct fitted {
    mi_prepare prepare;
    mi_arena arena;
    mi_status status;
    mi_error err;
} fitted;

static mi_prepare_spec spec_of(mi_transform transform, uint32_t pca)
{
    return (mi_prepare_spec){.transform = transform, .pca = pca, .clip = 10.0};
}

static fitted fit(mi_prepare_spec spec, mi_matrix data, const uint32_t *rows, uint32_t n_fit)
{
    fitted f = {.err = {0}};
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    ck_assert_int_eq(mi_prepare_layout(&f.prepare, &measured, &spec, data.cols, n_fit, NULL), MI_OK);
    mi_prepare_fit_layout(&f.prepare, &measured);
    mi_prepare_apply_layout(&f.prepare, &measured);
    f.arena = arena_like(&measured);
    mi_prepare_layout(&f.prepare, &f.arena, &spec, data.cols, n_fit, NULL);
    const size_t mark = mi_arena_mark(&f.arena);
    f.status = mi_prepare_fit(&f.prepare, &f.arena, data, rows, &f.err);
    ck_assert_uint_eq(mi_arena_mark(&f.arena), mark);
    return f;
}

static float *apply(fitted *f, mi_matrix data, const uint32_t *rows, uint32_t n)
{
    ck_assert_int_eq(f->status, MI_OK);
    float *out = malloc((size_t)n * f->prepare.dim_out * sizeof *out);
    mi_prepare_apply(&f->prepare, &f->arena, data, rows, n, out);
    return out;
}

static uint32_t *all_rows(uint32_t n)
{
    uint32_t *rows = malloc(n * sizeof *rows);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    return rows;
}

static float *normal_matrix(uint32_t n, uint32_t dim, uint32_t stream)
{
    float *data = malloc((size_t)n * dim * sizeof *data);
    fill_normal(data, (size_t)n * dim, stream);
    return data;
}

/* ck_assert_float_eq widens its arguments, which our warnings refuse. */
static void check_float(float actual, float expected)
{
    ck_assert_double_eq((double)actual, (double)expected);
}

static float gaussian_of_rank(double rank, double n)
{
    return (float)mi_normal_quantile(rank / n);
}

START_TEST(test_ranks_become_normal_quantiles)
{
    static const float values[] = {30.0f, -10.0f, 20.0f, 0.0f};
    static const uint32_t rows[] = {0, 1, 2, 3};
    const mi_matrix data = {values, 4, 1};
    fitted f = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), data, rows, 4);
    float *out = apply(&f, data, NULL, 4);
    check_float(out[0], gaussian_of_rank(3.5, 4));
    check_float(out[1], gaussian_of_rank(0.5, 4));
    check_float(out[2], gaussian_of_rank(2.5, 4));
    check_float(out[3], gaussian_of_rank(1.5, 4));
    free(out);
    free(f.arena.base);
}
END_TEST

START_TEST(test_ties_share_their_average_rank)
{
    static const float values[] = {1.0f, 2.0f, 2.0f, 2.0f, 5.0f, -0.0f, 0.0f};
    const mi_matrix data = {values, 7, 1};
    uint32_t *rows = all_rows(7);
    fitted f = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), data, rows, 7);
    float *out = apply(&f, data, NULL, 7);
    check_float(out[1], gaussian_of_rank(4.5, 7)); /* three below, six at most */
    check_float(out[2], out[1]);
    check_float(out[3], out[1]);
    check_float(out[5], gaussian_of_rank(1.0, 7)); /* -0 is 0 */
    check_float(out[6], out[5]);
    free(out);
    free(rows);
    free(f.arena.base);
}
END_TEST

START_TEST(test_unseen_rows_fall_between_and_beyond_the_fitted_ones)
{
    static const float values[] = {0.0f, 1.0f, 2.0f, 3.0f, /* unseen: */ 1.5f, -1e30f, 1e30f, 1.0f};
    static const uint32_t rows[] = {0, 1, 2, 3};
    const mi_matrix data = {values, 8, 1};
    fitted f = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), data, rows, 4);
    static const uint32_t unseen[] = {4, 5, 6, 7};
    float *out = apply(&f, data, unseen, 4);
    check_float(out[0], gaussian_of_rank(2.0, 4));
    check_float(out[1], gaussian_of_rank(0.5, 4)); /* clipped at half a rank */
    check_float(out[2], gaussian_of_rank(3.5, 4));
    check_float(out[3], gaussian_of_rank(1.5, 4));
    free(out);
    free(f.arena.base);
}
END_TEST

START_TEST(test_monotone_maps_of_the_columns_change_no_bit)
{
    enum { N = 3000, D = 3, FIT = 2400 };
    float *data = normal_matrix(N, D, 1), *mapped = malloc(sizeof *mapped * N * D);
    for (size_t i = 0; i < N * D; i++) {
        data[i] = roundf(data[i] * 512.0f) / 512.0f; /* so that no map merges neighbours */
        mapped[i] = i % D == 0 ? expf(data[i]) : i % D == 1 ? data[i] * data[i] * data[i] : 1e20f * data[i];
    }
    uint32_t *rows = all_rows(FIT);
    const mi_matrix a = {data, N, D}, b = {mapped, N, D};
    fitted fa = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), a, rows, FIT);
    fitted fb = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), b, rows, FIT);
    float *pa = apply(&fa, a, NULL, N), *pb = apply(&fb, b, NULL, N);
    ck_assert_int_eq(memcmp(pa, pb, sizeof *pa * N * D), 0);
    free(pa);
    free(pb);
    free(fa.arena.base);
    free(fb.arena.base);
    free(rows);
    free(data);
    free(mapped);
}
END_TEST

START_TEST(test_sorting_agrees_with_a_naive_count)
{
    enum { N = 700 };
    float *data = normal_matrix(N, 1, 2);
    for (int i = 0; i < N; i++)
        data[i] =
            i % 7 == 0 ? truncf(data[i]) : data[i] * (i % 2 ? 1e-40f : 1e30f); /* ties, subnormals, large */
    uint32_t *rows = all_rows(N);
    const mi_matrix m = {data, N, 1};
    fitted f = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF), m, rows, N);
    float *out = apply(&f, m, NULL, N);
    for (int i = 0; i < N; i++) {
        int below = 0, at_most = 0;
        for (int k = 0; k < N; k++) {
            below += data[k] < data[i];
            at_most += data[k] <= data[i];
        }
        check_float(out[i], gaussian_of_rank(0.5 * (below + at_most), N));
    }
    free(out);
    free(rows);
    free(data);
    free(f.arena.base);
}
END_TEST

START_TEST(test_constant_columns_are_dropped_and_counted)
{
    enum { N = 60, D = 4 };
    float *data = normal_matrix(N, D, 3);
    for (int i = 0; i < N; i++) {
        data[i * D + 1] = 7.0f;
        data[i * D + 3] = i < 50 ? 1.0f : 2.0f; /* varies, but not over the rows of the fit */
    }
    uint32_t *rows = all_rows(50);
    const mi_transform transforms[] = {MI_TRANSFORM_RANK_GAUSSIAN, MI_TRANSFORM_ZSCORE, MI_TRANSFORM_NONE};
    for (int t = 0; t < 3; t++) {
        const mi_matrix m = {data, N, D};
        fitted f = fit(spec_of(transforms[t], MI_PCA_OFF), m, rows, 50);
        ck_assert_uint_eq(f.prepare.n_constant, 2);
        ck_assert_uint_eq(f.prepare.dim_out, 2);
        ck_assert_uint_eq(f.prepare.used[0], 0);
        ck_assert_uint_eq(f.prepare.used[1], 2);
        float *out = apply(&f, m, NULL, N);
        if (transforms[t] == MI_TRANSFORM_NONE)
            for (int i = 0; i < N; i++)
                ck_assert(out[i * 2] == data[i * D] && out[i * 2 + 1] == data[i * D + 2]);
        free(out);
        free(f.arena.base);
    }
    free(rows);
    free(data);
}
END_TEST

START_TEST(test_a_side_without_variation_is_refused)
{
    static const float values[80] = {0};
    const mi_matrix m = {values, 40, 2};
    uint32_t *rows = all_rows(40);
    fitted f = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_AUTO), m, rows, 40);
    ck_assert_int_eq(f.status, MI_INVALID);
    ck_assert(strstr(f.err.message, "constant") != NULL);
    free(rows);
    free(f.arena.base);
}
END_TEST

START_TEST(test_zscores_have_unit_variance_and_are_clipped)
{
    enum { N = 500, D = 2 };
    float *data = normal_matrix(N + 1, D, 4);
    for (int i = 0; i < N; i++)
        data[i * D + 1] = 1e6f + 100.0f * data[i * D + 1];
    data[N * D] = 1e9f;
    data[N * D + 1] = -1e9f;
    uint32_t *rows = all_rows(N);
    const mi_matrix m = {data, N + 1, D};
    fitted f = fit(spec_of(MI_TRANSFORM_ZSCORE, MI_PCA_OFF), m, rows, N);
    float *out = apply(&f, m, NULL, N + 1);
    for (int c = 0; c < D; c++) {
        double sum = 0.0, squares = 0.0;
        for (int i = 0; i < N; i++) {
            sum += (double)out[i * D + c];
            squares += (double)out[i * D + c] * (double)out[i * D + c];
        }
        ck_assert_double_lt(fabs(sum / N), 1e-6);
        ck_assert_double_eq_tol(squares / (N - 1), 1.0, 1e-5);
    }
    check_float(out[N * D], 10.0f);
    check_float(out[N * D + 1], -10.0f);
    free(out);
    free(rows);
    free(data);
    free(f.arena.base);
}
END_TEST

START_TEST(test_auto_reduces_only_when_columns_are_many)
{
    const mi_prepare_spec automatic = spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_AUTO);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 100, 3200), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 160, 3200), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 1024, 3200), 640);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 8, 40), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 10, 40), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 11, 40), 8);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 8, 20), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 800, 3200), 0);
    ck_assert_uint_eq(mi_prepare_components(&automatic, 801, 3200), 640);
    const mi_prepare_spec asked = spec_of(MI_TRANSFORM_ZSCORE, 50),
                          off = spec_of(MI_TRANSFORM_ZSCORE, MI_PCA_OFF);
    ck_assert_uint_eq(mi_prepare_components(&asked, 60, 1000), 50);
    ck_assert_uint_eq(mi_prepare_components(&asked, 40, 1000), 0);
    ck_assert_uint_eq(mi_prepare_components(&asked, 60, 30), 29); /* the rank of 30 centred rows */
    ck_assert_uint_eq(mi_prepare_components(&off, 20000, 30), 0);
}
END_TEST

/* Rank-Gaussian scores are what the ranks of the bare scores say, and z-scored ones are those over their sd.
 */
START_TEST(test_components_are_transformed_like_columns)
{
    enum { N = 400, D = 12, K = 3 };
    float *data = normal_matrix(N, D, 5);
    for (int i = 0; i < N; i++)
        for (int j = 1; j < D; j++)
            data[i * D + j] += data[i * D + j / 2];
    uint32_t *rows = all_rows(N);
    const mi_matrix m = {data, N, D};
    fitted bare = fit(spec_of(MI_TRANSFORM_NONE, K), m, rows, N),
           z = fit(spec_of(MI_TRANSFORM_ZSCORE, K), m, rows, N),
           ranked = fit(spec_of(MI_TRANSFORM_RANK_GAUSSIAN, K), m, rows, N);
    ck_assert_uint_eq(bare.prepare.dim_out, K);
    float *score = apply(&bare, m, rows, N), *unit = apply(&z, m, rows, N),
          *normal = apply(&ranked, m, rows, N);
    for (int c = 0; c < K; c++) {
        double squares = 0.0;
        for (int i = 0; i < N; i++) {
            int below = 0;
            squares += (double)unit[i * K + c] * (double)unit[i * K + c];
            for (int k = 0; k < N; k++)
                below += score[k * K + c] < score[i * K + c];
            ck_assert_double_lt(fabs((double)(normal[i * K + c] - gaussian_of_rank(below + 0.5, N))), 1e-6);
        }
        ck_assert_double_eq_tol(squares / (N - 1), 1.0, 1e-4);
    }
    free(score);
    free(unit);
    free(normal);
    free(bare.arena.base);
    free(z.arena.base);
    free(ranked.arena.base);
    free(rows);
    free(data);
}
END_TEST

START_TEST(test_constant_columns_can_make_pca_needless)
{
    enum { N = 100, D = 30 };
    float *data = normal_matrix(N, D, 6);
    for (int i = 0; i < N; i++)
        for (int j = 6; j < D; j++)
            data[i * D + j] = 1.0f;
    uint32_t *rows = all_rows(N);
    const mi_matrix m = {data, N, D};
    fitted f = fit(spec_of(MI_TRANSFORM_NONE, MI_PCA_AUTO), m, rows, N); /* 8 components of 30 columns */
    ck_assert_uint_eq(f.prepare.pca, 0);
    ck_assert_uint_eq(f.prepare.dim_out, 6);
    float *out = apply(&f, m, NULL, N);
    check_float(out[6 * 17 + 5], data[D * 17 + 5]);
    free(out);
    free(rows);
    free(data);
    free(f.arena.base);
}
END_TEST

START_TEST(test_sizes_that_blas_cannot_count_are_refused)
{
    mi_prepare prepare;
    mi_arena arena;
    mi_error err;
    const mi_prepare_spec spec = spec_of(MI_TRANSFORM_RANK_GAUSSIAN, MI_PCA_OFF);
    mi_arena_init(&arena, NULL, 0);
    ck_assert_int_eq(mi_prepare_layout(&prepare, &arena, &spec, UINT64_C(1) << 40, 100, &err), MI_LIMIT);
    ck_assert_int_eq(mi_prepare_layout(&prepare, &arena, &spec, 0x7fffffff, 0x7fffffff, &err), MI_OK);
    mi_prepare_fit_layout(&prepare, &arena);
    ck_assert(arena.overflow || arena.peak > SIZE_MAX / 16); /* seen when measured, not when taken */
}
END_TEST

int main(void)
{
    RUN_TESTS("prepare", test_ranks_become_normal_quantiles, test_ties_share_their_average_rank,
              test_unseen_rows_fall_between_and_beyond_the_fitted_ones,
              test_monotone_maps_of_the_columns_change_no_bit, test_sorting_agrees_with_a_naive_count,
              test_constant_columns_are_dropped_and_counted, test_a_side_without_variation_is_refused,
              test_zscores_have_unit_variance_and_are_clipped, test_auto_reduces_only_when_columns_are_many,
              test_components_are_transformed_like_columns, test_constant_columns_can_make_pca_needless,
              test_sizes_that_blas_cannot_count_are_refused);
}
