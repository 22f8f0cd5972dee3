/*
 * A training run: one fold of one replicate of one objective.
 */
#include "run_payload.h"
#include "task.h"

#include <stdlib.h>

typedef struct training {
    mi_run *run;
    bool with_member; /* the job keeps a model */
} training;

static mi_status train_open(void **out, const job_inputs *inputs, const store_run *run, mi_error *err)
{
    training *t = calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return mi_fail(err, MI_MEMORY, "a run");
    t->with_member = inputs->job->want_model;
    mi_status status =
        mi_run_new(&t->run, &inputs->spec, run->replicate, run->fold, inputs->x, inputs->y, err);
    if (status != MI_OK) {
        free(t);
        *out = NULL;
    }
    return status;
}

static void train_close(void *task)
{
    training *t = task;
    if (t)
        mi_run_free(t->run);
    free(t);
}

static void train_set_crew(void *task, mi_crew *crew)
{
    mi_run_set_crew(((training *)task)->run, crew);
}

static mi_status train_step(void *task, task_progress *out, mi_error *err)
{
    mi_progress at;
    mi_status status = mi_run_step(((training *)task)->run, &at, err);
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
    return mi_run_checkpoint(((training *)task)->run, buffer, capacity);
}

static mi_status train_restore(void *task, const void *bytes, size_t n, mi_error *err)
{
    return mi_run_restore(((training *)task)->run, bytes, n, err);
}

static mi_status train_finish(void *task, size_t room, char **out, size_t *n, mi_error *err)
{
    const training *t = task;
    mi_run_result *result = NULL;
    mi_status status = mi_run_finish(t->run, &result, err);
    if (status != MI_OK)
        return status;
    status = run_payload_make(t->run, result, t->with_member, room, out, n, err);
    mi_run_result_free(result);
    return status;
}

const task_ops task_train = {train_open,       train_close,   train_set_crew, train_step,
                             train_checkpoint, train_restore, train_finish};
