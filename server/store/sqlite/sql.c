#include "sql.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 10000

mi_status sql_status(sql_db *db, int code, mi_error *err)
{
    int system = sqlite3_system_errno(db->handle);
    mi_status status = MI_IO;
    if ((code & 0xff) == SQLITE_FULL ||
        ((code & 0xff) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT)))
        status = MI_NO_SPACE;
    else if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
        status = MI_MEMORY;
    return mi_fail(err, status, "database: %s (%d)", sqlite3_errmsg(db->handle), code);
}

mi_status sql_exec(sql_db *db, const char *sql, mi_error *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? MI_OK : sql_status(db, code, err);
}

mi_status sql_open(sql_db *db, const char *path, sql_mode mode, mi_error *err)
{
    memset(db, 0, sizeof *db);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (code != SQLITE_OK) {
        mi_status status = mi_fail(err, code == SQLITE_NOMEM ? MI_MEMORY : MI_IO, "database %s: %s", path,
                                   db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code));
        sql_close(db);
        return status;
    }
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    static const char *const pragmas[] = {
        [SQL_DURABLE] = "PRAGMA synchronous=FULL",
        [SQL_RELAXED] = "PRAGMA synchronous=NORMAL",
        [SQL_READ_ONLY] = "PRAGMA query_only=ON",
    };
    mi_status status = sql_exec(db,
                                "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
                                "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864",
                                err);
    if (!status)
        status = sql_exec(db, pragmas[mode], err);
    if (status)
        sql_close(db);
    return status;
}

void sql_close(sql_db *db)
{
    for (size_t i = 0; i < SQL_CACHE; i++)
        sqlite3_finalize(db->cache[i].statement);
    sqlite3_close(db->handle);
    memset(db, 0, sizeof *db);
}

void sql_fail(sql_txn *t, mi_status status, const char *format, ...)
{
    if (t->status)
        return;
    char message[sizeof t->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    t->status = mi_fail(t->err, status, "%s", message);
}

static sqlite3_stmt *prepared(sql_txn *t, const char *sql)
{
    size_t slot = ((uintptr_t)sql >> 3) % SQL_CACHE;
    for (size_t probes = 0; t->db->cache[slot].text && t->db->cache[slot].text != sql; probes++) {
        assert(probes < SQL_CACHE);
        slot = (slot + 1) % SQL_CACHE;
    }
    if (!t->db->cache[slot].text) {
        int code = sqlite3_prepare_v3(t->db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &t->db->cache[slot].statement, NULL);
        if (code != SQLITE_OK) {
            t->status = sql_status(t->db, code, t->err);
            return NULL;
        }
        t->db->cache[slot].text = sql;
    }
    return t->db->cache[slot].statement;
}

static int bind(sqlite3_stmt *q, int position, const sql_arg *arg)
{
    switch (arg->kind) {
    case SQL_ARG_TEXT:
        return sqlite3_bind_text(q, position, arg->as.text, -1, SQLITE_STATIC);
    case SQL_ARG_INT:
        return sqlite3_bind_int64(q, position, arg->as.integer);
    case SQL_ARG_REAL:
        return sqlite3_bind_double(q, position, arg->as.real);
    case SQL_ARG_BYTES:
        /* A null pointer would bind NULL, but no bytes are bytes too. */
        return sqlite3_bind_blob64(q, position, arg->as.bytes.n ? arg->as.bytes.data : "", arg->as.bytes.n,
                                   SQLITE_STATIC);
    case SQL_ARG_NULL:
    case SQL_ARG_END:
        break;
    }
    return sqlite3_bind_null(q, position);
}

sqlite3_stmt *sql_query(sql_txn *t, const char *sql, const sql_arg *args)
{
    sqlite3_stmt *q = t->status ? NULL : prepared(t, sql);
    if (!q)
        return NULL;
    assert(!sqlite3_stmt_busy(q));
    for (int i = 0; args[i].kind != SQL_ARG_END; i++) {
        int code = bind(q, i + 1, &args[i]);
        if (code != SQLITE_OK) {
            t->status = sql_status(t->db, code, t->err);
            return NULL;
        }
    }
    return q;
}

bool sql_next(sql_txn *t, sqlite3_stmt *q)
{
    if (!q)
        return false;
    int code = t->status ? SQLITE_DONE : sqlite3_step(q);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        t->status = sql_status(t->db, code, t->err);
    sql_done(q);
    return false;
}

void sql_done(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    if (q)
        sqlite3_clear_bindings(q);
}

void sql_run(sql_txn *t, const char *sql, const sql_arg *args)
{
    sqlite3_stmt *q = sql_query(t, sql, args);
    while (sql_next(t, q)) {
    }
}

int64_t sql_int(sql_txn *t, const char *sql, const sql_arg *args, int64_t fallback)
{
    int64_t value = fallback;
    sqlite3_stmt *q = sql_query(t, sql, args);
    if (sql_next(t, q)) {
        value = sqlite3_column_int64(q, 0);
        sql_done(q);
    }
    return value;
}

int64_t sql_changes(const sql_txn *t)
{
    return t->status ? 0 : sqlite3_changes64(t->db->handle);
}

char *sql_column_dup(sql_txn *t, sqlite3_stmt *q, int column)
{
    if (sqlite3_column_type(q, column) == SQLITE_NULL)
        return NULL;
    const char *text = (const char *)sqlite3_column_text(q, column);
    char *copy = text ? strdup(text) : NULL;
    if (!copy)
        sql_fail(t, MI_MEMORY, "out of memory");
    return copy;
}

void sql_column_text(sqlite3_stmt *q, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    snprintf(out, size, "%s", text ? text : "");
}

double sql_column_real(sqlite3_stmt *q, int column)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, column);
}
