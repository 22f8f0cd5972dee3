/*
 * A training run: one fold of one replicate of one objective.
 */
#include "task.h"

#include <stdlib.h>

static mi_status train_open(void **out, const job_inputs *inputs, const store_run *run, mi_error *err)
{
    mi_run *task = NULL;
    mi_status status = mi_run_new(&task, &inputs->spec, run->replicate, run->fold, inputs->x, inputs->y, err);
    *out = task;
    return status;
}

static void train_close(void *task)
{
    mi_run_free(task);
}

static void train_set_crew(void *task, mi_crew *crew)
{
    mi_run_set_crew(task, crew);
}

static mi_status train_step(void *task, task_progress *out, mi_error *err)
{
    mi_progress at;
    mi_status status = mi_run_step(task, &at, err);
    if (status == MI_OK)
        *out = (task_progress){.phase = at.phase,
                               .step = at.step,
                               .max_steps = at.max_steps,
                               .fraction = at.fraction,
                               .n_curve = at.n_curve,
                               .curve = at.curve};
    return status;
}

static size_t train_checkpoint(void *task, void *buffer, size_t capacity)
{
    return mi_run_checkpoint(task, buffer, capacity);
}

static mi_status train_restore(void *task, const void *bytes, size_t n, mi_error *err)
{
    return mi_run_restore(task, bytes, n, err);
}

static mi_status train_finish(void *task, size_t room, char **out, size_t *n, mi_error *err)
{
    mi_run_result *result = NULL;
    mi_status status = mi_run_finish(task, &result, err);
    if (status != MI_OK)
        return status;
    const size_t packed = mi_run_result_pack(result, NULL, 0);
    *n = room + packed;
    *out = malloc(*n);
    if (*out)
        mi_run_result_pack(result, *out + room, packed);
    else
        status = mi_fail(err, MI_MEMORY, "a run's result of %zu bytes", *n);
    mi_run_result_free(result);
    return status;
}

const task_ops task_train = {train_open,       train_close,   train_set_crew, train_step,
                             train_checkpoint, train_restore, train_finish};
