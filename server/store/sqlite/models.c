#include "sqlite_engine.h"

#include "base/ids.h"

#include <stdio.h>

#define MODEL_COLUMNS "m.id, m.job_id, m.alias, m.pinned, m.created_ms, m.sha256, m.bytes, m.tags"
#define AFTER_ALL     "~" /* above every id: they are ASCII */

static void read_brief(txn *t, sqlite3_stmt *q, proto_model_record *out)
{
    *out = (proto_model_record){
        .pinned = sqlite3_column_int(q, 3) != 0,
        .created_ms = sqlite3_column_int64(q, 4),
        .bytes = (uint64_t)sqlite3_column_int64(q, 6),
    };
    sql_column_text(q, 0, out->id, sizeof out->id);
    sql_column_text(q, 1, out->job_id, sizeof out->job_id);
    sql_column_text(q, 2, out->alias, sizeof out->alias);
    sql_column_text(q, 5, out->sha256, sizeof out->sha256);
    out->tags = sql_column_dup(&t->sql, q, 7);
}

/* An alias is not like an id, so that a name means one model at most. */
static void read_model(txn *t, const char *name, proto_model_record *out)
{
    sqlite3_stmt *q = sql_query(
        &t->sql, "SELECT " MODEL_COLUMNS ", m.description FROM models m WHERE m.id = ?1 OR m.alias = ?1",
        SQL_ARGS(SQL_TEXT(name)));
    if (!sql_next(&t->sql, q)) {
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no model %s", name);
        return;
    }
    read_brief(t, q, out);
    out->description = sql_column_dup(&t->sql, q, 8);
    sql_done(q);
}

static mi_status end_with_model(txn *t, proto_model_record *out)
{
    mi_status status = txn_end(t);
    if (status)
        proto_model_record_fini(out);
    return status;
}

mi_status sqlite_model_get(store *s, const char *name, proto_model_record *out, mi_error *err)
{
    txn t;
    *out = (proto_model_record){0};
    if (txn_begin(&t, s, SQL_READ_ONLY, err))
        read_model(&t, name, out);
    return end_with_model(&t, out);
}

static sqlite3_stmt *query(txn *t, const store_model_filter *filter, size_t limit)
{
    const char *after = filter->after ? filter->after : AFTER_ALL;
    if (filter->tag_key)
        return sql_query(&t->sql,
                         "SELECT " MODEL_COLUMNS " FROM model_tags g CROSS JOIN models m ON m.id = g.model_id"
                         " WHERE g.key = ?1 AND g.value = ?2 AND g.model_id < ?3"
                         " ORDER BY g.model_id DESC LIMIT ?4",
                         SQL_ARGS(SQL_TEXT(filter->tag_key), SQL_TEXT(filter->tag_value), SQL_TEXT(after),
                                  SQL_INT(limit)));
    return sql_query(&t->sql,
                     "SELECT " MODEL_COLUMNS " FROM models m WHERE m.id < ?1 ORDER BY m.id DESC LIMIT ?2",
                     SQL_ARGS(SQL_TEXT(after), SQL_INT(limit)));
}

mi_status sqlite_model_list(store *s, const store_model_filter *filter, proto_model_record *out, size_t *n,
                            mi_error *err)
{
    txn t;
    size_t filled = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        sqlite3_stmt *q = query(&t, filter, *n);
        while (sql_next(&t.sql, q))
            read_brief(&t, q, &out[filled++]);
    }
    mi_status status = txn_end(&t);
    for (; status && filled > 0; filled--)
        proto_model_record_fini(&out[filled - 1]);
    *n = filled;
    return status;
}

static void insert_tags(txn *t, const char *id)
{
    sql_run(&t->sql,
            "INSERT INTO model_tags (key, value, model_id) SELECT j.key, j.value, m.id"
            " FROM models m, json_each(m.tags) j WHERE m.id = ?1",
            SQL_ARGS(SQL_TEXT(id)));
}

void model_insert(txn *t, const char *job_id, const store_new_model *model)
{
    uint64_t bytes = 0;
    if (!store_blob_size(&t->store->base.files, model->sha256, &bytes))
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no blob %s", model->sha256);
    sql_run(&t->sql,
            "INSERT INTO models (id, job_id, alias, pinned, created_ms, sha256, bytes, tags, description)"
            " SELECT ?1, job_id, NULL, 0, ?3, ?4, ?5, tags, ?6 FROM job_documents WHERE job_id = ?2",
            SQL_ARGS(SQL_TEXT(model->id), SQL_TEXT(job_id), SQL_INT(clock_unix_ms()), SQL_TEXT(model->sha256),
                     SQL_INT(bytes), SQL_TEXT(model->description)));
    insert_tags(t, model->id);
}

/* ---- changes ---- */

static void set_alias(txn *t, const char *id, const char *alias)
{
    if (alias[0] && sql_int(&t->sql, "SELECT EXISTS (SELECT 1 FROM models WHERE alias = ?1 AND id <> ?2)",
                            SQL_ARGS(SQL_TEXT(alias), SQL_TEXT(id)), 0)) {
        sql_fail(&t->sql, MI_CONFLICT, "another model has the alias %s", alias);
        if (t->sql.err)
            snprintf(t->sql.err->pointer, sizeof t->sql.err->pointer, "/alias");
    }
    sql_run(&t->sql, "UPDATE models SET alias = ?2 WHERE id = ?1",
            SQL_ARGS(SQL_TEXT(id), SQL_TEXT(alias[0] ? alias : NULL)));
}

static void set_tags(txn *t, const char *id, const char *tags)
{
    sql_run(&t->sql, "UPDATE models SET tags = ?2 WHERE id = ?1", SQL_ARGS(SQL_TEXT(id), SQL_TEXT(tags)));
    sql_run(&t->sql, "DELETE FROM model_tags WHERE model_id = ?1", SQL_ARGS(SQL_TEXT(id)));
    insert_tags(t, id);
}

mi_status sqlite_model_update(store *s, const char *name, const proto_model_patch *patch,
                              proto_model_record *out, mi_error *err)
{
    txn t;
    *out = (proto_model_record){0};
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        read_model(&t, name, out);
        char id[PROTO_ID_MAX]; /* its alias may not be what it was */
        snprintf(id, sizeof id, "%s", out->id);
        if (patch->has_alias)
            set_alias(&t, id, patch->alias);
        if (patch->has_pinned)
            sql_run(&t.sql, "UPDATE models SET pinned = ?2 WHERE id = ?1",
                    SQL_ARGS(SQL_TEXT(id), SQL_INT(patch->pinned)));
        if (patch->tags)
            set_tags(&t, id, patch->tags);
        proto_model_record_fini(out);
        read_model(&t, id, out);
    }
    return end_with_model(&t, out);
}

void model_drop(txn *t, const char *model_id)
{
    sql_run(&t->sql, "DELETE FROM models WHERE id = ?1", SQL_ARGS(SQL_TEXT(model_id)));
}

mi_status sqlite_model_delete(store *s, const char *name, mi_error *err)
{
    txn t;
    proto_model_record model = {0};
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        read_model(&t, name, &model);
        if (!sql_int(&t.sql, "SELECT EXISTS (SELECT 1 FROM models m WHERE m.id = ?1 AND " MODEL_IS_FREE ")",
                     SQL_ARGS(SQL_TEXT(model.id)), 0))
            sql_fail(&t.sql, MI_CONFLICT, "a job that has not ended uses the model %s", name);
        model_drop(&t, model.id);
    }
    proto_model_record_fini(&model);
    return txn_end(&t);
}
