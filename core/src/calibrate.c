#include "calibrate.h"

#include <math.h>
#include <stdint.h>

#define LIMIT      20.0
#define LARGEST    80.0f /* e^80 fits a float; scores above it are as certain at any scale */
#define TOLERANCE  1e-10
#define ITERATIONS 100 /* bisection alone needs 40 */

/*
 * A line is a row or a column of r = e^score: its joint pair p, the others o_1..o_K, S = sum_k o_k. Its loss
 * at scale a, times K + 1:
 *
 *     sum_k [ log(1 + e^a (p + S - o_k)) - log p - a ] + log(1 + e^a S)
 *
 * With h(T) = 1 / (1 + e^a T) the derivative in a is 1 - h(S) - sum_k h(p + S - o_k), and the second one is
 * the sum of h (1 - h) over the same totals: no logarithms, no overflow.
 *
 * p + S - o_k by subtraction loses nothing, except for the largest o_k (for any other, what is left is at
 * least as large as what was taken away). That one total is summed apart; so there is no second matrix of
 * prefix sums.
 */
typedef struct line {
    double total;        /* p + S */
    double others;       /* S */
    double without_most; /* p + S - the largest o_k */
    double joint, most;  /* p, the largest o_k */
} line;

typedef struct workspace {
    line *row, *column;
    double *column_total; /* as column[].total, for the inner loop */
} workspace;

typedef struct slopes {
    double first, second;
} slopes;

size_t mi_calibrate_scratch(size_t n)
{
    return n * (2 * sizeof(line) + sizeof(double));
}

static void add_entry(line *l, double r, int joint)
{
    l->total += r;
    if (joint) {
        l->joint = r;
        l->without_most += r;
        return;
    }
    l->others += r;
    l->without_most += r < l->most ? r : l->most;
    l->most = r > l->most ? r : l->most;
}

/* Scores to ratios, in place, and the sums of every line. 0 when a score is not finite. */
static int prepare(const workspace *w, float *scores, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w->row[i] = w->column[i] = (line){0};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            float *s = scores + i * n + j;
            if (!isfinite(*s))
                return 0;
            *s = expf(*s < LARGEST ? *s : LARGEST);
            add_entry(&w->row[i], (double)*s, i == j);
            add_entry(&w->column[j], (double)*s, i == j);
        }
    }
    for (size_t j = 0; j < n; j++)
        w->column_total[j] = w->column[j].total;
    return 1;
}

static inline double h(double scale, double total)
{
    return 1.0 / (1.0 + scale * (total > 0.0 ? total : 0.0)); /* fmax would not vectorise */
}

static void add_total(slopes *sum, double sign, double scale, double total)
{
    const double share = h(scale, total);
    sum->first -= sign * share;
    sum->second += sign * share * (1.0 - share);
}

/* What the sweep over all entries of a line got wrong: the joint pair is not left out, the largest other is
 * by its own sum, and all others together are the anchor. */
static void correct_line(slopes *sum, const line *l, double scale)
{
    sum->first += 1.0;
    add_total(sum, -1.0, scale, l->total - l->joint);
    add_total(sum, -1.0, scale, l->total - l->most);
    add_total(sum, 1.0, scale, l->without_most);
    add_total(sum, 1.0, scale, l->others);
}

/* Derivatives of the loss at a, summed over all lines and times K + 1: neither factor moves the root. */
static slopes derivatives(const workspace *w, const float *ratio, size_t n, double a)
{
    const double scale = exp(a);
    slopes sum = {0};
    for (size_t i = 0; i < n; i++) {
        const double row_total = w->row[i].total;
        double first = 0.0, second = 0.0;
#pragma omp simd reduction(+ : first, second)
        for (size_t j = 0; j < n; j++) {
            const double r = (double)ratio[i * n + j];
            const double by_row = h(scale, row_total - r), by_column = h(scale, w->column_total[j] - r);
            first += by_row + by_column;
            second += by_row * (1.0 - by_row) + by_column * (1.0 - by_column);
        }
        sum.first -= first;
        sum.second += second;
        correct_line(&sum, &w->row[i], scale);
        correct_line(&sum, &w->column[i], scale);
    }
    return sum;
}

double mi_calibrate_log_scale(float *scores, size_t n, void *scratch)
{
    const workspace w = {scratch, (line *)scratch + n, (double *)((line *)scratch + 2 * n)};
    if (n < 2 || !prepare(&w, scores, n))
        return 0.0;
    double low = -LIMIT, high = LIMIT, a = 0.0;
    for (int i = 0; i < ITERATIONS; i++) {
        const slopes s = derivatives(&w, scores, n, a);
        if (s.first < 0.0)
            low = a;
        else
            high = a;
        double next = a - s.first / s.second;
        if (!(next > low && next < high)) /* also when the curvature is zero */
            next = 0.5 * (low + high);
        const double step = fabs(next - a);
        a = next;
        if (step < TOLERANCE)
            break;
    }
    return a;
}
