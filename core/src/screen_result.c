/*
 * A result's memory, and the ranges of rows that results are of.
 */
#include "screen_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

mi_screen_result *mi_screen_result_layout(mi_arena *arena, const mi_screen_spec *spec)
{
    mi_screen_result r = {.spec = *spec};
    r.spec.n_known = 0;
    r.spec.known_x = r.spec.known_y = NULL;
    r.per_x = mi_screen_min(spec->top_per_x, spec->n_y);
    r.per_y = mi_screen_min(spec->top_per_y, spec->n_x);
    r.n_bands = spec->n_x / MI_SCREEN_BAND + (spec->n_x % MI_SCREEN_BAND != 0);
    r.summary.max = (double)NAN;
    const size_t n_x = spec->n_x, n_y = spec->n_y;
    const uint64_t pairs = (uint64_t)n_x * n_y;
    const uint64_t top = spec->top < pairs ? spec->top : pairs;
    const size_t bins = spec->n_bins > 0 ? (size_t)spec->n_bins + 2 : 0;

    mi_screen_result *const out = MI_TAKE(arena, mi_screen_result, 1);
    r.x_best = MI_TAKE(arena, uint32_t, n_x * r.per_x);
    r.x_output = MI_TAKE(arena, float, n_x *r.per_x);
    r.y_best = MI_TAKE(arena, uint32_t, n_y * r.per_y);
    r.y_output = MI_TAKE(arena, float, n_y *r.per_y);
    r.top = MI_TAKE(arena, mi_screen_pair, top);
    uint64_t *const counts = MI_TAKE(arena, uint64_t, bins);
    double *const sums = MI_TAKE(arena, double, r.n_bands);
    if (!out)
        return NULL;
    memset(counts, 0, bins * sizeof *counts);
    memset(sums, 0, r.n_bands * sizeof *sums);
    r.summary.bins = counts;
    r.band_sum = sums;
    *out = r;
    return out;
}

void mi_screen_result_free(mi_screen_result *result)
{
    free(result);
}

void mi_screen_range(uint32_t n_x, int symmetric, uint32_t parts, uint32_t k, uint32_t *first, uint32_t *n)
{
    uint32_t edge[2];
    for (uint32_t e = 0; e < 2; e++) {
        const double share = (double)(k + e) / parts;
        const double rows = symmetric ? n_x * (1.0 - sqrt(1.0 - share)) : n_x * share;
        edge[e] = k + e >= parts ? n_x : (uint32_t)(rows / MI_SCREEN_BAND + 0.5) * MI_SCREEN_BAND;
        edge[e] = mi_screen_min(edge[e], n_x);
    }
    *first = edge[0];
    *n = edge[1] - edge[0];
}
