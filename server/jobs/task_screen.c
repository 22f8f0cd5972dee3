/*
 * A part of a screen: a range of the rows of x against all of y.
 *
 *     PREPARE: features of y (shared with the job's other runs), features of the range  -->  SCREEN --> DONE
 *
 * There is nothing to checkpoint: a part takes seconds, and one that was interrupted starts anew. What it
 * leaves is screen_part.h's.
 */
#include "screen_part.h"
#include "task.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define WAIT_MS       2
#define PREPARE_SHARE 0.1  /* of the progress that is shown */
#define FIRST_PAIRS   4096 /* room for pairs above the threshold, to begin with */

typedef struct screen_task {
    screen_subject subject;
    mi_model *model;
    screen_shelf *shelf;
    shelf_item *y;
    uint32_t first_x, n_x, n_made; /* the range, and how many of its rows have features */
    float *x;                      /* (n_x, width) */
    mi_screen *screen;
    mi_screen_pair *above;
    size_t n_above, capacity;
    bool done;
} screen_task;

static void task_close(void *task)
{
    screen_task *t = task;
    if (!t)
        return;
    mi_screen_free(t->screen);
    screen_shelf_close(t->shelf, t->y);
    mi_model_free(t->model);
    screen_subject_close(&t->subject);
    free(t->above);
    free(t->x);
    free(t);
}

static mi_status open_features(screen_task *t, const char *job_id, mi_error *err)
{
    const size_t width = t->subject.spec.width;
    size_t bytes;
    mi_status status = screen_shelf_open(&t->y, t->shelf, job_id, t->subject.n[1], width, err);
    if (status != MI_OK)
        return status;
    if (__builtin_mul_overflow(width * sizeof(float), (size_t)t->n_x, &bytes) || bytes > SIZE_MAX - 64 ||
        !(t->x = aligned_alloc(64, bytes / 64 * 64 + 64)))
        return mi_fail(err, MI_MEMORY, "features of %u rows", t->n_x);
    return MI_OK;
}

static mi_status task_open(void **out, const job_inputs *inputs, const store_run *run, mi_error *err)
{
    const char *const sha256[3] = {run->blob_x, run->blob_y, run->blob_model};
    screen_task *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return mi_fail(err, MI_MEMORY, "a part of a screen");
    t->shelf = inputs->shelf;
    mi_status status = screen_subject_open(&t->subject, inputs->store, inputs->job, sha256, err);
    if (status == MI_OK)
        status = screen_model(&t->model, &t->subject, err);
    if (status == MI_OK) {
        mi_screen_range(t->subject.n[0], t->subject.spec.symmetric, run->folds, run->fold, &t->first_x,
                        &t->n_x);
        if (t->n_x > 0)
            status = open_features(t, run->job_id, err);
        else
            t->done = true;
    }
    if (status == MI_OK)
        *out = t;
    else
        task_close(t);
    return status;
}

/* ---- features ---- */

static mi_status make_block(screen_task *t, int side, uint32_t first, uint32_t count, float *to,
                            mi_error *err)
{
    const uint32_t *chosen = t->subject.rows[side];
    uint32_t rows[SHELF_BLOCK];
    for (uint32_t i = 0; i < count; i++)
        rows[i] = chosen ? chosen[first + i] : first + i;
    return mi_model_features(t->model, side, t->subject.matrix[side], rows, count, to, err);
}

/* *ready: all features of y are there. */
static mi_status prepare_y(screen_task *t, bool *ready, mi_error *err)
{
    uint32_t first = 0, count = 0;
    const shelf_state state = screen_shelf_take(t->shelf, t->y, &first, &count);
    *ready = state == SHELF_READY;
    if (state == SHELF_WAIT)
        uv_sleep(WAIT_MS);
    if (state != SHELF_BLOCK_TAKEN)
        return MI_OK;
    const mi_status status = make_block(
        t, 1, first, count, screen_shelf_floats(t->y) + (size_t)first * t->subject.spec.width, err);
    screen_shelf_give(t->shelf, t->y, first, status == MI_OK);
    return status;
}

static mi_status prepare_x(screen_task *t, mi_error *err)
{
    const uint32_t left = t->n_x - t->n_made, count = left < SHELF_BLOCK ? left : SHELF_BLOCK;
    const mi_status status = make_block(t, 0, t->first_x + t->n_made, count,
                                        t->x + (size_t)t->n_made * t->subject.spec.width, err);
    t->n_made += count;
    if (t->n_made == t->n_x) { /* what it has to do is done, and it is large */
        mi_model_free(t->model);
        t->model = NULL;
    }
    return status;
}

/* ---- screening ---- */

static mi_status take_above(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err)
{
    screen_task *t = context;
    if (t->n_above + n > t->capacity) {
        size_t capacity = t->capacity ? t->capacity : FIRST_PAIRS;
        while (capacity < t->n_above + n)
            capacity *= 2;
        mi_screen_pair *grown = realloc(t->above, capacity * sizeof *grown);
        if (!grown)
            return mi_fail(err, MI_MEMORY, "%zu pairs above the threshold", t->n_above + n);
        t->above = grown;
        t->capacity = capacity;
    }
    memcpy(t->above + t->n_above, pairs, n * sizeof *pairs);
    t->n_above += n;
    return MI_OK;
}

static mi_status begin(screen_task *t, mi_error *err)
{
    mi_screen_spec spec = t->subject.spec;
    spec.first_x = t->first_x;
    spec.n_x = t->n_x;
    return mi_screen_new(&t->screen, &spec, t->x, spec.width, screen_shelf_floats(t->y), spec.width,
                         take_above, t, err);
}

static mi_status screen_some(screen_task *t, double *fraction, mi_error *err)
{
    mi_screen_progress at = {0};
    mi_status status = t->screen ? MI_OK : begin(t, err);
    if (status == MI_OK)
        status = mi_screen_step(t->screen, &at, err);
    if (status == MI_LIMIT)
        return screen_too_many(&t->subject, err);
    t->done = at.done;
    *fraction = at.fraction;
    return status;
}

static mi_status task_step(void *task, task_progress *out, mi_error *err)
{
    screen_task *t = task;
    double fraction = 1.0;
    bool ready = t->screen != NULL || t->done;
    mi_status status = MI_OK;
    *out = (task_progress){.phase = MI_PHASE_PREPARE};
    if (!ready)
        status = prepare_y(t, &ready, err);
    if (status != MI_OK)
        return status;
    if (!ready) {
        out->fraction = PREPARE_SHARE / 2.0 * screen_shelf_fraction(t->shelf, t->y);
        return MI_OK;
    }
    if (t->n_made < t->n_x) {
        status = prepare_x(t, err);
        out->fraction = PREPARE_SHARE / 2.0 * (1.0 + (double)t->n_made / t->n_x);
        return status;
    }
    out->phase = MI_PHASE_SCORE;
    out->phase_name = "screen";
    if (!t->done)
        status = screen_some(t, &fraction, err);
    out->fraction = PREPARE_SHARE + (1.0 - PREPARE_SHARE) * fraction;
    if (t->done)
        out->phase = MI_PHASE_DONE;
    return status;
}

/* ---- the end ---- */

static size_t task_checkpoint(void *task, void *buffer, size_t capacity)
{
    (void)task;
    (void)buffer;
    (void)capacity;
    return 0;
}

static mi_status task_restore(void *task, const void *bytes, size_t n, mi_error *err)
{
    (void)task;
    (void)bytes;
    return mi_fail(err, MI_CORRUPT, "a part of a screen has no checkpoint, this one has %zu bytes", n);
}

static mi_status task_finish(void *task, size_t room, char **out, size_t *n, mi_error *err)
{
    screen_task *t = task;
    mi_screen_result *result = NULL;
    if (t->n_x == 0)
        return screen_part_pack(NULL, NULL, 0, room, out, n, err);
    mi_status status = mi_screen_finish(t->screen, &result, err);
    if (status == MI_OK)
        status = screen_part_pack(result, t->above, t->n_above, room, out, n, err);
    mi_screen_result_free(result);
    return status;
}

const task_ops task_screen = {task_open,       task_close,   NULL,       task_step,
                              task_checkpoint, task_restore, task_finish};
