#include "handlers.h"

#include "base/metrics.h"
#include "proto/openapi.h"

#include <stdio.h>
#include <time.h>

void handle_root(const http_request *q, http_response *r)
{
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_text_printf(
        &text,
        "mutuald %s estimates mutual information and scores every pair (PMI).\n"
        "\n"
        "  PUT  /v1/datasets/{name}     upload a matrix: npy, npz, csv, tsv, safetensors, HDF5; ?kind=pairs: "
        "pairs of "
        "ids\n"
        "  POST /v1/jobs                {\"x\": {\"dataset\": ...}, \"y\": {\"dataset\": ...}}\n"
        "  GET  /v1/jobs/{id}           the job and its result; .../events .../curve .../pmi .../missing "
        ".../screen\n"
        "  GET  /v1/models              what jobs trained; /v1/models/{id or alias} .../weights\n"
        "  POST /v1/models/{id}/pmi     {\"pairs\": [[\"id of x\", \"id of y\"], ...]}; .../thresholds "
        ".../screen\n"
        "  GET  /v1/info                limits, objectives, every setting with its default\n"
        "  GET  /openapi.json           the whole interface\n"
        "\n"
        "On the command line: mutual estimate x.npy y.npy\n",
        q->config->version);
    http_answer(r, q, 200, HTTP_TEXT_TYPE, &text);
}

static void answer_status(http_response *r, const http_request *q)
{
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_text_puts(&text, "{\"status\":\"ok\"}");
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}

void handle_livez(const http_request *q, http_response *r)
{
    answer_status(r, q);
}

void handle_readyz(const http_request *q, http_response *r)
{
    mi_error err = {0};
    if (!q->ready) {
        http_refuse(r, q, PROTO_PROBLEM_UNAVAILABLE, "starting up or shutting down");
        http_field_add(r, "Retry-After", "1");
    } else if (store_ready(q->config->store, &err) != MI_OK) {
        http_refuse(r, q, PROTO_PROBLEM_UNAVAILABLE, "the store does not take writes");
        http_field_add(r, "Retry-After", "5");
    } else {
        answer_status(r, q);
    }
}

void handle_openapi(const http_request *q, http_response *r)
{
    size_t n;
    const char *json = proto_openapi_json(&n);
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_text_append(&text, json, n);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}

/* ---- figures ---- */

static double age_s(int64_t since_ms)
{
    int64_t age = since_ms > 0 ? clock_unix_ms() - since_ms : 0;
    return age > 0 ? (double)age / 1000 : 0;
}

static void encode_build(proto_text *out, const http_config *config)
{
    char labels[256];
    snprintf(labels, sizeof labels, "{version=\"%s\",kernel=\"%s\",engine=\"%s\"}", config->version,
             config->kernel, config->engine);
    metrics_encode_one(out, "mutuald_build_info", "gauge", "What computes here; always 1", labels, 1);
}

void handle_metrics(const http_request *q, http_response *r)
{
    store_queue_stats stats;
    mi_error err = {0};
    proto_text text;
    if (store_stats(q->config->store, &stats, &err) != MI_OK) {
        http_answer_error(r, q, &err);
        return;
    }
    proto_text_init(&text, HTTP_ANSWER_MAX);
    metrics_encode(&text);
    encode_build(&text, q->config);
    for (int i = 0; i < PROTO_JOB_STATE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "mutuald_jobs_%s", proto_job_state_name((proto_job_state)i));
        metrics_encode_one(&text, name, "gauge", "Jobs in this state", NULL, (double)stats.jobs[i]);
    }
    metrics_encode_one(&text, "mutuald_runs_waiting", "gauge", "Runs that may be claimed", NULL,
                       (double)stats.runs_waiting);
    metrics_encode_one(&text, "mutuald_runs_leased", "gauge", "Runs that a worker holds", NULL,
                       (double)stats.runs_leased);
    metrics_encode_one(&text, "mutuald_queue_oldest_seconds", "gauge", "Age of the oldest queued job", NULL,
                       age_s(stats.oldest_queued_ms));
    metrics_encode_one(&text, "mutuald_job_seconds_mean", "gauge", "Mean duration of recently finished jobs",
                       NULL, stats.mean_job_s);
    metrics_encode_one(&text, "mutuald_datasets", "gauge", "Data sets kept", NULL, (double)stats.datasets);
    metrics_encode_one(&text, "mutuald_models", "gauge", "Models kept", NULL, (double)stats.models);
    metrics_encode_one(&text, "mutuald_blob_bytes", "gauge", "Bytes of blobs kept", NULL,
                       (double)stats.blob_bytes);
    http_answer(r, q, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

void handle_queue(const http_request *q, http_response *r)
{
    store_queue_stats stats;
    mi_error err = {0};
    proto_text text;
    proto_json_writer w;
    if (store_stats(q->config->store, &stats, &err) != MI_OK) {
        http_answer_error(r, q, &err);
        return;
    }
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "queue");
    proto_write_object(&w, "jobs");
    for (int i = 0; i < PROTO_JOB_STATE_COUNT; i++)
        proto_write_u64(&w, proto_job_state_name((proto_job_state)i), stats.jobs[i]);
    proto_write_end_object(&w);
    proto_write_object(&w, "runs");
    proto_write_u64(&w, "waiting", stats.runs_waiting);
    proto_write_u64(&w, "leased", stats.runs_leased);
    proto_write_end_object(&w);
    proto_write_double(&w, "oldest_age_s", age_s(stats.oldest_queued_ms));
    proto_write_u64(&w, "workers", q->config->workers);
    proto_write_double(&w, "mean_job_s", stats.mean_job_s);
    proto_write_end_object(&w);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}

static void write_limits(proto_json_writer *w, const proto_limits *l)
{
    proto_write_object(w, "limits");
    proto_write_u64(w, "max_body_bytes", l->max_body_bytes);
    proto_write_u64(w, "max_job_bytes", l->max_job_bytes);
    proto_write_u64(w, "max_inline_numbers", l->max_inline_numbers);
    proto_write_u64(w, "max_rows", l->max_rows);
    proto_write_u64(w, "max_columns", l->max_columns);
    proto_write_u64(w, "max_cells", l->max_cells);
    proto_write_u64(w, "max_workspace_bytes", l->max_workspace_bytes);
    proto_write_u64(w, "max_steps", l->max_steps);
    proto_write_u64(w, "max_runs", l->max_runs);
    proto_write_u64(w, "max_queue", l->max_queue);
    proto_write_u64(w, "max_wait_s", l->max_wait_s);
    proto_write_u64(w, "max_score_pairs", l->max_score_pairs);
    proto_write_u64(w, "max_labelled_pairs", l->max_labelled_pairs);
    proto_write_u64(w, "max_streams", l->max_streams);
    proto_write_end_object(w);
}

static void write_cache(proto_json_writer *w, const http_config *config)
{
    const models_usage used = models_used(config->models);
    proto_write_object(w, "model_cache");
    proto_write_u64(w, "max_bytes", config->settings->model_cache_bytes);
    proto_write_u64(w, "bytes", used.bytes);
    proto_write_u64(w, "items", used.items);
    proto_write_end_object(w);
}

/* started_at is RFC 3339, UTC, as the daemon wrote it. */
static double uptime_s(const char *started_at)
{
    struct tm tm = {0};
    time_t started = strptime(started_at, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
    return started > 0 ? age_s((int64_t)started * 1000) : 0;
}

/* What the machine computes in; which of them a job may ask for is among the fields. */
static void write_precisions(proto_json_writer *w, bool bf16)
{
    proto_write_array(w, "precisions");
    proto_write_string(w, NULL, "fp32");
    if (bf16)
        proto_write_string(w, NULL, "bf16");
    proto_write_end_array(w);
}

void handle_info(const http_request *q, http_response *r)
{
    const http_config *config = q->config;
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "info");
    proto_write_string(&w, "version", config->version);
    proto_write_string(&w, "blas", config->blas);
    proto_write_string(&w, "kernel", config->kernel);
    proto_write_string(&w, "engine", config->engine);
    write_precisions(&w, config->bf16);
    proto_write_u64(&w, "workers", config->workers);
    proto_write_string(&w, "started_at", config->started_at);
    proto_write_double(&w, "uptime_s", uptime_s(config->started_at));
    proto_write_bool(&w, "data_root", config->settings->data_root[0] != '\0');
    write_limits(&w, http_limits(q));
    write_cache(&w, config);
    proto_job_describe(&w);
    proto_write_end_object(&w);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}
