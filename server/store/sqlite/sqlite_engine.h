/*
 * The SQLite engine. DESIGN
 *
 * Connections: one writes durably (synchronous=FULL), one does not wait for the disk (NORMAL: reports,
 * renewals, claims), a few read. write_lock is held through every writing transaction, so that writers never
 * meet SQLITE_BUSY; a later durable commit also syncs what relaxed ones left in the log. Readers see the
 * snapshot of their first statement and block nobody.
 *
 * Changes noted during a transaction are told to the listener after its commit, with no lock held.
 *
 * Each function of the vtable is in the file of its subject: datasets.c, jobs.c, job_list.c, events.c,
 * curve.c, runs.c, run_end.c, models.c, stats.c, sweep.c.
 */
#ifndef SQLITE_ENGINE_H
#define SQLITE_ENGINE_H

#include "sql.h"
#include "store_engine.h"

#define SQLITE_READERS 4
#define SQLITE_NOTES   64

typedef struct sqlite_store {
    store base; /* first: a store* is a sqlite_store* */
    pthread_mutex_t write_lock;
    sql_db durable, relaxed;
    pthread_mutex_t read_lock; /* guards reader_busy */
    pthread_cond_t reader_free;
    sql_db readers[SQLITE_READERS];
    bool reader_busy[SQLITE_READERS];
} sqlite_store;

/* An engine transaction: a sql_txn and what to tell afterwards. */
typedef struct txn {
    sql_txn sql;
    sqlite_store *store;
    int reader; /* index, -1: a writer */
    unsigned n_notes;
    struct {
        store_change change;
        char job_id[PROTO_ID_MAX];
    } notes[SQLITE_NOTES];
} txn;

/* False: not begun, t->sql.status says why; txn_end is still right. */
bool txn_begin(txn *t, store *s, sql_mode mode, mi_error *err);
/* Commit, or roll back after a failure; then call the listener. Returns the transaction's status. */
mi_status txn_end(txn *t);
/* Remember to tell. Beyond SQLITE_NOTES it is forgotten: a hint lost costs latency only. */
void txn_note(txn *t, store_change change, const char *job_id);

/* ---- job_state.c: the state machine ---- */

/* The one place where a job's state changes: row, version, `state` event and, when terminal, `done` event and
 * the end of its runs. */
void job_transition(txn *t, const char *job_id, proto_job_state from, proto_job_state to);
/* MI_NOT_FOUND when there is no such job. */
proto_job_state job_state(txn *t, const char *job_id);
void job_fail_with(txn *t, const char *job_id, const char *problem);
/* A lease of the job has ended without a result: canceling -> canceled with the last one, running -> queued
 * when nothing is left to show. */
void job_settle(txn *t, const char *job_id);
void job_append_event(txn *t, const char *job_id, const char *name, const char *data);

/* ---- jobs.c ---- */

#define JOB_COLUMNS                                                                                     \
    "j.id, j.kind, j.state, j.version, j.priority, j.timeout_s, j.attempt, j.created_ms, j.started_ms," \
    " j.finished_ms, j.phase, j.runs, j.runs_done, j.fraction, j.eta_s, j.pmi_blob, d.tags, d.error,"   \
    " j.screen_blob, j.blob_pairs, j.model_id"
#define N_JOB_COLUMNS 21

/* The first N_JOB_COLUMNS columns. On failure *out needs no fini. */
void job_read_brief(txn *t, sqlite3_stmt *q, proto_job_record *out);
/* Drop a job with all that hangs on it; terminal jobs only. */
void job_drop(txn *t, const char *job_id);

/* ---- runs.c ---- */

/* Whether the caller still holds the lease; otherwise MI_STALE. *state is the job's. */
bool run_held(txn *t, const store_run *run, proto_job_state *state);
/* A lease is over and nobody gave it back: its worker died. The run waits again, or its job fails when the
 * attempts are used up. */
void run_lose(txn *t, uint64_t run_id);

/* ---- models.c ---- */

/* The record of a model that a job leaves. */
void model_insert(txn *t, const char *job_id, const store_new_model *model);
/* Drop a model that no job uses. */
void model_drop(txn *t, const char *model_id);
/* SQL: whether no job that has not ended uses model m. */
#define MODEL_IS_FREE                                                         \
    "NOT EXISTS (SELECT 1 FROM jobs WHERE model_id = m.id AND model_id <> ''" \
    " AND state IN ('queued', 'running', 'canceling'))"

/* ---- curve.c ---- */

void curve_append(txn *t, const store_run *run, const proto_curve_row *points, size_t n);

/* The vtable's functions; contracts in store.h. */
mi_status sqlite_dataset_put(store *s, const proto_dataset_record *dataset, bool *created, mi_error *err);
mi_status sqlite_dataset_get(store *s, const char *name, proto_dataset_record *out, mi_error *err);
mi_status sqlite_dataset_list(store *s, const char *after, proto_dataset_record *out, size_t *n,
                              mi_error *err);
mi_status sqlite_dataset_delete(store *s, const char *name, mi_error *err);
mi_status sqlite_job_submit(store *s, const store_submission *submission, proto_job_record *out,
                            bool *existed, mi_error *err);
mi_status sqlite_job_get(store *s, const char *id, proto_job_record *out, mi_error *err);
mi_status sqlite_job_list(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                          mi_error *err);
mi_status sqlite_job_cancel(store *s, const char *id, proto_job_record *out, mi_error *err);
mi_status sqlite_job_delete(store *s, const char *id, mi_error *err);
mi_status sqlite_events(store *s, const char *job_id, uint64_t after, proto_event *out, size_t *n,
                        mi_error *err);
mi_status sqlite_curve(store *s, const char *job_id, proto_curve_row **out, size_t *n, mi_error *err);
mi_status sqlite_stats(store *s, store_queue_stats *out, mi_error *err);
mi_status sqlite_run_claim(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err);
mi_status sqlite_run_renew(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err);
mi_status sqlite_run_report(store *s, const store_run *run, const store_report *report, bool *canceled,
                            mi_error *err);
mi_status sqlite_checkpoint_put(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err);
mi_status sqlite_checkpoint_get(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err);
mi_status sqlite_run_finish(store *s, const store_run *run, const void *result, size_t n, mi_error *err);
mi_status sqlite_run_results(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                             mi_error *err);
mi_status sqlite_run_release(store *s, const store_run *run, mi_error *err);
mi_status sqlite_job_succeed(store *s, const store_run *combine, const store_outcome *outcome, mi_error *err);
mi_status sqlite_job_fail(store *s, const store_run *run, const char *problem, mi_error *err);
mi_status sqlite_model_get(store *s, const char *name, proto_model_record *out, mi_error *err);
mi_status sqlite_model_list(store *s, const store_model_filter *filter, proto_model_record *out, size_t *n,
                            mi_error *err);
mi_status sqlite_model_update(store *s, const char *name, const proto_model_patch *patch,
                              proto_model_record *out, mi_error *err);
mi_status sqlite_model_delete(store *s, const char *name, mi_error *err);
mi_status sqlite_sweep(store *s, const store_retention *retention, store_swept *out, mi_error *err);

#endif
