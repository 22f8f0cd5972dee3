/*
 * A cell's life: data, runs, levels.
 */
#include "benchmark_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_STEP 2048u /* drawn at a time */

static void drop_results(mi_benchmark *cell)
{
    for (uint32_t r = 0; r < cell->shape.n_runs; r++) {
        mi_run_result_free(cell->results[r]);
        cell->results[r] = NULL;
    }
}

static void begin_level(mi_benchmark *cell, uint32_t level)
{
    cell->phase = MI_BENCHMARK_DRAW;
    cell->level = level;
    cell->run_index = 0;
    cell->drawn = 0;
    cell->estimator = mi_benchmark_estimator(&cell->spec, &cell->shape, level);
    mi_rng_init(&cell->stream, cell->shape.seed, level, 0, MI_PURPOSE_LAW, 0);
}

void mi_benchmark_clear(mi_benchmark *cell)
{
    mi_run_free(cell->run);
    cell->run = NULL;
    drop_results(cell);
    free(cell->carry.state);
    cell->carry = (mi_benchmark_carry){0};
    cell->n_curve = 0;
    cell->fraction = 0.0;
    begin_level(cell, 0);
}

mi_status mi_benchmark_new(mi_benchmark **out, const mi_benchmark_spec *spec, mi_error *err)
{
    *out = NULL;
    mi_benchmark_spec resolved = *spec;
    mi_benchmark_plan plan;
    const mi_status status = mi_benchmark_plan_make(&plan, &resolved, err);
    if (status != MI_OK)
        return status;
    mi_benchmark *cell = calloc(1, sizeof *cell);
    if (!cell)
        return mi_fail(err, MI_MEMORY, "no memory for a cell");
    cell->spec = resolved;
    const mi_status again = mi_benchmark_resolve(&cell->shape, &cell->spec, mi_law_resolve, err);
    assert(again == MI_OK && "it was planned");
    (void)again;
    mi_benchmark_shape *shape = &cell->shape;
    shape->n_runs = plan.n_runs;
    const size_t batch = spec->kind == MI_BENCHMARK_FRESH ? spec->estimator.train.batch : 1;
    cell->x = calloc((size_t)shape->n * shape->dim_x, sizeof *cell->x);
    cell->y = calloc((size_t)shape->n * shape->dim_y, sizeof *cell->y);
    cell->batch[MI_SIDE_X] = calloc(batch * shape->dim_x, sizeof(float));
    cell->batch[MI_SIDE_Y] = calloc(batch * shape->dim_y, sizeof(float));
    cell->results = calloc(shape->n_runs, sizeof *cell->results);
    if (!cell->x || !cell->y || !cell->batch[MI_SIDE_X] || !cell->batch[MI_SIDE_Y] || !cell->results) {
        mi_benchmark_free(cell);
        return mi_fail(err, MI_MEMORY, "no memory for %u pairs", shape->n);
    }
    begin_level(cell, 0);
    *out = cell;
    return MI_OK;
}

void mi_benchmark_free(mi_benchmark *cell)
{
    if (!cell)
        return;
    mi_run_free(cell->run);
    if (cell->results)
        drop_results(cell);
    free(cell->results);
    free(cell->carry.state);
    free(cell->batch[MI_SIDE_X]);
    free(cell->batch[MI_SIDE_Y]);
    free(cell->x);
    free(cell->y);
    free(cell);
}

/* ---- data ---- */

static void draw_rows(mi_benchmark *cell, uint32_t n)
{
    const mi_benchmark_shape *s = &cell->shape;
    mi_law_draw(&s->law[cell->level], &cell->stream, n, cell->x + (size_t)cell->drawn * s->dim_x,
                cell->y + (size_t)cell->drawn * s->dim_y);
    cell->drawn += n;
}

void mi_benchmark_draw_all(mi_benchmark *cell)
{
    draw_rows(cell, cell->shape.n - cell->drawn);
}

static void step_draw(mi_benchmark *cell)
{
    const uint32_t left = cell->shape.n - cell->drawn;
    draw_rows(cell, left < ROWS_PER_STEP ? left : ROWS_PER_STEP);
    if (cell->drawn == cell->shape.n)
        cell->phase = MI_BENCHMARK_RUN;
}

static void fill_batch(void *context, uint32_t step, uint32_t n, float *x, float *y)
{
    const mi_benchmark *cell = context;
    mi_rng rng;
    mi_rng_init(&rng, cell->shape.seed, cell->level, 0, MI_PURPOSE_LAW_STEP, step);
    mi_law_draw(&cell->shape.law[cell->level], &rng, n, x, y);
}

/* ---- runs ---- */

mi_status mi_benchmark_open_run(mi_benchmark *cell, mi_error *err)
{
    const mi_benchmark_shape *s = &cell->shape;
    const uint32_t folds = cell->estimator.split.folds;
    const mi_matrix x = {.data = cell->x, .rows = s->n, .cols = s->dim_x},
                    y = {.data = cell->y, .rows = s->n, .cols = s->dim_y};
    cell->inside = (mi_progress){0};
    const mi_status status =
        mi_run_new(&cell->run, &cell->estimator, cell->run_index / folds, cell->run_index % folds, x, y, err);
    if (status == MI_OK && cell->spec.kind == MI_BENCHMARK_FRESH)
        mi_run_set_feed(cell->run, &(mi_run_feed){.fill = fill_batch,
                                                  .context = cell,
                                                  .rows = {cell->batch[MI_SIDE_X], cell->batch[MI_SIDE_Y]}});
    return status;
}

/* The trainer's state for the next level. */
static mi_status take_carry(mi_benchmark *cell, mi_error *err)
{
    const mi_trainer *trainer = &cell->run->trainer;
    mi_benchmark_carry *carry = &cell->carry;
    const size_t bytes = 4 * trainer->n_params * sizeof(float);
    if (!carry->state && !(carry->state = malloc(bytes)))
        return mi_fail(err, MI_MEMORY, "no memory for the weights of %zu parameters", trainer->n_params);
    assert(carry->n_params == 0 || carry->n_params == trainer->n_params);
    memcpy(carry->state, trainer->state, bytes);
    carry->n_params = trainer->n_params;
    carry->step = trainer->step;
    carry->log_partition = trainer->objective.params.log_partition;
    return MI_OK;
}

static int carries(const mi_benchmark *cell)
{
    return cell->spec.kind == MI_BENCHMARK_FRESH && !cell->spec.reset;
}

static mi_status close_run(mi_benchmark *cell, mi_error *err)
{
    mi_run_result *result = NULL;
    mi_status status = mi_run_finish(cell->run, &result, err);
    if (status != MI_OK)
        return status;
    cell->results[cell->run_index] = result;
    if (carries(cell) && cell->level + 1 < cell->shape.n_levels && (status = take_carry(cell, err)) != MI_OK)
        return status;
    if (cell->run_index == 0)
        mi_benchmark_keep_curve(cell, result);
    mi_run_free(cell->run);
    cell->run = NULL;
    cell->inside = (mi_progress){0};
    if (++cell->run_index == cell->shape.n_runs)
        cell->phase = MI_BENCHMARK_COMBINE;
    return MI_OK;
}

static mi_status step_run(mi_benchmark *cell, mi_error *err)
{
    if (!cell->run)
        return mi_benchmark_open_run(cell, err);
    if (cell->inside.phase == MI_PHASE_DONE)
        return close_run(cell, err);
    const mi_phase before = cell->inside.phase;
    mi_status status = mi_run_step(cell->run, &cell->inside, err);
    const mi_benchmark_carry *carry = &cell->carry;
    if (status == MI_OK && before == MI_PHASE_PREPARE && cell->inside.phase == MI_PHASE_TRAIN &&
        carries(cell) && carry->state)
        status =
            mi_run_continue(cell->run, carry->state, carry->n_params, carry->step, carry->log_partition, err);
    return status;
}

static mi_status step_combine(mi_benchmark *cell, mi_error *err)
{
    const mi_status status = mi_benchmark_combine(cell, err);
    if (status != MI_OK)
        return status;
    drop_results(cell);
    if (cell->level + 1 < cell->shape.n_levels) {
        begin_level(cell, cell->level + 1);
    } else {
        cell->phase = MI_BENCHMARK_DONE;
        cell->level = cell->shape.n_levels;
    }
    return MI_OK;
}

/* Share of a fresh run that is done: its steps are counted from the first level on when it carries weights.
 */
static double inside_share(const mi_benchmark *cell)
{
    const mi_progress *p = &cell->inside;
    if (cell->spec.kind == MI_BENCHMARK_FINITE || p->phase != MI_PHASE_TRAIN)
        return p->fraction;
    const double before = p->max_steps - (double)cell->spec.steps;
    return fmax(0.0, fmin(1.0, (p->step - before) / cell->spec.steps));
}

static void update_fraction(mi_benchmark *cell)
{
    double share = 0.0;
    if (cell->phase == MI_BENCHMARK_RUN)
        share = (cell->run_index + (cell->run ? inside_share(cell) : 0.0)) / cell->shape.n_runs;
    else if (cell->phase == MI_BENCHMARK_COMBINE)
        share = 1.0;
    cell->fraction = fmax(cell->fraction, fmin(1.0, (cell->level + share) / cell->shape.n_levels));
}

mi_status mi_benchmark_step(mi_benchmark *cell, mi_benchmark_progress *out, mi_error *err)
{
    mi_status status = MI_OK;
    switch (cell->phase) {
    case MI_BENCHMARK_DRAW:
        step_draw(cell);
        break;
    case MI_BENCHMARK_RUN:
        status = step_run(cell, err);
        break;
    case MI_BENCHMARK_COMBINE:
        status = step_combine(cell, err);
        break;
    case MI_BENCHMARK_DONE:
        break;
    }
    update_fraction(cell);
    *out = (mi_benchmark_progress){.phase = cell->phase,
                                   .level = cell->level,
                                   .n_levels = cell->shape.n_levels,
                                   .run = cell->run_index,
                                   .n_runs = cell->shape.n_runs,
                                   .inside = cell->inside,
                                   .fraction = cell->fraction};
    return status;
}
