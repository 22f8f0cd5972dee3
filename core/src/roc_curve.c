#include "roc_internal.h"

#include <math.h>
#include <stdlib.h>

/* Of a unit square: a point nearer to a line than this lies on it. */
#define ON_THE_LINE 1e-12

/* The path between two points that are kept, and its point that is farthest from the line between them. */
typedef struct stretch {
    uint32_t from, to, farthest;
    double distance;
} stretch;

static stretch measure(const double *x, const double *y, uint32_t from, uint32_t to)
{
    stretch s = {from, to, from, 0.0};
    const double dx = x[to] - x[from], dy = y[to] - y[from], length = sqrt(dx * dx + dy * dy);
    for (uint32_t i = from + 1; i < to; i++) {
        const double ax = x[i] - x[from], ay = y[i] - y[from];
        const double distance = length > 0.0 ? fabs(dx * ay - dy * ax) / length : sqrt(ax * ax + ay * ay);
        if (distance > s.distance) {
            s.distance = distance;
            s.farthest = i;
        }
    }
    return s;
}

/* Marks at most max_points points in keep (n), zeroed; returns how many. stretches: scratch (max_points). */
static uint32_t thin(const double *x, const double *y, uint32_t n, uint32_t max_points, uint8_t *keep,
                     stretch *stretches)
{
    uint32_t kept = n < 2 ? n : 2, n_stretches = 1;
    if (n == 0)
        return 0;
    keep[0] = keep[n - 1] = 1;
    stretches[0] = measure(x, y, 0, n - 1);
    for (; kept < max_points; kept++) {
        uint32_t worst = 0;
        for (uint32_t k = 1; k < n_stretches; k++)
            if (stretches[k].distance > stretches[worst].distance)
                worst = k;
        const stretch s = stretches[worst];
        if (s.distance <= ON_THE_LINE)
            break;
        keep[s.farthest] = 1;
        stretches[worst] = measure(x, y, s.from, s.farthest);
        stretches[n_stretches++] = measure(x, y, s.farthest, s.to);
    }
    return kept;
}

static mi_status allocate(mi_roc_curve *curve, uint32_t n, mi_error *err)
{
    *curve = (mi_roc_curve){0};
    if (!(curve->x = malloc((size_t)n * 3 * sizeof *curve->x)))
        return mi_fail(err, MI_MEMORY, "no memory for a curve of %u points", n);
    curve->n = n;
    curve->y = curve->x + n;
    curve->threshold = curve->y + n;
    return MI_OK;
}

/* The points of full that are kept, in their order. */
static mi_status take_thinned(mi_roc_curve *out, const mi_roc_curve *full, uint32_t max_points, mi_error *err)
{
    if (max_points < 2)
        return mi_fail(err, MI_INVALID, "a curve of %u points; expected at least 2", max_points);
    const uint32_t most = max_points < full->n ? max_points : full->n;
    uint8_t *keep = calloc(full->n, 1);
    stretch *stretches = malloc((size_t)(most + 1) * sizeof *stretches);
    mi_status status = MI_OK;
    if (!keep || !stretches)
        status = mi_fail(err, MI_MEMORY, "no memory for a curve of %u points", full->n);
    else
        status = allocate(out, thin(full->x, full->y, full->n, most, keep, stretches), err);
    for (uint32_t i = 0, k = 0; status == MI_OK && i < full->n; i++) {
        if (!keep[i])
            continue;
        out->x[k] = full->x[i];
        out->y[k] = full->y[i];
        out->threshold[k++] = full->threshold[i];
    }
    free(keep);
    free(stretches);
    return status;
}

mi_status mi_roc_curve_new(mi_roc_curve *out, const mi_roc *roc, uint32_t max_points, mi_error *err)
{
    const mi_roc_tally *t = &roc->tally;
    mi_roc_curve full;
    *out = (mi_roc_curve){0};
    if (t->positives == 0 || t->negatives == 0)
        return MI_OK;
    mi_status status = allocate(&full, t->n_groups + 1, err);
    if (status != MI_OK)
        return status;
    uint32_t tp = 0, fp = 0;
    full.x[0] = full.y[0] = 0.0;
    full.threshold[0] = (double)INFINITY;
    for (uint32_t g = 0; g < t->n_groups; g++) {
        full.x[g + 1] = (double)(fp += t->fp[g]) / (double)t->negatives;
        full.y[g + 1] = (double)(tp += t->tp[g]) / (double)t->positives;
        full.threshold[g + 1] = roc->score[g];
    }
    status = take_thinned(out, &full, max_points, err);
    mi_roc_curve_free(&full);
    return status;
}

mi_status mi_roc_precision_curve_new(mi_roc_curve *out, const mi_roc *roc, uint32_t max_points, mi_error *err)
{
    const mi_roc_tally *t = &roc->tally;
    mi_roc_curve full;
    *out = (mi_roc_curve){0};
    if (t->positives == 0)
        return MI_OK;
    mi_status status = allocate(&full, t->n_groups, err);
    if (status != MI_OK)
        return status;
    uint32_t tp = 0, above = 0;
    for (uint32_t g = 0; g < t->n_groups; g++) {
        tp += t->tp[g];
        above += t->tp[g] + t->fp[g];
        full.x[g] = (double)tp / (double)t->positives;
        full.y[g] = (double)tp / (double)above;
        full.threshold[g] = roc->score[g];
    }
    status = take_thinned(out, &full, max_points, err);
    mi_roc_curve_free(&full);
    return status;
}

void mi_roc_curve_free(mi_roc_curve *curve)
{
    free(curve->x);
    *curve = (mi_roc_curve){0};
}
