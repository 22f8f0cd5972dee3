/*
 * A thin layer over SQLite: connections with their prepared statements, and transactions whose first failure
 * sticks.
 *
 * After a failure every further call on the transaction does nothing and sql_end rolls back, so that code
 * reads as the list of its statements and asks once, at the end. Code that decides by what a query found
 * returns when `status` is set.
 */
#ifndef SQLITE_SQL_H
#define SQLITE_SQL_H

#include "mi/status.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_CACHE 256 /* a power of two, above the number of statements in the program */

typedef struct sql_db {
    sqlite3 *handle;
    struct {
        const char *text; /* by address: each statement is one literal */
        sqlite3_stmt *statement;
    } cache[SQL_CACHE];
} sql_db;

typedef enum sql_mode { SQL_DURABLE, SQL_RELAXED, SQL_READ_ONLY } sql_mode;

/* One thread at a time per connection. */
mi_status sql_open(sql_db *db, const char *path, sql_mode mode, mi_error *err);
void sql_close(sql_db *db);
/* The failure that SQLite tells: MI_NO_SPACE, MI_MEMORY or MI_IO with its text. */
mi_status sql_status(sql_db *db, int code, mi_error *err);
mi_status sql_exec(sql_db *db, const char *sql, mi_error *err);

typedef struct sql_txn {
    sql_db *db;
    mi_status status;
    mi_error *err;
} sql_txn;

typedef struct sql_arg {
    enum { SQL_ARG_END, SQL_ARG_NULL, SQL_ARG_TEXT, SQL_ARG_INT, SQL_ARG_REAL, SQL_ARG_BYTES } kind;
    union {
        const char *text;
        int64_t integer;
        double real;
        struct {
            const void *data;
            size_t n;
        } bytes;
    } as;
} sql_arg;

#define SQL_ARGS(...)    ((const sql_arg[]){__VA_ARGS__, {.kind = SQL_ARG_END}})
#define SQL_NO_ARGS      ((const sql_arg[]){{.kind = SQL_ARG_END}})
#define SQL_NULL         ((sql_arg){.kind = SQL_ARG_NULL})
#define SQL_TEXT(v)      ((sql_arg){.kind = SQL_ARG_TEXT, .as.text = (v)}) /* NULL is SQL's */
#define SQL_INT(v)       ((sql_arg){.kind = SQL_ARG_INT, .as.integer = (int64_t)(v)})
#define SQL_REAL(v)      ((sql_arg){.kind = SQL_ARG_REAL, .as.real = (v)}) /* NaN becomes NULL */
#define SQL_BYTES(p, sz) ((sql_arg){.kind = SQL_ARG_BYTES, .as.bytes = {(p), (sz)}})

/* Set the transaction's failure, unless it has one. */
void sql_fail(sql_txn *t, mi_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* sql is a literal; args live until the last row. Iterate: while (sql_next(t, q)); sql_done(q) when leaving
 * early. One use of a statement at a time. */
sqlite3_stmt *sql_query(sql_txn *t, const char *sql, const sql_arg *args);
bool sql_next(sql_txn *t, sqlite3_stmt *q);
void sql_done(sqlite3_stmt *q);
void sql_run(sql_txn *t, const char *sql, const sql_arg *args);
/* First column of the first row; `fallback` when there is none (or after a failure). */
int64_t sql_int(sql_txn *t, const char *sql, const sql_arg *args, int64_t fallback);
int64_t sql_changes(const sql_txn *t); /* rows that the last sql_run touched */

/* Columns of the current row. */
char *sql_column_dup(sql_txn *t, sqlite3_stmt *q, int column);             /* malloc'ed; NULL for NULL */
void sql_column_text(sqlite3_stmt *q, int column, char *out, size_t size); /* NULL: "" */
double sql_column_real(sqlite3_stmt *q, int column);                       /* NULL: NaN */

#endif
