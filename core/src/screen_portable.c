/*
 * Looking at outputs by plain loops: for any machine, and what the AVX-512 way is tested against.
 */
#include "screen_impl.h"
#include "vector_clones.h"

static void pack(const float *y, size_t ld, uint32_t n, uint32_t width, float *panel)
{
    for (uint32_t k = 0; k < width; k++)
        for (uint32_t j = 0; j < MI_PANEL; j++)
            panel[(size_t)k * MI_PANEL + j] = j < n ? y[j * ld + k] : 0.0f;
}

/* The columns of a panel whose outputs are above the row's or their own floor, or NaN. */
MI_VECTOR_CLONES
static uint64_t passing(const float *restrict outputs, float floor, const float *restrict column_floor)
{
    uint8_t passes[MI_PANEL];
    if (column_floor) {
        for (uint32_t j = 0; j < MI_PANEL; j++)
            passes[j] = !(outputs[j] <= floor) | !(outputs[j] <= column_floor[j]);
    } else {
        for (uint32_t j = 0; j < MI_PANEL; j++)
            passes[j] = !(outputs[j] <= floor);
    }
    uint32_t any = 0;
    for (uint32_t j = 0; j < MI_PANEL; j++)
        any |= passes[j];
    uint64_t mask = 0;
    for (uint32_t j = 0; any && j < MI_PANEL; j++)
        mask |= (uint64_t)passes[j] << j;
    return mask;
}

/* Outputs of `live` columns, none NaN, into the sums. */
MI_VECTOR_CLONES
static void add_row(mi_screen_sums *sums, const float *outputs, uint64_t live)
{
    float value[MI_PANEL];
    for (uint32_t j = 0; j < MI_PANEL; j++)
        value[j] = live >> j & 1 ? outputs[j] : 0.0f;
    for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++)
        sums->sum[l] += (double)((value[l] + value[l + 16]) + (value[l + 32] + value[l + 48]));
    for (uint32_t j = 0; j < MI_PANEL; j++) {
        float *max = &sums->max[j % MI_SUMMARY_LANES];
        if ((live >> j & 1) && outputs[j] > *max)
            *max = outputs[j];
    }
}

static uint64_t not_numbers(const float *outputs)
{
    uint64_t mask = 0;
    for (uint32_t j = 0; j < MI_PANEL; j++)
        mask |= (uint64_t)(outputs[j] != outputs[j]) << j;
    return mask;
}

static void look(mi_screen *s, uint32_t row, uint32_t n, uint32_t first, int whole)
{
    const float *column_floor = s->by_column.keep ? s->by_column.floor + first : NULL;
    const float *outputs = s->tile;
    uint32_t phase = mi_screen_phase(s, row, first);
    for (; n > 0; n--, row++, outputs += MI_PANEL, phase = mi_screen_next_phase(s, phase)) {
        const uint64_t valid = whole ? UINT64_MAX : mi_screen_valid(s, row, first);
        const uint64_t hits = passing(outputs, s->row_floor[row], column_floor) & valid;
        const uint64_t nan = hits ? hits & not_numbers(outputs) : 0;
        s->result->summary.n_scored += (uint32_t)__builtin_popcountll(valid);
        if (s->spec.summarise) {
            add_row(&s->sums, outputs, valid & ~nan);
            if (mi_screen_due(s, phase))
                mi_screen_bin(s, phase, outputs, valid & ~nan);
        }
        if (hits)
            mi_screen_hits(s, row, first, outputs, hits, nan);
    }
}

const mi_screen_ops mi_screen_portable = {.pack = pack, .look = look};
