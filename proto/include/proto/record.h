/*
 * Records of the store, and how they look on the wire.
 */
#ifndef PROTO_RECORD_H
#define PROTO_RECORD_H

#include "mi/run.h"
#include "proto/job.h"
#include "proto/text.h"

#include <stdint.h>

#define PROTO_ID_MAX 40 /* "job_01K..." with its NUL */

/* X(name, text, terminal) */
#define PROTO_JOB_STATE_MAP(X)   \
    X(QUEUED, "queued", 0)       \
    X(RUNNING, "running", 0)     \
    X(CANCELING, "canceling", 0) \
    X(SUCCEEDED, "succeeded", 1) \
    X(FAILED, "failed", 1)       \
    X(CANCELED, "canceled", 1)

typedef enum proto_job_state {
#define X(name, text, terminal) PROTO_JOB_##name,
    PROTO_JOB_STATE_MAP(X)
#undef X
        PROTO_JOB_STATE_COUNT
} proto_job_state;

const char *proto_job_state_name(proto_job_state state);
bool proto_job_state_parse(const char *text, proto_job_state *out);
bool proto_job_state_terminal(proto_job_state state);

typedef struct proto_job_record {
    char id[PROTO_ID_MAX];
    char kind[16]; /* "estimate", "benchmark" or "screen" */
    proto_job_state state;
    uint64_t version; /* grows with every change */
    int priority;
    uint32_t timeout_s, attempt;
    int64_t created_ms, started_ms, finished_ms; /* unix; 0: not yet */
    /* progress */
    char phase[16]; /* "queued", "prepare", "train", "score", "combine", "done" */
    uint32_t runs, runs_done;
    double fraction, eta_s; /* eta_s < 0: unknown */
    /* JSON texts, owned; NULL when absent */
    char *spec, *tags, *result, *error;
    /* "" when there is none: */
    char pmi_blob[PROTO_SHA_HEX], screen_blob[PROTO_SHA_HEX]; /* results */
    char blob_pairs[PROTO_SHA_HEX];                           /* the pair table it was submitted with */
    char model_id[PROTO_ID_MAX]; /* of the model that it uses; it may be gone once the job has ended */
} proto_job_record;

void proto_job_record_fini(proto_job_record *job);
/* The job object of api.md. brief: without spec and result, for lists. */
void proto_job_record_encode(const proto_job_record *job, bool brief, proto_json_writer *w, const char *key);

typedef struct proto_dataset_record {
    char name[PROTO_NAME_MAX + 1];
    char kind[8];                      /* "matrix" or "pairs" */
    char sha256[PROTO_SHA_HEX];        /* of the bytes as uploaded */
    char matrix_sha256[PROTO_SHA_HEX]; /* of the canonical blob */
    char format[16];                   /* as proto_format_name has it */
    uint64_t bytes, rows, cols;        /* bytes as uploaded */
    bool has_ids;
    int64_t created_ms;
    char *columns; /* JSON array: {"name","min","max","mean","sd"} of the first PROTO_SUMMARY_COLUMNS columns;
                      owned, or NULL */
} proto_dataset_record;

#define PROTO_SUMMARY_COLUMNS 256

void proto_dataset_record_fini(proto_dataset_record *dataset);
void proto_dataset_record_encode(const proto_dataset_record *dataset, bool brief, proto_json_writer *w,
                                 const char *key);

/* One event of a job's stream. */
typedef struct proto_event {
    uint64_t sequence; /* per job, from 1 */
    char name[16];     /* "state", "progress", "metric", "done" */
    char *data;        /* JSON object text, owned */
} proto_event;

/* A training-curve point with its run. */
typedef struct proto_curve_row {
    uint32_t variant, replicate, fold;
    mi_curve_point point;
} proto_curve_row;

#endif
