/* How a lease ends: with a result, without, or with the job. */
#include "sqlite_engine.h"

#include <stdlib.h>
#include <string.h>

/*
 * The holder of the lease comes back to a job that is canceling: whatever it brings is not wanted any more.
 * The lease ends, and the caller is told MI_STALE, though the transaction holds.
 */
static void let_go_canceling(txn *t, const store_run *run)
{
    sql_run(&t->sql, "UPDATE runs SET state = 'blocked', owner = NULL, lease_until_ms = NULL WHERE id = ?1",
            SQL_ARGS(SQL_INT(run->id)));
    job_settle(t, run->job_id);
}

static mi_status end_canceled(txn *t, const store_run *run, bool canceled)
{
    mi_error *err = t->sql.err;
    mi_status status = txn_end(t);
    if (!status && canceled)
        status = mi_fail(err, MI_STALE, "the job %s was canceled", run->job_id);
    return status;
}

static void keep_result(txn *t, const store_run *run, const void *result, size_t n)
{
    sql_run(&t->sql, "INSERT INTO run_results (run_id, bytes) VALUES (?1, ?2)",
            SQL_ARGS(SQL_INT(run->id), SQL_BYTES(result, n)));
    sql_run(
        &t->sql,
        "UPDATE runs SET state = 'done', owner = NULL, lease_until_ms = NULL, fraction = 1.0 WHERE id = ?1",
        SQL_ARGS(SQL_INT(run->id)));
    int64_t missing = sql_int(&t->sql,
                              "UPDATE jobs SET version = version + 1, runs_done = runs_done + 1,"
                              " fraction = (SELECT avg(fraction) FROM runs WHERE job_id = ?1 AND combine = 0)"
                              " WHERE id = ?1 RETURNING runs - runs_done",
                              SQL_ARGS(SQL_TEXT(run->job_id)), 1);
    txn_note(t, STORE_CHANGE_JOB, run->job_id);
    if (missing > 0)
        return;
    sql_run(&t->sql, "UPDATE runs SET state = 'waiting' WHERE job_id = ?1 AND combine = 1",
            SQL_ARGS(SQL_TEXT(run->job_id)));
    txn_note(t, STORE_CHANGE_QUEUE, run->job_id);
}

mi_status sqlite_run_finish(store *s, const store_run *run, const void *result, size_t n, mi_error *err)
{
    if (n > STORE_RESULT_MAX)
        return mi_fail(err, MI_LIMIT, "a run's result of %zu bytes", n);
    txn t;
    proto_job_state state = PROTO_JOB_RUNNING;
    if (txn_begin(&t, s, SQL_DURABLE, err) && run_held(&t, run, &state)) {
        if (state == PROTO_JOB_CANCELING)
            let_go_canceling(&t, run);
        else
            keep_result(&t, run, result, n);
    }
    mi_status status = end_canceled(&t, run, state == PROTO_JOB_CANCELING);
    if (!status)
        store_checkpoint_drop(&s->files, run->id);
    return status;
}

static void read_results(txn *t, const char *job_id, uint32_t variant, store_bytes *results, size_t n)
{
    sqlite3_stmt *q =
        sql_query(&t->sql,
                  "SELECT b.bytes FROM runs r JOIN run_results b ON b.run_id = r.id"
                  " WHERE r.job_id = ?1 AND r.combine = 0 AND r.variant = ?2 ORDER BY r.replicate, r.fold",
                  SQL_ARGS(SQL_TEXT(job_id), SQL_INT(variant)));
    for (size_t i = 0; i < n && sql_next(&t->sql, q); i++) {
        const void *bytes = sqlite3_column_blob(q, 0);
        size_t size = (size_t)sqlite3_column_bytes(q, 0);
        results[i].bytes = malloc(size + 1); /* never of size 0 */
        results[i].n = size;
        if (!results[i].bytes)
            sql_fail(&t->sql, MI_MEMORY, "no memory for a result of %zu bytes", size);
        else if (size > 0)
            memcpy(results[i].bytes, bytes, size);
    }
    sql_done(q);
}

mi_status sqlite_run_results(store *s, const store_run *run, uint32_t variant, store_bytes **out, size_t *n,
                             mi_error *err)
{
    txn t;
    proto_job_state state;
    store_bytes *results = NULL;
    size_t count = 0;
    *out = NULL;
    *n = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err) && run_held(&t, run, &state)) {
        count = (size_t)sql_int(&t.sql,
                                "SELECT count(*) FROM runs r JOIN run_results b ON b.run_id = r.id"
                                " WHERE r.job_id = ?1 AND r.combine = 0 AND r.variant = ?2",
                                SQL_ARGS(SQL_TEXT(run->job_id), SQL_INT(variant)), 0);
        results = calloc(count + 1, sizeof *results); /* never of size 0 */
        if (results)
            read_results(&t, run->job_id, variant, results, count);
        else
            sql_fail(&t.sql, MI_MEMORY, "out of memory");
    }
    mi_status status = txn_end(&t);
    if (status) {
        store_run_results_free(results, results ? count : 0);
        return status;
    }
    *out = results;
    *n = count;
    return MI_OK;
}

mi_status sqlite_run_release(store *s, const store_run *run, mi_error *err)
{
    txn t;
    proto_job_state state;
    if (txn_begin(&t, s, SQL_RELAXED, err) && run_held(&t, run, &state)) {
        if (state == PROTO_JOB_CANCELING) {
            let_go_canceling(&t, run);
        } else {
            /* A worker that lets go is not a worker lost: its try is given back. */
            sql_run(&t.sql,
                    "UPDATE runs SET state = 'waiting', owner = NULL, lease_until_ms = NULL, tries = "
                    "max(tries - 1, 0)"
                    " WHERE id = ?1",
                    SQL_ARGS(SQL_INT(run->id)));
            job_settle(&t, run->job_id);
            txn_note(&t, STORE_CHANGE_QUEUE, run->job_id);
        }
    }
    return txn_end(&t);
}

static const char *checked_blob(txn *t, const char *sha256)
{
    uint64_t ignored;
    if (sha256 && sha256[0] && !store_blob_size(&t->store->base.files, sha256, &ignored))
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no blob %s", sha256);
    return sha256 ? sha256 : "";
}

static void keep_outcome(txn *t, const char *job_id, const store_outcome *outcome)
{
    const char *pmi = checked_blob(t, outcome->pmi_blob), *screen = checked_blob(t, outcome->screen_blob);
    sql_run(&t->sql, "UPDATE job_documents SET result = ?2 WHERE job_id = ?1",
            SQL_ARGS(SQL_TEXT(job_id), SQL_TEXT(outcome->result)));
    sql_run(&t->sql, "UPDATE jobs SET pmi_blob = ?2, screen_blob = ?3 WHERE id = ?1",
            SQL_ARGS(SQL_TEXT(job_id), SQL_TEXT(pmi), SQL_TEXT(screen)));
    if (outcome->model)
        model_insert(t, job_id, outcome->model);
    if (!t->sql.status)
        job_transition(t, job_id, PROTO_JOB_RUNNING, PROTO_JOB_SUCCEEDED);
}

mi_status sqlite_job_succeed(store *s, const store_run *combine, const store_outcome *outcome, mi_error *err)
{
    txn t;
    proto_job_state state = PROTO_JOB_RUNNING;
    if (txn_begin(&t, s, SQL_DURABLE, err) && run_held(&t, combine, &state)) {
        if (state == PROTO_JOB_CANCELING)
            let_go_canceling(&t, combine);
        else
            keep_outcome(&t, combine->job_id, outcome);
    }
    return end_canceled(&t, combine, state == PROTO_JOB_CANCELING);
}

mi_status sqlite_job_fail(store *s, const store_run *run, const char *problem, mi_error *err)
{
    txn t;
    proto_job_state state = PROTO_JOB_RUNNING;
    if (txn_begin(&t, s, SQL_DURABLE, err) && run_held(&t, run, &state)) {
        if (state == PROTO_JOB_CANCELING)
            let_go_canceling(&t, run);
        else
            job_fail_with(&t, run->job_id, problem);
    }
    return end_canceled(&t, run, state == PROTO_JOB_CANCELING);
}
