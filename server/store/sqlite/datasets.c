#include "sqlite_engine.h"

#include "base/ids.h"

#include <string.h>

#define DATASET_COLUMNS \
    "name, sha256, matrix_sha256, format, bytes, rows, cols, has_ids, created_ms, columns, kind"

static void read_dataset(txn *t, sqlite3_stmt *q, proto_dataset_record *out)
{
    *out = (proto_dataset_record){
        .bytes = (uint64_t)sqlite3_column_int64(q, 4),
        .rows = (uint64_t)sqlite3_column_int64(q, 5),
        .cols = (uint64_t)sqlite3_column_int64(q, 6),
        .has_ids = sqlite3_column_int(q, 7) != 0,
        .created_ms = sqlite3_column_int64(q, 8),
    };
    sql_column_text(q, 0, out->name, sizeof out->name);
    sql_column_text(q, 1, out->sha256, sizeof out->sha256);
    sql_column_text(q, 2, out->matrix_sha256, sizeof out->matrix_sha256);
    sql_column_text(q, 3, out->format, sizeof out->format);
    out->columns = sql_column_dup(&t->sql, q, 9);
    sql_column_text(q, 10, out->kind, sizeof out->kind);
}

static void insert_dataset(txn *t, const proto_dataset_record *d)
{
    uint64_t ignored;
    if (!store_blob_size(&t->store->base.files, d->matrix_sha256, &ignored)) {
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no blob %s", d->matrix_sha256);
        return;
    }
    int64_t created_ms = d->created_ms > 0 ? d->created_ms : clock_unix_ms();
    sql_run(&t->sql,
            "INSERT INTO datasets (" DATASET_COLUMNS
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            SQL_ARGS(SQL_TEXT(d->name), SQL_TEXT(d->sha256), SQL_TEXT(d->matrix_sha256), SQL_TEXT(d->format),
                     SQL_INT(d->bytes), SQL_INT(d->rows), SQL_INT(d->cols), SQL_INT(d->has_ids),
                     SQL_INT(created_ms), SQL_TEXT(d->columns), SQL_TEXT(d->kind)));
}

mi_status sqlite_dataset_put(store *s, const proto_dataset_record *dataset, bool *created, mi_error *err)
{
    txn t;
    *created = false;
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        sqlite3_stmt *q = sql_query(&t.sql, "SELECT sha256 FROM datasets WHERE name = ?1",
                                    SQL_ARGS(SQL_TEXT(dataset->name)));
        if (sql_next(&t.sql, q)) {
            bool same = strcmp((const char *)sqlite3_column_text(q, 0), dataset->sha256) == 0;
            sql_done(q);
            if (!same)
                sql_fail(&t.sql, MI_CONFLICT, "the data set %s holds other bytes", dataset->name);
        } else {
            insert_dataset(&t, dataset);
            *created = true;
        }
    }
    mi_status status = txn_end(&t);
    *created = *created && !status;
    return status;
}

mi_status sqlite_dataset_get(store *s, const char *name, proto_dataset_record *out, mi_error *err)
{
    txn t;
    *out = (proto_dataset_record){0};
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        sqlite3_stmt *q = sql_query(&t.sql, "SELECT " DATASET_COLUMNS " FROM datasets WHERE name = ?1",
                                    SQL_ARGS(SQL_TEXT(name)));
        if (sql_next(&t.sql, q)) {
            read_dataset(&t, q, out);
            sql_done(q);
        } else {
            sql_fail(&t.sql, MI_NOT_FOUND, "there is no data set %s", name);
        }
    }
    mi_status status = txn_end(&t);
    if (status)
        proto_dataset_record_fini(out);
    return status;
}

mi_status sqlite_dataset_list(store *s, const char *after, proto_dataset_record *out, size_t *n,
                              mi_error *err)
{
    txn t;
    size_t filled = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        sqlite3_stmt *q = sql_query(
            &t.sql, "SELECT " DATASET_COLUMNS " FROM datasets WHERE name > ?1 ORDER BY name LIMIT ?2",
            SQL_ARGS(SQL_TEXT(after), SQL_INT(*n)));
        while (sql_next(&t.sql, q))
            read_dataset(&t, q, &out[filled++]);
    }
    mi_status status = txn_end(&t);
    for (; status && filled > 0; filled--)
        proto_dataset_record_fini(&out[filled - 1]);
    *n = filled;
    return status;
}

mi_status sqlite_dataset_delete(store *s, const char *name, mi_error *err)
{
    txn t;
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        if (sql_int(&t.sql,
                    "SELECT EXISTS (SELECT 1 FROM jobs WHERE state IN ('queued', 'running', 'canceling')"
                    " AND (dataset_x = ?1 OR dataset_y = ?1 OR dataset_pairs = ?1))",
                    SQL_ARGS(SQL_TEXT(name)), 0))
            sql_fail(&t.sql, MI_CONFLICT, "a job that has not ended uses the data set %s", name);
        sql_run(&t.sql, "DELETE FROM datasets WHERE name = ?1", SQL_ARGS(SQL_TEXT(name)));
        if (sql_changes(&t.sql) == 0)
            sql_fail(&t.sql, MI_NOT_FOUND, "there is no data set %s", name);
    }
    return txn_end(&t);
}
