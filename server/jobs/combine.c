/*
 * The last run of a job: put the others' results together.
 */
#include "combine.h"

#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "model.h"
#include "run_envelope.h"
#include "run_payload.h"

#include <stdlib.h>
#include <string.h>

mi_status combine_hold(worker *w, const store_run *record, mi_error *err)
{
    const job_pool_config *config = &w->pool->config;
    bool canceled = false;
    mi_status status = store_run_renew(config->store, record, config->lease_ms * LONG_LEASES, &canceled, err);
    if (status == MI_STALE)
        return status;
    if (status != MI_OK) /* a lease that was not made longer is no reason to lose what was found */
        log_warn("lease could not be renewed", "job", record->job_id, "why", err->message, NULL);
    if (canceled)
        return mi_fail(err, MI_CANCELED, "canceled");
    return worker_stopping(w) ? mi_fail(err, MI_CANCELED, "stopping") : MI_OK;
}

proto_result_context combine_context(const worker *w, const store_run *record)
{
    return (proto_result_context){
        .job_id = record->job_id,
        .kernel = w->pool->config.kernel,
        .wall_s = (double)(clock_unix_ms() - record->job_started_ms) / 1000.0,
    };
}

/* ---- one variant ---- */

/* A run's result, or why it failed. */
static mi_status unpack_one(combined *out, size_t i, bool with_member, mi_error *err)
{
    const void *bytes;
    size_t n;
    run_envelope envelope;
    run_payload payload;
    mi_status status = run_envelope_open(&envelope, &bytes, &n, out->packed[i].bytes, out->packed[i].n, err);
    if (status != MI_OK)
        return status;
    out->train_s += envelope.train_s;
    out->run_s += envelope.run_s;
    if (envelope.status != MI_OK) {
        if (out->failure.code == MI_OK)
            mi_fail(&out->failure, envelope.status, "%.*s", (int)n, (const char *)bytes);
        return MI_OK;
    }
    if ((status = run_payload_open(&payload, bytes, n, with_member, err)) != MI_OK)
        return status;
    out->member[i] = payload.member;
    out->n_member[i] = payload.n_member;
    return mi_run_result_unpack(&out->results[i], payload.result, payload.n_result, err);
}

void combined_fini(combined *c)
{
    for (size_t i = 0; c->results && i < c->n; i++)
        mi_run_result_free(c->results[i]);
    free(c->results);
    free(c->member);
    free(c->n_member);
    if (c->packed)
        store_run_results_free(c->packed, c->n);
    mi_estimate_free(c->estimate);
    *c = (combined){.n = 0};
}

mi_status combine_variant(combined *out, worker *w, const store_run *record, const job_inputs *inputs,
                          uint32_t variant, mi_error *err)
{
    mi_spec spec;
    *out = (combined){.failure = {.code = MI_OK}};
    mi_status status = store_run_results(w->pool->config.store, record, variant, &out->packed, &out->n, err);
    if (status != MI_OK)
        return status;
    if (out->n != (size_t)record->folds * record->replicates)
        return mi_fail(err, MI_INTERNAL, "%zu run results of %u", out->n, record->folds * record->replicates);
    out->results = calloc(out->n, sizeof *out->results);
    out->member = calloc(out->n, sizeof *out->member);
    out->n_member = calloc(out->n, sizeof *out->n_member);
    if (!out->results || !out->member || !out->n_member)
        return mi_fail(err, MI_MEMORY, "results of %zu runs", out->n);
    for (size_t i = 0; i < out->n && status == MI_OK; i++)
        status = unpack_one(out, i, inputs->job->want_model, err);
    if (status != MI_OK || out->failure.code != MI_OK)
        return status;
    proto_job_variant(inputs->job, variant, &spec);
    return mi_estimate_combine(&out->estimate, &spec, out->results, (uint32_t)out->n, inputs->x, inputs->y,
                               err);
}

/* ---- an estimate ---- */

typedef struct combining {
    worker *w;
    const store_run *record;
    const job_inputs *inputs;
    combined variant;
    char pmi_blob[PROTO_SHA_HEX];
    job_model model; /* sha256 "": none */
} combining;

static mi_status keep_pmi(void *ctx, mi_error *err)
{
    combining *c = ctx;
    store *s = c->w->pool->config.store;
    const mi_estimate *estimate = c->variant.estimate;
    store_blob_writer *blob = NULL;
    proto_text text;
    proto_text_init(&text, estimate->n_pairs * PROTO_PMI_ROW_BYTES + PMI_OVERHEAD);
    mi_status status = proto_pmi_pack(estimate, c->inputs->pairs, &text);
    if (status != MI_OK) {
        mi_fail(err, status, "the PMI table of %llu pairs", (unsigned long long)estimate->n_pairs);
        goto out;
    }
    if ((status = store_blob_begin(s, &blob, err)) != MI_OK)
        goto out;
    if ((status = store_blob_write(blob, text.data, text.length, err)) != MI_OK) {
        store_blob_abort(blob);
        goto out;
    }
    status = store_blob_commit(blob, c->pmi_blob, err);
out:
    proto_text_fini(&text);
    return status;
}

static mi_status succeed(void *ctx, mi_error *err)
{
    combining *c = ctx;
    proto_result_context context = combine_context(c->w, c->record);
    proto_text text;
    context.train_s = c->variant.train_s;
    context.has_pmi = c->pmi_blob[0] != '\0';
    context.pairs = c->inputs->pairs;
    context.model_id = c->model.sha256[0] != '\0' ? c->model.id : NULL;
    proto_text_init(&text, RESULT_MAX);
    proto_result_encode(c->variant.estimate, &c->inputs->spec, &context, &text);
    const store_new_model model = {
        .id = c->model.id, .sha256 = c->model.sha256, .description = c->model.description.data};
    const store_outcome outcome = {
        .result = text.data, .pmi_blob = c->pmi_blob, .model = context.model_id ? &model : NULL};
    mi_status status = proto_text_ok(&text)
                           ? store_job_succeed(c->w->pool->config.store, c->record, &outcome, err)
                           : mi_fail(err, MI_MEMORY, "encoding the result");
    proto_text_fini(&text);
    return status;
}

static mi_status keep_model(void *ctx, mi_error *err)
{
    combining *c = ctx;
    return job_model_write(&c->model, c->w->pool->config.store, err);
}

static mi_status combine_estimate(worker *w, const store_run *record, const job_inputs *inputs, mi_error *err)
{
    combining c = {.w = w, .record = record, .inputs = inputs};
    mi_status status = combine_variant(&c.variant, w, record, inputs, 0, err);
    if (status == MI_OK && !c.variant.estimate)
        status = mi_fail(err, c.variant.failure.code, "%s", c.variant.failure.message);
    if (status == MI_OK)
        status = combine_hold(w, record, err);
    if (status == MI_OK && inputs->job->want_pmi && mi_spec_has_pmi(&inputs->spec))
        status = worker_persist(w, record, keep_pmi, &c, err);
    if (status == MI_OK && inputs->job->want_model)
        status = job_model_make(&c.model, w, record, inputs, &c.variant, err);
    if (status == MI_OK && inputs->job->want_model)
        status = worker_persist(w, record, keep_model, &c, err);
    if (status == MI_OK)
        status = worker_persist(w, record, succeed, &c, err);
    job_model_fini(&c.model);
    combined_fini(&c.variant);
    return status;
}

/* ---- the run ---- */

void worker_combine(worker *w, const store_run *run)
{
    const job_pool_config *config = &w->pool->config;
    job_inputs inputs = {0};
    mi_error err = {0};
    mi_status status = combine_hold(w, run, &err);
    if (status == MI_OK)
        status = job_inputs_open(&inputs, config->store, run, &config->limits, &err);
    if (status == MI_OK)
        status = inputs.job->kind == PROTO_KIND_BENCHMARK ? combine_benchmark(w, run, &inputs, &err)
                 : inputs.job->kind == PROTO_KIND_SCREEN  ? combine_screen(w, run, &inputs, &err)
                 : inputs.job->n_objectives > 0           ? combine_comparison(w, run, &inputs, &err)
                                                          : combine_estimate(w, run, &inputs, &err);
    if (status == MI_OK) {
        metric_add(METRIC_JOBS_SUCCEEDED, 1);
        log_info("job succeeded", "job", run->job_id, NULL);
    } else {
        worker_settle(w, run, &err);
    }
    job_inputs_close(&inputs);
}
