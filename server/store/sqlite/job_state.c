/*
 * The state machine of jobs.
 *
 *     queued -> running             run_claim: the first claim
 *     queued -> canceled            job_cancel
 *     running -> queued             job_settle: its leases are gone and no run is done
 *     running -> canceling          job_cancel
 *     running -> succeeded          job_succeed
 *     running -> failed             job_fail, run_lose
 *     canceling -> canceled         job_settle: the last lease is gone
 */
#include "sqlite_engine.h"

#include "base/ids.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENT_DATA    128
#define PROGRESS_KEPT 200 /* older ones are dropped: a stream that comes back wants the newest */

static const bool legal[PROTO_JOB_STATE_COUNT][PROTO_JOB_STATE_COUNT] = {
    [PROTO_JOB_QUEUED] = {[PROTO_JOB_RUNNING] = true, [PROTO_JOB_CANCELED] = true},
    [PROTO_JOB_RUNNING] = {[PROTO_JOB_QUEUED] = true,
                           [PROTO_JOB_CANCELING] = true,
                           [PROTO_JOB_SUCCEEDED] = true,
                           [PROTO_JOB_FAILED] = true},
    [PROTO_JOB_CANCELING] = {[PROTO_JOB_CANCELED] = true},
};

proto_job_state job_state(txn *t, const char *job_id)
{
    proto_job_state state = PROTO_JOB_CANCELED;
    sqlite3_stmt *q = sql_query(&t->sql, "SELECT state FROM jobs WHERE id = ?1", SQL_ARGS(SQL_TEXT(job_id)));
    if (sql_next(&t->sql, q)) {
        bool known = proto_job_state_parse((const char *)sqlite3_column_text(q, 0), &state);
        assert(known);
        (void)known;
        sql_done(q);
    } else {
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no job %s", job_id);
    }
    return state;
}

void job_append_event(txn *t, const char *job_id, const char *name, const char *data)
{
    int64_t sequence =
        sql_int(&t->sql, "UPDATE jobs SET last_event = last_event + 1 WHERE id = ?1 RETURNING last_event",
                SQL_ARGS(SQL_TEXT(job_id)), 0);
    sql_run(&t->sql, "INSERT INTO events (job_id, sequence, name, data) VALUES (?1, ?2, ?3, ?4)",
            SQL_ARGS(SQL_TEXT(job_id), SQL_INT(sequence), SQL_TEXT(name), SQL_TEXT(data)));
    /* The index by name: a scan by sequence would pass all points of the curve. */
    if (strcmp(name, "progress") == 0)
        sql_run(&t->sql,
                "DELETE FROM events INDEXED BY events_progress WHERE job_id = ?1 AND name = 'progress'"
                " AND sequence <= (SELECT sequence FROM events INDEXED BY events_progress WHERE job_id = ?1"
                "  AND name = 'progress' ORDER BY sequence DESC LIMIT 1 OFFSET ?2)",
                SQL_ARGS(SQL_TEXT(job_id), SQL_INT(PROGRESS_KEPT)));
}

static void end_runs(txn *t, const char *job_id)
{
    /* Before the commit: a checkpoint that is gone too early costs repeated work only. */
    sqlite3_stmt *q =
        sql_query(&t->sql, "DELETE FROM runs WHERE job_id = ?1 RETURNING id", SQL_ARGS(SQL_TEXT(job_id)));
    while (sql_next(&t->sql, q))
        store_checkpoint_drop(&t->store->base.files, (uint64_t)sqlite3_column_int64(q, 0));
}

void job_transition(txn *t, const char *job_id, proto_job_state from, proto_job_state to)
{
    bool terminal = proto_job_state_terminal(to);
    int64_t now = clock_unix_ms();
    const char *phase = NULL; /* a job that ended badly shows how far it came */
    if (to == PROTO_JOB_QUEUED)
        phase = "queued";
    else if (to == PROTO_JOB_RUNNING)
        phase = "prepare";
    else if (to == PROTO_JOB_SUCCEEDED)
        phase = "done";
    int64_t version = sql_int(
        &t->sql,
        "UPDATE jobs SET state = ?3, version = version + 1, phase = coalesce(?4, phase), eta_s = ?5,"
        " started_ms = coalesce(?6, started_ms), finished_ms = coalesce(?7, finished_ms),"
        " fraction = coalesce(?8, fraction) WHERE id = ?1 AND state = ?2 RETURNING version",
        SQL_ARGS(SQL_TEXT(job_id), SQL_TEXT(proto_job_state_name(from)), SQL_TEXT(proto_job_state_name(to)),
                 SQL_TEXT(phase), SQL_REAL(to == PROTO_JOB_SUCCEEDED ? 0.0 : -1.0),
                 to == PROTO_JOB_RUNNING  ? SQL_INT(now)
                 : to == PROTO_JOB_QUEUED ? SQL_INT(0)
                                          : SQL_NULL,
                 terminal ? SQL_INT(now) : SQL_NULL, to == PROTO_JOB_SUCCEEDED ? SQL_REAL(1.0) : SQL_NULL),
        0);
    if (t->sql.status)
        return;
    if (version == 0 || !legal[from][to]) {
        assert(!"a transition that the table does not have"); /* and without asserts nothing is committed */
        sql_fail(&t->sql, MI_INTERNAL, "job %s cannot go from %s to %s", job_id, proto_job_state_name(from),
                 proto_job_state_name(to));
        return;
    }
    char data[EVENT_DATA];
    snprintf(data, sizeof data, "{\"state\":\"%s\",\"version\":%" PRId64 "}", proto_job_state_name(to),
             version);
    job_append_event(t, job_id, "state", data);
    if (terminal) {
        end_runs(t, job_id);
        snprintf(data, sizeof data, "{\"state\":\"%s\"}", proto_job_state_name(to));
        job_append_event(t, job_id, "done", data);
    }
    txn_note(t, STORE_CHANGE_JOB, job_id);
    if (to == PROTO_JOB_QUEUED)
        txn_note(t, STORE_CHANGE_QUEUE, job_id);
}

void job_fail_with(txn *t, const char *job_id, const char *problem)
{
    sql_run(&t->sql, "UPDATE job_documents SET error = ?2 WHERE job_id = ?1",
            SQL_ARGS(SQL_TEXT(job_id), SQL_TEXT(problem)));
    job_transition(t, job_id, PROTO_JOB_RUNNING, PROTO_JOB_FAILED);
}

void job_settle(txn *t, const char *job_id)
{
    proto_job_state state = job_state(t, job_id);
    if (sql_int(&t->sql, "SELECT count(*) FROM runs WHERE job_id = ?1 AND state = 'leased'",
                SQL_ARGS(SQL_TEXT(job_id)), 1) != 0)
        return;
    if (state == PROTO_JOB_CANCELING)
        job_transition(t, job_id, PROTO_JOB_CANCELING, PROTO_JOB_CANCELED);
    else if (state == PROTO_JOB_RUNNING &&
             sql_int(&t->sql, "SELECT runs_done FROM jobs WHERE id = ?1", SQL_ARGS(SQL_TEXT(job_id)), 1) == 0)
        job_transition(t, job_id, PROTO_JOB_RUNNING, PROTO_JOB_QUEUED);
}
