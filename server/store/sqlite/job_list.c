#include "sqlite_engine.h"

/* Above every id: they are ASCII. */
#define AFTER_ALL "~"

/* Most selective first: by tag, by state, or all; each in the order of an index, so that a page costs a page.
 */
static sqlite3_stmt *query(txn *t, const store_job_filter *filter, size_t limit)
{
    const char *after = filter->after ? filter->after : AFTER_ALL;
    const char *state = filter->by_state ? proto_job_state_name(filter->state) : NULL;
    if (filter->tag_key)
        return sql_query(&t->sql,
                         "SELECT " JOB_COLUMNS " FROM job_tags g JOIN jobs j ON j.id = g.job_id"
                         " JOIN job_documents d ON d.job_id = j.id"
                         " WHERE g.key = ?1 AND g.value = ?2 AND g.job_id < ?3"
                         " AND (?4 IS NULL OR j.state = ?4) AND (?5 IS NULL OR j.kind = ?5)"
                         " ORDER BY g.job_id DESC LIMIT ?6",
                         SQL_ARGS(SQL_TEXT(filter->tag_key), SQL_TEXT(filter->tag_value), SQL_TEXT(after),
                                  SQL_TEXT(state), SQL_TEXT(filter->kind), SQL_INT(limit)));
    if (state)
        return sql_query(&t->sql,
                         "SELECT " JOB_COLUMNS " FROM jobs j JOIN job_documents d ON d.job_id = j.id"
                         " WHERE j.state = ?1 AND j.id < ?2 AND (?3 IS NULL OR j.kind = ?3)"
                         " ORDER BY j.id DESC LIMIT ?4",
                         SQL_ARGS(SQL_TEXT(state), SQL_TEXT(after), SQL_TEXT(filter->kind), SQL_INT(limit)));
    return sql_query(&t->sql,
                     "SELECT " JOB_COLUMNS " FROM jobs j JOIN job_documents d ON d.job_id = j.id"
                     " WHERE j.id < ?1 AND (?2 IS NULL OR j.kind = ?2) ORDER BY j.id DESC LIMIT ?3",
                     SQL_ARGS(SQL_TEXT(after), SQL_TEXT(filter->kind), SQL_INT(limit)));
}

mi_status sqlite_job_list(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                          mi_error *err)
{
    txn t;
    size_t filled = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        sqlite3_stmt *q = query(&t, filter, *n);
        while (sql_next(&t.sql, q))
            job_read_brief(&t, q, &out[filled++]);
    }
    mi_status status = txn_end(&t);
    for (; status && filled > 0; filled--)
        proto_job_record_fini(&out[filled - 1]);
    *n = filled;
    return status;
}
