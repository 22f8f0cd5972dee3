/* Runs in the hands of workers: claim, renew, report, checkpoint. How they end: run_end.c. */
#include "sqlite_engine.h"

#include "base/ids.h"
#include "proto/problem.h"

#include <stdlib.h>
#include <string.h>

#define PROBLEM_MAX 2048
#define VOIDED_MAX  32 /* leases that one claim voids, so that it stays short */

bool run_held(txn *t, const store_run *run, proto_job_state *state)
{
    sqlite3_stmt *q = sql_query(&t->sql,
                                "SELECT j.state FROM runs r JOIN jobs j ON j.id = r.job_id"
                                " WHERE r.id = ?1 AND r.token = ?2 AND r.state = 'leased'",
                                SQL_ARGS(SQL_INT(run->id), SQL_INT(run->token)));
    if (!sql_next(&t->sql, q)) {
        sql_fail(&t->sql, MI_STALE, "the lease of run %llu of job %s is over", (unsigned long long)run->id,
                 run->job_id);
        return false;
    }
    bool known = proto_job_state_parse((const char *)sqlite3_column_text(q, 0), state);
    sql_done(q);
    return known;
}

static void fail_worker_lost(txn *t, const char *job_id, int64_t tries)
{
    proto_problem problem;
    proto_text text;
    proto_problem_init(&problem);
    proto_problem_set(&problem, PROTO_PROBLEM_WORKER_LOST,
                      "a run was started %d times and its worker died each time before a checkpoint",
                      (int)tries);
    proto_text_init(&text, PROBLEM_MAX);
    proto_problem_encode(&problem, NULL, &text);
    if (proto_text_ok(&text))
        job_fail_with(t, job_id, text.data);
    else
        sql_fail(&t->sql, MI_MEMORY, "out of memory");
    proto_text_fini(&text);
}

void run_lose(txn *t, uint64_t run_id)
{
    char job_id[PROTO_ID_MAX] = "";
    int64_t tries = 0;
    sqlite3_stmt *q =
        sql_query(&t->sql, "SELECT job_id, tries FROM runs WHERE id = ?1", SQL_ARGS(SQL_INT(run_id)));
    if (sql_next(&t->sql, q)) {
        sql_column_text(q, 0, job_id, sizeof job_id);
        tries = sqlite3_column_int64(q, 1);
        sql_done(q);
    }
    if (t->sql.status)
        return;
    bool canceling = job_state(t, job_id) == PROTO_JOB_CANCELING;
    sql_run(&t->sql, "UPDATE runs SET state = ?2, owner = NULL, lease_until_ms = NULL WHERE id = ?1",
            SQL_ARGS(SQL_INT(run_id), SQL_TEXT(canceling ? "blocked" : "waiting")));
    if (!canceling && tries >= t->store->base.max_attempts)
        fail_worker_lost(t, job_id, tries);
    else
        job_settle(t, job_id);
    txn_note(t, STORE_CHANGE_QUEUE, job_id);
}

static void void_expired(txn *t, int64_t now)
{
    for (int i = 0; i < VOIDED_MAX; i++) {
        int64_t run_id = sql_int(&t->sql,
                                 "SELECT id FROM runs WHERE state = 'leased' AND lease_until_ms <= ?1"
                                 " ORDER BY lease_until_ms LIMIT 1",
                                 SQL_ARGS(SQL_INT(now)), 0);
        if (run_id == 0)
            return;
        run_lose(t, (uint64_t)run_id);
    }
}

static void read_claimed(txn *t, sqlite3_stmt *q, store_run *out)
{
    out->id = (uint64_t)sqlite3_column_int64(q, 0);
    out->token = (uint64_t)sqlite3_column_int64(q, 1) + 1;
    out->attempt = (uint32_t)out->token;
    sql_column_text(q, 2, out->job_id, sizeof out->job_id);
    out->combine = sqlite3_column_int(q, 3) != 0;
    out->variant = (uint32_t)sqlite3_column_int64(q, 4);
    out->replicate = (uint32_t)sqlite3_column_int64(q, 5);
    out->fold = (uint32_t)sqlite3_column_int64(q, 6);
    out->timeout_s = (uint32_t)sqlite3_column_int64(q, 7);
    out->folds = (uint32_t)sqlite3_column_int64(q, 8);
    out->replicates = (uint32_t)sqlite3_column_int64(q, 9);
    out->variants = (uint32_t)sqlite3_column_int64(q, 10);
    sql_column_text(q, 11, out->blob_x, sizeof out->blob_x);
    sql_column_text(q, 12, out->blob_y, sizeof out->blob_y);
    out->spec = sql_column_dup(&t->sql, q, 13);
    sql_column_text(q, 14, out->blob_pairs, sizeof out->blob_pairs);
    sql_column_text(q, 15, out->model_id, sizeof out->model_id);
    sql_column_text(q, 16, out->blob_model, sizeof out->blob_model);
    sql_done(q);
}

static bool next_waiting(txn *t, store_run *out)
{
    sqlite3_stmt *q =
        sql_query(&t->sql,
                  "SELECT r.id, r.token, r.job_id, r.combine, r.variant, r.replicate, r.fold, j.timeout_s,"
                  " j.folds, j.replicates, j.variants, j.blob_x, j.blob_y, d.spec,"
                  " j.blob_pairs, j.model_id, (SELECT sha256 FROM models WHERE id = j.model_id)"
                  " FROM runs r JOIN jobs j ON j.id = r.job_id JOIN job_documents d ON d.job_id = j.id"
                  " WHERE r.state = 'waiting'"
                  " ORDER BY r.priority DESC, r.job_id, r.combine, r.variant, r.replicate, r.fold LIMIT 1",
                  SQL_NO_ARGS);
    if (!sql_next(&t->sql, q))
        return false;
    read_claimed(t, q, out);
    return true;
}

static void lease(txn *t, const char *owner, int64_t until, store_run *out)
{
    if (job_state(t, out->job_id) == PROTO_JOB_QUEUED)
        job_transition(t, out->job_id, PROTO_JOB_QUEUED, PROTO_JOB_RUNNING);
    sql_run(&t->sql,
            "UPDATE runs SET state = 'leased', token = ?2, tries = tries + 1, owner = ?3, lease_until_ms = ?4"
            " WHERE id = ?1",
            SQL_ARGS(SQL_INT(out->id), SQL_INT(out->token), SQL_TEXT(owner), SQL_INT(until)));
    out->job_started_ms =
        sql_int(&t->sql,
                "UPDATE jobs SET version = version + 1, attempt = max(attempt, ?2),"
                " phase = CASE WHEN ?3 THEN 'combine' ELSE phase END"
                " WHERE id = ?1 RETURNING started_ms",
                SQL_ARGS(SQL_TEXT(out->job_id), SQL_INT(out->attempt), SQL_INT(out->combine)), 0);
    txn_note(t, STORE_CHANGE_JOB, out->job_id);
}

mi_status sqlite_run_claim(store *s, const char *owner, uint32_t lease_ms, store_run *out, mi_error *err)
{
    txn t;
    bool found = false;
    *out = (store_run){0};
    if (txn_begin(&t, s, SQL_RELAXED, err)) {
        int64_t now = clock_monotonic_ms();
        void_expired(&t, now);
        found = next_waiting(&t, out);
        if (found)
            lease(&t, owner, now + lease_ms, out);
    }
    mi_status status = txn_end(&t);
    if (status)
        store_run_fini(out);
    else if (!found)
        status =
            mi_fail(err, MI_NOT_FOUND, "nothing waits"); /* after the commit: voided leases stay voided */
    return status;
}

mi_status sqlite_run_renew(store *s, const store_run *run, uint32_t lease_ms, bool *canceled, mi_error *err)
{
    txn t;
    proto_job_state state = PROTO_JOB_CANCELED;
    if (txn_begin(&t, s, SQL_RELAXED, err) && run_held(&t, run, &state))
        sql_run(&t.sql, "UPDATE runs SET lease_until_ms = ?2 WHERE id = ?1",
                SQL_ARGS(SQL_INT(run->id), SQL_INT(clock_monotonic_ms() + lease_ms)));
    mi_status status = txn_end(&t);
    *canceled = state != PROTO_JOB_RUNNING;
    return status;
}

static void show_progress(txn *t, const store_run *run, const store_report *report)
{
    if (!run->combine)
        sql_run(&t->sql, "UPDATE runs SET fraction = min(max(?2, 0.0), 1.0) WHERE id = ?1",
                SQL_ARGS(SQL_INT(run->id),
                         SQL_REAL(report->fraction == report->fraction ? report->fraction : 0.0)));
    sql_run(&t->sql,
            "UPDATE jobs SET version = version + 1, phase = coalesce(?2, phase), eta_s = ?3,"
            " fraction = (SELECT avg(fraction) FROM runs WHERE job_id = ?1 AND combine = 0) WHERE id = ?1",
            SQL_ARGS(SQL_TEXT(run->job_id), SQL_TEXT(report->phase),
                     SQL_REAL(report->eta_s >= 0 ? report->eta_s : -1.0)));
    txn_note(t, STORE_CHANGE_JOB, run->job_id);
}

mi_status sqlite_run_report(store *s, const store_run *run, const store_report *report, bool *canceled,
                            mi_error *err)
{
    txn t;
    proto_job_state state = PROTO_JOB_CANCELED;
    if (txn_begin(&t, s, SQL_RELAXED, err) && run_held(&t, run, &state)) {
        show_progress(&t, run, report);
        curve_append(&t, run, report->points, report->n_points);
        if (report->progress)
            job_append_event(&t, run->job_id, "progress", report->progress);
    }
    mi_status status = txn_end(&t);
    *canceled = state != PROTO_JOB_RUNNING;
    return status;
}

mi_status sqlite_checkpoint_put(store *s, const store_run *run, const void *bytes, size_t n, mi_error *err)
{
    char temp[STORE_TEMP_NAME];
    mi_status status = store_checkpoint_stage(&s->files, bytes, n, temp, err);
    if (status)
        return status;
    txn t;
    proto_job_state state;
    if (txn_begin(&t, s, SQL_RELAXED, err) && run_held(&t, run, &state)) {
        sql_run(&t.sql, "UPDATE runs SET tries = 0 WHERE id = ?1", SQL_ARGS(SQL_INT(run->id)));
        /* Under the writer's lock: nobody else can have claimed the run. */
        if (!t.sql.status)
            t.sql.status = store_checkpoint_publish(&s->files, temp, run->id, err);
    }
    status = txn_end(&t);
    if (status)
        store_files_temp_drop(&s->files, temp);
    return status;
}

mi_status sqlite_checkpoint_get(store *s, const store_run *run, void **bytes, size_t *n, mi_error *err)
{
    txn t;
    proto_job_state state;
    *bytes = NULL;
    *n = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err))
        run_held(&t, run, &state);
    mi_status status = txn_end(&t);
    return status ? status : store_checkpoint_read(&s->files, run->id, bytes, n, err);
}
