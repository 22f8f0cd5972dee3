#include "sqlite_engine.h"

#include <stdlib.h>
#include <string.h>

#define METRIC_MAX 512

static void append_metric(txn *t, const store_run *run, const proto_curve_row *row)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, METRIC_MAX);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    if (run->variants > 1)
        proto_write_u64(&w, "variant", row->variant);
    proto_write_u64(&w, "replicate", row->replicate);
    proto_write_u64(&w, "fold", row->fold);
    proto_write_u64(&w, "step", row->point.step);
    proto_write_double(&w, "train_loss", row->point.train_loss);
    proto_write_double(&w, "val_loss", row->point.val_loss);
    proto_write_double(&w, "train_mi", row->point.train_mi);
    proto_write_double(&w, "val_mi", row->point.val_mi);
    proto_write_end_object(&w);
    if (proto_text_ok(&text))
        job_append_event(t, run->job_id, "metric", text.data);
    else
        sql_fail(&t->sql, MI_MEMORY, "out of memory");
    proto_text_fini(&text);
}

void curve_append(txn *t, const store_run *run, const proto_curve_row *points, size_t n)
{
    for (size_t i = 0; i < n && !t->sql.status; i++) {
        const proto_curve_row *row = &points[i];
        sql_run(&t->sql,
                "INSERT INTO curve (job_id, variant, replicate, fold, step, train_loss, val_loss, train_mi,"
                " val_mi) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
                SQL_ARGS(SQL_TEXT(run->job_id), SQL_INT(row->variant), SQL_INT(row->replicate),
                         SQL_INT(row->fold), SQL_INT(row->point.step), SQL_REAL(row->point.train_loss),
                         SQL_REAL(row->point.val_loss), SQL_REAL(row->point.train_mi),
                         SQL_REAL(row->point.val_mi)));
        if (sql_changes(&t->sql) > 0)
            append_metric(t, run, row);
    }
}

static void read_rows(txn *t, const char *job_id, proto_curve_row *rows, size_t n)
{
    sqlite3_stmt *q =
        sql_query(&t->sql,
                  "SELECT variant, replicate, fold, step, train_loss, val_loss, train_mi, val_mi FROM curve"
                  " WHERE job_id = ?1 ORDER BY variant, replicate, fold, step",
                  SQL_ARGS(SQL_TEXT(job_id)));
    for (size_t i = 0; i < n && sql_next(&t->sql, q); i++)
        rows[i] = (proto_curve_row){
            .variant = (uint32_t)sqlite3_column_int64(q, 0),
            .replicate = (uint32_t)sqlite3_column_int64(q, 1),
            .fold = (uint32_t)sqlite3_column_int64(q, 2),
            .point = {.step = (uint32_t)sqlite3_column_int64(q, 3),
                      .train_loss = sql_column_real(q, 4),
                      .val_loss = sql_column_real(q, 5),
                      .train_mi = sql_column_real(q, 6),
                      .val_mi = sql_column_real(q, 7)},
        };
    sql_done(q);
}

mi_status sqlite_curve(store *s, const char *job_id, proto_curve_row **out, size_t *n, mi_error *err)
{
    txn t;
    proto_curve_row *rows = NULL;
    *out = NULL;
    *n = 0;
    if (txn_begin(&t, s, SQL_READ_ONLY, err)) {
        job_state(&t, job_id);
        size_t count = (size_t)sql_int(&t.sql, "SELECT count(*) FROM curve WHERE job_id = ?1",
                                       SQL_ARGS(SQL_TEXT(job_id)), 0);
        rows = calloc(count + 1, sizeof *rows); /* never of size 0 */
        if (!rows)
            sql_fail(&t.sql, MI_MEMORY, "no memory for a curve of %zu points", count);
        else
            read_rows(&t, job_id, rows, count); /* the same snapshot: as many */
        *n = count;
    }
    mi_status status = txn_end(&t);
    if (status) {
        free(rows);
        *n = 0;
        return status;
    }
    *out = rows;
    return MI_OK;
}
