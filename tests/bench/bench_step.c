/*
 * Optimiser steps of a critic: d = 20, separable 20-256-256-32 twice or joint 40-256-256-1; anchor loss with
 * nu = 1 over columns, Adam, no average and no clipping: the step of the tables in RESULTS.md. With --recipe
 * the step of the default recipe: both directions, nu = 8, average, clipping.
 *
 *     bench_step [--critic separable|joint] [--batch B] [--threads 1|2] [--precision fp32|bf16] [--seconds S]
 *                [--kernels NAME] [--recipe]
 *
 * Prints one JSON line. Rates are of wall time; cpu_steps_per_s, of the calling thread's CPU time, is what is
 * left of noise on a machine that others use as well. gflops counts the step's products alone. share_of_peak
 * is the median of their rate in stretches of 20 ms, each over the peak that was measured right after it: the
 * clock of a shared machine wanders.
 */
#include "fma_peak.h"
#include "mi/info.h"
#include "trainer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DIM       20u
#define HIDDEN    256u
#define EMBED     32u
#define WARM_UP   20u
#define STRETCH   0.02 /* seconds of steps between two looks at the peak */
#define STRETCHES 4096

typedef struct options {
    const char *critic, *precision, *kernels;
    uint32_t batch;
    int threads, recipe;
    double seconds;
} options;

typedef struct bench {
    mi_spec spec;
    mi_arena arena;
    mi_critic critic;
    mi_trainer trainer;
    float *x, *y;
} bench;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(float *out, size_t n, uint32_t stream)
{
    mi_rng rng;
    mi_rng_init(&rng, 1, 0, 0, MI_PURPOSE_TEST, stream);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mi_rng_normal(&rng);
}

static void must(mi_status status, const mi_error *err)
{
    if (status == MI_OK)
        return;
    fprintf(stderr, "bench_step: %s\n", err->message);
    exit(EXIT_FAILURE);
}

static void layout(bench *b)
{
    const size_t batch = b->spec.train.batch;
    mi_error err = {0};
    must(mi_critic_layout(&b->critic, &b->arena, &b->spec.critic, DIM, DIM, 0, (uint32_t)batch, &err), &err);
    mi_trainer_layout(&b->trainer, &b->arena, &b->critic, &b->spec.train, &b->spec.objective);
    b->x = MI_TAKE(&b->arena, float, batch *DIM);
    b->y = MI_TAKE(&b->arena, float, batch *DIM);
}

static void settle(bench *b, const options *o)
{
    mi_spec *spec = &b->spec;
    mi_spec_from_recipe(spec, MI_RECIPE_DEFAULT);
    spec->train.batch = o->batch;
    spec->critic.baseline = MI_BASELINE_NONE;
    spec->critic.type = strcmp(o->critic, "joint") == 0 ? MI_CRITIC_JOINT : MI_CRITIC_SEPARABLE;
    spec->critic.precision = strcmp(o->precision, "bf16") == 0 ? MI_PRECISION_BF16 : MI_PRECISION_FP32;
    if (spec->critic.precision == MI_PRECISION_BF16 && !mi_half_kernels_best()) {
        fprintf(stderr, "bench_step: this machine has no bf16\n");
        exit(EXIT_FAILURE);
    }
    if (o->kernels && !(spec->critic.kernels = mi_kernels_find(o->kernels))) {
        fprintf(stderr, "bench_step: this machine has no %s kernels\n", o->kernels);
        exit(EXIT_FAILURE);
    }
    if (o->recipe)
        return;
    spec->objective.params.nu = 1.0;
    spec->objective.params.directions = MI_DIRECTIONS_COLUMNS;
    spec->train.ema = 0.0;
    spec->train.gradient_clip = 0.0;
}

static void open_bench(bench *b, const options *o)
{
    settle(b, o);
    mi_arena_init(&b->arena, NULL, 0);
    layout(b);
    const size_t bytes = b->arena.peak;
    mi_arena_init(&b->arena, mi_arena_memory(bytes), bytes);
    layout(b);
    mi_rng rng;
    mi_rng_init(&rng, 1, 0, 0, MI_PURPOSE_WEIGHTS, 0);
    mi_critic_init(&b->critic, &rng, b->trainer.weights);
    mi_trainer_start(&b->trainer);
    fill(b->x, (size_t)o->batch * DIM, 1);
    fill(b->y, (size_t)o->batch * DIM, 2);
}

static void step(bench *b)
{
    double loss = 0.0, diagonal = 0.0;
    mi_error err = {0};
    must(mi_trainer_step(&b->trainer, b->x, b->y, NULL, NULL, b->spec.train.batch, &loss, &diagonal, &err),
         &err);
}

/* Of the products of a step; a joint critic's trunk alone, for its first layer sees rows and not pairs. */
static double flops(const options *o)
{
    const double b = o->batch, hidden = (double)HIDDEN * HIDDEN;
    if (strcmp(o->critic, "joint") == 0)
        return 6.0 * b * b * (hidden + HIDDEN);
    return 4.0 * b * (3.0 * (hidden + HIDDEN * EMBED) + 2.0 * DIM * HIDDEN) + 6.0 * b * b * EMBED;
}

typedef struct tally {
    double wall, cpu;        /* seconds in steps */
    double share[STRETCHES]; /* of the peak, in each stretch */
    double peak[STRETCHES];  /* of multiply-adds, after each stretch */
    unsigned steps, stretches;
} tally;

/* Steps for about STRETCH seconds, then a look at the peak. */
static void stretch(bench *b, const options *o, tally *t)
{
    const double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    double elapsed = 0.0;
    unsigned done = 0;
    for (; (elapsed = seconds_of(CLOCK_MONOTONIC) - wall) < STRETCH; done++)
        step(b);
    const double on_cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    const double peak = fma_peak_gflops();
    t->peak[t->stretches] = peak;
    t->share[t->stretches++] = peak > 0.0 ? done / on_cpu * flops(o) / 1e9 / peak : 0.0;
    t->wall += elapsed;
    t->cpu += on_cpu;
    t->steps += done;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return values[n / 2];
}

static void measure(bench *b, const options *o)
{
    static tally t;
    for (unsigned i = 0; i < WARM_UP; i++)
        step(b);
    while (t.wall < o->seconds && t.stretches < STRETCHES)
        stretch(b, o, &t);
    printf(
        "{\"critic\":\"%s\",\"batch\":%u,\"threads\":%d,\"precision\":\"%s\",\"kernels\":\"%s\",\"steps_per_"
        "s\":%.1f,\"cpu_steps_per_s\":%.1f,\"gflops\":%.1f,\"fma_peak_gflops\":%.1f,\"share_of_peak\":%.3f,"
        "\"bf16_peak_gflops\":%.1f}\n",
        o->critic, o->batch, o->threads, o->precision, b->critic.kernels->name, t.steps / t.wall,
        t.steps / t.cpu, t.steps / t.cpu * flops(o) / 1e9, median(t.peak, t.stretches),
        median(t.share, t.stretches), bf16_peak_gflops());
}

static void *help(void *crew)
{
    mi_crew_help(crew);
    return NULL;
}

static const char *value_of(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

static int has(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    const options o = {.critic = value_of(argc, argv, "--critic", "separable"),
                       .precision = value_of(argc, argv, "--precision", "fp32"),
                       .kernels = value_of(argc, argv, "--kernels", NULL),
                       .batch = (uint32_t)atoi(value_of(argc, argv, "--batch", "128")),
                       .threads = atoi(value_of(argc, argv, "--threads", "1")),
                       .recipe = has(argc, argv, "--recipe"),
                       .seconds = atof(value_of(argc, argv, "--seconds", "1"))};
    bench b;
    mi_error err = {0};
    mi_crew *crew = NULL;
    pthread_t helper;
    must(mi_blas_setup(&err), &err);
    open_bench(&b, &o);
    if (o.threads == 2) {
        must(mi_crew_new(&crew, &err), &err);
        b.critic.crew = crew;
        if (pthread_create(&helper, NULL, help, crew) != 0)
            return EXIT_FAILURE;
    }
    measure(&b, &o);
    if (crew) {
        mi_crew_dismiss(crew);
        pthread_join(helper, NULL);
        mi_crew_free(crew);
    }
    free(b.arena.base);
    return EXIT_SUCCESS;
}
