#include "screen_best.h"

#include "screen_order.h"
#include "screen_pool.h"
#include "sort.h"

#include <assert.h>

/* Candidates above `keep` at least, so that falling back is seldom. */
#define ROOM 1024u

void mi_best_layout(mi_best *best, mi_arena *arena, size_t keep)
{
    *best = (mi_best){.keep = keep};
    if (keep == 0)
        return;
    if (__builtin_add_overflow(keep, keep > ROOM ? keep : ROOM, &best->capacity))
        arena->overflow = 1;
    best->output = MI_TAKE(arena, float, best->capacity);
    best->pair = MI_TAKE(arena, uint64_t, best->capacity);
}

void mi_best_clear(mi_best *best)
{
    best->used = 0;
    best->floor = MI_FLOOR_NONE;
}

float mi_best_floor(const mi_best *best, uint32_t x)
{
    if (best->floor != best->floor || x > best->last_tie)
        return best->floor;
    return mi_floor_below(best->floor); /* an equal output of this row may have the lower pair */
}

/* The need-th lowest pair among those with output v. Bisection, so that a screen of nothing but ties costs no
 * more than others. */
static uint64_t last_tie_kept(const mi_best *best, float v, size_t need)
{
    uint64_t low = 0, high = UINT64_MAX;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        size_t count = 0;
        for (size_t i = 0; i < best->used; i++)
            count += (best->output[i] == v) & (best->pair[i] <= middle);
        if (count >= need)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void shrink(mi_best *best)
{
    if (best->used < best->keep)
        return;
    const float worst = mi_kth_largest(best->output, best->used, best->keep);
    size_t above = 0, kept = 0;
    for (size_t i = 0; i < best->used; i++)
        above += best->output[i] > worst;
    const uint64_t last = last_tie_kept(best, worst, best->keep - above);
    for (size_t i = 0; i < best->used; i++) {
        const float value = best->output[i];
        const uint64_t pair = best->pair[i];
        best->output[kept] = value;
        best->pair[kept] = pair;
        kept += (size_t)(value > worst) | ((value == worst) & (pair <= last));
    }
    assert(kept == best->keep);
    best->used = kept;
    best->floor = worst;
    best->last_tie = (uint32_t)(last >> 32);
}

void mi_best_append(mi_best *best, uint32_t x, uint32_t y, float output)
{
    best->output[best->used] = output;
    best->pair[best->used++] = (uint64_t)x << 32 | y;
    if (best->used == best->capacity)
        shrink(best);
}

static int pair_before(mi_screen_pair a, mi_screen_pair b, const void *context)
{
    (void)context;
    if (a.output != b.output)
        return a.output > b.output;
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}

MI_DEFINE_SORT(sort_by_rank, mi_screen_pair, pair_before)

void mi_sort_pairs(mi_screen_pair *pairs, size_t n)
{
    sort_by_rank(pairs, n, NULL);
}

size_t mi_best_list(mi_best *best, mi_screen_pair *out)
{
    shrink(best);
    for (size_t i = 0; i < best->used; i++)
        out[i] = (mi_screen_pair){(uint32_t)(best->pair[i] >> 32), (uint32_t)best->pair[i], best->output[i]};
    mi_sort_pairs(out, best->used);
    return best->used;
}
