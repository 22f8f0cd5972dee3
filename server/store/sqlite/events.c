#include "sqlite_engine.h"

#include <stdlib.h>

mi_status sqlite_events(store *s, const char *job_id, uint64_t after, proto_event *out, size_t *n,
                        mi_error *err)
{
    txn t;
    size_t filled = 0;
    /* Sequences are SQL integers: beyond them there is nothing. */
    int64_t from = after > INT64_MAX ? INT64_MAX : (int64_t)after;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        job_state(&t, job_id);
        sqlite3_stmt *q =
            sql_query(&t.sql,
                      "SELECT sequence, name, data FROM events WHERE job_id = ?1 AND sequence > ?2"
                      " ORDER BY sequence LIMIT ?3",
                      SQL_ARGS(SQL_TEXT(job_id), SQL_INT(from), SQL_INT(*n)));
        while (sql_next(&t.sql, q)) {
            proto_event *event = &out[filled++];
            event->sequence = (uint64_t)sqlite3_column_int64(q, 0);
            sql_column_text(q, 1, event->name, sizeof event->name);
            event->data = sql_column_dup(&t.sql, q, 2);
        }
    }
    mi_status status = txn_end(&t);
    for (; status && filled > 0; filled--)
        free(out[filled - 1].data);
    *n = filled;
    return status;
}
