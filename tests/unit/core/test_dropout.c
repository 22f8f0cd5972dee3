#include "mlp.h"
#include "testing.h"
#include "vecmath.h"

#include <math.h>
#include <string.h>

enum { N = 6, IN = 3, HIDDEN = 9, OUT = 2 };

typedef struct bench {
    mi_mlp mlp;
    mi_mlp_hidden hidden;
    float params[512], grad[512], input[N * IN], out[N * OUT], weight[N * OUT], units[2][N * HIDDEN];
    float scratch[2][N * HIDDEN];
    double wide[512];
} bench;

static bench *bench_new(void)
{
    static const uint32_t hidden[] = {HIDDEN, HIDDEN};
    bench *b = calloc(1, sizeof *b);
    mi_rng rng = test_rng(9);
    ck_assert_int_eq(mi_mlp_shape(&b->mlp, IN, hidden, 2, OUT, NULL), MI_OK);
    ck_assert_uint_le(b->mlp.n_params, 512);
    for (size_t p = 0; p < b->mlp.n_params; p++)
        b->wide[p] = (double)(b->params[p] = (float)mi_rng_normal(&rng));
    for (int i = 0; i < N * IN; i++)
        b->input[i] = (float)mi_rng_normal(&rng);
    for (int i = 0; i < N * OUT; i++)
        b->weight[i] = (float)mi_rng_normal(&rng);
    b->hidden = (mi_mlp_hidden){.layer = {b->units[0], b->units[1]}, .dropout = {0.3, 1234567u}};
    return b;
}

/* What dropout makes of ones is its mask. */
static void mask_of(const bench *b, uint32_t layer, float mask[N * HIDDEN])
{
    const mi_mlp_dropout *d = &b->hidden.dropout;
    for (int k = 0; k < N * HIDDEN; k++)
        mask[k] = 1.0f;
    mi_vec_drop(mask, N * HIDDEN, 0, d->key + 0x9e3779b9u * (layer + 1), (uint32_t)(d->rate * 0x1p32),
                (float)(1.0 / (1.0 - d->rate)));
}

/* sum of weight * output, of the definition. */
static double twin_loss(const bench *b)
{
    double loss = 0.0;
    float mask[2][N * HIDDEN];
    mask_of(b, 0, mask[0]);
    mask_of(b, 1, mask[1]);
    for (int i = 0; i < N; i++) {
        double in[HIDDEN] = {0}, out[HIDDEN] = {0};
        for (int j = 0; j < IN; j++)
            in[j] = (double)b->input[i * IN + j];
        for (uint32_t l = 0; l < 3; l++) {
            for (uint32_t m = 0; m < b->mlp.dim[l + 1]; m++) {
                out[m] = b->wide[b->mlp.biases[l] + m];
                for (uint32_t k = 0; k < b->mlp.dim[l]; k++)
                    out[m] += in[k] * b->wide[b->mlp.weights[l] + k * b->mlp.dim[l + 1] + m];
                if (l < 2)
                    out[m] = fmax(out[m], 0.0) * (double)mask[l][i * HIDDEN + (int)m];
            }
            memcpy(in, out, sizeof in);
        }
        for (int m = 0; m < OUT; m++)
            loss += (double)b->weight[i * OUT + m] * in[m];
    }
    return loss;
}

START_TEST(test_gradient_through_dropped_units_matches_finite_differences)
{
    bench *b = bench_new();
    float *const scratch[2] = {b->scratch[0], b->scratch[1]};
    double loss = 0.0;
    mi_mlp_forward(&b->mlp, b->params, b->input, N, &b->hidden, b->out, OUT);
    for (int i = 0; i < N * OUT; i++)
        loss += (double)b->weight[i] * (double)b->out[i];
    ck_assert_double_eq_tol(loss, twin_loss(b), 1e-3);
    mi_mlp_backward(&b->mlp, b->params, b->input, N, &b->hidden, b->weight, OUT, scratch, 0, b->grad, NULL);
    for (size_t p = 0; p < b->mlp.n_params; p++) {
        const double h = 1e-6, before = b->wide[p];
        b->wide[p] = before + h;
        const double up = twin_loss(b);
        b->wide[p] = before - h;
        const double want = (up - twin_loss(b)) / (2 * h);
        b->wide[p] = before;
        ck_assert_double_eq_tol((double)b->grad[p], want, 1e-3 * fmax(1.0, fabs(want)));
    }
    free(b);
}
END_TEST

START_TEST(test_units_are_dropped_at_their_rate_and_the_mean_stays)
{
    enum { M = 100000 };
    float *ones = malloc(M * sizeof *ones), *others = malloc(M * sizeof *others);
    double sum = 0.0;
    int dropped = 0, alike = 0;
    for (int i = 0; i < M; i++)
        ones[i] = others[i] = 1.0f;
    mi_vec_drop(ones, M, 0, 11, (uint32_t)(0.2 * 0x1p32), 1.25f);
    mi_vec_drop(others, M, 0, 12, (uint32_t)(0.2 * 0x1p32), 1.25f);
    for (int i = 0; i < M; i++) {
        dropped += ones[i] == 0.0f;
        alike += ones[i] == 0.0f && others[i] == 0.0f;
        sum += (double)ones[i];
    }
    ck_assert_double_eq_tol(dropped / (double)M, 0.2, 0.005); /* 4 standard errors */
    ck_assert_double_eq_tol(alike / (double)M, 0.04, 0.0025);
    ck_assert_double_eq_tol(sum / M, 1.0, 0.007);
    /* in pieces the same */
    for (int i = 0; i < M; i++)
        others[i] = 1.0f;
    mi_vec_drop(others, 333, 0, 11, (uint32_t)(0.2 * 0x1p32), 1.25f);
    mi_vec_drop(others + 333, M - 333, 333, 11, (uint32_t)(0.2 * 0x1p32), 1.25f);
    ck_assert(memcmp(ones, others, M * sizeof *ones) == 0);
    free(ones);
    free(others);
}
END_TEST

int main(void)
{
    RUN_TESTS("dropout", test_gradient_through_dropped_units_matches_finite_differences,
              test_units_are_dropped_at_their_rate_and_the_mean_stays);
}
