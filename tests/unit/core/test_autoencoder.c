/*
 * The paired autoencoders against their definition: one row at a time, in double, without BLAS.
 */
#include "autoencoder.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { DIM_X = 5, DIM_Y = 3, CODE = 2, WIDTH = 12, ROWS = 7, WIDEST = 16 };

typedef struct bench {
    mi_autoencoder a;
    mi_arena arena;
    float *params, *grad;
    float x[ROWS * DIM_X], y[ROWS * DIM_Y];
} bench;

static void bench_open(bench *b)
{
    const uint32_t dim[2] = {DIM_X, DIM_Y};
    mi_arena measured;
    mi_rng rng = test_rng(1);
    mi_arena_init(&measured, NULL, 0);
    ck_assert_int_eq(mi_autoencoder_layout(&b->a, &measured, dim, CODE, WIDTH, ROWS, NULL), MI_OK);
    b->arena = arena_like(&measured);
    ck_assert_int_eq(mi_autoencoder_layout(&b->a, &b->arena, dim, CODE, WIDTH, ROWS, NULL), MI_OK);
    b->a.self_weight = 0.7;
    b->a.cross_weight = 1.3;
    b->params = malloc(sizeof(float) * b->a.n_params);
    b->grad = malloc(sizeof(float) * b->a.n_params);
    mi_autoencoder_init(&b->a, &rng, b->params);
    for (size_t i = 0; i < b->a.n_params; i++) /* biases too */
        b->params[i] += (float)(0.1 * mi_rng_normal(&rng));
    fill_normal(b->x, ROWS * DIM_X, 2);
    fill_normal(b->y, ROWS * DIM_Y, 3);
}

static void bench_close(bench *b)
{
    free(b->params);
    free(b->grad);
    free(b->arena.base);
}

/* A tower on one row: v (WIDEST) in and out. factor[l] of the row's inputs; leaky at the end as well if
 * asked. */
static void tower(const double *params, const uint32_t *dims, uint32_t n_layers, const double *const *factor,
                  int active_end, double *v)
{
    for (uint32_t l = 0; l < n_layers; l++) {
        double next[WIDEST];
        const double *bias = params + dims[l] * dims[l + 1];
        for (uint32_t o = 0; o < dims[l + 1]; o++) {
            next[o] = bias[o];
            for (uint32_t i = 0; i < dims[l]; i++)
                next[o] += v[i] * (factor ? factor[l][i] : 1.0) * params[i * dims[l + 1] + o];
            if ((l + 1 < n_layers || active_end) && next[o] < 0.0)
                next[o] *= 0.2;
        }
        memcpy(v, next, sizeof next);
        params = bias + dims[l + 1];
    }
}

/* factors[c][l] (ROWS, width of layer l's input) of the decoders xy and yx. */
typedef double dropout[2][4][ROWS * WIDEST];

static double twin_loss(const mi_autoencoder *a, const double *params, const float *x, const float *y,
                        dropout *drop)
{
    static const uint32_t dim[2] = {DIM_X, DIM_Y};
    const float *const rows[2] = {x, y};
    double loss = 0.0;
    for (uint32_t row = 0; row < ROWS; row++)
        for (int from = 0; from < 2; from++) {
            const uint32_t down[] = {dim[from], WIDTH, WIDTH / 2, WIDTH / 4, CODE};
            double code[WIDEST] = {0};
            for (uint32_t c = 0; c < dim[from]; c++)
                code[c] = (double)rows[from][row * dim[from] + c];
            tower(params + a->encoder_at[from], down, 4, NULL, 1, code);
            for (int to = 0; to < 2; to++) {
                const uint32_t up[] = {CODE, WIDTH / 4, WIDTH / 2, WIDTH, dim[to]};
                double out[WIDEST];
                const double *factor[4];
                for (uint32_t l = 0; drop && l < 4; l++)
                    factor[l] = (*drop)[from][l] + row * up[l];
                memcpy(out, code, sizeof out);
                tower(params + a->decoder_at[from][to], up, 4, drop && from != to ? factor : NULL, 0, out);
                for (uint32_t c = 0; c < dim[to]; c++) {
                    const double off = out[c] - (double)rows[to][row * dim[to] + c];
                    loss += (from == to ? a->self_weight : a->cross_weight) * off * off / (ROWS * dim[to]);
                }
            }
        }
    return loss;
}

/* The same draws as training makes. */
static void twin_dropout(mi_rng rng, dropout *drop)
{
    static const uint32_t width[] = {CODE, WIDTH / 4, WIDTH / 2, WIDTH};
    for (int from = 0; from < 2; from++)
        for (uint32_t l = 0; l < 4; l++) {
            float factor[ROWS * WIDEST];
            mi_autoencoder_draw_dropout(&rng, factor, ROWS * width[l]);
            for (uint32_t i = 0; i < ROWS * width[l]; i++)
                (*drop)[from][l][i] = (double)factor[i];
        }
}

/* Every gradient against a difference of the twin. */
static void check_loss_and_gradient(int training)
{
    bench b;
    bench_open(&b);
    mi_rng rng = test_rng(4), same = rng;
    static dropout drop;
    twin_dropout(same, &drop);
    double *params = malloc(sizeof *params * b.a.n_params), largest = 0.0;
    for (size_t i = 0; i < b.a.n_params; i++)
        params[i] = (double)b.params[i];

    const double loss = mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, training ? &rng : NULL, b.grad);
    ck_assert_double_eq_tol(loss, twin_loss(&b.a, params, b.x, b.y, training ? &drop : NULL), 1e-5 * loss);
    for (size_t i = 0; i < b.a.n_params; i++)
        largest = fmax(largest, fabs((double)b.grad[i]));
    for (size_t i = 0; i < b.a.n_params; i++) {
        const double step = 1e-5, kept = params[i];
        params[i] = kept + step;
        const double up = twin_loss(&b.a, params, b.x, b.y, training ? &drop : NULL);
        params[i] = kept - step;
        const double down = twin_loss(&b.a, params, b.x, b.y, training ? &drop : NULL);
        params[i] = kept;
        ck_assert_msg(fabs((up - down) / (2.0 * step) - (double)b.grad[i]) < 1e-5 * largest,
                      "parameter %zu: %g, by differences %g", i, (double)b.grad[i],
                      (up - down) / (2.0 * step));
    }
    free(params);
    bench_close(&b);
}

START_TEST(test_loss_and_every_gradient_equal_the_definition)
{
    check_loss_and_gradient(0);
    check_loss_and_gradient(1);
}
END_TEST

START_TEST(test_the_loss_alone_is_the_same)
{
    bench b;
    bench_open(&b);
    mi_rng rng = test_rng(4), same = rng;
    ck_assert_double_eq(mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, &rng, NULL),
                        mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, &same, b.grad));
    /* Dropout of a step is gone in the next one without. */
    const double plain = mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, NULL, NULL);
    mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, &rng, b.grad);
    ck_assert_double_eq(mi_autoencoder_loss(&b.a, b.params, b.x, b.y, ROWS, NULL, NULL), plain);
    bench_close(&b);
}
END_TEST

START_TEST(test_codes_of_many_rows_are_those_of_each)
{
    enum { MANY = 3 * ROWS + 2 };
    bench b;
    bench_open(&b);
    float rows[MANY * DIM_Y], codes[MANY * CODE], one[CODE];
    fill_normal(rows, MANY * DIM_Y, 5);
    mi_autoencoder_encode(&b.a, b.params, MI_SIDE_Y, rows, MANY, codes);
    for (uint32_t i = 0; i < MANY; i++) {
        mi_autoencoder_encode(&b.a, b.params, MI_SIDE_Y, rows + i * DIM_Y, 1, one);
        for (uint32_t c = 0; c < CODE; c++)
            ck_assert_double_eq_tol((double)codes[i * CODE + c], (double)one[c], 1e-5);
    }
    bench_close(&b);
}
END_TEST

START_TEST(test_dropout_keeps_half_and_the_mean)
{
    enum { N = 100003 };
    static float factor[N];
    mi_rng rng = test_rng(6);
    mi_autoencoder_draw_dropout(&rng, factor, N);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(factor[i] == 0.0f || factor[i] == 2.0f);
        kept += factor[i] != 0.0f;
    }
    ck_assert_double_lt(fabs(kept / (double)N - 0.5), 5.0 * 0.5 / sqrt(N));
}
END_TEST

START_TEST(test_weights_start_within_xaviers_bounds)
{
    bench b;
    bench_open(&b);
    mi_rng rng = test_rng(7);
    mi_autoencoder_init(&b.a, &rng, b.params);
    const mi_mlp *mlp = &b.a.decoder[0][1];
    for (uint32_t l = 0; l < mlp->n_layers; l++) {
        const float *layer = b.params + b.a.decoder_at[0][1];
        const double bound = sqrt(6.0 / (mlp->dim[l] + mlp->dim[l + 1]));
        double largest = 0.0;
        for (size_t i = mlp->weights[l]; i < mlp->biases[l]; i++)
            largest = fmax(largest, fabs((double)layer[i]));
        ck_assert(largest <= bound && largest > 0.5 * bound);
        for (size_t i = 0; i < mlp->dim[l + 1]; i++)
            ck_assert(layer[mlp->biases[l] + i] == 0.0f);
    }
    bench_close(&b);
}
END_TEST

int main(void)
{
    RUN_TESTS("autoencoder", test_loss_and_every_gradient_equal_the_definition,
              test_the_loss_alone_is_the_same, test_codes_of_many_rows_are_those_of_each,
              test_dropout_keeps_half_and_the_mean, test_weights_start_within_xaviers_bounds);
}
