/*
 * A cell of a benchmark: one repetition of one objective on one law, data and all.
 */
#include "task.h"

#include <stdlib.h>

typedef struct bench_task {
    mi_benchmark *cell;
    mi_benchmark_spec spec;
} bench_task;

static void bench_close(void *task)
{
    bench_task *b = task;
    if (b)
        mi_benchmark_free(b->cell);
    free(b);
}

static mi_status bench_open(void **out, const job_inputs *inputs, const store_run *run, mi_error *err)
{
    *out = NULL;
    bench_task *b = calloc(1, sizeof *b);
    if (!b)
        return mi_fail(err, MI_MEMORY, "a cell");
    proto_job_cell(inputs->job, run->variant, run->replicate, &b->spec);
    mi_status status = mi_benchmark_new(&b->cell, &b->spec, err);
    if (status == MI_OK)
        *out = b;
    else
        bench_close(b);
    return status;
}

static mi_phase phase_of(const mi_benchmark_progress *at)
{
    switch (at->phase) {
    case MI_BENCHMARK_DRAW:
        return MI_PHASE_PREPARE;
    case MI_BENCHMARK_RUN:
        return at->inside.phase == MI_PHASE_DONE ? MI_PHASE_SCORE : at->inside.phase;
    case MI_BENCHMARK_COMBINE:
        return MI_PHASE_SCORE;
    case MI_BENCHMARK_DONE:
        break;
    }
    return MI_PHASE_DONE;
}

/* Steps of the level: where weights go on from level to level, core counts them from the first one on. */
static void count_steps(const bench_task *b, const mi_benchmark_progress *at, task_progress *out)
{
    const bool climbs = b->spec.kind == MI_BENCHMARK_FRESH && !b->spec.reset;
    const uint64_t before = climbs ? (uint64_t)b->spec.steps * at->level : 0;
    out->step = at->inside.step > before ? (uint32_t)(at->inside.step - before) : 0;
    out->max_steps = at->inside.max_steps > before ? (uint32_t)(at->inside.max_steps - before) : 0;
}

static mi_status bench_step(void *task, task_progress *out, mi_error *err)
{
    bench_task *b = task;
    mi_benchmark_progress at;
    mi_status status = mi_benchmark_step(b->cell, &at, err);
    if (status != MI_OK)
        return status;
    *out = (task_progress){.phase = phase_of(&at),
                           .fraction = at.fraction,
                           .level = at.level < at.n_levels ? at.level : at.n_levels - 1,
                           .n_levels = at.n_levels};
    count_steps(b, &at, out);
    out->level_curve = mi_benchmark_curve(b->cell, &out->n_curve);
    return MI_OK;
}

static size_t bench_checkpoint(void *task, void *buffer, size_t capacity)
{
    return mi_benchmark_checkpoint(((bench_task *)task)->cell, buffer, capacity);
}

static mi_status bench_restore(void *task, const void *bytes, size_t n, mi_error *err)
{
    return mi_benchmark_restore(((bench_task *)task)->cell, bytes, n, err);
}

static mi_status bench_finish(void *task, size_t room, char **out, size_t *n, mi_error *err)
{
    mi_benchmark_result *result = NULL;
    mi_status status = mi_benchmark_finish(((bench_task *)task)->cell, &result, err);
    if (status != MI_OK)
        return status;
    const size_t packed = mi_benchmark_result_pack(result, NULL, 0);
    *n = room + packed;
    *out = malloc(*n);
    if (*out)
        mi_benchmark_result_pack(result, *out + room, packed);
    else
        status = mi_fail(err, MI_MEMORY, "a cell's result of %zu bytes", *n);
    mi_benchmark_result_free(result);
    return status;
}

const task_ops task_benchmark = {bench_open,       bench_close,   NULL,        bench_step,
                                 bench_checkpoint, bench_restore, bench_finish};
