#include "gaussian.h"
#include "testing.h"

#include <math.h>

typedef struct fitted {
    mi_gaussian g;
    mi_arena arena;
    mi_status status;
    float *x, *y;
} fitted;

/* n rows; coordinate k < n_pairs of both sides correlates with rho[k], then both are mixed linearly. */
static void sample(float *x, float *y, uint32_t n, uint32_t dx, uint32_t dy, const double *rho,
                   uint32_t n_pairs, uint32_t stream)
{
    mi_rng rng = test_rng(stream);
    for (uint32_t i = 0; i < n; i++) {
        float *a = x + (size_t)i * dx, *b = y + (size_t)i * dy;
        for (uint32_t j = 0; j < dx; j++)
            a[j] = (float)mi_rng_normal(&rng);
        for (uint32_t j = 0; j < dy; j++) {
            const double r = j < n_pairs ? rho[j] : 0.0;
            b[j] = (float)(r * (j < n_pairs ? (double)a[j] : 0.0) + sqrt(1.0 - r * r) * mi_rng_normal(&rng));
        }
        for (uint32_t j = dx; j-- > 1;)
            a[j] += 0.7f * a[j - 1];
        for (uint32_t j = dy; j-- > 1;)
            b[j] -= 0.5f * b[j - 1];
    }
}

static void set_ridge(mi_gaussian *g, double ridge)
{
    for (uint32_t j = 0; j < g->dim_x; j++)
        g->ridge_x[j] = ridge;
    for (uint32_t j = 0; j < g->dim_y; j++)
        g->ridge_y[j] = ridge;
}

static fitted fit(uint32_t n, uint32_t dx, uint32_t dy, const double *rho, uint32_t n_pairs, double ridge)
{
    fitted f = {.x = malloc((size_t)n * dx * sizeof(float)), .y = malloc((size_t)n * dy * sizeof(float))};
    sample(f.x, f.y, n, dx, dy, rho, n_pairs, n + dx);
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    mi_gaussian_layout(&f.g, &measured, dx, dy, n);
    mi_gaussian_fit_layout(&f.g, &measured);
    f.arena = arena_like(&measured);
    mi_gaussian_layout(&f.g, &f.arena, dx, dy, n);
    set_ridge(&f.g, ridge);
    f.status = mi_gaussian_fit(&f.g, &f.arena, f.x, f.y, NULL);
    return f;
}

static void fitted_free(fitted *f)
{
    free(f->x);
    free(f->y);
    free(f->arena.base);
}

/* c_G by its formula, from the maps alone. */
static double closed_form(const mi_gaussian *g, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < g->n_canonical; k++) {
        double u = 0.0, v = 0.0;
        for (uint32_t j = 0; j < g->dim_x; j++)
            u += ((double)x[j] - g->mean_x[j]) * g->map_x[j * g->n_canonical + k];
        for (uint32_t j = 0; j < g->dim_y; j++)
            v += ((double)y[j] - g->mean_y[j]) * g->map_y[j * g->n_canonical + k];
        const double r = g->rho[k], left = 1.0 - r * r;
        sum += -0.5 * log(left) - (r * r * (u * u + v * v) - 2.0 * r * u * v) / (2.0 * left);
    }
    return sum;
}

/* With a slope, which scales the log ratio. */
static void check_columns(uint32_t n, uint32_t dx, uint32_t dy, double slope)
{
    static const double rho[] = {0.9, 0.6, 0.3};
    const uint32_t least = dx < dy ? dx : dy;
    fitted f = fit(n, dx, dy, rho, least < 3 ? least : 3, 1e-3);
    ck_assert_int_eq(f.status, MI_OK);
    ck_assert_uint_eq(f.g.width, least + 2);
    mi_gaussian_shrink(&f.g, 1.0);
    ck_assert_double_eq(f.g.slope, 1.0);
    f.g.slope = slope;
    const uint32_t rows = 37, width = f.g.width;
    float *cx = malloc(sizeof *cx * rows * width), *cy = malloc(sizeof *cy * rows * width);
    mi_gaussian_columns_x(&f.g, f.x, rows, cx);
    mi_gaussian_columns_y(&f.g, f.y, rows, cy);
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t j = 0; j < rows; j++) {
            double dot = 0.0;
            for (uint32_t c = 0; c < width; c++)
                dot += (double)cx[i * width + c] * (double)cy[j * width + c];
            const double expected = slope * closed_form(&f.g, f.x + (size_t)i * dx, f.y + (size_t)j * dy);
            ck_assert_double_lt(fabs(dot - expected), 1e-4 * (1.0 + fabs(expected)));
        }
    free(cx);
    free(cy);
    fitted_free(&f);
}

START_TEST(test_inner_product_of_the_columns_is_the_closed_form)
{
    check_columns(500, 1, 1, 1.0);
    check_columns(500, 4, 2, 1.0);
    check_columns(500, 3, 7, 0.4);
    check_columns(900, 150, 80, 1.0); /* several tiles in every direction */
    check_columns(900, 70, 140, 0.8);
}
END_TEST

START_TEST(test_correlations_of_a_known_law_are_recovered)
{
    static const double rho[] = {0.9, 0.5, 0.2};
    fitted f = fit(40000, 5, 3, rho, 3, 1e-6);
    ck_assert_int_eq(f.status, MI_OK);
    for (int k = 0; k < 3; k++)
        ck_assert_double_lt(fabs(f.g.rho_raw[k] - rho[k]), 0.015);
    double truth = 0.0;
    for (int k = 0; k < 3; k++)
        truth -= 0.5 * log(1.0 - rho[k] * rho[k]);
    mi_gaussian_shrink(&f.g, 0.0);
    ck_assert_double_lt(fabs(mi_gaussian_mi(&f.g) - truth), 0.02);
    fitted_free(&f);
}
END_TEST

START_TEST(test_canonical_variates_are_white_and_paired)
{
    static const double rho[] = {0.8, 0.4};
    enum { N = 2000, K = 3 };
    fitted f = fit(N, 4, K, rho, 2, 0.0);
    double uu[K][K] = {{0}}, vv[K][K] = {{0}}, uv[K][K] = {{0}};
    for (uint32_t i = 0; i < N; i++) {
        double u[K] = {0}, v[K] = {0};
        for (uint32_t k = 0; k < K; k++) {
            for (uint32_t j = 0; j < 4; j++)
                u[k] += ((double)f.x[i * 4 + j] - f.g.mean_x[j]) * f.g.map_x[j * K + k];
            for (uint32_t j = 0; j < K; j++)
                v[k] += ((double)f.y[i * K + j] - f.g.mean_y[j]) * f.g.map_y[j * K + k];
        }
        for (uint32_t a = 0; a < K; a++)
            for (uint32_t b = 0; b < K; b++) {
                uu[a][b] += u[a] * u[b] / N;
                vv[a][b] += v[a] * v[b] / N;
                uv[a][b] += u[a] * v[b] / N;
            }
    }
    for (uint32_t a = 0; a < K; a++)
        for (uint32_t b = 0; b < K; b++) {
            ck_assert_double_eq_tol(uu[a][b], a == b, 1e-9);
            ck_assert_double_eq_tol(vv[a][b], a == b, 1e-9);
            ck_assert_double_eq_tol(uv[a][b], a == b ? f.g.rho_raw[a] : 0.0, 1e-9);
        }
    fitted_free(&f);
}
END_TEST

START_TEST(test_shrinkage_follows_its_formula)
{
    static const double rho[] = {0.9, 0.05};
    fitted f = fit(400, 3, 2, rho, 2, 1e-3);
    for (int i = 0; i < MI_GAUSSIAN_SHRINKAGES; i++) {
        const double s = mi_gaussian_shrinkage[i];
        mi_gaussian_shrink(&f.g, s);
        for (uint32_t k = 0; k < 2; k++) {
            const double z = atanh(f.g.rho_raw[k]), left = z * z - s * 5.0 / 1.001 / 400.0;
            ck_assert_double_eq_tol(f.g.rho[k], left > 0.0 ? tanh(sqrt(left)) : 0.0, 1e-12);
        }
    }
    mi_gaussian_shrink(&f.g, (double)INFINITY);
    ck_assert_double_eq(mi_gaussian_mi(&f.g), 0.0);
    float columns[2 * 4];
    mi_gaussian_columns_x(&f.g, f.x, 2, columns);
    for (int i = 0; i < 2; i++) /* independence: a score of zero for every pair */
        ck_assert(columns[i * 4] == 0.0f && columns[i * 4 + 1] == 0.0f && columns[i * 4 + 2] == 0.0f);
    fitted_free(&f);
}
END_TEST

START_TEST(test_score_is_the_log_ratio_of_a_bivariate_normal)
{
    const double rho = 0.7;
    double mean[1] = {0.0}, one[1] = {1.0}, r[1] = {rho};
    const mi_gaussian g = {.dim_x = 1,
                           .dim_y = 1,
                           .n_canonical = 1,
                           .width = 3,
                           .n_train = 100,
                           .mean_x = mean,
                           .mean_y = mean,
                           .map_x = one,
                           .map_y = one,
                           .rho_raw = r,
                           .rho = r,
                           .slope = 1.0};
    mi_rng rng = test_rng(1);
    for (int i = 0; i < 200; i++) {
        const float x = (float)mi_rng_normal(&rng), y = (float)mi_rng_normal(&rng);
        float cx[3], cy[3];
        mi_gaussian_columns_x(&g, &x, 1, cx);
        mi_gaussian_columns_y(&g, &y, 1, cy);
        const double a = (double)x, b = (double)y, left = 1.0 - rho * rho;
        const double log_joint = -0.5 * log(left) - (a * a - 2.0 * rho * a * b + b * b) / (2.0 * left),
                     log_product = -0.5 * (a * a + b * b);
        const double score =
            (double)cx[0] * (double)cy[0] + (double)cx[1] * (double)cy[1] + (double)cx[2] * (double)cy[2];
        ck_assert_double_eq_tol(score, log_joint - log_product, 1e-5);
    }
}
END_TEST

START_TEST(test_singular_and_constant_columns_still_fit)
{
    enum { N = 300, D = 3 };
    static const double rho[] = {0.8};
    fitted f = fit(N, D, D, rho, 1, 1e-3);
    for (uint32_t i = 0; i < N; i++) {
        f.x[i * D + 1] = f.x[i * D]; /* twice the same column */
        f.x[i * D + 2] = 5.0f;       /* no variance in the training rows */
    }
    f.arena.used = 0;
    mi_gaussian_layout(&f.g, &f.arena, D, D, N);
    set_ridge(&f.g, 1e-3);
    ck_assert_int_eq(mi_gaussian_fit(&f.g, &f.arena, f.x, f.y, NULL), MI_OK);
    ck_assert_double_gt(f.g.rho_raw[0], 0.6);
    ck_assert_double_lt(f.g.rho_raw[1], 0.3);
    ck_assert(isfinite(mi_gaussian_mi(&f.g)));
    mi_error err;
    f.arena.used = 0;
    mi_gaussian_layout(&f.g, &f.arena, D, D, N);
    set_ridge(&f.g, 1e-3);
    f.x[0] = (float)NAN; /* cannot come from prepared data; a decomposition that fails says so */
    ck_assert_int_eq(mi_gaussian_fit(&f.g, &f.arena, f.x, f.y, &err), MI_NUMERIC);
    fitted_free(&f);
}
END_TEST

START_TEST(test_units_of_the_columns_do_not_matter)
{
    enum { N = 1000, D = 3 };
    static const double rho[] = {0.8, 0.3};
    fitted f = fit(N, D, D, rho, 2, 1e-3);
    double before[D];
    for (int k = 0; k < D; k++)
        before[k] = f.g.rho_raw[k];
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < D; j++)
            f.x[i * D + j] *= j == 0 ? 0x1p-20f : 0x1p30f;
    f.arena.used = 0;
    mi_gaussian_layout(&f.g, &f.arena, D, D, N);
    set_ridge(&f.g, 1e-3);
    ck_assert_int_eq(mi_gaussian_fit(&f.g, &f.arena, f.x, f.y, NULL), MI_OK);
    for (int k = 0; k < D; k++)
        ck_assert_double_eq_tol(f.g.rho_raw[k], before[k], 1e-9);
    fitted_free(&f);
}
END_TEST

/* A ridge is a column's own: one of them can go without the others. */
START_TEST(test_a_large_ridge_takes_a_column_out)
{
    enum { N = 1000, D = 2 };
    static const double rho[] = {0.5, 0.9};
    fitted f = fit(N, D, D, rho, D, 0.0);
    ck_assert_double_gt(f.g.rho_raw[0], 0.85);
    f.arena.used = 0;
    mi_gaussian_layout(&f.g, &f.arena, D, D, N);
    set_ridge(&f.g, 0.0);
    f.g.ridge_x[1] = 1e9;
    ck_assert_int_eq(mi_gaussian_fit(&f.g, &f.arena, f.x, f.y, NULL), MI_OK);
    mi_gaussian_shrink(&f.g, 0.0);
    ck_assert_double_eq_tol(f.g.rho_raw[0], 0.5, 0.07);
    ck_assert_double_lt(f.g.rho_raw[1], 1e-3);
    const double before = closed_form(&f.g, f.x, f.y);
    f.x[1] += 1.0f;
    ck_assert_double_eq_tol(closed_form(&f.g, f.x, f.y), before, 1e-3);
    fitted_free(&f);
}
END_TEST

int main(void)
{
    RUN_TESTS("gaussian", test_inner_product_of_the_columns_is_the_closed_form,
              test_correlations_of_a_known_law_are_recovered, test_canonical_variates_are_white_and_paired,
              test_shrinkage_follows_its_formula, test_score_is_the_log_ratio_of_a_bivariate_normal,
              test_singular_and_constant_columns_still_fit, test_units_of_the_columns_do_not_matter,
              test_a_large_ridge_takes_a_column_out);
}
