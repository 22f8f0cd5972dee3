/*
 * What a run does, whatever kind of job it is of: one thing that is stepped, and can be saved and restored.
 * session.c drives it and looks up between the steps; task_train.c is a training run of core,
 * task_benchmark.c a cell of a benchmark, task_screen.c a part of a screen. Private to server/jobs.
 */
#ifndef JOBS_TASK_H
#define JOBS_TASK_H

#include "inputs.h"
#include "mi/benchmark.h"
#include "mi/crew.h"

/* Where a run stands. */
typedef struct task_progress {
    mi_phase phase;
    const char *phase_name; /* to be shown, static; NULL: that of phase */
    uint32_t step, max_steps;
    double fraction;
    uint32_t level, n_levels; /* of a cell; n_levels 0: of none */
    /* Points so far, borrowed until the next step: of a training run, or of a cell those of its levels. */
    uint32_t n_curve;
    const mi_curve_point *curve;
    const mi_benchmark_point *level_curve;
} task_progress;

typedef struct task_ops {
    /* inputs live as long as the task. MI_MEMORY, MI_INVALID. */
    mi_status (*open)(void **out, const job_inputs *inputs, const store_run *run, mi_error *err);
    void (*close)(void *task); /* NULL is legal */
    /* The task may split its work with the crew from here on; NULL: it has no use for one. */
    void (*set_crew)(void *task, mi_crew *crew);
    /* Errors as mi_run_step. */
    mi_status (*step)(void *task, task_progress *out, mi_error *err);
    /* Size of a checkpoint, 0: nothing to save; buffer NULL measures. */
    size_t (*checkpoint)(void *task, void *buffer, size_t capacity);
    /* For a task that is new; MI_CORRUPT leaves it so. */
    mi_status (*restore)(void *task, const void *bytes, size_t n, mi_error *err);
    /* What a task that is done found, as bytes: `room` bytes are left in front for the caller, who frees. */
    mi_status (*finish)(void *task, size_t room, char **out, size_t *n, mi_error *err);
} task_ops;

extern const task_ops task_train, task_benchmark, task_screen;

#endif
