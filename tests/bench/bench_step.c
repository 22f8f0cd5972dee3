/*
 * Optimiser steps per second of the separable critic (d = 20, towers 20-256-256-32, anchor loss), beside a
 * baseline of the same run: the step's matrix products alone, through the same BLAS on one thread. The ratio
 * says how much of a step is not waste.
 *
 *     build/release/tests/bench/bench_step        one JSON line a batch size
 */
#include "mi/info.h"
#include "trainer.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DIM          20u
#define HIDDEN       256
#define EMBED        32
#define ALTERNATIONS 5
#define SECONDS      0.4 /* of one side of an alternation */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(float *out, size_t n, uint32_t stream)
{
    mi_rng rng;
    mi_rng_init(&rng, 1, 0, 0, MI_PURPOSE_TEST, stream);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mi_rng_normal(&rng);
}

typedef struct bench {
    mi_spec spec;
    mi_arena arena;
    mi_critic critic;
    mi_trainer trainer;
    float *x, *y;
    float *a, *b, *c; /* of the baseline's products, large enough for any of them */
} bench;

static void layout(bench *s)
{
    const size_t batch = s->spec.train.batch, most = batch > HIDDEN ? batch : HIDDEN;
    mi_critic_layout(&s->critic, &s->arena, &s->spec.critic, DIM, DIM, 0, (uint32_t)batch, NULL);
    mi_trainer_layout(&s->trainer, &s->arena, &s->critic, &s->spec.train, &s->spec.objective);
    s->x = MI_TAKE(&s->arena, float, batch *DIM);
    s->y = MI_TAKE(&s->arena, float, batch *DIM);
    s->a = MI_TAKE(&s->arena, float, most *most);
    s->b = MI_TAKE(&s->arena, float, most *most);
    s->c = MI_TAKE(&s->arena, float, most *most);
}

static void open_bench(bench *s, uint32_t batch)
{
    mi_spec_from_recipe(&s->spec, MI_RECIPE_DEFAULT);
    s->spec.train.batch = batch;
    s->spec.critic.baseline = MI_BASELINE_NONE;
    mi_arena_init(&s->arena, NULL, 0);
    layout(s);
    const size_t bytes = (s->arena.peak + 63) / 64 * 64;
    mi_arena_init(&s->arena, aligned_alloc(64, bytes), bytes);
    layout(s);
    mi_rng rng;
    mi_rng_init(&rng, 1, 0, 0, MI_PURPOSE_WEIGHTS, 0);
    mi_critic_init(&s->critic, &rng, s->trainer.weights);
    mi_trainer_start(&s->trainer);
    fill(s->x, (size_t)batch * DIM, 1);
    fill(s->y, (size_t)batch * DIM, 2);
    const size_t most = batch > HIDDEN ? batch : HIDDEN;
    fill(s->a, most * most, 3);
    fill(s->b, most * most, 4);
}

static void product(const bench *s, int m, int n, int k)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, s->a, k, s->b, n, 0.0f, s->c, n);
}

/* Every product of a step: forward, gradient of the inputs and of the weights of both towers; scores and
 * their two gradients. */
static void products(const bench *s)
{
    const int b = (int)s->spec.train.batch, widths[] = {(int)DIM, HIDDEN, HIDDEN, EMBED};
    for (int tower = 0; tower < 2; tower++)
        for (int l = 0; l < 3; l++) {
            product(s, b, widths[l + 1], widths[l]);
            product(s, widths[l], widths[l + 1], b);
            if (l > 0)
                product(s, b, widths[l], widths[l + 1]);
        }
    product(s, b, b, EMBED);
    product(s, b, EMBED, b);
    product(s, b, EMBED, b);
}

static double rate(bench *s, int whole)
{
    double loss = 0.0, diagonal = 0.0, began = now(), elapsed = 0.0;
    unsigned done = 0;
    for (; (elapsed = now() - began) < SECONDS; done++) {
        if (!whole)
            products(s);
        else if (mi_trainer_step(&s->trainer, s->x, s->y, NULL, NULL, s->spec.train.batch, &loss, &diagonal,
                                 NULL) != MI_OK)
            abort();
    }
    return done / elapsed;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static const uint32_t batches[] = {64, 128, 256, 512};
    mi_build_info info;
    mi_blas_setup(NULL);
    mi_build_info_get(&info);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        bench s;
        double steps[ALTERNATIONS], ratio[ALTERNATIONS];
        open_bench(&s, batches[i]);
        for (int k = 0; k < ALTERNATIONS; k++) {
            steps[k] = rate(&s, 1);
            ratio[k] = steps[k] / rate(&s, 0);
        }
        qsort(steps, ALTERNATIONS, sizeof *steps, ascending);
        qsort(ratio, ALTERNATIONS, sizeof *ratio, ascending);
        printf("{\"bench\":\"step\",\"critic\":\"separable\",\"batch\":%u,\"kernel\":\"%s\",\"steps_per_s\":%"
               ".0f,\"baseline\":\"its matrix products "
               "alone\",\"ratio\":%.3f}\n",
               batches[i], info.kernel, steps[ALTERNATIONS / 2], ratio[ALTERNATIONS / 2]);
        free(s.arena.base);
    }
    return 0;
}
