/*
 * Keeping house. Each deletion is a transaction of its own, so that a sweep never holds up the daemon.
 *
 * Whether anything refers to a blob, and its removal, happen under the writer's lock: a submission, which
 * checks its blobs under the same lock, finds a blob there for good or gone.
 */
#include "sqlite_engine.h"

#include "base/ids.h"

#include <string.h>

static bool blob_referenced(txn *t, const char *sha256)
{
    /* When in doubt (a failure) it is. */
    return sql_int(&t->sql,
                   "SELECT EXISTS (SELECT 1 FROM datasets WHERE matrix_sha256 = ?1)"
                   " OR EXISTS (SELECT 1 FROM jobs WHERE blob_x = ?1)"
                   " OR EXISTS (SELECT 1 FROM jobs WHERE blob_y = ?1)"
                   " OR EXISTS (SELECT 1 FROM jobs WHERE blob_pairs <> '' AND blob_pairs = ?1)"
                   " OR EXISTS (SELECT 1 FROM jobs WHERE pmi_blob <> '' AND pmi_blob = ?1)"
                   " OR EXISTS (SELECT 1 FROM jobs WHERE screen_blob <> '' AND screen_blob = ?1)"
                   " OR EXISTS (SELECT 1 FROM models WHERE sha256 = ?1)",
                   SQL_ARGS(SQL_TEXT(sha256)), 1) != 0;
}

/* Drop one by one what a query gives, the id of the next one that was made or ended before ?1. */
static mi_status drop_expired(store *s, const char *next, void (*drop)(txn *t, const char *id),
                              int64_t before_ms, uint64_t *dropped, mi_error *err)
{
    mi_status status = MI_OK;
    for (bool more = true; more && !status;) {
        txn t;
        char id[PROTO_ID_MAX];
        more = false;
        if (txn_begin(&t, s, SQL_DURABLE, err)) {
            sqlite3_stmt *q = sql_query(&t.sql, next, SQL_ARGS(SQL_INT(before_ms)));
            if (sql_next(&t.sql, q)) {
                sql_column_text(q, 0, id, sizeof id);
                sql_done(q);
                drop(&t, id);
                more = true;
            }
        }
        status = txn_end(&t);
        *dropped += more && !status;
    }
    return status;
}

static mi_status drop_expired_jobs(store *s, int64_t before_ms, store_swept *swept, mi_error *err)
{
    return drop_expired(s,
                        "SELECT id FROM jobs WHERE finished_ms > 0 AND finished_ms < ?1"
                        " ORDER BY finished_ms LIMIT 1",
                        job_drop, before_ms, &swept->jobs, err);
}

static mi_status drop_expired_models(store *s, int64_t before_ms, store_swept *swept, mi_error *err)
{
    return drop_expired(s,
                        "SELECT m.id FROM models m WHERE m.pinned = 0 AND m.created_ms < ?1"
                        " AND " MODEL_IS_FREE " ORDER BY m.created_ms LIMIT 1",
                        model_drop, before_ms, &swept->models, err);
}

typedef struct held_context {
    store *store;
    uint64_t bytes;
} held_context;

static mi_status add_held(void *ctx, const char sha256[PROTO_SHA_HEX], uint64_t bytes, mi_error *err)
{
    held_context *held = ctx;
    txn t;
    if (txn_begin(&t, held->store, SQL_READ_ONLY, err) && blob_referenced(&t, sha256))
        held->bytes += bytes;
    return txn_end(&t);
}

#define JOB_BLOBS 5

/* Bytes that nothing refers to any more once the job is gone; its row is gone already. */
static uint64_t freed_with(txn *t, char blobs[][PROTO_SHA_HEX], int n)
{
    uint64_t freed = 0, bytes;
    for (int i = 0; i < n; i++) {
        bool repeated = false;
        for (int k = 0; k < i; k++)
            repeated |= strcmp(blobs[i], blobs[k]) == 0;
        if (!repeated && store_blob_size(&t->store->base.files, blobs[i], &bytes) &&
            !blob_referenced(t, blobs[i]))
            freed += bytes;
    }
    return freed;
}

/* SQL: whether no data set holds the job's blob in `column`. */
#define JOB_HOLDS(column) \
    "(" column " <> '' AND NOT EXISTS (SELECT 1 FROM datasets WHERE matrix_sha256 = j." column "))"

/* The oldest ended job that keeps a blob no data set holds: others would free nothing. */
static bool drop_oldest_holder(txn *t, uint64_t *freed)
{
    char id[PROTO_ID_MAX], blobs[JOB_BLOBS][PROTO_SHA_HEX];
    sqlite3_stmt *q = sql_query(&t->sql,
                                "SELECT id, blob_x, blob_y, blob_pairs, pmi_blob, screen_blob FROM jobs j"
                                " WHERE finished_ms > 0 AND (pmi_blob <> '' OR screen_blob <> ''"
                                " OR " JOB_HOLDS("blob_x") " OR " JOB_HOLDS("blob_y") " OR " JOB_HOLDS(
                                    "blob_pairs") ")"
                                                  " ORDER BY finished_ms LIMIT 1",
                                SQL_NO_ARGS);
    if (!sql_next(&t->sql, q))
        return false;
    sql_column_text(q, 0, id, sizeof id);
    for (int i = 0; i < JOB_BLOBS; i++)
        sql_column_text(q, 1 + i, blobs[i], sizeof blobs[i]);
    sql_done(q);
    job_drop(t, id);
    *freed = freed_with(t, blobs, JOB_BLOBS);
    return true;
}

static bool drop_oldest_model(txn *t, uint64_t *freed)
{
    char id[PROTO_ID_MAX], blob[1][PROTO_SHA_HEX];
    sqlite3_stmt *q = sql_query(&t->sql,
                                "SELECT m.id, m.sha256 FROM models m WHERE m.pinned = 0 AND " MODEL_IS_FREE
                                " ORDER BY m.created_ms LIMIT 1",
                                SQL_NO_ARGS);
    if (!sql_next(&t->sql, q))
        return false;
    sql_column_text(q, 0, id, sizeof id);
    sql_column_text(q, 1, blob[0], sizeof blob[0]);
    sql_done(q);
    model_drop(t, id);
    *freed = freed_with(t, blob, 1);
    return true;
}

/* Until `held` fits, or there is nothing more to drop. */
static mi_status drop_while_above(store *s, uint64_t keep_bytes, uint64_t *held,
                                  bool (*drop)(txn *t, uint64_t *freed), uint64_t *dropped, mi_error *err)
{
    mi_status status = MI_OK;
    for (bool more = true; more && !status && *held > keep_bytes;) {
        txn t;
        uint64_t freed = 0;
        more = txn_begin(&t, s, SQL_DURABLE, err) && drop(&t, &freed);
        status = txn_end(&t);
        *dropped += more && !status;
        *held -= freed < *held ? freed : *held;
    }
    return status;
}

static mi_status drop_by_bytes(store *s, uint64_t keep_bytes, store_swept *swept, mi_error *err)
{
    if (atomic_load(&s->files.blob_bytes) <= keep_bytes)
        return MI_OK;
    /* What is held counts: the rest goes anyway, once it is old enough. */
    held_context held = {.store = s};
    mi_status status = store_blob_each(&s->files, add_held, &held, err);
    if (!status)
        status = drop_while_above(s, keep_bytes, &held.bytes, drop_oldest_holder, &swept->jobs, err);
    if (!status)
        status = drop_while_above(s, keep_bytes, &held.bytes, drop_oldest_model, &swept->models, err);
    return status;
}

typedef struct orphan_context {
    store *store;
    store_swept *swept;
} orphan_context;

static mi_status drop_orphan_blob(void *ctx, const char sha256[PROTO_SHA_HEX], uint64_t bytes, mi_error *err)
{
    orphan_context *orphans = ctx;
    txn t;
    if (txn_begin(&t, orphans->store, SQL_RELAXED, err) && !blob_referenced(&t, sha256) &&
        store_blob_remove_old(&orphans->store->files, sha256)) {
        orphans->swept->blobs++;
        orphans->swept->bytes += bytes;
    }
    return txn_end(&t);
}

static mi_status drop_stray_checkpoint(void *ctx, uint64_t run_id, mi_error *err)
{
    store *s = ctx;
    txn t;
    if (txn_begin(&t, s, SQL_RELAXED, err) &&
        sql_int(&t.sql, "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND state <> 'done')",
                SQL_ARGS(SQL_INT(run_id)), 1) == 0)
        store_checkpoint_drop(&s->files, run_id);
    return txn_end(&t);
}

/* What ended or was made before *before_ms goes; false: nothing does. */
static bool is_limited(uint64_t keep_s, int64_t *before_ms)
{
    if (keep_s == 0 || keep_s >= INT64_MAX / 1000)
        return false;
    *before_ms = clock_unix_ms() - (int64_t)keep_s * 1000;
    return true;
}

mi_status sqlite_sweep(store *s, const store_retention *retention, store_swept *out, mi_error *err)
{
    mi_status status = MI_OK;
    *out = (store_swept){0};
    int64_t before_ms;
    if (is_limited(retention->keep_jobs_s, &before_ms))
        status = drop_expired_jobs(s, before_ms, out, err);
    if (!status && is_limited(retention->keep_models_s, &before_ms))
        status = drop_expired_models(s, before_ms, out, err);
    if (!status && retention->keep_bytes > 0)
        status = drop_by_bytes(s, retention->keep_bytes, out, err);
    orphan_context orphans = {s, out};
    if (!status)
        status = store_blob_each(&s->files, drop_orphan_blob, &orphans, err);
    if (!status)
        status = store_checkpoint_each(&s->files, drop_stray_checkpoint, s, err);
    if (!status)
        status = store_files_clean_temp(&s->files, STORE_ORPHAN_AGE_S, err);
    return status;
}
