/*
 * Where a row's floor starts.
 *
 * A pool that starts empty lets everything pass until it has `keep`, and then too much for long: for 100 of
 * 20,000 that costs as much as the products. A sample of columns, spread evenly, tells where the best `keep`
 * of all begin. The floor starts a good deal below that, so that a row seldom ends with fewer; one that does
 * is done again from an empty pool. So a guess changes what a row costs, never what it keeps.
 */
#include "screen_impl.h"
#include "screen_order.h"
#include "vector_clones.h"

#include <math.h>
#include <string.h>

#define SAMPLE 512u
/* Fewer columns are not worth a sample, and fewer of a row's own no guess. */
#define MIN_COLUMNS (16 * SAMPLE)
#define MIN_OWN     (SAMPLE / 2)
/* Once a band had to do more rows again, the order of columns is against us. */
#define MAX_AGAIN(rows) ((rows) / 8)

/* Which of the sample's largest: `expected` of the row's best are in the sample, and seldom more than this.
 */
static uint32_t rank_of_guess(const mi_screen_spec *spec)
{
    const double expected = (double)spec->top_per_x * SAMPLE / spec->n_y;
    return (uint32_t)ceil(expected + 3.0 * sqrt(expected)) + 2 + (spec->skip_same != 0);
}

static uint32_t sampled_column(const mi_screen_spec *spec, uint32_t t)
{
    return (uint32_t)((2 * (uint64_t)t + 1) * spec->n_y / (2 * SAMPLE));
}

void mi_screen_guess_layout(mi_screen *s, mi_arena *arena)
{
    const mi_screen_spec *spec = &s->spec;
    const uint32_t least = s->guess_from ? s->guess_from : MIN_COLUMNS;
    if (spec->top_per_x == 0 || spec->n_y < least || spec->top_per_x > spec->n_y / 16)
        return;
    s->guess.rank = rank_of_guess(spec);
    s->guess.panels = MI_TAKE(arena, float, (size_t)spec->width *SAMPLE);
    s->guess.outputs = MI_TAKE(arena, float, (size_t)MI_SCREEN_ROWS *SAMPLE);
    s->guess.rows = MI_TAKE(arena, float, (size_t)MI_SCREEN_ROWS * spec->width);
    s->guess.again = MI_TAKE(arena, uint32_t, s->band);
    s->guess.guessed = MI_TAKE(arena, uint8_t, s->band);
}

void mi_screen_guess_start(mi_screen *s)
{
    const uint32_t width = s->spec.width;
    for (uint32_t t = 0; s->guess.rank > 0 && t < SAMPLE; t++) {
        const float *row = s->y + sampled_column(&s->spec, t) * s->ld_y;
        float *column = s->guess.panels + (size_t)(t / MI_PANEL) * width * MI_PANEL + t % MI_PANEL;
        for (uint32_t k = 0; k < width; k++)
            column[(size_t)k * MI_PANEL] = row[k];
    }
}

/* NaN when one of the values is, else 0; zeros become one zero. */
MI_VECTOR_CLONES
static float tidy(float *values, uint32_t n)
{
    float lanes[MI_SUMMARY_LANES] = {0};
    for (uint32_t i = 0; i < n; i += MI_SUMMARY_LANES)
#pragma omp simd
        for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++) {
            values[i + l] += 0.0f;
            lanes[l] += values[i + l] == values[i + l] ? 0.0f : values[i + l];
        }
    float poison = 0.0f;
    for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++)
        poison += lanes[l];
    return poison;
}

static float guess_of(const mi_screen *s, uint32_t row, float *outputs)
{
    uint32_t behind = 0; /* columns that are not the row's own come first */
    if (s->spec.symmetric)
        while (behind < SAMPLE && sampled_column(&s->spec, behind) <= mi_screen_x(s, row))
            behind++;
    const float poison = tidy(outputs, SAMPLE);
    if (poison != poison || SAMPLE - behind < MIN_OWN)
        return MI_FLOOR_NONE;
    const uint32_t n = SAMPLE - behind, rank = s->guess.rank;
    return mi_floor_below(s->by_row.avx512 ? mi_kth_largest_avx512(outputs + behind, n, rank)
                                           : mi_kth_largest(outputs + behind, n, rank));
}

void mi_screen_guess(mi_screen *s, uint32_t rows)
{
    if (s->guess.rank == 0)
        return;
    for (uint32_t row = 0; row < rows; row += MI_SCREEN_ROWS) {
        const uint32_t n = mi_screen_min(MI_SCREEN_ROWS, rows - row);
        for (uint32_t t = 0; t < SAMPLE; t += MI_PANEL)
            mi_screen_product(s, s->x + (size_t)(s->row + row) * s->ld_x, s->ld_x, n,
                              s->guess.panels + (size_t)t * s->spec.width, s->guess.outputs + t, SAMPLE);
        for (uint32_t i = 0; i < n; i++) {
            const float floor = guess_of(s, row + i, s->guess.outputs + (size_t)i * SAMPLE);
            s->by_row.floor[row + i] = floor;
            s->guess.guessed[row + i] = floor == floor;
        }
    }
}

/* All columns of n rows of the band into their pools, which are empty. */
static void do_again(mi_screen *s, const uint32_t *rows, uint32_t n)
{
    const size_t width = s->spec.width;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(s->guess.rows + i * width, s->x + (size_t)(s->row + rows[i]) * s->ld_x, width * sizeof(float));
        mi_screen_restart_row(s, rows[i]);
    }
    for (uint32_t at = 0; at < s->spec.n_y; at += MI_PANEL) {
        s->ops->pack(s->y + at * s->ld_y, s->ld_y, mi_screen_min(MI_PANEL, s->spec.n_y - at), s->spec.width,
                     s->panel);
        mi_screen_product(s, s->guess.rows, width, n, s->panel, s->tile, MI_PANEL);
        for (uint32_t i = 0; i < n; i++)
            mi_screen_take_row(s, rows[i], at, s->tile + (size_t)i * MI_PANEL,
                               mi_screen_valid(s, rows[i], at));
    }
}

void mi_screen_guess_check(mi_screen *s, uint32_t rows)
{
    uint32_t n = 0;
    if (s->guess.rank == 0)
        return;
    for (uint32_t r = 0; r < rows; r++)
        if (s->guess.guessed[r] && s->by_row.used[r] < s->by_row.keep)
            s->guess.again[n++] = r;
    for (uint32_t first = 0; first < n; first += MI_SCREEN_ROWS)
        do_again(s, s->guess.again + first, mi_screen_min(MI_SCREEN_ROWS, n - first));
    if (n > MAX_AGAIN(rows))
        s->guess.rank = 0;
}
