/*
 * The combining run of a benchmark: the figures of every cell, put beside the truth. A cell that failed has a
 * reason in their place; the job stands even when all did, for that is what it was to find out.
 */
#include "combine.h"

#include "proto/problem.h"
#include "run_envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_EVERY 16u /* variants between looks at the job */

/* Why the first repetition that failed did. */
typedef struct reason {
    char code[64], detail[sizeof(((mi_error *)0)->message)];
} reason;

typedef struct gathering {
    worker *w;
    const store_run *record;
    const job_inputs *inputs;
    uint32_t n_variants, n_levels, repetitions;
    proto_benchmark_cell *cells; /* (n_variants) */
    reason *reasons;             /* (n_variants) */
    mi_benchmark_level *levels;  /* (n_variants, n_levels, repetitions) */
} gathering;

static mi_benchmark_level *level_at(const gathering *g, uint32_t variant, uint32_t level, uint32_t repetition)
{
    return g->levels + ((size_t)variant * g->n_levels + level) * g->repetitions + repetition;
}

static void leave_open(const gathering *g, uint32_t variant, uint32_t repetition)
{
    for (uint32_t level = 0; level < g->n_levels; level++)
        *level_at(g, variant, level, repetition) = (mi_benchmark_level){
            .truth_nats = proto_job_truth(g->inputs->job, variant, level), .mi_nats = (double)NAN};
}

static mi_status keep_failure(gathering *g, uint32_t variant, uint32_t repetition, mi_status code,
                              const char *text, size_t n, mi_error *err)
{
    proto_benchmark_cell *cell = &g->cells[variant];
    reason *why = &g->reasons[variant];
    leave_open(g, variant, repetition);
    if (cell->failed++ > 0)
        return MI_OK;
    proto_problem *problem = malloc(sizeof *problem); /* 12 KiB */
    if (!problem)
        return mi_fail(err, MI_MEMORY, "why a cell failed");
    mi_error failure = {.code = MI_OK};
    mi_fail(&failure, code, "%.*s", (int)n, text);
    proto_problem_from_error(problem, &failure);
    memcpy(why->detail, failure.message, sizeof why->detail);
    strncpy(why->code, proto_problem_name(problem->code), sizeof why->code - 1);
    cell->error_code = why->code;
    cell->error_detail = why->detail;
    free(problem);
    return MI_OK;
}

static mi_status gather_one(gathering *g, uint32_t variant, uint32_t repetition, const store_bytes *packed,
                            mi_error *err)
{
    mi_benchmark_result *result = NULL;
    run_envelope envelope;
    const void *payload;
    size_t n;
    mi_status status = run_envelope_open(&envelope, &payload, &n, packed->bytes, packed->n, err);
    if (status != MI_OK)
        return status;
    g->cells[variant].train_s += envelope.train_s;
    g->cells[variant].run_s += envelope.run_s;
    if (envelope.status != MI_OK)
        return keep_failure(g, variant, repetition, envelope.status, payload, n, err);
    status = mi_benchmark_result_unpack(&result, payload, n, err);
    if (status != MI_OK)
        return status;
    if (result->n_levels == g->n_levels)
        for (uint32_t level = 0; level < g->n_levels; level++)
            *level_at(g, variant, level, repetition) = result->levels[level];
    else
        status = mi_fail(err, MI_CORRUPT, "a cell of %u levels, not %u", result->n_levels, g->n_levels);
    mi_benchmark_result_free(result);
    return status;
}

static mi_status gather_variant(gathering *g, uint32_t variant, mi_error *err)
{
    store_bytes *packed = NULL;
    size_t n = 0;
    mi_status status = store_run_results(g->w->pool->config.store, g->record, variant, &packed, &n, err);
    if (status != MI_OK)
        return status;
    if (n != g->repetitions)
        status = mi_fail(err, MI_INTERNAL, "%zu run results of %u", n, g->repetitions);
    g->cells[variant].levels = level_at(g, variant, 0, 0);
    for (uint32_t i = 0; i < n && status == MI_OK; i++)
        status = gather_one(g, variant, i, &packed[i], err);
    store_run_results_free(packed, n);
    return status;
}

static mi_status gather(gathering *g, mi_error *err)
{
    mi_status status = MI_OK;
    const size_t n_levels = (size_t)g->n_variants * g->n_levels * g->repetitions;
    g->cells = calloc(g->n_variants, sizeof *g->cells);
    g->reasons = calloc(g->n_variants, sizeof *g->reasons);
    g->levels = calloc(n_levels, sizeof *g->levels);
    if (!g->cells || !g->reasons || !g->levels)
        return mi_fail(err, MI_MEMORY, "the figures of %u cells", g->n_variants);
    for (uint32_t i = 0; i < g->n_variants && status == MI_OK; i++) {
        if (i % HOLD_EVERY == HOLD_EVERY - 1)
            status = combine_hold(g->w, g->record, err);
        if (status == MI_OK)
            status = gather_variant(g, i, err);
    }
    return status;
}

static mi_status succeed(void *ctx, mi_error *err)
{
    const gathering *g = ctx;
    const proto_benchmark_outcome outcome = {g->inputs->job, g->cells};
    proto_result_context context = combine_context(g->w, g->record);
    proto_text text;
    for (uint32_t i = 0; i < g->n_variants; i++)
        context.train_s += g->cells[i].train_s;
    proto_text_init(&text, RESULT_MAX);
    mi_status status = proto_benchmark_encode(&outcome, &context, &text, err);
    const store_outcome kept = {.result = text.data};
    if (status == MI_OK)
        status = store_job_succeed(g->w->pool->config.store, g->record, &kept, err);
    proto_text_fini(&text);
    return status;
}

mi_status combine_benchmark(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err)
{
    gathering g = {.w = w,
                   .record = record,
                   .inputs = inputs,
                   .n_variants = proto_job_variants(inputs->job),
                   .n_levels = proto_job_levels(inputs->job),
                   .repetitions = proto_job_replicates(inputs->job)};
    mi_status status = gather(&g, err);
    if (status == MI_OK)
        status = worker_persist(w, record, succeed, &g, err);
    free(g.levels);
    free(g.reasons);
    free(g.cells);
    return status;
}
