/*
 * A run's life: plan, workspace, preparation, and the state machine that steps it.
 */
#include "run_check.h"
#include "run_internal.h"
#include "split_groups.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_OVERHEAD 4096u
#define PREPARE_SHARE   0.05 /* of a run's time, roughly */
#define TRAIN_SHARE     0.90

void mi_run_shuffle(const mi_run *run, mi_purpose purpose, uint32_t step, uint32_t *order, uint32_t n)
{
    mi_rng rng;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, purpose, step);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    mi_rng_permute(&rng, order, n);
}

const mi_run_method *mi_run_method_of(const mi_spec *spec)
{
    switch (spec->objective.entry->method) {
    case MI_METHOD_CRITIC:
        break;
    case MI_METHOD_BASELINE:
        return &mi_run_baseline;
    case MI_METHOD_NEIGHBOURS:
        return &mi_run_neighbours;
    case MI_METHOD_LATENT:
        return &mi_run_latent;
    }
    return &mi_run_critic;
}

void mi_run_part_layout(part *p, mi_arena *arena, uint32_t n, const mi_run *run, uint32_t base)
{
    p->n = n;
    for (int side = 0; side < 2; side++) {
        p->rows[side] = mi_arena_take(arena, (size_t)n * run->prepare[side].dim_out, sizeof(float));
        p->base[side] = base ? mi_arena_take(arena, (size_t)n * base, sizeof(float)) : NULL;
    }
}

void mi_run_prepare_rows(mi_run *run, part *p, const uint32_t *rows)
{
    for (int side = 0; side < 2; side++)
        mi_prepare_apply(&run->prepare[side], &run->arena, run->data[side], rows, p->n, p->rows[side]);
}

/* Rows that preparation is fitted on. */
static uint32_t n_prepared(const mi_run *run)
{
    return run->method->fits_all_rows ? run->n_rows : run->split.n_fit;
}

/* First half of the workspace: what is known from the shape of the data. */
static mi_status layout_preparation(mi_run *run, mi_error *err)
{
    mi_arena *arena = &run->arena;
    mi_split_layout(&run->split, arena);
    run->order = MI_TAKE(arena, uint32_t, run->n_rows);
    for (int side = 0; side < 2; side++) {
        const mi_status status = mi_prepare_layout(&run->prepare[side], arena, &run->spec.prepare,
                                                   run->width[side], n_prepared(run), err);
        if (status != MI_OK)
            return status;
    }
    return MI_OK;
}

/* What fitting borrows and gives back; only its peak counts. */
static void measure_fitting(mi_run *run)
{
    const size_t mark = mi_arena_mark(&run->arena);
    for (int side = 0; side < 2; side++) {
        mi_prepare_fit_layout(&run->prepare[side], &run->arena);
        mi_arena_release(&run->arena, mark);
    }
}

/* x and y may be without data; width: see mi_matrix_width. size: of the run's split, NULL: not counted yet.
 */
static void describe(mi_run *run, const mi_spec *spec, uint32_t replicate, uint32_t fold, mi_matrix x,
                     mi_matrix y, const uint64_t width[2], const mi_split *size)
{
    memset(run, 0, sizeof *run);
    run->method = mi_run_method_of(spec);
    run->spec = *spec;
    if (run->method->settle)
        run->method->settle(&run->spec);
    run->replicate = replicate;
    run->fold = fold;
    run->data[MI_SIDE_X] = x;
    run->data[MI_SIDE_Y] = y;
    run->width[MI_SIDE_X] = width[MI_SIDE_X];
    run->width[MI_SIDE_Y] = width[MI_SIDE_Y];
    run->n_rows = (uint32_t)x.rows;
    const mi_split_pairs pairs = mi_split_pairs_of(&x, &y);
    if (size)
        run->split = *size;
    else
        mi_split_size(&run->split, spec, replicate, fold, &pairs);
    run->batch = mi_run_batch(&run->spec, &run->split);
    run->spec.objective.params.batch = run->batch;
    run->spec.critic.y_offset = run->spec.objective.entry->y_offset;
    run->spec.critic.precision = run->spec.train.precision;
}

/* The workspace of a run, measured by laying it out without memory. */
static mi_status measure(mi_run *run, size_t *bytes, mi_error *err)
{
    mi_arena_init(&run->arena, NULL, 0);
    mi_status status = layout_preparation(run, err);
    if (status != MI_OK)
        return status;
    measure_fitting(run);
    if ((status = run->method->layout(run, err)) != MI_OK)
        return status;
    run->method->measure_scratch(run);
    if (run->arena.overflow)
        return mi_fail(err, MI_LIMIT, "the workspace of one run is too large to count");
    *bytes = run->arena.peak;
    return MI_OK;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t result_bytes(const mi_run *run)
{
    return (uint64_t)run->split.n_test * (sizeof(uint32_t) + sizeof(double)) +
           (uint64_t)run->scoring.n_null * (2 * sizeof(uint32_t) + sizeof(double)) +
           (uint64_t)run->scoring.n_permutations * sizeof(double) +
           (uint64_t)run->max_curve * sizeof(mi_curve_point) + RESULT_OVERHEAD;
}

static mi_status check_data(const mi_spec *spec, const mi_matrix *x, const mi_matrix *y,
                            const uint64_t width[2], const mi_runs_of *of, mi_error *err)
{
    const mi_split_pairs pairs = mi_split_pairs_of(x, y);
    if (x->mirrored != y->mirrored || (x->mirrored && x->rows % 2 != 0))
        return mi_fail_at(err, MI_INVALID, "/x", "%llu mirrored rows; expected an even number, as in y",
                          (unsigned long long)x->rows);
    const mi_status status = mi_run_check(spec, &pairs, x->rows, of, err);
    if (status != MI_OK)
        return status;
    for (int side = 0; side < 2; side++)
        if (width[side] == 0)
            return mi_fail_at(err, MI_INVALID, side == MI_SIDE_X ? "/x" : "/y",
                              "no columns; expected at least one");
    return MI_OK;
}

/* The most that a run and those before it take. */
static mi_status plan_run(mi_plan *plan, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_matrix *x, const mi_matrix *y, const uint64_t width[2],
                          const mi_split *size, mi_error *err)
{
    mi_run run;
    size_t bytes = 0;
    describe(&run, spec, replicate, fold, *x, *y, width, size);
    const mi_status status = measure(&run, &bytes, err);
    if (status != MI_OK)
        return status;
    plan->workspace_bytes = max_u64(plan->workspace_bytes, bytes);
    plan->checkpoint_bytes = max_u64(plan->checkpoint_bytes, mi_run_checkpoint_bytes(&run));
    plan->result_bytes = max_u64(plan->result_bytes, result_bytes(&run));
    plan->member_bytes = max_u64(plan->member_bytes, mi_run_member_bytes(&run));
    return MI_OK;
}

/* By group every run is of a size of its own. */
static mi_status plan_groups(mi_plan *out, const mi_spec *spec, const mi_matrix *x, const mi_matrix *y,
                             const uint64_t width[2], mi_error *err)
{
    const uint64_t runs = (uint64_t)spec->replicates * spec->split.folds;
    const uint64_t counted = runs <= MI_GROUPED_WORK ? runs : 0; /* more are refused before any is counted */
    mi_runs_of all = {.size = calloc(counted + 1, sizeof *all.size)};
    if (!all.size)
        return mi_fail(err, MI_MEMORY, "no memory to plan %llu runs", (unsigned long long)runs);
    mi_status status = check_data(spec, x, y, width, &all, err);
    *out = (mi_plan){.n_runs = (uint32_t)runs};
    for (uint32_t r = 0; status == MI_OK && r < runs; r++)
        status =
            plan_run(out, spec, r / spec->split.folds, r % spec->split.folds, x, y, width, &all.size[r], err);
    free(all.size);
    return status;
}

mi_status mi_plan_pairs(mi_plan *out, const mi_spec *spec, mi_matrix x, mi_matrix y, const uint64_t width[2],
                        mi_error *err)
{
    const mi_split_pairs pairs = mi_split_pairs_of(&x, &y);
    if (mi_split_has_groups(&spec->split, &pairs))
        return plan_groups(out, spec, &x, &y, width, err);
    mi_status status = check_data(spec, &x, &y, width, &(mi_runs_of){.one = 0}, err);
    if (status != MI_OK)
        return status;
    *out = (mi_plan){.n_runs = spec->replicates * spec->split.folds};
    /* Folds differ by a row: the first holds out the most, the last trains on the most. */
    status = plan_run(out, spec, 0, 0, &x, &y, width, NULL, err);
    return status == MI_OK ? plan_run(out, spec, 0, spec->split.folds - 1, &x, &y, width, NULL, err) : status;
}

mi_status mi_plan_make(mi_plan *out, const mi_spec *spec, uint64_t n, uint64_t dim_x, uint64_t dim_y,
                       mi_error *err)
{
    const mi_matrix rows = {.rows = n};
    return mi_plan_pairs(out, spec, rows, rows, (const uint64_t[2]){dim_x, dim_y}, err);
}

static mi_status at_side(mi_status status, int side, mi_error *err)
{
    if (status != MI_OK && err)
        snprintf(err->pointer, sizeof err->pointer, "%s", side == MI_SIDE_X ? "/x" : "/y");
    return status;
}

static mi_status measure_width(mi_matrix data, int side, uint64_t width[2], mi_error *err)
{
    return at_side(mi_matrix_width(data, &width[side], err), side, err);
}

mi_status mi_run_new(mi_run **out, const mi_spec *spec, uint32_t replicate, uint32_t fold, mi_matrix x,
                     mi_matrix y, mi_error *err)
{
    *out = NULL;
    if (x.rows != y.rows)
        return mi_fail_at(err, MI_INVALID, "/y", "%llu rows; expected %llu as in x",
                          (unsigned long long)y.rows, (unsigned long long)x.rows);
    const mi_split_pairs pairs = mi_split_pairs_of(&x, &y);
    const int grouped = mi_split_has_groups(&spec->split, &pairs);
    mi_split size;
    mi_plan plan = {0};
    uint64_t width[2];
    mi_status status = measure_width(x, MI_SIDE_X, width, err);
    if (status == MI_OK)
        status = measure_width(y, MI_SIDE_Y, width, err);
    if (status == MI_OK)
        status = check_data(spec, &x, &y, width, &(mi_runs_of){1, replicate, fold, &size}, err);
    if (status == MI_OK)
        status = plan_run(&plan, spec, replicate, fold, &x, &y, width, grouped ? &size : NULL, err);
    if (status != MI_OK)
        return status;
    const size_t capacity = plan.workspace_bytes;
    mi_run *run = malloc(sizeof *run);
    void *memory = mi_arena_memory(capacity);
    if (!run || !memory) {
        free(run);
        free(memory);
        return mi_fail(err, MI_MEMORY, "no memory for a workspace of %llu bytes",
                       (unsigned long long)capacity);
    }
    describe(run, spec, replicate, fold, x, y, width, grouped ? &size : NULL);
    mi_arena_init(&run->arena, memory, capacity);
    status = layout_preparation(run, err);
    assert(status == MI_OK && "it was measured with this layout");
    *out = run;
    return MI_OK;
}

void mi_run_set_crew(mi_run *run, mi_crew *crew)
{
    run->critic.crew = run->crew = crew;
}

void mi_run_free(mi_run *run)
{
    if (!run)
        return;
    free(run->arena.base);
    free(run);
}

static mi_status fit_side(mi_run *run, int side, mi_error *err)
{
    const uint32_t *rows = run->split.fit;
    if (run->method->fits_all_rows) {
        for (uint32_t i = 0; i < run->n_rows; i++)
            run->order[i] = i;
        rows = run->order;
    }
    return at_side(mi_prepare_fit(&run->prepare[side], &run->arena, run->data[side], rows, err), side, err);
}

/* Then the method's own. */
enum { STAGE_SPLIT, STAGE_FIT_X, STAGE_FIT_Y, STAGE_START };

static mi_status prepare_stage(mi_run *run, mi_error *err)
{
    mi_rng rng;
    mi_split_pairs pairs;
    switch (run->stage) {
    case STAGE_SPLIT:
        pairs = mi_split_pairs_of(&run->data[MI_SIDE_X], &run->data[MI_SIDE_Y]);
        mi_split_fill(&run->split, &run->spec, run->replicate, run->fold, &pairs, run->order);
        /* Validation blocks must not follow the order of the file, which may be sorted. */
        mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_VALIDATION, 1);
        mi_rng_permute(&rng, run->split.validation, run->split.n_validation);
        return MI_OK;
    case STAGE_FIT_X:
    case STAGE_FIT_Y:
        return fit_side(run, run->stage == STAGE_FIT_X ? MI_SIDE_X : MI_SIDE_Y, err);
    default:
        return run->method->start(run, run->stage - STAGE_START, err);
    }
}

static int prepare_stages(const mi_run *run)
{
    return STAGE_START + run->method->start_stages;
}

static mi_status step_prepare(mi_run *run, mi_error *err)
{
    const mi_status status = prepare_stage(run, err);
    if (status != MI_OK)
        return status;
    if (++run->stage == prepare_stages(run)) {
        run->phase = MI_PHASE_TRAIN;
        run->stage = 0;
    }
    return MI_OK;
}

/* Share of the run that is done, an estimate that only grows. Training usually ends by patience, long before
 * max_steps. */
static void update_fraction(mi_run *run)
{
    const mi_train_spec *train = &run->spec.train;
    double fraction = 0.0, expected = train->max_steps;
    switch (run->phase) {
    case MI_PHASE_PREPARE:
        fraction = PREPARE_SHARE * run->stage / prepare_stages(run);
        break;
    case MI_PHASE_TRAIN:
        if (train->early_stopping)
            expected = fmin(expected, run->progress.best_step * (1.0 + train->patience_fraction) +
                                          train->patience_steps);
        fraction = PREPARE_SHARE + TRAIN_SHARE * fmin(1.0, run->trainer.step / fmax(1.0, expected));
        break;
    case MI_PHASE_SCORE:
        fraction = PREPARE_SHARE + (run->method->trains ? TRAIN_SHARE : 0.0);
        fraction += (1.0 - fraction) * run->scoring.share;
        break;
    case MI_PHASE_DONE:
        fraction = 1.0;
        break;
    }
    run->fraction = fmax(run->fraction, fraction);
}

mi_status mi_run_step(mi_run *run, mi_progress *out, mi_error *err)
{
    mi_status status = MI_OK;
    int done = 0;
    switch (run->phase) {
    case MI_PHASE_PREPARE:
        status = step_prepare(run, err);
        break;
    case MI_PHASE_TRAIN:
        if (run->progress.finished)
            run->phase = MI_PHASE_SCORE;
        else
            status = mi_run_train_step(run, err);
        break;
    case MI_PHASE_SCORE:
        status = run->method->score(run, &done, err);
        if (done)
            run->phase = MI_PHASE_DONE;
        break;
    case MI_PHASE_DONE:
        break;
    }
    update_fraction(run);
    *out = (mi_progress){.phase = run->phase,
                         .step = run->trainer.step,
                         .max_steps = run->spec.train.max_steps,
                         .fraction = run->fraction,
                         .n_curve = run->progress.n_curve,
                         .curve = run->curve};
    return status;
}
