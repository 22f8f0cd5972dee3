/*
 * Counters, gauges and histograms for /metrics (Prometheus text format). One table, atomics, no locks.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "proto/text.h"

#include <stdint.h>

/* X(enum, prometheus name, type, help) */
#define METRIC_MAP(X)                                                                                     \
    X(HTTP_REQUESTS, "mutuald_http_requests_total", "counter", "HTTP requests answered")                  \
    X(HTTP_ERRORS_4XX, "mutuald_http_responses_4xx_total", "counter", "HTTP answers with a 4xx status")   \
    X(HTTP_ERRORS_5XX, "mutuald_http_responses_5xx_total", "counter", "HTTP answers with a 5xx status")   \
    X(HTTP_CONNECTIONS, "mutuald_http_connections", "gauge", "Open connections")                          \
    X(HTTP_STREAMS, "mutuald_http_streams", "gauge", "Open event streams and long-polls")                 \
    X(UPLOAD_BYTES, "mutuald_upload_bytes_total", "counter", "Bytes of data sets received")               \
    X(JOBS_SUBMITTED, "mutuald_jobs_submitted_total", "counter", "Jobs accepted")                         \
    X(JOBS_SUCCEEDED, "mutuald_jobs_succeeded_total", "counter", "Jobs that succeeded here")              \
    X(JOBS_FAILED, "mutuald_jobs_failed_total", "counter", "Jobs that failed here")                       \
    X(RUNS_FINISHED, "mutuald_runs_finished_total", "counter", "Training runs finished")                  \
    X(RUNS_RESUMED, "mutuald_runs_resumed_total", "counter", "Training runs resumed from a checkpoint")   \
    X(TRAIN_STEPS, "mutuald_train_steps_total", "counter", "Optimiser steps done")                        \
    X(TRAIN_MS, "mutuald_train_milliseconds_total", "counter", "Time spent in optimiser steps")           \
    X(CHECKPOINTS, "mutuald_checkpoints_total", "counter", "Checkpoints written")                         \
    X(WORKERS, "mutuald_workers", "gauge", "Worker threads")                                              \
    X(WORKERS_BUSY, "mutuald_workers_busy", "gauge", "Worker threads with a run")                         \
    X(WORKERS_HELPING, "mutuald_workers_helping", "gauge", "Worker threads that help with another's run") \
    X(HELP_HALVES, "mutuald_help_halves_total", "counter", "Halves of training steps done by helpers")

typedef enum metric {
#define X(name, prom, type, help) METRIC_##name,
    METRIC_MAP(X)
#undef X
        METRIC_COUNT
} metric;

void metric_add(metric m, int64_t by);
void metric_set(metric m, int64_t value);
int64_t metric_get(metric m);
/* HELP, TYPE and value of each. */
void metrics_encode(proto_text *out);
/* One more line with its header, for figures that live elsewhere (queue depth, ...). labels may be NULL:
 * {state="queued"}. help NULL: no header, for the further labels of a name. */
void metrics_encode_one(proto_text *out, const char *name, const char *type, const char *help,
                        const char *labels, double value);

#endif
