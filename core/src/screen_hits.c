/*
 * What becomes of outputs that pass the floors, and which pairs count at all.
 */
#include "screen_impl.h"

#include <assert.h>

float mi_screen_row_floor(const mi_screen *s, uint32_t row)
{
    float floor = MI_FLOOR_ALL;
    if (s->by_row.keep)
        floor = s->by_row.floor[row];
    if (s->best.keep)
        floor = mi_floor_lower(mi_best_floor(&s->best, mi_screen_x(s, row)), floor);
    if (s->spec.above)
        floor = mi_floor_lower(s->above.floor, floor);
    return floor;
}

static void take_above(mi_screen *s, uint32_t x, uint32_t y, float output)
{
    mi_screen_above *a = &s->above;
    if (a->n == s->spec.max_above - a->delivered) {
        a->overrun = 1;
        return;
    }
    assert(a->n < a->capacity);
    a->pair[a->n++] = (mi_screen_pair){x, y, output};
}

void mi_screen_take_row(mi_screen *s, uint32_t row, uint32_t first, const float *outputs, uint64_t mask)
{
    if (s->by_row.avx512) {
        mi_pools_append_avx512(&s->by_row, row, first, outputs, mask);
        return;
    }
    for (; mask != 0; mask &= mask - 1) {
        const uint32_t at = (uint32_t)__builtin_ctzll(mask);
        const float output = outputs[at] + 0.0f;
        if (output == output && !(output <= s->by_row.floor[row]))
            mi_pools_append(&s->by_row, row, output, first + at);
    }
}

/* Selections other than the row's own. */
static void take(mi_screen *s, uint32_t row, uint32_t y, float output)
{
    const uint32_t x = mi_screen_x(s, row);
    if (s->by_column.keep && !(output <= s->by_column.floor[y]))
        mi_pools_append(&s->by_column, y, output, x);
    if (s->best.keep && !(output <= mi_best_floor(&s->best, x)))
        mi_best_append(&s->best, x, y, output);
    if (s->spec.above && !(output <= s->above.floor))
        take_above(s, x, y, output);
}

void mi_screen_hits(mi_screen *s, uint32_t row, uint32_t first, const float *outputs, uint64_t mask,
                    uint64_t nan)
{
    if (nan != 0) {
        s->result->summary.n_nan += (uint32_t)__builtin_popcountll(nan);
        s->result->summary.n_scored -= (uint32_t)__builtin_popcountll(nan);
        mask &= ~nan;
    }
    if (s->by_row.keep)
        mi_screen_take_row(s, row, first, outputs, mask);
    if (!s->others) {
        s->row_floor[row] = s->by_row.keep ? s->by_row.floor[row] : MI_FLOOR_ALL;
        return;
    }
    for (; mask != 0; mask &= mask - 1) {
        const uint32_t at = (uint32_t)__builtin_ctzll(mask);
        take(s, row, first + at, outputs[at] + 0.0f); /* one zero only: selection compares bits */
    }
    s->row_floor[row] = mi_screen_row_floor(s, row);
}

int mi_screen_whole_panel(const mi_screen *s, uint32_t rows, uint32_t first)
{
    const uint32_t x = mi_screen_x(s, 0), last_x = x + rows - 1, end = first + MI_PANEL;
    if (end > s->spec.n_y || s->spec.n_known > 0)
        return 0;
    if (s->spec.symmetric)
        return first > last_x;
    return !s->spec.skip_same || first > last_x || end <= x;
}

/* Bits of the columns of a panel from `from` on, `from` counted in the set. */
static uint64_t bits_from(uint32_t first, uint32_t from)
{
    if (from <= first)
        return UINT64_MAX;
    return from - first >= MI_PANEL ? 0 : UINT64_MAX << (from - first);
}

uint64_t mi_screen_valid(mi_screen *s, uint32_t row, uint32_t first)
{
    const mi_screen_spec *spec = &s->spec;
    const uint32_t x = mi_screen_x(s, row);
    uint64_t valid = ~bits_from(first, spec->n_y);
    if (spec->symmetric)
        valid &= bits_from(first, x + 1);
    else if (spec->skip_same && x >= first && x - first < MI_PANEL)
        valid &= ~(UINT64_C(1) << (x - first));
    if (spec->n_known == 0)
        return valid;
    uint64_t p = s->next_known[row];
    for (; p < spec->n_known && spec->known_x[p] == x && spec->known_y[p] < first + MI_PANEL; p++)
        if (spec->known_y[p] >= first)
            valid &= ~(UINT64_C(1) << (spec->known_y[p] - first));
    s->next_known[row] = p;
    return valid;
}

/* Places of the band's pairs by row; within a row they have come in order. */
static void order_by_row(mi_screen *s, uint32_t rows)
{
    mi_screen_above *a = &s->above;
    const uint32_t x = mi_screen_x(s, 0);
    for (uint32_t r = 0; r < rows; r++)
        a->row_end[r] = 0;
    for (uint64_t p = 0; p < a->n; p++)
        a->row_end[a->pair[p].x - x]++;
    uint32_t end = 0;
    for (uint32_t r = 0; r < rows; r++) {
        const uint32_t count = a->row_end[r];
        a->row_end[r] = end;
        end += count;
    }
    for (uint64_t p = 0; p < a->n; p++)
        a->place[a->row_end[a->pair[p].x - x]++] = (uint32_t)p;
}

mi_status mi_screen_deliver(mi_screen *s, uint32_t rows, mi_error *err)
{
    enum { CHUNK = 512 };
    mi_screen_above *a = &s->above;
    if (a->n == 0)
        return MI_OK;
    order_by_row(s, rows);
    for (uint64_t first = 0; first < a->n; first += CHUNK) {
        mi_screen_pair chunk[CHUNK];
        const size_t n = a->n - first < CHUNK ? (size_t)(a->n - first) : CHUNK;
        for (size_t i = 0; i < n; i++)
            chunk[i] = a->pair[a->place[first + i]];
        const mi_status status = s->sink(s->context, chunk, n, err);
        if (status != MI_OK)
            return status;
    }
    a->delivered += a->n;
    return MI_OK;
}
