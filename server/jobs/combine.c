/*
 * The last run of a job: put the others' results together.
 */
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inputs.h"
#include "proto/result.h"
#include "run_envelope.h"
#include "worker.h"

#include <stdlib.h>

#define RESULT_MAX   (UINT64_C(16) << 20)
#define PMI_OVERHEAD 4096u

typedef struct combining {
    worker *w;
    const store_run *record;
    job_inputs inputs;
    mi_run_result **results; /* (n_results) */
    uint32_t n_results;
    double train_s;
    mi_estimate *estimate;
    char pmi_blob[PROTO_SHA_HEX];
} combining;

static mi_status unpack_results(combining *c, mi_error *err)
{
    store_bytes *packed = NULL;
    size_t n = 0;
    mi_status status = store_run_results(c->w->pool->config.store, c->record, &packed, &n, err);
    if (status != MI_OK)
        return status;
    if (n != (size_t)c->record->folds * c->record->replicates) {
        status =
            mi_fail(err, MI_INTERNAL, "%zu run results of %u", n, c->record->folds * c->record->replicates);
        goto out;
    }
    c->results = calloc(n, sizeof *c->results);
    if (!c->results) {
        status = mi_fail(err, MI_MEMORY, "results of %zu runs", n);
        goto out;
    }
    for (; c->n_results < n && status == MI_OK; c->n_results += status == MI_OK) {
        const void *payload;
        size_t n_payload;
        double train_s = 0.0;
        status = run_envelope_open(&train_s, &payload, &n_payload, packed[c->n_results].bytes,
                                   packed[c->n_results].n, err);
        if (status == MI_OK)
            status = mi_run_result_unpack(&c->results[c->n_results], payload, n_payload, err);
        c->train_s += train_s;
    }
out:
    store_run_results_free(packed, n);
    return status;
}

/* The run has no point to be interrupted at, so it asks in between. */
static mi_status hold(const combining *c, mi_error *err)
{
    const job_pool_config *config = &c->w->pool->config;
    bool canceled = false;
    mi_status status =
        store_run_renew(config->store, c->record, config->lease_ms * LONG_LEASES, &canceled, err);
    if (status == MI_OK && canceled)
        return mi_fail(err, MI_CANCELED, "canceled");
    if (status == MI_OK && worker_stopping(c->w))
        return mi_fail(err, MI_CANCELED, "stopping");
    return status;
}

static mi_status keep_pmi(void *ctx, mi_error *err)
{
    combining *c = ctx;
    store *s = c->w->pool->config.store;
    store_blob_writer *blob = NULL;
    proto_text text;
    proto_text_init(&text, c->estimate->n_pairs * 4 * sizeof(double) + PMI_OVERHEAD);
    mi_status status = proto_pmi_pack(c->estimate, &text);
    if (status != MI_OK) {
        mi_fail(err, status, "the PMI table of %llu pairs", (unsigned long long)c->estimate->n_pairs);
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
    const job_pool_config *config = &c->w->pool->config;
    const proto_result_context context = {
        .job_id = c->record->job_id,
        .kernel = config->kernel,
        .wall_s = (double)(clock_unix_ms() - c->record->job_started_ms) / 1000.0,
        .train_s = c->train_s,
        .has_pmi = c->pmi_blob[0] != '\0',
    };
    proto_text text;
    proto_text_init(&text, RESULT_MAX);
    proto_result_encode(c->estimate, &c->inputs.job->spec, &context, &text);
    mi_status status = proto_text_ok(&text)
                           ? store_job_succeed(config->store, c->record, text.data, c->pmi_blob, err)
                           : mi_fail(err, MI_MEMORY, "encoding the result");
    proto_text_fini(&text);
    return status;
}

static mi_status combine(combining *c, mi_error *err)
{
    const job_pool_config *config = &c->w->pool->config;
    mi_status status = hold(c, err);
    if (status != MI_OK ||
        (status = job_inputs_open(&c->inputs, config->store, c->record, &config->limits, err)) != MI_OK ||
        (status = unpack_results(c, err)) != MI_OK)
        return status;
    const proto_job *job = c->inputs.job;
    status = mi_estimate_combine(&c->estimate, &job->spec, c->results, c->n_results, c->inputs.x, c->inputs.y,
                                 err);
    if (status != MI_OK || (status = hold(c, err)) != MI_OK)
        return status;
    if (job->want_pmi && mi_spec_has_pmi(&job->spec) &&
        (status = worker_persist(c->w, c->record, keep_pmi, c, err)) != MI_OK)
        return status;
    return worker_persist(c->w, c->record, succeed, c, err);
}

void worker_combine(worker *w, const store_run *run)
{
    combining c = {.w = w, .record = run};
    mi_error err = {0};
    mi_status status = combine(&c, &err);
    if (status == MI_OK) {
        metric_add(METRIC_JOBS_SUCCEEDED, 1);
        log_info("job succeeded", "job", run->job_id, NULL);
    } else {
        worker_settle(w, run, &err);
    }
    mi_estimate_free(c.estimate);
    for (uint32_t i = 0; i < c.n_results; i++)
        mi_run_result_free(c.results[i]);
    free(c.results);
    job_inputs_close(&c.inputs);
}
