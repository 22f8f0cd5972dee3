/*
 * One result of the results of ranges of rows.
 */
#include "screen_impl.h"
#include "screen_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int same_but_rows(const mi_screen_spec *a, const mi_screen_spec *b)
{
    return a->n_y == b->n_y && a->width == b->width && a->slope == b->slope && a->log_scale == b->log_scale &&
           a->top_per_x == b->top_per_x && a->top_per_y == b->top_per_y && a->top == b->top &&
           a->above == b->above && (!a->above || a->threshold == b->threshold) &&
           a->max_above == b->max_above && a->skip_same == b->skip_same && a->symmetric == b->symmetric &&
           a->summarise == b->summarise && a->n_bins == b->n_bins &&
           (a->n_bins == 0 || (a->low == b->low && a->high == b->high && a->every == b->every));
}

static mi_status check_parts(const mi_screen_result *const *parts, uint32_t n_parts, uint32_t *n_x,
                             uint64_t *n_above, mi_error *err)
{
    if (n_parts == 0)
        return mi_fail(err, MI_INVALID, "nothing to merge");
    const mi_screen_spec *first = &parts[0]->spec;
    *n_x = 0;
    *n_above = 0;
    for (uint32_t k = 0; k < n_parts; k++) {
        const mi_screen_spec *spec = &parts[k]->spec;
        if (!same_but_rows(first, spec) || spec->first_x - first->first_x != *n_x)
            return mi_fail(err, MI_INVALID, "part %u is of another screen, or does not follow the one before",
                           k);
        *n_x += spec->n_x; /* below 2^32: each part's last row is */
        *n_above += parts[k]->n_above;
    }
    if (first->above && *n_above > first->max_above)
        return mi_fail(err, MI_LIMIT, "more than %llu pairs reach the threshold",
                       (unsigned long long)first->max_above);
    return MI_OK;
}

static void merge_counts(mi_screen_result *out, const mi_screen_result *part)
{
    const mi_screen_summary *from = &part->summary;
    mi_screen_summary *to = &out->summary;
    to->n_scored += from->n_scored;
    to->n_nan += from->n_nan;
    to->n_binned += from->n_binned;
    if (!(from->max <= to->max) && from->max == from->max)
        to->max = from->max;
    for (uint32_t b = 0; out->spec.n_bins > 0 && b < out->spec.n_bins + 2; b++)
        ((uint64_t *)to->bins)[b] += from->bins[b];
}

/* Rows of x and their bands follow each other. */
static void append_rows(mi_screen_result *out, const mi_screen_result *part)
{
    const uint32_t row = part->spec.first_x - out->spec.first_x;
    const size_t at = (size_t)row * out->per_x, n = (size_t)part->spec.n_x * out->per_x;
    memcpy((uint32_t *)out->x_best + at, part->x_best, n * sizeof *out->x_best);
    memcpy((float *)out->x_output + at, part->x_output, n * sizeof *out->x_output);
    memcpy((double *)out->band_sum + row / MI_SCREEN_BAND, part->band_sum,
           part->n_bands * sizeof *part->band_sum);
}

/* The list of row j of y. keys holds what all parts have. */
static void merge_list(mi_screen_result *out, const mi_screen_result *const *parts, uint32_t n_parts,
                       uint32_t j, mi_pool_keys keys)
{
    size_t n = 0;
    for (uint32_t k = 0; k < n_parts; k++) {
        const size_t at = (size_t)j * parts[k]->per_y;
        for (uint32_t i = 0; i < parts[k]->per_y && parts[k]->y_best[at + i] != MI_SCREEN_NOBODY; i++)
            keys.keys[n++] = mi_key_of(parts[k]->y_output[at + i], parts[k]->y_best[at + i]);
    }
    mi_sort_keys(keys.keys, keys.scratch, n);
    for (size_t i = 0; i < out->per_y; i++) {
        const size_t at = (size_t)j * out->per_y + i;
        ((uint32_t *)out->y_best)[at] = i < n ? mi_key_row(keys.keys[i]) : MI_SCREEN_NOBODY;
        ((float *)out->y_output)[at] = i < n ? mi_key_output(keys.keys[i]) : NAN;
    }
}

/* Scratch of a merge: entries of a list, and pairs, of all parts. */
static void scratch_layout(mi_arena *arena, const mi_screen_result *const *parts, uint32_t n_parts,
                           mi_pool_keys *keys, mi_screen_pair **pairs)
{
    size_t entries = 0, top = 0;
    for (uint32_t k = 0; k < n_parts; k++) {
        entries += parts[k]->per_y;
        top += parts[k]->n_top;
    }
    keys->keys = MI_TAKE(arena, uint64_t, entries);
    keys->scratch = MI_TAKE(arena, uint64_t, entries);
    *pairs = MI_TAKE(arena, mi_screen_pair, top + 1);
}

static void merge_top(mi_screen_result *out, const mi_screen_result *const *parts, uint32_t n_parts,
                      mi_screen_pair *pairs)
{
    const uint64_t all = (uint64_t)out->spec.n_x * out->spec.n_y;
    const uint64_t most = out->spec.top < all ? out->spec.top : all;
    size_t n = 0;
    for (uint32_t k = 0; k < n_parts; k++) {
        memcpy(pairs + n, parts[k]->top, parts[k]->n_top * sizeof *pairs);
        n += parts[k]->n_top;
    }
    mi_sort_pairs(pairs, n);
    out->n_top = n < most ? n : most;
    memcpy((mi_screen_pair *)out->top, pairs, out->n_top * sizeof *pairs);
}

mi_status mi_screen_merge(mi_screen_result **out, const mi_screen_result *const *parts, uint32_t n_parts,
                          mi_error *err)
{
    uint32_t n_x = 0;
    uint64_t n_above = 0;
    *out = NULL;
    const mi_status status = check_parts(parts, n_parts, &n_x, &n_above, err);
    if (status != MI_OK)
        return status;
    mi_screen_spec spec = parts[0]->spec;
    spec.n_x = n_x;
    mi_arena block, scratch;
    mi_pool_keys keys;
    mi_screen_pair *pairs = NULL;
    mi_arena_init(&block, NULL, 0);
    mi_arena_init(&scratch, NULL, 0);
    mi_screen_result_layout(&block, &spec);
    scratch_layout(&scratch, parts, n_parts, &keys, &pairs);
    if (block.overflow || scratch.overflow)
        return mi_fail(err, MI_LIMIT, "the screen is too large for this machine");
    void *const memory = mi_arena_memory(block.peak), *const work = mi_arena_memory(scratch.peak);
    if (!memory || !work) {
        free(memory);
        free(work);
        return mi_fail(err, MI_MEMORY, "no memory for the result of a screen");
    }
    mi_arena_init(&block, memory, block.peak);
    mi_arena_init(&scratch, work, scratch.peak);
    mi_screen_result *const r = mi_screen_result_layout(&block, &spec);
    scratch_layout(&scratch, parts, n_parts, &keys, &pairs);
    for (uint32_t k = 0; k < n_parts; k++) {
        merge_counts(r, parts[k]);
        append_rows(r, parts[k]);
    }
    for (uint32_t j = 0; r->per_y > 0 && j < spec.n_y; j++)
        merge_list(r, parts, n_parts, j, keys);
    merge_top(r, parts, n_parts, pairs);
    r->n_above = n_above;
    mi_screen_conclude(r);
    free(work);
    *out = r;
    return MI_OK;
}
