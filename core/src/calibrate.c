#include "calibrate.h"

#include "anchor_lines.h"

#include <math.h>

#define LIMIT      20.0
#define LARGEST    80.0f /* nats */
#define TOLERANCE  1e-5  /* of a step: what Newton's next one would correct is its square */
#define ITERATIONS 100   /* bisection alone needs 22 */

/*
 * A constant a on all scores at nu = 1 is the same loss as nu = e^-a with the scores as they are. With the
 * anchor's D (objective_anchor.c) and h(T) = nu/(nu + T) the derivative of a line's loss in a, times K + 1,
 * is
 *
 *     1 - h(S) - sum_k nu/D_k,   and the second one   h(S) (1 - h(S)) + sum_k nu/D_k (1 - nu/D_k):
 *
 * no logarithms, no overflow; and all of it, with the loss, from one pass over the matrix.
 */
typedef struct point {
    double loss, first, second; /* averaged over the joint pairs */
} point;

typedef struct profile {
    const mi_anchor_passes *passes;
    mi_anchor_matrix matrix;
} profile;

size_t mi_calibrate_scratch(size_t n)
{
    return mi_anchor_lines_bytes(n, 0);
}

static void add_slopes(point *p, const mi_anchor_matrix *m, const mi_anchor_lines *lines, double nu)
{
    for (size_t j = 0; j < m->batch; j++) {
        const double anchored = nu + lines->others[j] + lines->most[j];
        const double no_positive = nu / anchored, least = nu / (nu + lines->others[j] + m->joint[j]);
        const double unit = nu * lines->inverse[j];
        const double shares = unit * (lines->quotients[j] - lines->surplus) + least;
        const double squares = unit * unit * (lines->squares[j] - lines->surplus) + least * least;
        p->first += 1.0 - no_positive - shares;
        p->second += no_positive * (1.0 - no_positive) + shares - squares;
    }
}

static point evaluate(const profile *p, double a)
{
    const mi_anchor_matrix *m = &p->matrix;
    const double n = (double)m->batch, per_line = 0.5 / (n * n);
    const mi_anchor_weights w = {
        .nu = exp(-a - m->shift), .log_nu = -a, .positive = (n - 1.0) * per_line, .anchor = per_line};
    point here = {0};
    mi_anchor_invert(m, w.nu);
    p->passes->multiply(m, MI_ANCHOR_SQUARES);
    here.loss = mi_anchor_sum_losses(m, &w);
    add_slopes(&here, m, &m->column, w.nu);
    add_slopes(&here, m, &m->row, w.nu);
    here.first *= per_line;
    here.second *= per_line;
    return here;
}

/* Newton, held between what is known to be too low and too high. */
static double minimise(const profile *p, double a, double *loss)
{
    double low = -LIMIT, high = LIMIT;
    a = fmin(fmax(a, low), high);
    for (int i = 0; i < ITERATIONS; i++) {
        const point here = evaluate(p, a);
        if (here.first < 0.0)
            low = a;
        else
            high = a;
        double next = a - here.first / here.second;
        if (!(next > low && next < high)) /* also when the curvature is zero */
            next = 0.5 * (low + high);
        const double step = next - a;
        a = next;
        *loss = here.loss + step * (here.first + 0.5 * step * here.second);
        if (fabs(step) < TOLERANCE)
            break;
    }
    return a;
}

double mi_calibrate_log_scale(float *scores, size_t n, double slope, double from, double *loss, void *scratch)
{
    *loss = (double)NAN;
    if (n < 2)
        return 0.0;
    profile p = {mi_anchor_passes_find(NULL), mi_anchor_lay_out(scores, n, 1, 0, scratch)};
    const float largest = p.passes->scan(&p.matrix);
    if (!isfinite(largest))
        return 0.0;
    for (size_t k = 0; largest > LARGEST && k < n * n; k++)
        scores[k] = scores[k] < LARGEST ? scores[k] : LARGEST;
    p.matrix.slope = (float)slope;
    mi_anchor_set_shift(&p.matrix, fmax(slope * (double)fminf(largest, LARGEST), -LIMIT));
    p.passes->sum(&p.matrix);
    return minimise(&p, from, loss);
}
