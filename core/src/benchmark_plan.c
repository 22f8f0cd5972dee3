/*
 * What a cell's spec means, and what it takes.
 */
#include "benchmark_internal.h"

#include <stdio.h>

#define OVERHEAD_BYTES 65536u

void mi_benchmark_defaults(mi_benchmark_spec *spec, mi_benchmark_kind kind)
{
    *spec = (mi_benchmark_spec){.kind = kind, .seed = 42, .n_pairs = 4000, .steps = 10000, .sample = 50000};
    mi_spec_from_recipe(&spec->estimator, MI_RECIPE_DEFAULT);
    /* At many bits the mean ratio rests on few of the mismatched pairs. */
    if (kind == MI_BENCHMARK_FRESH)
        spec->estimator.null_pairs = 1000000;
}

mi_spec mi_benchmark_estimator(const mi_benchmark_spec *spec, const mi_benchmark_shape *shape, uint32_t level)
{
    mi_spec out = spec->estimator;
    out.seed = shape->seed;
    if (spec->kind == MI_BENCHMARK_FINITE)
        return out;
    out.split.folds = 1;
    out.replicates = 1;
    out.permutations = 0;
    out.debias = MI_DEBIAS_NONE; /* nothing is fitted to pairs that come again */
    out.train.max_steps = spec->reset ? spec->steps : spec->steps * (level + 1);
    out.train.evaluate_every = spec->steps / MI_BENCHMARK_POINTS_PER_LEVEL;
    if (out.train.evaluate_every == 0)
        out.train.evaluate_every = 1;
    out.train.evaluate_fraction = 0.0;
    out.train.patience_steps = UINT32_MAX;
    out.train.patience_fraction = 0.0;
    return out;
}

static mi_status resolve_levels(mi_benchmark_shape *out, mi_benchmark_spec *spec, mi_law_settle *settle,
                                mi_error *err)
{
    out->n_levels = spec->n_levels;
    if (spec->n_levels > MI_BENCHMARK_MAX_LEVELS)
        return mi_fail_at(err, MI_INVALID, "/levels", "%u; expected at most %u", spec->n_levels,
                          MI_BENCHMARK_MAX_LEVELS);
    for (uint32_t i = 0; i < spec->n_levels; i++) {
        char at[32];
        snprintf(at, sizeof at, "/levels/%u", i);
        mi_law_spec law = {spec->law.law, spec->law.dim, spec->level_nats[i], 0.0};
        mi_error why = {0};
        if (!(law.mi_nats > 0.0))
            return mi_fail_at(err, MI_INVALID, at, "%g; expected a positive MI", law.mi_nats);
        if (settle(&law, "", &why) != MI_OK) {
            const int of_level = law.law && why.pointer[0] == '/' && why.pointer[1] == 'm';
            char pointer[160];
            snprintf(pointer, sizeof pointer, "/law%s", why.pointer);
            return mi_fail_at(err, MI_INVALID, of_level ? at : pointer, "%s", why.message);
        }
        out->law[i] = law;
        spec->law.dim = law.dim;
    }
    return MI_OK;
}

static mi_status resolve_fresh(mi_benchmark_shape *out, mi_benchmark_spec *spec, mi_law_settle *settle,
                               mi_error *err)
{
    if (spec->estimator.objective.entry->method != MI_METHOD_CRITIC)
        return mi_fail_at(err, MI_UNSUPPORTED, "/objective/name",
                          "%s trains no critic on batches; expected one that does",
                          spec->estimator.objective.entry->name);
    if (spec->steps == 0 || spec->steps > UINT32_MAX / 2 / MI_BENCHMARK_MAX_LEVELS)
        return mi_fail_at(err, MI_INVALID, "/steps", "%u; expected 1 to %u", spec->steps,
                          UINT32_MAX / 2 / MI_BENCHMARK_MAX_LEVELS);
    out->n = spec->sample;
    if (spec->n_levels > 0)
        return resolve_levels(out, spec, settle, err);
    return settle(&spec->law, "/law", err);
}

mi_status mi_benchmark_resolve(mi_benchmark_shape *out, mi_benchmark_spec *spec, mi_law_settle *settle,
                               mi_error *err)
{
    *out = (mi_benchmark_shape){.seed = spec->seed + spec->repetition};
    mi_status status = MI_OK;
    if (spec->kind == MI_BENCHMARK_FRESH)
        status = resolve_fresh(out, spec, settle, err);
    else
        status = settle(&spec->law, "/law", err);
    if (status != MI_OK)
        return status;
    if (out->n_levels == 0) {
        out->n_levels = 1;
        out->law[0] = spec->law;
    }
    if (spec->kind == MI_BENCHMARK_FINITE)
        out->n = spec->n_pairs;
    mi_law_dims(&out->law[0], &out->dim_x, &out->dim_y);
    return MI_OK;
}

/* Errors about the data of a run are about a field of the cell. */
static mi_status rename_data(mi_status status, const mi_benchmark_spec *spec, mi_error *err)
{
    if (status != MI_OK && err && err->pointer[0] == '/' && err->pointer[1] == 'x' && err->pointer[2] == '\0')
        snprintf(err->pointer, sizeof err->pointer, "%s",
                 spec->kind == MI_BENCHMARK_FRESH ? "/sample" : "/n");
    return status;
}

mi_status mi_benchmark_plan_make(mi_benchmark_plan *out, mi_benchmark_spec *spec, mi_error *err)
{
    mi_benchmark_shape shape;
    mi_status status = mi_benchmark_resolve(&shape, spec, mi_law_check, err);
    if (status != MI_OK)
        return status;
    const mi_spec estimator = mi_benchmark_estimator(spec, &shape, shape.n_levels - 1);
    mi_plan run;
    status = rename_data(mi_plan_make(&run, &estimator, shape.n, shape.dim_x, shape.dim_y, err), spec, err);
    if (status != MI_OK)
        return status;
    const uint64_t row = sizeof(float) * ((uint64_t)shape.dim_x + shape.dim_y);
    const uint64_t data = row * shape.n, batch = row * estimator.train.batch;
    const uint64_t results = run.result_bytes * run.n_runs;
    /* of mi_estimate_combine: six numbers a pair, four a null pair */
    const uint64_t estimate = 48 * (uint64_t)shape.n + 32 * (uint64_t)estimator.null_pairs;
    *out = (mi_benchmark_plan){
        .n_levels = shape.n_levels,
        .n_runs = run.n_runs,
        .result_bytes = sizeof(mi_benchmark_level) * shape.n_levels +
                        sizeof(mi_benchmark_point) * (uint64_t)MI_BENCHMARK_MAX_CURVE + OVERHEAD_BYTES,
    };
    /* what is carried is a part of what a run's checkpoint has */
    out->checkpoint_bytes = out->result_bytes + results + 2 * run.checkpoint_bytes;
    out->memory_bytes = run.workspace_bytes + data + batch + results + estimate + run.checkpoint_bytes +
                        sizeof(mi_benchmark) + OVERHEAD_BYTES;
    return MI_OK;
}
