#include "sqlite_engine.h"

#include <assert.h>

mi_status sqlite_stats(store *s, store_queue_stats *out, mi_error *err)
{
    txn t;
    *out = (store_queue_stats){0};
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        sqlite3_stmt *q = sql_query(&t.sql, "SELECT state, n FROM counts WHERE object = 'job'", SQL_NO_ARGS);
        while (sql_next(&t.sql, q)) {
            proto_job_state state = PROTO_JOB_QUEUED;
            bool known = proto_job_state_parse((const char *)sqlite3_column_text(q, 0), &state);
            assert(known);
            (void)known;
            out->jobs[state] = (uint64_t)sqlite3_column_int64(q, 1);
        }
        out->runs_waiting = (uint64_t)sql_int(
            &t.sql, "SELECT n FROM counts WHERE object = 'run' AND state = 'waiting'", SQL_NO_ARGS, 0);
        out->runs_leased = (uint64_t)sql_int(
            &t.sql, "SELECT n FROM counts WHERE object = 'run' AND state = 'leased'", SQL_NO_ARGS, 0);
        out->oldest_queued_ms = sql_int(
            &t.sql, "SELECT created_ms FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1", SQL_NO_ARGS, 0);
        out->datasets = (uint64_t)sql_int(&t.sql, "SELECT count(*) FROM datasets", SQL_NO_ARGS, 0);
        out->models = (uint64_t)sql_int(&t.sql, "SELECT count(*) FROM models", SQL_NO_ARGS, 0);
        /* By name: left to choose, SQLite sorts all that succeeded. */
        out->mean_job_s =
            (double)sql_int(&t.sql,
                            "SELECT cast(avg(ms) AS INTEGER) FROM (SELECT finished_ms - started_ms AS ms"
                            " FROM jobs INDEXED BY jobs_by_success WHERE state = 'succeeded'"
                            " ORDER BY finished_ms DESC LIMIT 50)",
                            SQL_NO_ARGS, 0) /
            1000.0;
    }
    mi_status status = txn_end(&t);
    out->blob_bytes = atomic_load(&s->files.blob_bytes);
    return status;
}
