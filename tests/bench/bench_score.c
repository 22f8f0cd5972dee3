/*
 * Scoring beside plain matrix products of the same size, alternating in one process.
 *
 *     bench_score --what screen|pairs [--n 20000] [--width 64] [--threads 1|2] [--top 100] [--all-top K]
 *                 [--column-top K] [--summary] [--above T] [--seconds S]
 *
 * screen: all pairs of n and n rows, the `top` best of each row kept. pairs: n listed pairs a row of random
 * rows. One JSON line; seconds are CPU seconds of the slower thread, ratio is the median over alternations of
 * the rate here by the baseline's: for a screen cblas_sgemm over the same n by n in its fastest tiles, 384 x
 * 512, whose outputs nobody looks at; for pairs one dot product after the other. Start it with
 * OPENBLAS_CORETYPE=SkylakeX where OpenBLAS does not know the CPU: beside a slow BLAS a ratio means little.
 */
#include "critic.h"
#include "critic_impl.h"
#include "mi/info.h"
#include "mi/screen.h"
#include "pair_scores.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MAX_THREADS      2u
#define MAX_ALTERNATIONS 15u
#define TILE_ROWS        384u
#define TILE_COLUMNS     512u
#define PAIRS_PER_ROW    100u

typedef struct bench {
    int screen;
    uint32_t n, width, threads, every;
    mi_screen_spec spec;
    double seconds;
    float *x, *y;
    uint32_t *index_x, *index_y; /* of pairs */
    float *scores;
    volatile uint64_t kept; /* so that nothing is optimised away */
} bench;

/* What is measured, what its ratio is to, and for pairs, products as well. */
typedef enum side { HERE, PLAIN, SGEMM } side;

/* One thread's part of either side of an alternation. */
typedef struct part {
    bench *b;
    uint32_t k;
    side side;
    mi_screen_result *result;
    double seconds; /* out, CPU */
} part;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static mi_status count_pairs(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err)
{
    (void)pairs, (void)err;
    *(uint64_t *)context += n;
    return MI_OK;
}

static void check(mi_status status, const mi_error *err)
{
    if (status == MI_OK)
        return;
    fprintf(stderr, "bench_score: %s\n", err->message);
    exit(1);
}

static void screen_part(part *p)
{
    const bench *b = p->b;
    mi_screen_spec spec = b->spec;
    mi_screen *screen = NULL;
    mi_screen_progress progress = {0};
    mi_error err;
    uint64_t above = 0;
    mi_screen_range(b->n, spec.symmetric, b->threads, p->k, &spec.first_x, &spec.n_x);
    check(mi_screen_new(&screen, &spec, b->x + (size_t)spec.first_x * b->width, b->width, b->y, b->width,
                        count_pairs, &above, &err),
          &err);
    while (!progress.done)
        check(mi_screen_step(screen, &progress, &err), &err);
    check(mi_screen_finish(screen, &p->result, &err), &err);
    mi_screen_free(screen);
}

static void pairs_part(part *p)
{
    const bench *b = p->b;
    const uint64_t all = (uint64_t)b->n * PAIRS_PER_ROW, first = all * p->k / b->threads,
                   end = all * (p->k + 1) / b->threads;
    mi_critic critic = {.width = b->width};
    mi_critic_dot_pairs(&critic, NULL, b->x, b->index_x + first, b->y, b->index_y + first,
                        (uint32_t)(end - first), b->scores + first);
}

/* Pairs one by one. */
static void plain_pairs_part(part *p)
{
    const bench *b = p->b;
    const uint64_t all = (uint64_t)b->n * PAIRS_PER_ROW, first = all * p->k / b->threads,
                   end = all * (p->k + 1) / b->threads;
    mi_pair_scores_portable(b->x, b->index_x + first, b->y, b->index_y + first, end - first, b->width,
                            b->scores + first);
}

static void sgemm_part(const part *p)
{
    const bench *b = p->b;
    const size_t width = b->width, first = (size_t)b->n * p->k / b->threads,
                 end = (size_t)b->n * (p->k + 1) / b->threads;
    float *tile = aligned_alloc(64, sizeof(float) * TILE_ROWS * TILE_COLUMNS);
    for (size_t i = first; i < end; i += TILE_ROWS)
        for (size_t j = 0; j < b->n; j += TILE_COLUMNS)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans,
                        (int)(end - i < TILE_ROWS ? end - i : TILE_ROWS),
                        (int)(b->n - j < TILE_COLUMNS ? b->n - j : TILE_COLUMNS), (int)width, 1.0f,
                        b->x + i * width, (int)width, b->y + j * width, (int)width, 0.0f, tile, TILE_COLUMNS);
    free(tile);
}

static void *run_part(void *argument)
{
    part *p = argument;
    const double began = now(CLOCK_THREAD_CPUTIME_ID);
    if (p->side == SGEMM || (p->side == PLAIN && p->b->screen))
        sgemm_part(p);
    else if (p->side == PLAIN)
        plain_pairs_part(p);
    else if (p->b->screen)
        screen_part(p);
    else
        pairs_part(p);
    p->seconds = now(CLOCK_THREAD_CPUTIME_ID) - began;
    return NULL;
}

/* Seconds of one pass over everything: of the slower thread, and of what follows both. CPU time, since other
 * processes share the machine. */
static double pass(bench *b, side which)
{
    part parts[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    for (uint32_t k = 0; k < b->threads; k++) {
        parts[k] = (part){b, k, which, NULL, 0.0};
        if (k > 0)
            pthread_create(&threads[k], NULL, run_part, &parts[k]);
    }
    run_part(&parts[0]);
    for (uint32_t k = 1; k < b->threads; k++)
        pthread_join(threads[k], NULL);
    double seconds = 0.0;
    for (uint32_t k = 0; k < b->threads; k++)
        seconds = parts[k].seconds > seconds ? parts[k].seconds : seconds;
    const double began = now(CLOCK_THREAD_CPUTIME_ID);
    if (b->screen && which == HERE && b->threads == 1) {
        b->kept += parts[0].result->n_top;
        mi_screen_result_free(parts[0].result);
    } else if (b->screen && which == HERE) {
        const mi_screen_result *results[MAX_THREADS];
        mi_screen_result *whole = NULL;
        mi_error err;
        for (uint32_t k = 0; k < b->threads; k++)
            results[k] = parts[k].result;
        check(mi_screen_merge(&whole, results, b->threads, &err), &err);
        b->kept += whole->n_top + whole->n_above;
        mi_screen_result_free(whole);
        for (uint32_t k = 0; k < b->threads; k++)
            mi_screen_result_free(parts[k].result);
    }
    return seconds + now(CLOCK_THREAD_CPUTIME_ID) - began;
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

static void *take(size_t count, size_t size)
{
    void *memory = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!memory)
        exit(1);
    return memory;
}

static void fill(bench *b)
{
    mi_rng rng;
    mi_rng_init(&rng, 1, 0, 0, MI_PURPOSE_TEST, 1);
    const size_t size = (size_t)b->n * b->width, pairs = b->screen ? 0 : (size_t)b->n * PAIRS_PER_ROW;
    b->x = take(size, sizeof(float));
    b->y = take(size, sizeof(float));
    for (size_t i = 0; i < size; i++) {
        b->x[i] = (float)mi_rng_normal(&rng);
        b->y[i] = (float)mi_rng_normal(&rng);
    }
    b->index_x = take(pairs + 1, sizeof(uint32_t));
    b->index_y = take(pairs + 1, sizeof(uint32_t));
    b->scores = take(pairs + 1, sizeof(float));
    for (size_t p = 0; p < pairs; p++) {
        b->index_x[p] = mi_rng_below(&rng, b->n);
        b->index_y[p] = mi_rng_below(&rng, b->n);
    }
}

static int option(bench *b, const char *name, const char *value)
{
    const double number = value ? atof(value) : 0.0;
    mi_screen_spec *spec = &b->spec;
    if (strcmp(name, "--summary") == 0) {
        spec->summarise = 1;
        spec->n_bins = 1024;
        spec->low = -100.0;
        spec->high = 100.0;
        spec->every = 16;
        return 1;
    }
    if (!value)
        exit(2);
    if (strcmp(name, "--what") == 0)
        b->screen = strcmp(value, "pairs") != 0;
    else if (strcmp(name, "--n") == 0)
        b->n = (uint32_t)number;
    else if (strcmp(name, "--width") == 0)
        b->width = (uint32_t)number;
    else if (strcmp(name, "--threads") == 0)
        b->threads = number > 1.0 ? MAX_THREADS : 1;
    else if (strcmp(name, "--top") == 0)
        spec->top_per_x = (uint32_t)number;
    else if (strcmp(name, "--column-top") == 0)
        spec->top_per_y = (uint32_t)number;
    else if (strcmp(name, "--all-top") == 0)
        spec->top = (uint32_t)number;
    else if (strcmp(name, "--above") == 0)
        spec->above = 1, spec->threshold = number, spec->max_above = 100000000;
    else if (strcmp(name, "--symmetric") == 0)
        spec->symmetric = number > 0.0;
    else if (strcmp(name, "--seconds") == 0)
        b->seconds = number;
    else
        exit(2);
    return 2;
}

int main(int argc, char **argv)
{
    bench b = {.screen = 1, .n = 20000, .width = 64, .threads = 1, .seconds = 2.0};
    b.spec = (mi_screen_spec){.slope = 1.0, .top_per_x = 100};
    for (int k = 1; k < argc;)
        k += option(&b, argv[k], k + 1 < argc ? argv[k + 1] : NULL);
    b.spec.n_y = b.n;
    b.spec.width = b.width;
    mi_blas_setup(NULL);
    fill(&b);
    double here[MAX_ALTERNATIONS], plain[MAX_ALTERNATIONS], sgemm[MAX_ALTERNATIONS], ratio[MAX_ALTERNATIONS];
    const double pairs = b.screen ? (double)b.n * b.n : (double)b.n * PAIRS_PER_ROW,
                 square = (double)b.n * b.n, began = now(CLOCK_MONOTONIC);
    size_t n = 0;
    do {
        here[n] = pass(&b, HERE);
        plain[n] = pass(&b, PLAIN);
        sgemm[n] = b.screen ? plain[n] : n > 0 ? sgemm[0] : pass(&b, SGEMM); /* long, where wide */
        ratio[n] = plain[n] / here[n];
        n++;
    } while (n < MAX_ALTERNATIONS && (n < 3 || now(CLOCK_MONOTONIC) - began < b.seconds));
    const double seconds = median(here, n), flop = 2e-9 * b.width;
    struct rusage usage;
    mi_build_info info;
    getrusage(RUSAGE_SELF, &usage);
    mi_build_info_get(&info);
    printf("{\"bench\":\"score\",\"what\":\"%s\",\"n\":%u,\"width\":%u,\"threads\":%u,\"seconds\":%.4f,"
           "\"pairs_per_s\":%.4g,\"gflops\":%.1f,\"sgemm_gflops\":%.1f,\"baseline\":\"%s, %s\","
           "\"ratio\":%.3f,\"peak_rss_mb\":%.0f}\n",
           b.screen ? "screen" : "pairs", b.n, b.width, b.threads, seconds, pairs / seconds,
           flop * pairs / seconds, flop * square / median(sgemm, n),
           b.screen ? "sgemm in tiles" : "pairs one by one", info.kernel, median(ratio, n),
           (double)usage.ru_maxrss / 1024.0);
    return 0;
}
