#include "critic_bench.h"

#include "critic_twin.h"
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Small; wider than a vector; more pairs than a block; no hidden layer; all of them; either side the wider.
 */
static const critic_shape shapes[] = {
    {MI_CRITIC_SEPARABLE, 2, {7, 5}, 3, 4, 3, 0, 6},
    {MI_CRITIC_SEPARABLE, 2, {7, 5}, 3, 4, 3, 2, 6},
    {MI_CRITIC_SEPARABLE, 2, {40, 33}, 17, 20, 9, 11, 33},
    {MI_CRITIC_SEPARABLE, 0, {0}, 5, 6, 4, 3, 8},
    {MI_CRITIC_SEPARABLE, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 4, 3, 3, 0, 5},
    {MI_CRITIC_JOINT, 2, {7, 5}, 0, 4, 3, 0, 6},
    {MI_CRITIC_JOINT, 2, {7, 5}, 0, 4, 3, 2, 6},
    {MI_CRITIC_JOINT, 2, {40, 33}, 0, 20, 9, 11, 33},
    {MI_CRITIC_JOINT, 1, {9}, 0, 5, 2, 3, 8},
    {MI_CRITIC_JOINT, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 0, 3, 3, 0, 5},
    {MI_CRITIC_BILINEAR, 2, {7, 5}, 0, 4, 3, 0, 6},
    {MI_CRITIC_BILINEAR, 2, {7, 5}, 0, 3, 4, 2, 6},
    {MI_CRITIC_BILINEAR, 1, {40}, 0, 20, 33, 11, 33},
    {MI_CRITIC_BILINEAR, 0, {0}, 0, 5, 5, 3, 8},
    {MI_CRITIC_COSINE, 2, {7, 5}, 3, 4, 3, 0, 6},
    {MI_CRITIC_COSINE, 2, {7, 5}, 3, 4, 3, 2, 6},
    {MI_CRITIC_COSINE, 2, {40, 33}, 17, 20, 9, 11, 33},
    {MI_CRITIC_COSINE, 0, {0}, 5, 6, 4, 3, 8},
    {MI_CRITIC_COSINE, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 4, 3, 3, 0, 5},
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

static mi_critic_spec spec_of(const critic_setup *s)
{
    mi_critic_spec spec = {.type = s->shape.type,
                           .n_hidden = s->shape.n_hidden,
                           .embed = s->shape.embed,
                           .baseline = s->baseline,
                           .temperature = 0.6,
                           .learn_temperature = !s->fixed_temperature,
                           .y_offset = s->y_offset,
                           .precision = s->precision,
                           .kernels = s->kernels};
    memcpy(spec.hidden, s->shape.hidden, sizeof spec.hidden);
    return spec;
}

float *normals(size_t n, uint32_t stream)
{
    float *out = malloc((n ? n : 1) * sizeof *out);
    ck_assert(out != NULL);
    fill_normal(out, n, stream);
    return out;
}

void widen(critic_bench *b)
{
    for (size_t p = 0; p < b->critic.n_params; p++)
        b->wide[p] = (double)b->params[p];
}

critic_bench critic_bench_new(const critic_setup *s)
{
    critic_bench b = {.batch = s->shape.batch};
    const mi_critic_spec spec = spec_of(s);
    mi_arena arena;
    mi_arena_init(&arena, NULL, 0);
    ck_assert_int_eq(mi_critic_layout(&b.critic, &arena, &spec, s->shape.dim_x, s->shape.dim_y, s->shape.base,
                                      s->shape.batch, NULL),
                     MI_OK);
    arena = arena_like(&arena);
    b.memory = arena.base;
    ck_assert_int_eq(mi_critic_layout(&b.critic, &arena, &spec, s->shape.dim_x, s->shape.dim_y, s->shape.base,
                                      s->shape.batch, NULL),
                     MI_OK);
    const size_t n = b.critic.n_params, pairs = (size_t)s->shape.batch * s->shape.batch;
    b.params = malloc(n * sizeof(float));
    b.grad = malloc(n * sizeof(float));
    b.wide = malloc(n * sizeof(double));
    b.scores = malloc(pairs * sizeof(float));
    b.grad_scores = malloc(pairs * sizeof(float));
    b.wide_scores = malloc(pairs * sizeof(double));
    ck_assert(b.params && b.grad && b.wide && b.scores && b.grad_scores && b.wide_scores);
    b.x = normals((size_t)s->shape.batch * s->shape.dim_x, 1);
    b.y = normals((size_t)s->shape.batch * s->shape.dim_y, 2);
    b.base_x = s->shape.base ? normals((size_t)s->shape.batch * s->shape.base, 3) : NULL;
    b.base_y = s->shape.base ? normals((size_t)s->shape.batch * s->shape.base, 4) : NULL;
    b.linear = normals(pairs, 16);
    mi_rng rng = test_rng(5);
    mi_critic_init(&b.critic, &rng, b.params);
    for (size_t p = 0; p < n; p++) /* what starts at zero as well */
        b.params[p] += 0.2f * (float)mi_rng_normal(&rng);
    widen(&b);
    return b;
}

critic_bench critic_bench_at_start(const critic_setup *s)
{
    critic_setup with = *s;
    with.baseline = MI_BASELINE_GAUSSIAN;
    critic_bench b = critic_bench_new(&with);
    mi_rng rng = test_rng(12);
    mi_critic_init(&b.critic, &rng, b.params);
    widen(&b);
    return b;
}

void critic_bench_free(critic_bench *b)
{
    void *owned[] = {b->memory, b->params, b->grad,   b->wide,        b->x,           b->y,
                     b->base_x, b->base_y, b->scores, b->grad_scores, b->wide_scores, b->linear};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
}

double twin_of(const critic_bench *b, size_t i, size_t j)
{
    const mi_critic *c = &b->critic;
    const twin_input in = {
        b->x + i * c->dim[0],
        b->y + j * c->dim[1],
        c->base ? b->base_x + i * c->base : NULL,
        c->base ? b->base_y + j * c->base : NULL,
    };
    return twin_score(c, b->wide, &in);
}

void twin_scores(const critic_bench *b)
{
    for (size_t i = 0; i < b->batch; i++)
        for (size_t j = 0; j < b->batch; j++)
            b->wide_scores[i * b->batch + j] = twin_of(b, i, j);
}

void close_to(double got, double want, double tolerance)
{
    ck_assert_msg(fabs(got - want) <= tolerance * (1 + fabs(want)), "got %.9g, want %.9g", got, want);
}

void for_every_critic(void (*run)(const critic_setup *s))
{
    for (size_t i = 0; i < N_SHAPES; i++)
        for (int y_offset = 0; y_offset < 2; y_offset++)
            for (int fixed = 0; fixed <= (shapes[i].type == MI_CRITIC_COSINE); fixed++) {
                const critic_setup s = {
                    shapes[i], shapes[i].base > 0 ? MI_BASELINE_GAUSSIAN : MI_BASELINE_NONE, y_offset, fixed};
                run(&s);
            }
}

void forward(critic_bench *b)
{
    mi_critic_forward(&b->critic, b->params, b->x, b->y, b->base_x, b->base_y, b->batch, b->scores);
}
