/*
 * The store: where HTTP handlers and workers meet.
 *
 * Everything the daemon must not forget is here: data sets, jobs, their runs, events, curves, checkpoints,
 * models, blobs. Handlers and workers never talk to each other; each changes the store in one transaction and
 * a listener says "look again" to whoever waits.
 *
 * One interface, several engines (store_ops in store_engine.h): SQLite here; the contract tests in
 * tests/unit/store run against each.
 *
 * Threads: every function may be called from any thread, and blocks; never from the loop thread.
 * Durability: submit, dataset put, finish and cancel are on disk when they return. Reports and lease renewals
 * may be lost with the machine's power (not with the process), and cost nothing but repeated work. Errors:
 * MI_IO (the engine or the disk failed), MI_NO_SPACE, MI_NOT_FOUND, MI_CONFLICT, MI_STALE, MI_LIMIT,
 * MI_MEMORY as noted.
 */
#ifndef STORE_H
#define STORE_H

#include "mi/status.h"
#include "proto/matrix.h"
#include "proto/model_record.h"
#include "proto/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_RESULT_MAX \
    ((size_t)512 << 20) /* bytes of a run's result; below SQLite's own limit of a value */

typedef struct store store;

/* Called after a transaction is committed, on the thread that made it, with no lock held. Must not call the
 * store. */
typedef enum store_change {
    STORE_CHANGE_JOB,   /* state, progress, events or curve of `job_id` */
    STORE_CHANGE_QUEUE, /* there may be something to claim; job_id is the job */
} store_change;
typedef void store_listener(void *ctx, store_change change, const char *job_id);

typedef struct store_options {
    const char *data_dir; /* created when absent, mode 0700; locked: a second daemon on it gets MI_CONFLICT */
    uint32_t
        max_attempts; /* claims of a run without any checkpoint in between before it fails as worker_lost */
    store_listener *listener; /* may be NULL */
    void *listener_ctx;
} store_options;

/* Open the SQLite engine below data_dir. Leases of an earlier process are void at once: only one process can
 * hold the folder. */
mi_status store_open_sqlite(store **out, const store_options *options, mi_error *err);
/* Nobody may be inside any call. */
void store_close(store *s);
/* The engine answers and the disk takes a write. */
mi_status store_ready(store *s, mi_error *err);

/* ---- blobs: immutable bytes named by their SHA-256
 * ---------------------------------------------------------------------------- */

typedef struct store_blob_writer store_blob_writer;
mi_status store_blob_begin(store *s, store_blob_writer **out, mi_error *err);
mi_status store_blob_write(store_blob_writer *w, const void *bytes, size_t n, mi_error *err);
/* Consumes the writer. On disk (synced) under its hash; the same bytes again are the same blob. An
 * unreferenced blob lives at least an hour. */
mi_status store_blob_commit(store_blob_writer *w, char sha256[PROTO_SHA_HEX], mi_error *err);
void store_blob_abort(store_blob_writer *w); /* NULL is legal */
/* A proto_output that writes into w. */
proto_output store_blob_output(store_blob_writer *w);

typedef struct store_mapping {
    const void *bytes; /* page-aligned, read-only */
    size_t n;
    void *opaque;
} store_mapping;
mi_status store_blob_map(store *s, const char *sha256, store_mapping *out, mi_error *err); /* MI_NOT_FOUND */
void store_blob_unmap(store *s, store_mapping *mapping);
/* To read it as a file, from its start; the caller closes it. MI_NOT_FOUND. */
mi_status store_blob_open(store *s, const char *sha256, int *fd, uint64_t *bytes, mi_error *err);
/* A nameless scratch file on the store's disk (for uploads on their way); the caller closes it. */
mi_status store_scratch_open(store *s, int *fd, mi_error *err);

/* ---- data sets
 * ------------------------------------------------------------------------------------------------------------------
 */

/* Name a matrix or pair-table blob that is there. *created = false when the name already holds the same
 * sha256 (then nothing changes); MI_CONFLICT when it holds other bytes. */
mi_status store_dataset_put(store *s, const proto_dataset_record *dataset, bool *created, mi_error *err);
mi_status store_dataset_get(store *s, const char *name, proto_dataset_record *out,
                            mi_error *err); /* fini it */
/* Ascending names after `after` ("" to start). *n in: room in out, out: filled. */
mi_status store_dataset_list(store *s, const char *after, proto_dataset_record *out, size_t *n,
                             mi_error *err);
/* MI_CONFLICT while a job that is not terminal uses it. */
mi_status store_dataset_delete(store *s, const char *name, mi_error *err);

/* ---- jobs
 * ------------------------------------------------------------------------------------------------------------------------
 */

typedef struct store_submission {
    const char *kind, *spec, *tags; /* JSON texts: spec resolved */
    int priority;
    uint32_t timeout_s;
    uint32_t variants, replicates, folds; /* the runs: every (variant, replicate, fold), and one that
                                             combines them; each at least 1 */
    /* What it works on; "" or NULL for none. Data sets, by name, and a model, by id (not by alias), cannot be
     * deleted before the job has ended; blobs are kept while the job is. */
    const char *dataset_x, *dataset_y, *dataset_pairs;
    const char *blob_x, *blob_y, *blob_pairs;
    const char *model_id;
    const char *idempotency_key; /* "" for none */
    const char *request_sha256;  /* of the body, compared for a repeated key */
    uint64_t max_queue;          /* MI_LIMIT when as many jobs wait */
} store_submission;

/* *existed: the key was used before with the same body, and `out` is that job. MI_CONFLICT: with another
 * body. MI_NOT_FOUND: a blob, data set or model is gone (pointer: "/x", "/y", "/pairs" or "/model"). */
mi_status store_job_submit(store *s, const store_submission *submission, proto_job_record *out, bool *existed,
                           mi_error *err);
mi_status store_job_get(store *s, const char *id, proto_job_record *out, mi_error *err);

typedef struct store_job_filter {
    bool by_state;
    proto_job_state state;
    const char *kind;                /* NULL: any */
    const char *tag_key, *tag_value; /* NULL: any */
    const char *after;               /* id of the last job seen; NULL: from the newest */
} store_job_filter;
/* Newest first, brief records (spec and result NULL). *n as above. */
mi_status store_job_list(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                         mi_error *err);
/* queued -> canceled; running -> canceling (-> canceled once its last worker has let go). Idempotent on
 * canceling and canceled; MI_CONFLICT on succeeded and failed. `out` is the job afterwards. */
mi_status store_job_cancel(store *s, const char *id, proto_job_record *out, mi_error *err);
mi_status store_job_delete(store *s, const char *id, mi_error *err); /* MI_CONFLICT unless terminal */

/* Events after `sequence`, ascending; *n in: room, out: filled; free each data. */
mi_status store_events(store *s, const char *job_id, uint64_t after, proto_event *out, size_t *n,
                       mi_error *err);
/* All points so far, by variant, replicate, fold, step. The caller frees *out. */
mi_status store_curve(store *s, const char *job_id, proto_curve_row **out, size_t *n, mi_error *err);

typedef struct store_queue_stats {
    uint64_t jobs[PROTO_JOB_STATE_COUNT];
    uint64_t runs_waiting, runs_leased;
    int64_t oldest_queued_ms; /* created_ms of the oldest queued job, 0 if none */
    double mean_job_s;        /* of recently finished jobs; 0 if none */
    uint64_t datasets, models, blob_bytes;
} store_queue_stats;
mi_status store_stats(store *s, store_queue_stats *out, mi_error *err);

/* ---- runs: what workers claim
 * ----------------------------------------------------------------------------------------------------- */

typedef struct store_run {
    uint64_t id;
    uint64_t token; /* fencing: grows with every claim; all calls below give MI_STALE once it is not the
                       newest or the lease was voided */
    char job_id[PROTO_ID_MAX];
    bool combine; /* the job's last run: put the others' results together */
    uint32_t variant, replicate, fold;
    uint32_t attempt;
    int64_t job_started_ms;
    uint32_t timeout_s;
    uint32_t folds, replicates, variants;
    /* "" when there is none */
    char blob_x[PROTO_SHA_HEX], blob_y[PROTO_SHA_HEX], blob_pairs[PROTO_SHA_HEX];
    char model_id[PROTO_ID_MAX], blob_model[PROTO_SHA_HEX]; /* the model that the job uses, and its bytes */
    char *spec;                                             /* owned; store_run_fini */
} store_run;
void store_run_fini(store_run *run);

/*
 * Claim the next run: by job priority, then age, then variant, replicate and fold; the combining run once all
 * others of its job are done. The first claim moves the job queued -> running. MI_NOT_FOUND: nothing to do. A
 * run whose attempts are used up fails its job here (worker_lost) and is passed over. Also voids leases that
 * have run out (their runs can be claimed again; a job with no leased run and none done goes back to queued).
 */
mi_status store_run_claim(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err);
/* Keep the lease. *canceled: the job is canceling (or gone): let go by store_run_release. */
mi_status store_run_renew(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err);

typedef struct store_report {
    const char *phase;
    double fraction;               /* of this run */
    double eta_s;                  /* of the job, as far as this worker can tell; < 0 unknown */
    const char *progress;          /* JSON of a `progress` event, NULL for none */
    const proto_curve_row *points; /* new curve points: rows of the curve and `metric` events; a point already
                                      there is skipped */
    size_t n_points;
} store_report;
mi_status store_run_report(store *s, const store_run *run, const store_report *report, bool *canceled,
                           mi_error *err);

/* The newest checkpoint of a run, replaced whole. get: *bytes is malloc'ed, MI_NOT_FOUND when there is none.
 * A put counts as progress: attempts start anew. */
mi_status store_checkpoint_put(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err);
mi_status store_checkpoint_get(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err);

/* Keep a run's packed result (durable), of at most STORE_RESULT_MAX bytes (MI_LIMIT), and end its lease.
 * finish, succeed and fail of a job that is canceling end the lease (the last one makes it canceled), keep
 * nothing and give MI_STALE. */
mi_status store_run_finish(store *s, const store_run *run, const void *result, size_t n, mi_error *err);
/* For the combining run: the packed results of one variant in order of replicate and fold; free with
 * store_run_results_free. */
typedef struct store_bytes {
    void *bytes;
    size_t n;
} store_bytes;
mi_status store_run_results(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                            mi_error *err);
void store_run_results_free(store_bytes *results, size_t n);

/* Let go without a result: the run can be claimed again, and the claim does not count as an attempt (a worker
 * that gives up for good fails the job); when the job is canceling and nothing of it is leased any more, it
 * becomes canceled. */
mi_status store_run_release(store *s, const store_run *run, mi_error *err);
/* What a job leaves. */
typedef struct store_new_model {
    const char *id;          /* by id_make with PROTO_MODEL_PREFIX: the result names it */
    const char *sha256;      /* of its blob */
    const char *description; /* JSON object */
} store_new_model;
typedef struct store_outcome {
    const char *result;                 /* JSON */
    const char *pmi_blob, *screen_blob; /* kept while the job is; "" or NULL for none */
    const store_new_model *model;       /* made with the job's tags, unpinned, without alias; NULL for none */
} store_outcome;
/* The job succeeds, and its model is there, in one transaction. Its checkpoints and run results are dropped.
 * MI_NOT_FOUND: a blob is not there. */
mi_status store_job_succeed(store *s, const store_run *combine, const store_outcome *outcome, mi_error *err);
/* The job fails: problem JSON. Other leases of the job become stale. */
mi_status store_job_fail(store *s, const store_run *run, const char *problem, mi_error *err);

/* ---- models: what jobs trained, kept beyond them
 * ---------------------------------------------------------------------------------- */

/* `name` is a model's id or its alias. */
mi_status store_model_get(store *s, const char *name, proto_model_record *out, mi_error *err); /* fini it */

typedef struct store_model_filter {
    const char *tag_key, *tag_value; /* NULL: any */
    const char *after;               /* id of the last model seen; NULL: from the newest */
} store_model_filter;
/* Newest first, brief records (description NULL). *n as above. */
mi_status store_model_list(store *s, const store_model_filter *filter, proto_model_record *out, size_t *n,
                           mi_error *err);
/* MI_CONFLICT when another model has the alias; pointer "/alias". `out` is the model afterwards. */
mi_status store_model_update(store *s, const char *name, const proto_model_patch *patch,
                             proto_model_record *out, mi_error *err);
/* MI_CONFLICT while a job that is not terminal uses it. Pinned ones go as well: they were asked to. */
mi_status store_model_delete(store *s, const char *name, mi_error *err);

/* ---- keeping house
 * -----------------------------------------------------------------------------------------------------------------
 */

typedef struct store_retention {
    uint64_t keep_jobs_s;   /* terminal jobs older than this go; 0: keep */
    uint64_t keep_models_s; /* models that are not pinned, older than this, go; 0: keep */
    uint64_t keep_bytes; /* blobs beyond this: the oldest terminal jobs go first, then the oldest models that
                            are not pinned; 0: keep */
} store_retention;
/* Data sets, pinned models, and models that a job that is not terminal uses are never dropped. */
typedef struct store_swept {
    uint64_t jobs, models, blobs, bytes;
} store_swept;
/* Drop what retention says, blobs that nothing refers to (older than an hour), stray files. */
mi_status store_sweep(store *s, const store_retention *retention, store_swept *out, mi_error *err);

#endif
