/*
 * What a screen can be, and what memory it takes.
 */
#include "screen_impl.h"

#include <math.h>

/* Candidates above those that are kept, at least. Fewer raise the floor sooner and cost more falling back. Of
 * rows, half as many as are kept: a guess (screen_guess.c) has most of them begin near the end. */
#define ROOM 24u

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static mi_status check_known(const mi_screen_spec *spec, mi_error *err)
{
    if (spec->n_known > 0 && (!spec->known_x || !spec->known_y))
        return mi_fail(err, MI_INVALID, "known pairs without their rows");
    for (uint64_t p = 1; p < spec->n_known; p++) {
        const uint32_t x = spec->known_x[p], before = spec->known_x[p - 1];
        if (x < before || (x == before && spec->known_y[p] < spec->known_y[p - 1]))
            return mi_fail(err, MI_INVALID, "known pairs are not in order");
    }
    return MI_OK;
}

static mi_status check_histogram(const mi_screen_spec *spec, mi_error *err)
{
    if (spec->n_bins == 0)
        return MI_OK;
    if (!spec->summarise || spec->n_bins > MI_SCREEN_MAX_BINS)
        return mi_fail(err, MI_INVALID, "a histogram has 1 to %u bins, and is part of a summary",
                       MI_SCREEN_MAX_BINS);
    if (!isfinite(spec->low) || !isfinite(spec->high) || spec->low >= spec->high)
        return mi_fail(err, MI_INVALID, "the bins of a histogram have to begin below where they end");
    return MI_OK;
}

mi_status mi_screen_check(const mi_screen_spec *spec, mi_error *err)
{
    uint32_t end = 0;
    if (spec->n_x == 0 || spec->n_y == 0 || spec->width == 0)
        return mi_fail(err, MI_INVALID, "a screen needs rows on both sides, and columns");
    if (spec->first_x % MI_SCREEN_BAND != 0)
        return mi_fail(err, MI_INVALID, "a range of rows begins at a multiple of %u", MI_SCREEN_BAND);
    if (__builtin_add_overflow(spec->first_x, spec->n_x, &end) || spec->n_y > UINT32_MAX - MI_PANEL)
        return mi_fail(err, MI_LIMIT, "more rows than a screen can number");
    if (!(isfinite(spec->slope) && spec->slope > 0.0) || !isfinite(spec->log_scale))
        return mi_fail(err, MI_INVALID, "a calibration has a finite log-scale and a finite slope above 0");
    if (spec->above && (isnan(spec->threshold) || spec->max_above == 0))
        return mi_fail(err, MI_INVALID, "a threshold is a number, and needs room for a pair above it");
    const mi_status status = check_histogram(spec, err);
    return status == MI_OK ? check_known(spec, err) : status;
}

static void above_layout(mi_screen *s, mi_arena *arena)
{
    mi_screen_above *a = &s->above;
    if (!s->spec.above)
        return;
    const uint64_t rows = mi_screen_min(s->band, s->spec.n_x), most = rows * s->spec.n_y;
    a->capacity = s->spec.max_above < most ? s->spec.max_above : most;
    if (a->capacity > UINT32_MAX) /* places are 32 bits; 64 GB, besides */
        arena->overflow = 1;
    a->pair = MI_TAKE(arena, mi_screen_pair, a->capacity);
    a->place = MI_TAKE(arena, uint32_t, a->capacity);
    a->row_end = MI_TAKE(arena, uint32_t, s->band);
}

void mi_screen_layout(mi_screen *s, mi_arena *arena)
{
    const mi_screen_spec *spec = &s->spec;
    const uint32_t per_x = mi_screen_min(spec->top_per_x, spec->n_y),
                   per_y = mi_screen_min(spec->top_per_y, spec->n_x),
                   padded = (spec->n_y + MI_PANEL - 1) / MI_PANEL * MI_PANEL;
    mi_pools_layout(&s->by_row, arena, s->band, s->band, per_x, larger(per_x / 2, ROOM), MI_PANEL,
                    s->ops != &mi_screen_portable);
    mi_pools_layout(&s->by_column, arena, spec->n_y, padded, per_y, larger(per_y, ROOM), 1,
                    s->ops != &mi_screen_portable);
    mi_pool_keys_layout(&s->keys, arena, larger(per_x, per_y));
    const uint64_t pairs = (uint64_t)spec->n_x * spec->n_y;
    mi_best_layout(&s->best, arena, spec->top < pairs ? spec->top : pairs);
    above_layout(s, arena);
    s->row_floor = MI_TAKE(arena, float, s->band);
    if (spec->n_known > 0)
        s->next_known = MI_TAKE(arena, uint64_t, s->band);
    if (spec->n_bins > 0)
        s->sums.bins = MI_TAKE(arena, uint32_t, 4 * ((size_t)spec->n_bins + 2));
    mi_screen_guess_layout(s, arena);
    s->panel = MI_TAKE(arena, float, (size_t)spec->width *MI_PANEL);
    s->tile = MI_TAKE(arena, float, MI_SCREEN_ROWS *MI_PANEL);
}
