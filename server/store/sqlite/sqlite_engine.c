#include "sqlite_engine.h"

#include "schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATABASE_NAME "mutuald.db"

static int take_reader(sqlite_store *s)
{
    int free_reader = -1;
    pthread_mutex_lock(&s->read_lock);
    while (free_reader < 0) {
        for (int i = 0; i < SQLITE_READERS && free_reader < 0; i++)
            if (!s->reader_busy[i])
                free_reader = i;
        if (free_reader < 0)
            pthread_cond_wait(&s->reader_free, &s->read_lock);
    }
    s->reader_busy[free_reader] = true;
    pthread_mutex_unlock(&s->read_lock);
    return free_reader;
}

static void give_reader(sqlite_store *s, int reader)
{
    pthread_mutex_lock(&s->read_lock);
    s->reader_busy[reader] = false;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->read_lock);
}

bool txn_begin(txn *t, store *base, sql_mode mode, mi_error *err)
{
    sqlite_store *s = (sqlite_store *)base;
    t->store = s;
    t->n_notes = 0;
    t->reader = -1;
    t->sql = (sql_txn){.err = err};
    if (mode == SQL_READ_ONLY) {
        t->reader = take_reader(s);
        t->sql.db = &s->readers[t->reader];
        sql_run(&t->sql, "BEGIN", SQL_NO_ARGS);
    } else {
        pthread_mutex_lock(&s->write_lock);
        t->sql.db = mode == SQL_DURABLE ? &s->durable : &s->relaxed;
        sql_run(&t->sql, "BEGIN IMMEDIATE", SQL_NO_ARGS);
    }
    return t->sql.status == MI_OK;
}

mi_status txn_end(txn *t)
{
    sqlite_store *s = t->store;
    sql_run(&t->sql, "COMMIT", SQL_NO_ARGS);
    /* Some failures end the transaction by themselves, and then there is nothing to roll back. */
    if (t->sql.status && !sqlite3_get_autocommit(t->sql.db->handle))
        sql_exec(t->sql.db, "ROLLBACK", NULL);
    if (t->reader >= 0)
        give_reader(s, t->reader);
    else
        pthread_mutex_unlock(&s->write_lock);
    if (!t->sql.status && s->base.listener)
        for (unsigned i = 0; i < t->n_notes; i++)
            s->base.listener(s->base.listener_ctx, t->notes[i].change, t->notes[i].job_id);
    return t->sql.status;
}

void txn_note(txn *t, store_change change, const char *job_id)
{
    for (unsigned i = 0; i < t->n_notes; i++)
        if (t->notes[i].change == change && strcmp(t->notes[i].job_id, job_id) == 0)
            return;
    if (t->n_notes == SQLITE_NOTES)
        return;
    t->notes[t->n_notes].change = change;
    snprintf(t->notes[t->n_notes].job_id, PROTO_ID_MAX, "%s", job_id);
    t->n_notes++;
}

static void close_engine(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    for (int i = 0; i < SQLITE_READERS; i++)
        sql_close(&s->readers[i]);
    sql_close(&s->relaxed);
    sql_close(&s->durable);
    store_files_close(&s->base.files);
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->read_lock);
    pthread_cond_destroy(&s->reader_free);
    free(s);
}

static mi_status ready(store *s, mi_error *err)
{
    txn t;
    if (txn_begin(&t, s, SQL_READ_ONLY, err))
        sql_int(&t.sql, "SELECT count(*) FROM runs WHERE state = 'leased'", SQL_NO_ARGS, 0);
    mi_status status = txn_end(&t);
    return status ? status : store_files_probe(&s->files, err);
}

static const store_ops ops = {
    .close = close_engine,
    .ready = ready,
    .dataset_put = sqlite_dataset_put,
    .dataset_get = sqlite_dataset_get,
    .dataset_list = sqlite_dataset_list,
    .dataset_delete = sqlite_dataset_delete,
    .job_submit = sqlite_job_submit,
    .job_get = sqlite_job_get,
    .job_list = sqlite_job_list,
    .job_cancel = sqlite_job_cancel,
    .job_delete = sqlite_job_delete,
    .events = sqlite_events,
    .curve = sqlite_curve,
    .stats = sqlite_stats,
    .run_claim = sqlite_run_claim,
    .run_renew = sqlite_run_renew,
    .run_report = sqlite_run_report,
    .checkpoint_put = sqlite_checkpoint_put,
    .checkpoint_get = sqlite_checkpoint_get,
    .run_finish = sqlite_run_finish,
    .run_results = sqlite_run_results,
    .run_release = sqlite_run_release,
    .job_succeed = sqlite_job_succeed,
    .job_fail = sqlite_job_fail,
    .model_get = sqlite_model_get,
    .model_list = sqlite_model_list,
    .model_update = sqlite_model_update,
    .model_delete = sqlite_model_delete,
    .sweep = sqlite_sweep,
};

static mi_status open_database(sqlite_store *s, const char *data_dir, mi_error *err)
{
    /* SQLite would make it readable for others; its companions inherit the mode. */
    int fd = openat(s->base.files.dir, DATABASE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return store_files_fail(err, "opening the database");
    close(fd);
    mi_status status = store_files_sync(s->base.files.dir, err);
    if (status)
        return status;
    char *path = NULL;
    if (asprintf(&path, "%s/%s", data_dir, DATABASE_NAME) < 0)
        return mi_fail(err, MI_MEMORY, "out of memory");
    status = sql_open(&s->durable, path, SQL_DURABLE, err);
    if (!status)
        status = schema_migrate(&s->durable, err);
    if (!status)
        status = sql_open(&s->relaxed, path, SQL_RELAXED, err);
    for (int i = 0; !status && i < SQLITE_READERS; i++)
        status = sql_open(&s->readers[i], path, SQL_READ_ONLY, err);
    free(path);
    return status;
}

/* Only this process can have workers now. */
static mi_status void_leases(store *s, mi_error *err)
{
    txn t;
    int64_t run_id;
    if (txn_begin(&t, s, SQL_DURABLE, err))
        while ((run_id = sql_int(&t.sql,
                                 "SELECT id FROM runs WHERE state = 'leased' ORDER BY lease_until_ms LIMIT 1",
                                 SQL_NO_ARGS, 0)) != 0)
            run_lose(&t, (uint64_t)run_id);
    return txn_end(&t);
}

mi_status store_open_sqlite(store **out, const store_options *options, mi_error *err)
{
    if (!sqlite3_threadsafe())
        return mi_fail(err, MI_UNSUPPORTED, "this SQLite is built without threads");
    sqlite_store *s = calloc(1, sizeof *s);
    if (!s)
        return mi_fail(err, MI_MEMORY, "out of memory");
    mi_status status = store_files_open(&s->base.files, options->data_dir, err);
    if (status) {
        free(s);
        return status;
    }
    s->base.ops = &ops;
    s->base.max_attempts = options->max_attempts > 0 ? options->max_attempts : 1;
    s->base.listener = options->listener;
    s->base.listener_ctx = options->listener_ctx;
    pthread_mutex_init(&s->write_lock, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    status = open_database(s, options->data_dir, err);
    if (!status)
        status = void_leases(&s->base, err);
    if (status) {
        close_engine(&s->base);
        return status;
    }
    *out = &s->base;
    return MI_OK;
}
