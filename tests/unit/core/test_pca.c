#include "pca.h"
#include "testing.h"

#include <math.h>
#include <string.h>

typedef struct problem {
    uint32_t n, dim;
    float *data;
    uint32_t *rows, *columns;
    double *mean, *scale;
    mi_pca_input in;
} problem;

/* Correlated columns with variances of their own; standardised by the input's mean and scale. */
static problem problem_of(uint32_t n, uint32_t dim, uint32_t stream)
{
    problem p = {.n = n,
                 .dim = dim,
                 .data = malloc((size_t)n * dim * sizeof *p.data),
                 .rows = malloc(n * sizeof *p.rows),
                 .columns = malloc(dim * sizeof *p.columns),
                 .mean = calloc(dim, sizeof *p.mean),
                 .scale = calloc(dim, sizeof *p.scale)};
    fill_normal(p.data, (size_t)n * dim, stream);
    for (uint32_t i = 0; i < n; i++) {
        p.rows[i] = i;
        for (uint32_t j = 1; j < dim; j++)
            p.data[i * dim + j] += (float)(1.0 + 1.0 / j) * p.data[i * dim + j / 3];
    }
    for (uint32_t j = 0; j < dim; j++) {
        p.columns[j] = j;
        for (uint32_t i = 0; i < n; i++)
            p.mean[j] += (double)p.data[i * dim + j] / n;
        for (uint32_t i = 0; i < n; i++)
            p.scale[j] += pow((double)p.data[i * dim + j] - p.mean[j], 2.0) / (n - 1.0);
        p.scale[j] = 1.0 / sqrt(p.scale[j]);
    }
    p.in = (mi_pca_input){{.data = p.data, .cols = dim}, p.rows, p.columns, n, dim, p.mean, p.scale};
    return p;
}

static void problem_free(problem *p)
{
    free(p->data);
    free(p->rows);
    free(p->columns);
    free(p->mean);
    free(p->scale);
}

static void fit(const problem *p, float *components, double *variance, uint32_t *kept)
{
    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    mi_pca_fit_layout(&measured, p->n, p->dim, *kept);
    mi_arena arena = arena_like(&measured);
    ck_assert_int_eq(mi_pca_fit(&p->in, &arena, components, variance, kept, NULL), MI_OK);
    ck_assert_uint_eq(arena.used, 0);
    free(arena.base);
}

/* The naive twin: cyclic Jacobi rotations of the covariance until nothing is off the diagonal. vector (dim,
 * dim) by column. */
static void jacobi(double *a, double *vector, uint32_t dim)
{
    memset(vector, 0, sizeof *vector * dim * dim);
    for (uint32_t j = 0; j < dim; j++)
        vector[j * dim + j] = 1.0;
    for (int sweep = 0; sweep < 60; sweep++) {
        for (uint32_t p = 0; p < dim; p++) {
            for (uint32_t q = p + 1; q < dim; q++) {
                if (fabs(a[p * dim + q]) < 1e-300)
                    continue;
                const double theta = (a[q * dim + q] - a[p * dim + p]) / (2.0 * a[p * dim + q]);
                const double t = copysign(1.0, theta) / (fabs(theta) + sqrt(theta * theta + 1.0));
                const double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
                for (uint32_t k = 0; k < dim; k++) {
                    const double kp = a[k * dim + p], kq = a[k * dim + q];
                    a[k * dim + p] = c * kp - s * kq;
                    a[k * dim + q] = s * kp + c * kq;
                }
                for (uint32_t k = 0; k < dim; k++) {
                    const double pk = a[p * dim + k], qk = a[q * dim + k];
                    a[p * dim + k] = c * pk - s * qk;
                    a[q * dim + k] = s * pk + c * qk;
                }
                for (uint32_t k = 0; k < dim; k++) {
                    const double kp = vector[k * dim + p], kq = vector[k * dim + q];
                    vector[k * dim + p] = c * kp - s * kq;
                    vector[k * dim + q] = s * kp + c * kq;
                }
            }
        }
    }
}

static void compare_with_jacobi(uint32_t n, uint32_t dim, uint32_t k)
{
    problem p = problem_of(n, dim, n);
    float *components = malloc(sizeof *components * dim * k);
    double *variance = malloc(sizeof *variance * k), *cov = calloc((size_t)dim * dim, sizeof *cov),
           *vector = malloc(sizeof *vector * dim * dim);
    uint32_t kept = k;
    fit(&p, components, variance, &kept);
    ck_assert_uint_eq(kept, k);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t a = 0; a < dim; a++)
            for (uint32_t b = 0; b < dim; b++)
                cov[a * dim + b] += ((double)p.data[i * dim + a] - p.mean[a]) * p.scale[a] *
                                    ((double)p.data[i * dim + b] - p.mean[b]) * p.scale[b] / (n - 1.0);
    jacobi(cov, vector, dim);
    for (uint32_t c = 0; c < k; c++) {
        uint32_t best = 0; /* the c-th largest eigenvalue */
        for (uint32_t j = 0; j < dim; j++)
            if (cov[j * dim + j] > cov[best * dim + best])
                best = j;
        ck_assert_double_eq_tol(variance[c] / cov[best * dim + best], 1.0, 1e-9);
        double dot = 0.0, largest = 0.0;
        for (uint32_t j = 0; j < dim; j++) {
            const double entry = (double)components[j * k + c];
            dot += entry * vector[j * dim + best];
            largest = fabs(entry) > fabs(largest) ? entry : largest;
        }
        ck_assert_double_eq_tol(fabs(dot), 1.0, 1e-5);
        ck_assert_double_gt(largest, 0.0);
        cov[best * dim + best] = -1.0;
    }
    free(components);
    free(variance);
    free(cov);
    free(vector);
    problem_free(&p);
}

START_TEST(test_components_agree_with_jacobi_when_rows_are_many)
{
    compare_with_jacobi(300, 9, 4);
    compare_with_jacobi(129, 20, 19);
}
END_TEST

START_TEST(test_components_agree_with_jacobi_when_columns_are_many)
{
    compare_with_jacobi(20, 50, 6);
    compare_with_jacobi(12, 140, 11);
}
END_TEST

START_TEST(test_directions_of_rounding_error_are_not_kept)
{
    problem p = problem_of(50, 8, 3);
    for (uint32_t i = 0; i < p.n; i++)
        for (uint32_t j = 3; j < 8; j++) {
            p.data[i * 8 + j] = p.data[i * 8 + j % 3]; /* rank 3 */
            p.mean[j] = p.mean[j % 3];
            p.scale[j] = p.scale[j % 3];
        }
    float components[8 * 7];
    double variance[7];
    uint32_t kept = 7;
    fit(&p, components, variance, &kept);
    ck_assert_uint_eq(kept, 3);
    problem_free(&p);
}
END_TEST

START_TEST(test_equal_variances_give_orthonormal_components)
{
    enum { N = 64, D = 64, K = 20 };
    problem p = problem_of(N, D, 5);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < D; j++)
            p.data[i * D + j] = i == j; /* one-hot: all eigenvalues but one are the same */
    for (uint32_t j = 0; j < D; j++) {
        p.mean[j] = 1.0 / N;
        p.scale[j] = sqrt(N);
    }
    static float components[D * K];
    double variance[K];
    uint32_t kept = K;
    fit(&p, components, variance, &kept);
    ck_assert_uint_eq(kept, K);
    for (uint32_t a = 0; a < K; a++)
        for (uint32_t b = 0; b <= a; b++) {
            double dot = 0.0;
            for (uint32_t j = 0; j < D; j++)
                dot += (double)components[j * K + a] * (double)components[j * K + b];
            ck_assert_double_eq_tol(dot, a == b, 1e-5);
        }
    problem_free(&p);
}
END_TEST

int main(void)
{
    RUN_TESTS("pca", test_components_agree_with_jacobi_when_rows_are_many,
              test_components_agree_with_jacobi_when_columns_are_many,
              test_directions_of_rounding_error_are_not_kept,
              test_equal_variances_give_orthonormal_components);
}
