#include "sqlite_engine.h"

/* Above every id: they are ASCII. */
#define AFTER_ALL "~"

/* Each filter in the order of an index, so that a page costs a page. */
#define PAGE(where)                                                                           \
    "SELECT " JOB_COLUMNS " FROM jobs j JOIN job_documents d ON d.job_id = j.id WHERE " where \
    " ORDER BY j.id DESC LIMIT ?4"

static sqlite3_stmt *query(txn *t, const store_job_filter *filter, const char *after, size_t limit)
{
    static const char *const pages[2][2] = {
        {PAGE("j.id < ?1"), PAGE("j.id < ?1 AND j.kind = ?3")},
        {PAGE("j.id < ?1 AND j.state = ?2"), PAGE("j.id < ?1 AND j.state = ?2 AND j.kind = ?3")},
    };
    const char *state = filter->by_state ? proto_job_state_name(filter->state) : NULL;
    return sql_query(&t->sql, pages[state != NULL][filter->kind != NULL],
                     SQL_ARGS(SQL_TEXT(after), SQL_TEXT(state), SQL_TEXT(filter->kind), SQL_INT(limit)));
}

/* ---- by tag, and by state among those ---- */

/* One of many jobs of a tag is running: better to look at all that run. */
static bool is_rare(txn *t, const char *state)
{
    return sql_int(&t->sql,
                   "SELECT 8 * n < (SELECT sum(n) FROM counts WHERE object = 'job') FROM counts"
                   " WHERE object = 'job' AND state = ?1",
                   SQL_ARGS(SQL_TEXT(state)), 0) != 0;
}

static sqlite3_stmt *query_tag(txn *t, const store_job_filter *filter, const char *after, size_t limit)
{
    const char *state = filter->by_state ? proto_job_state_name(filter->state) : NULL;
    /* CROSS JOIN: in the order as written. */
    static const char by_tag[] =
        "SELECT " JOB_COLUMNS " FROM job_tags g CROSS JOIN jobs j ON j.id = g.job_id"
        " CROSS JOIN job_documents d ON d.job_id = j.id WHERE g.key = ?1 AND g.value = ?2 AND g.job_id < ?3"
        " AND (?4 IS NULL OR j.state = ?4) AND (?5 IS NULL OR j.kind = ?5) ORDER BY g.job_id DESC LIMIT ?6";
    static const char by_state[] =
        "SELECT " JOB_COLUMNS " FROM jobs j CROSS JOIN job_tags g ON g.job_id = j.id AND g.key = ?1 AND"
        " g.value = ?2 CROSS JOIN job_documents d ON d.job_id = j.id WHERE j.state = ?4 AND j.id < ?3"
        " AND (?5 IS NULL OR j.kind = ?5) ORDER BY j.id DESC LIMIT ?6";
    return sql_query(&t->sql, state && is_rare(t, state) ? by_state : by_tag,
                     SQL_ARGS(SQL_TEXT(filter->tag_key), SQL_TEXT(filter->tag_value), SQL_TEXT(after),
                              SQL_TEXT(state), SQL_TEXT(filter->kind), SQL_INT(limit)));
}

mi_status sqlite_job_list(store *s, const store_job_filter *filter, proto_job_record *out, size_t *n,
                          mi_error *err)
{
    txn t;
    size_t filled = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        const char *after = filter->after ? filter->after : AFTER_ALL;
        sqlite3_stmt *q = filter->tag_key ? query_tag(&t, filter, after, *n) : query(&t, filter, after, *n);
        while (sql_next(&t.sql, q))
            job_read_brief(&t, q, &out[filled++]);
    }
    mi_status status = txn_end(&t);
    for (; status && filled > 0; filled--)
        proto_job_record_fini(&out[filled - 1]);
    *n = filled;
    return status;
}
