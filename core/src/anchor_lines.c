/*
 * What the passes of the anchor loss share that is not a pass: their arrays, and what is done a line at a
 * time.
 */
#include "anchor_lines.h"

#include "vecmath.h"
#include "vector_clones.h"

#include <math.h>
#include <string.h>

#define ARRAYS 10u /* of one direction */
#define WORK   3u

static size_t padded(size_t batch)
{
    return (batch + MI_ANCHOR_PADDING - 1) / MI_ANCHOR_PADDING * MI_ANCHOR_PADDING;
}

/* Ratios; positions and joint pairs; work; the arrays of both directions; three lines of floats. */
size_t mi_anchor_lines_bytes(size_t batch, int keep)
{
    const size_t doubles = (keep ? batch : 0) + 2 + WORK + 2 * ARRAYS;
    return padded(batch) * (doubles * sizeof(double) + 3 * sizeof(float));
}

static double *take(double **next, size_t n)
{
    double *piece = *next;
    *next += n;
    return piece;
}

static mi_anchor_lines take_lines(double **next, size_t n, double surplus)
{
    return (mi_anchor_lines){.at = take(next, n),
                             .most = take(next, n),
                             .others = take(next, n),
                             .inverse = take(next, n),
                             .product = take(next, n),
                             .quotients = take(next, n),
                             .squares = take(next, n),
                             .surplus = surplus,
                             .alone = take(next, n),
                             .rest = take(next, n),
                             .share = take(next, n)};
}

mi_anchor_matrix mi_anchor_lay_out(const float *scores, size_t batch, int both, int keep, void *scratch)
{
    const size_t ld = padded(batch);
    double *next = scratch;
    mi_anchor_matrix m = {.scores = scores, .batch = batch, .ld = ld, .both = both, .slope = 1.0f};
    m.position = take(&next, ld);
    m.joint = take(&next, ld);
    for (size_t k = 0; k < WORK; k++)
        m.work[k] = take(&next, ld);
    m.column = take_lines(&next, ld, 2.0);
    m.row = take_lines(&next, ld, (double)(ld - batch + 2));
    if (keep)
        m.ratio = take(&next, batch * ld);
    m.top = (float *)next;
    m.top_row = m.top + ld;
    m.index = m.top + 2 * ld;
    for (size_t j = 0; j < ld; j++) {
        m.position[j] = (double)j;
        m.index[j] = (float)j;
    }
    return m;
}

void mi_anchor_set_shift(mi_anchor_matrix *m, double top)
{
    m->shift = rint(top / MI_ANCHOR_SHIFT) * MI_ANCHOR_SHIFT;
}

MI_VECTOR_CLONES
static void invert(const mi_anchor_matrix *m, const mi_anchor_lines *lines, double nu, size_t n)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++)
        lines->inverse[j] = 1.0 / (nu + m->joint[j] + lines->others[j] + lines->most[j]);
}

void mi_anchor_invert(const mi_anchor_matrix *m, double nu)
{
    invert(m, &m->column, nu, m->ld); /* the passes go along columns to the end of a vector */
    if (m->both)
        invert(m, &m->row, nu, m->batch);
}

MI_VECTOR_CLONES
static double sum_losses(const mi_anchor_matrix *m, const mi_anchor_lines *lines, const mi_anchor_weights *w)
{
    const double n = (double)(m->batch - 1);
    double *const total = m->work[0], *const least = m->work[1], *const anchored = m->work[2];
    double loss = 0;
#pragma omp simd
    for (size_t j = 0; j < m->batch; j++) {
        least[j] = w->nu + m->joint[j] + lines->others[j]; /* D without the largest */
        total[j] = least[j] + lines->most[j];
        least[j] *= lines->product[j];
        anchored[j] = w->nu + lines->others[j] + lines->most[j];
    }
    for (size_t k = 0; k < WORK; k++)
        mi_vec_log(m->work[k], m->work[k], m->batch);
    for (size_t j = 0; j < m->batch; j++) {
        const double joint = (double)(m->slope * m->scores[j * (m->batch + 1)]);
        const double positive = ((n - 1.0) * total[j] + least[j]) / n + m->shift - joint;
        loss += w->positive * positive + w->anchor * (anchored[j] + m->shift - w->log_nu);
    }
    return loss;
}

double mi_anchor_sum_losses(const mi_anchor_matrix *m, const mi_anchor_weights *w)
{
    return sum_losses(m, &m->column, w) + (m->both ? sum_losses(m, &m->row, w) : 0.0);
}

static int runs(const mi_anchor_passes *passes)
{
#if defined(__x86_64__)
    if (passes == &mi_anchor_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (passes == &mi_anchor_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return passes == &mi_anchor_portable;
}

static const mi_anchor_passes *const fastest_first[] = {
#if defined(__x86_64__)
    &mi_anchor_avx512,
    &mi_anchor_avx2,
#endif
    &mi_anchor_portable,
};

const mi_anchor_passes *mi_anchor_passes_find(const char *name)
{
    for (size_t i = 0; i < sizeof fastest_first / sizeof fastest_first[0]; i++)
        if (runs(fastest_first[i]) && (!name || strcmp(fastest_first[i]->name, name) == 0))
            return fastest_first[i];
    return NULL;
}
