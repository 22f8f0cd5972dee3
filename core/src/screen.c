/*
 * The way of a screen: bands of rows, tiles of a band, the end.
 */
#include "screen_impl.h"
#include "screen_order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Panels between two looks at the floors of rows that nothing has passed, and at the budget of a step. */
#define TILE_PANELS 8u
/* Some ten milliseconds of one core. */
#define STEP_PRODUCTS (UINT64_C(1) << 30)

static mi_screen tuned(const mi_screen_spec *spec, const mi_screen_tuning *tuning)
{
    const mi_screen_tuning none = {0}, *t = tuning ? tuning : &none;
    mi_screen s = {.spec = *spec};
    s.band = t->band ? t->band : MI_SCREEN_BAND;
    s.panels = t->panels ? t->panels : TILE_PANELS;
    s.step = t->step ? t->step : STEP_PRODUCTS;
    s.guess_from = t->guess_from;
    s.kernels = t->portable ? &mi_kernels_portable : mi_kernels_best();
    s.ops = t->portable ? NULL : mi_screen_avx512();
    if (!s.ops)
        s.ops = &mi_screen_portable;
    s.others = spec->top_per_y > 0 || spec->top > 0 || spec->above;
    s.rows_alone = !s.others && spec->top_per_x > 0;
    return s;
}

/* Where the workspace's pieces are; the state itself is the first of them. */
static mi_screen *layout(mi_screen *s, mi_arena *arena)
{
    mi_screen *const self = MI_TAKE(arena, mi_screen, 1);
    mi_screen_layout(s, arena);
    return self;
}

mi_status mi_screen_plan_make(mi_screen_plan *out, const mi_screen_spec *spec, mi_error *err)
{
    const mi_status status = mi_screen_check(spec, err);
    if (status != MI_OK)
        return status;
    mi_arena workspace, result;
    mi_screen s = tuned(spec, NULL);
    mi_arena_init(&workspace, NULL, 0);
    mi_arena_init(&result, NULL, 0);
    layout(&s, &workspace);
    mi_screen_result_layout(&result, spec);
    if (workspace.overflow || result.overflow)
        return mi_fail(err, MI_LIMIT, "the screen is too large for this machine");
    *out = (mi_screen_plan){.workspace = workspace.peak, .result = result.peak};
    return MI_OK;
}

/* The largest float below every output whose score reaches the threshold. Scores rise with outputs, rounded
 * as they are, so bisection over floats finds the place. */
static float floor_of(const mi_screen_spec *spec)
{
    uint32_t low = mi_rank_of(-INFINITY), high = mi_rank_of(INFINITY) + 1; /* infinity's score is one */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (mi_screen_score(spec, mi_of_rank(middle)) >= spec->threshold)
            high = middle;
        else
            low = middle + 1;
    }
    return mi_floor_below(mi_of_rank(low));
}

/* The first known pair of row x or a later one. */
static uint64_t first_known(const mi_screen_spec *spec, uint32_t x)
{
    uint64_t low = 0, high = spec->n_known;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (spec->known_x[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void mi_screen_restart_row(mi_screen *s, uint32_t row)
{
    if (s->by_row.keep)
        mi_pools_clear(&s->by_row, row);
    if (s->spec.n_known > 0)
        s->next_known[row] = first_known(&s->spec, mi_screen_x(s, row));
}

static void begin_band(mi_screen *s)
{
    const uint32_t rows = mi_screen_min(s->band, s->spec.n_x - s->row), x = mi_screen_x(s, 0);
    s->column = s->spec.symmetric ? (x + 1) / MI_PANEL * MI_PANEL : 0;
    s->above.n = 0;
    for (uint32_t r = 0; r < rows; r++)
        mi_screen_restart_row(s, r);
    mi_screen_guess(s, rows);
}

static void start(mi_screen *s)
{
    if (s->by_column.keep) {
        for (uint32_t j = 0; j < s->spec.n_y; j++)
            mi_pools_clear(&s->by_column, j);
        for (uint32_t j = s->spec.n_y; j % MI_PANEL != 0; j++)
            s->by_column.floor[j] = MI_FLOOR_ALL;
    }
    mi_best_clear(&s->best);
    if (s->spec.above)
        s->above.floor = floor_of(&s->spec);
    mi_screen_sums_start(s);
    mi_screen_guess_start(s);
    begin_band(s);
}

mi_status mi_screen_new_tuned(mi_screen **out, const mi_screen_spec *spec, const mi_screen_tuning *tuning,
                              const float *x, size_t ld_x, const float *y, size_t ld_y, mi_screen_sink sink,
                              void *context, mi_error *err)
{
    *out = NULL;
    const mi_status status = mi_screen_check(spec, err);
    if (status != MI_OK)
        return status;
    if (ld_x < spec->width || ld_y < spec->width || (spec->above && !sink))
        return mi_fail(err, MI_INVALID, "a row is shorter than its columns, or a threshold has no sink");
    mi_arena workspace, block;
    mi_screen s = tuned(spec, tuning);
    mi_arena_init(&workspace, NULL, 0);
    mi_arena_init(&block, NULL, 0);
    layout(&s, &workspace);
    mi_screen_result_layout(&block, spec);
    if (workspace.overflow || block.overflow)
        return mi_fail(err, MI_LIMIT, "the screen is too large for this machine");
    void *const memory = mi_arena_memory(workspace.peak), *const kept = mi_arena_memory(block.peak);
    if (!memory || !kept) {
        free(memory);
        free(kept);
        return mi_fail(err, MI_MEMORY, "no memory for a screen");
    }
    mi_arena_init(&workspace, memory, workspace.peak);
    mi_arena_init(&block, kept, block.peak);
    mi_screen *const self = layout(&s, &workspace);
    s.x = x, s.y = y, s.ld_x = ld_x, s.ld_y = ld_y;
    s.sink = sink, s.context = context;
    s.result = mi_screen_result_layout(&block, spec);
    *self = s;
    start(self);
    *out = self;
    return MI_OK;
}

mi_status mi_screen_new(mi_screen **out, const mi_screen_spec *spec, const float *x, size_t ld_x,
                        const float *y, size_t ld_y, mi_screen_sink sink, void *context, mi_error *err)
{
    return mi_screen_new_tuned(out, spec, NULL, x, ld_x, y, ld_y, sink, context, err);
}

void mi_screen_free(mi_screen *screen)
{
    if (!screen)
        return;
    mi_screen_result_free(screen->result);
    free(screen);
}

static mi_status end_band(mi_screen *s, mi_error *err)
{
    const uint32_t rows = mi_screen_min(s->band, s->spec.n_x - s->row);
    mi_screen_result *r = s->result;
    mi_screen_guess_check(s, rows);
    for (uint32_t i = 0; i < rows && s->by_row.keep; i++) {
        const size_t at = (size_t)(s->row + i) * r->per_x;
        mi_pools_list(&s->by_row, i, s->keys, (uint32_t *)r->x_best + at, (float *)r->x_output + at);
    }
    mi_screen_flush_sum(s);
    const mi_status status = mi_screen_deliver(s, rows, err);
    if (status != MI_OK)
        return status;
    s->row += rows;
    if (s->row < s->spec.n_x) {
        begin_band(s);
        return MI_OK;
    }
    s->done = 1;
    for (uint32_t j = 0; j < s->spec.n_y && s->by_column.keep; j++) {
        const size_t at = (size_t)j * r->per_y;
        mi_pools_list(&s->by_column, j, s->keys, (uint32_t *)r->y_best + at, (float *)r->y_output + at);
    }
    if (s->best.keep)
        r->n_top = mi_best_list(&s->best, (mi_screen_pair *)r->top);
    return MI_OK;
}

/* One tile, and what is due at the end of its band; how many products that were. */
static mi_status step_tile(mi_screen *s, uint64_t *products, mi_error *err)
{
    const uint32_t rows = mi_screen_min(s->band, s->spec.n_x - s->row);
    if (s->column < s->spec.n_y) {
        const uint32_t first = s->column, columns = mi_screen_min(s->panels * MI_PANEL, s->spec.n_y - first);
        for (uint32_t r = 0; r < rows; r++)
            s->row_floor[r] = mi_screen_row_floor(s, r);
        mi_screen_tile(s, rows, first, columns);
        if (s->above.overrun)
            return mi_fail(err, MI_LIMIT, "more than %llu pairs reach the threshold",
                           (unsigned long long)s->spec.max_above);
        s->column += columns;
        *products = (uint64_t)rows * columns * s->spec.width;
    }
    return s->column < s->spec.n_y ? MI_OK : end_band(s, err);
}

/* Pairs of the first `rows` rows of the screen. */
static double pairs_of(const mi_screen_spec *spec, double rows)
{
    if (!spec->symmetric)
        return rows * spec->n_y;
    const double left = fmax(0.0, (double)spec->n_y - spec->first_x), counted = fmin(rows, left);
    return counted * left - 0.5 * counted * counted;
}

static double fraction(const mi_screen *s)
{
    const double all = pairs_of(&s->spec, s->spec.n_x), rows = mi_screen_min(s->band, s->spec.n_x - s->row),
                 done = pairs_of(&s->spec, s->row), band = pairs_of(&s->spec, s->row + rows) - done;
    return s->done || all <= 0.0 ? 1.0 : (done + band * fmin(1.0, (double)s->column / s->spec.n_y)) / all;
}

mi_status mi_screen_step(mi_screen *s, mi_screen_progress *out, mi_error *err)
{
    if (s->failed != MI_OK)
        return mi_fail(err, s->failed, "the screen has ended: %s", mi_status_text(s->failed));
    uint64_t spent = 0;
    while (!s->done && spent < s->step) {
        uint64_t products = 0;
        s->failed = step_tile(s, &products, err);
        if (s->failed != MI_OK)
            return s->failed;
        spent += products;
    }
    mi_screen_flush_bins(s);
    if (out)
        *out = (mi_screen_progress){.fraction = fraction(s), .done = s->done};
    return MI_OK;
}

mi_status mi_screen_finish(mi_screen *s, mi_screen_result **out, mi_error *err)
{
    *out = NULL;
    if (!s->done || !s->result)
        return mi_fail(err, MI_INVALID, "the screen is not done, or has given its result away");
    s->result->n_above = s->above.delivered;
    mi_screen_conclude(s->result);
    *out = s->result;
    s->result = NULL;
    return MI_OK;
}
