/*
 * The combining run of a comparison: each objective's estimate in turn, so that one of them is in memory at a
 * time, with the PMIs alone kept for their rank correlations.
 */
#include "combine.h"

#include "mi/agreement.h"
#include "proto/problem.h"

#include <stdlib.h>
#include <string.h>

typedef struct comparing {
    worker *w;
    const store_run *record;
    const job_inputs *inputs;
    uint32_t n; /* variants */
    proto_comparison_row rows[PROTO_MAX_OBJECTIVES];
    mi_estimate figures[PROTO_MAX_OBJECTIVES]; /* without arrays, but for per_run */
    char code[PROTO_MAX_OBJECTIVES][64], detail[PROTO_MAX_OBJECTIVES][sizeof(((mi_error *)0)->message)];
    double *pmi[PROTO_MAX_OBJECTIVES]; /* (n_pairs) of those that have one */
    uint64_t offsets[PROTO_MAX_OBJECTIVES], blob_bytes;
    store_blob_writer *blob;
    char pmi_blob[PROTO_SHA_HEX];
    double *rank_correlation;
    uint32_t n_ranked, ranked[PROTO_MAX_OBJECTIVES];
    uint64_t ranked_pairs;
} comparing;

static void forget(comparing *c)
{
    store_blob_abort(c->blob);
    c->blob = NULL;
    c->blob_bytes = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        free(c->figures[i].per_run);
        free(c->pmi[i]);
        c->figures[i] = (mi_estimate){0};
        c->rows[i] = (proto_comparison_row){0};
        c->pmi[i] = NULL;
    }
}

static void *copy_of(const void *values, size_t bytes)
{
    void *copy = malloc(bytes + 1); /* never of size 0 */
    if (copy)
        memcpy(copy, values, bytes);
    return copy;
}

static mi_status write_blob(comparing *c, const proto_text *text, mi_error *err)
{
    mi_status status = MI_OK;
    if (!proto_text_ok(text))
        return mi_fail(err, MI_MEMORY, "a PMI table");
    if (!c->blob)
        status = store_blob_begin(c->w->pool->config.store, &c->blob, err);
    if (status == MI_OK)
        status = store_blob_write(c->blob, text->data, text->length, err);
    c->blob_bytes += text->length;
    return status;
}

static mi_status keep_table(comparing *c, uint32_t variant, const mi_estimate *estimate, mi_error *err)
{
    proto_text text;
    proto_text_init(&text, estimate->n_pairs * PROTO_PMI_ROW_BYTES + PMI_OVERHEAD);
    proto_pmi_pack(estimate, c->inputs->pairs, &text);
    c->offsets[variant] = c->blob_bytes;
    c->rows[variant].has_pmi = true;
    mi_status status = write_blob(c, &text, err);
    proto_text_fini(&text);
    return status;
}

/* What stays of an estimate once its table is written. */
static mi_status keep_figures(comparing *c, uint32_t variant, const mi_estimate *estimate, bool has_pmi,
                              mi_error *err)
{
    mi_estimate *figures = &c->figures[variant];
    *figures = *estimate;
    figures->pmi = figures->percentile = figures->p_value = figures->q_value = NULL;
    figures->per_run = copy_of(estimate->per_run, estimate->n_runs * sizeof *estimate->per_run);
    if (has_pmi)
        c->pmi[variant] = copy_of(estimate->pmi, estimate->n_pairs * sizeof *estimate->pmi);
    c->rows[variant].estimate = figures;
    if (!figures->per_run || (has_pmi && !c->pmi[variant]))
        return mi_fail(err, MI_MEMORY, "the figures of an objective");
    return MI_OK;
}

static mi_status keep_failure(comparing *c, uint32_t variant, const mi_error *failure, mi_error *err)
{
    proto_problem *problem = malloc(sizeof *problem); /* 12 KiB */
    if (!problem)
        return mi_fail(err, MI_MEMORY, "why an objective failed");
    proto_problem_from_error(problem, failure);
    memcpy(c->detail[variant], failure->message, sizeof failure->message);
    strncpy(c->code[variant], proto_problem_name(problem->code), sizeof c->code[variant] - 1);
    c->rows[variant].error_code = c->code[variant];
    c->rows[variant].error_detail = c->detail[variant];
    c->offsets[variant] = PROTO_PMI_FAILED;
    free(problem);
    return MI_OK;
}

static mi_status gather_one(comparing *c, uint32_t variant, mi_error *err)
{
    combined got;
    mi_spec spec;
    mi_status status = combine_hold(c->w, c->record, err);
    if (status != MI_OK)
        return status;
    status = combine_variant(&got, c->w, c->record, c->inputs, variant, err);
    if (status != MI_OK)
        goto out;
    proto_job_variant(c->inputs->job, variant, &spec);
    const bool has_pmi = mi_spec_has_pmi(&spec) != 0;
    c->rows[variant].train_s = got.train_s;
    c->rows[variant].run_s = got.run_s;
    c->offsets[variant] = PROTO_PMI_NONE;
    status = got.estimate ? keep_figures(c, variant, got.estimate, has_pmi, err)
                          : keep_failure(c, variant, &got.failure, err);
    if (status == MI_OK && got.estimate && has_pmi && c->inputs->job->want_pmi)
        status = keep_table(c, variant, got.estimate, err);
out:
    combined_fini(&got);
    return status;
}

static mi_status end_blob(comparing *c, mi_error *err)
{
    proto_text index;
    proto_text_init(&index, PMI_OVERHEAD);
    proto_pmi_pack_index(c->offsets, c->n, &index);
    mi_status status = write_blob(c, &index, err);
    proto_text_fini(&index);
    if (status != MI_OK)
        return status;
    store_blob_writer *blob = c->blob;
    c->blob = NULL;
    return store_blob_commit(blob, c->pmi_blob, err);
}

/* All estimates, and their tables in one blob. Begins anew when it is called again. */
static mi_status gather(void *ctx, mi_error *err)
{
    comparing *c = ctx;
    mi_status status = MI_OK;
    forget(c);
    for (uint32_t i = 0; i < c->n && status == MI_OK; i++)
        status = gather_one(c, i, err);
    if (status == MI_OK && c->blob)
        status = end_blob(c, err);
    return status;
}

static mi_status rank(comparing *c, mi_error *err)
{
    const double *columns[PROTO_MAX_OBJECTIVES];
    for (uint32_t i = 0; i < c->n; i++)
        if (c->pmi[i]) {
            columns[c->n_ranked] = c->pmi[i];
            c->ranked[c->n_ranked++] = i;
        }
    if (c->n_ranked < 2)
        return MI_OK;
    c->rank_correlation = calloc((size_t)c->n_ranked * c->n_ranked, sizeof *c->rank_correlation);
    if (!c->rank_correlation)
        return mi_fail(err, MI_MEMORY, "rank correlations");
    const uint64_t n = c->inputs->pairs ? c->inputs->pairs->n : c->inputs->x.rows;
    return mi_rank_correlations(c->rank_correlation, columns, c->n_ranked, n, &c->ranked_pairs, err);
}

static mi_status succeed(void *ctx, mi_error *err)
{
    comparing *c = ctx;
    proto_result_context context = combine_context(c->w, c->record);
    const proto_comparison comparison = {
        .job = c->inputs->job,
        .rows = c->rows,
        .n_ranked = c->n_ranked,
        .ranked = c->ranked,
        .rank_correlation = c->rank_correlation,
        .ranked_pairs = c->ranked_pairs,
    };
    proto_text text;
    context.pairs = c->inputs->pairs;
    for (uint32_t i = 0; i < c->n; i++)
        context.train_s += c->rows[i].train_s;
    proto_text_init(&text, RESULT_MAX);
    proto_comparison_encode(&comparison, &context, &text);
    const store_outcome outcome = {.result = text.data, .pmi_blob = c->pmi_blob};
    mi_status status = proto_text_ok(&text)
                           ? store_job_succeed(c->w->pool->config.store, c->record, &outcome, err)
                           : mi_fail(err, MI_MEMORY, "encoding the result");
    proto_text_fini(&text);
    return status;
}

/* A comparison of which nothing stands fails as its first objective did. */
static mi_status check_any(const comparing *c, mi_error *err)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->rows[i].estimate)
            return MI_OK;
    return mi_fail(err, MI_NUMERIC, "every objective failed; the first: %.300s", c->detail[0]);
}

mi_status combine_comparison(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err)
{
    comparing *c = calloc(1, sizeof *c); /* 100 KiB */
    if (!c)
        return mi_fail(err, MI_MEMORY, "a comparison");
    c->w = w;
    c->record = record;
    c->inputs = inputs;
    c->n = proto_job_variants(inputs->job);
    mi_status status = worker_persist(w, record, gather, c, err);
    if (status == MI_OK)
        status = check_any(c, err);
    if (status == MI_OK)
        status = rank(c, err);
    if (status == MI_OK)
        status = worker_persist(w, record, succeed, c, err);
    forget(c);
    free(c->rank_correlation);
    free(c);
    return status;
}
