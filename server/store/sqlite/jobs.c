#include "sqlite_engine.h"

#include "base/ids.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void job_read_brief(txn *t, sqlite3_stmt *q, proto_job_record *out)
{
    *out = (proto_job_record){
        .version = (uint64_t)sqlite3_column_int64(q, 3),
        .priority = sqlite3_column_int(q, 4),
        .timeout_s = (uint32_t)sqlite3_column_int64(q, 5),
        .attempt = (uint32_t)sqlite3_column_int64(q, 6),
        .created_ms = sqlite3_column_int64(q, 7),
        .started_ms = sqlite3_column_int64(q, 8),
        .finished_ms = sqlite3_column_int64(q, 9),
        .runs = (uint32_t)sqlite3_column_int64(q, 11),
        .runs_done = (uint32_t)sqlite3_column_int64(q, 12),
        .fraction = sqlite3_column_double(q, 13),
        .eta_s = sqlite3_column_double(q, 14),
    };
    sql_column_text(q, 0, out->id, sizeof out->id);
    sql_column_text(q, 1, out->kind, sizeof out->kind);
    bool known = proto_job_state_parse((const char *)sqlite3_column_text(q, 2), &out->state);
    assert(known); /* the column's CHECK */
    (void)known;
    sql_column_text(q, 10, out->phase, sizeof out->phase);
    sql_column_text(q, 15, out->pmi_blob, sizeof out->pmi_blob);
    out->tags = sql_column_dup(&t->sql, q, 16);
    out->error = sql_column_dup(&t->sql, q, 17);
    sql_column_text(q, 18, out->screen_blob, sizeof out->screen_blob);
    sql_column_text(q, 19, out->blob_pairs, sizeof out->blob_pairs);
    sql_column_text(q, 20, out->model_id, sizeof out->model_id);
}

static void read_job(txn *t, const char *id, proto_job_record *out)
{
    sqlite3_stmt *q = sql_query(&t->sql,
                                "SELECT " JOB_COLUMNS ", d.spec, d.result FROM jobs j"
                                " JOIN job_documents d ON d.job_id = j.id WHERE j.id = ?1",
                                SQL_ARGS(SQL_TEXT(id)));
    if (!sql_next(&t->sql, q)) {
        sql_fail(&t->sql, MI_NOT_FOUND, "there is no job %s", id);
        return;
    }
    job_read_brief(t, q, out);
    out->spec = sql_column_dup(&t->sql, q, N_JOB_COLUMNS);
    out->result = sql_column_dup(&t->sql, q, N_JOB_COLUMNS + 1);
    sql_done(q);
}

/* End a transaction whose outcome is a job. */
static mi_status end_with_job(txn *t, proto_job_record *out)
{
    mi_status status = txn_end(t);
    if (status)
        proto_job_record_fini(out);
    return status;
}

mi_status sqlite_job_get(store *s, const char *id, proto_job_record *out, mi_error *err)
{
    txn t;
    *out = (proto_job_record){0};
    if (txn_begin(&t, s, SQL_READ_ONLY, err))
        read_job(&t, id, out);
    return end_with_job(&t, out);
}

/* Whether the key was used before; then `id` is that job's. */
static bool find_key(txn *t, const store_submission *submission, char id[PROTO_ID_MAX])
{
    if (!submission->idempotency_key[0])
        return false;
    sqlite3_stmt *q = sql_query(&t->sql, "SELECT id, request_sha256 FROM jobs WHERE idempotency_key = ?1",
                                SQL_ARGS(SQL_TEXT(submission->idempotency_key)));
    if (!sql_next(&t->sql, q))
        return false;
    sql_column_text(q, 0, id, PROTO_ID_MAX);
    bool same = strcmp((const char *)sqlite3_column_text(q, 1), submission->request_sha256) == 0;
    sql_done(q);
    if (!same)
        sql_fail(&t->sql, MI_CONFLICT, "the idempotency key was used with another body, for job %s", id);
    return true;
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static void point_at(txn *t, const char *pointer)
{
    if (t->sql.status == MI_NOT_FOUND && t->sql.err)
        snprintf(t->sql.err->pointer, sizeof t->sql.err->pointer, "%s", pointer);
}

/* Under the writer's lock, so that neither a sweep nor a delete comes between the check and the job. */
static void check_input(txn *t, const char *pointer, const char *dataset, const char *blob)
{
    uint64_t ignored;
    dataset = text_of(dataset);
    blob = text_of(blob);
    if (t->sql.status)
        return;
    if (dataset[0] &&
        !sql_int(&t->sql, "SELECT EXISTS (SELECT 1 FROM datasets WHERE name = ?1 AND matrix_sha256 = ?2)",
                 SQL_ARGS(SQL_TEXT(dataset), SQL_TEXT(blob)), 0))
        sql_fail(&t->sql, MI_NOT_FOUND, "the data set %s is gone", dataset);
    else if (blob[0] && !store_blob_size(&t->store->base.files, blob, &ignored))
        sql_fail(&t->sql, MI_NOT_FOUND, "the data %s are gone", blob);
    point_at(t, pointer);
}

static void check_model(txn *t, const char *id)
{
    id = text_of(id);
    if (t->sql.status || !id[0])
        return;
    if (!sql_int(&t->sql, "SELECT EXISTS (SELECT 1 FROM models WHERE id = ?1)", SQL_ARGS(SQL_TEXT(id)), 0))
        sql_fail(&t->sql, MI_NOT_FOUND, "the model %s is gone", id);
    point_at(t, "/model");
}

static void insert_runs(txn *t, const char *id, const store_submission *submission)
{
    static const char insert[] =
        "INSERT INTO runs (job_id, combine, variant, replicate, fold, priority, state) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for (uint32_t variant = 0; variant < submission->variants; variant++)
        for (uint32_t replicate = 0; replicate < submission->replicates; replicate++)
            for (uint32_t fold = 0; fold < submission->folds; fold++)
                sql_run(&t->sql, insert,
                        SQL_ARGS(SQL_TEXT(id), SQL_INT(0), SQL_INT(variant), SQL_INT(replicate),
                                 SQL_INT(fold), SQL_INT(submission->priority), SQL_TEXT("waiting")));
    sql_run(&t->sql, insert,
            SQL_ARGS(SQL_TEXT(id), SQL_INT(1), SQL_INT(0), SQL_INT(0), SQL_INT(0),
                     SQL_INT(submission->priority), SQL_TEXT("blocked")));
}

static void insert_job(txn *t, const char *id, const store_submission *in)
{
    const char *key = in->idempotency_key[0] ? in->idempotency_key : NULL;
    const char *tags = in->tags ? in->tags : "{}";
    sql_run(
        &t->sql,
        "INSERT INTO jobs (id, kind, state, version, priority, timeout_s, attempt, created_ms, started_ms,"
        " finished_ms, phase, replicates, folds, runs, runs_done, fraction, eta_s, dataset_x, dataset_y,"
        " blob_x, blob_y, pmi_blob, idempotency_key, request_sha256, variants, last_event,"
        " dataset_pairs, blob_pairs, model_id)"
        " VALUES (?1, ?2, 'queued', 1, ?3, ?4, 0, ?5, 0, 0, 'queued', ?6, ?7, ?8, 0, 0.0, -1.0,"
        " ?9, ?10, ?11, ?12, '', ?13, ?14, ?15, 0, ?16, ?17, ?18)",
        SQL_ARGS(SQL_TEXT(id), SQL_TEXT(in->kind), SQL_INT(in->priority), SQL_INT(in->timeout_s),
                 SQL_INT(clock_unix_ms()), SQL_INT(in->replicates), SQL_INT(in->folds),
                 SQL_INT((uint64_t)in->variants * in->replicates * in->folds),
                 SQL_TEXT(text_of(in->dataset_x)), SQL_TEXT(text_of(in->dataset_y)),
                 SQL_TEXT(text_of(in->blob_x)), SQL_TEXT(text_of(in->blob_y)), SQL_TEXT(key),
                 SQL_TEXT(in->request_sha256), SQL_INT(in->variants), SQL_TEXT(text_of(in->dataset_pairs)),
                 SQL_TEXT(text_of(in->blob_pairs)), SQL_TEXT(text_of(in->model_id))));
    sql_run(&t->sql, "INSERT INTO job_documents (job_id, spec, tags) VALUES (?1, ?2, ?3)",
            SQL_ARGS(SQL_TEXT(id), SQL_TEXT(in->spec), SQL_TEXT(tags)));
    sql_run(&t->sql, "INSERT INTO job_tags (key, value, job_id) SELECT key, value, ?1 FROM json_each(?2)",
            SQL_ARGS(SQL_TEXT(id), SQL_TEXT(tags)));
    insert_runs(t, id, in);
    job_append_event(t, id, "state", "{\"state\":\"queued\",\"version\":1}");
    txn_note(t, STORE_CHANGE_JOB, id);
    txn_note(t, STORE_CHANGE_QUEUE, id);
}

static void check_queue(txn *t, uint64_t max_queue)
{
    int64_t queued =
        sql_int(&t->sql, "SELECT n FROM counts WHERE object = 'job' AND state = 'queued'", SQL_NO_ARGS, 0);
    if ((uint64_t)queued >= max_queue)
        sql_fail(&t->sql, MI_LIMIT, "%lld jobs are waiting, and no more may", (long long)queued);
}

mi_status sqlite_job_submit(store *s, const store_submission *submission, proto_job_record *out,
                            bool *existed, mi_error *err)
{
    txn t;
    char id[PROTO_ID_MAX];
    *out = (proto_job_record){0};
    *existed = false;
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        *existed = find_key(&t, submission, id);
        if (!*existed) {
            /* Made under the lock: ids ascend in the order in which jobs become visible. */
            id_make(id, "job");
            check_queue(&t, submission->max_queue);
            check_input(&t, "/x", submission->dataset_x, submission->blob_x);
            check_input(&t, "/y", submission->dataset_y, submission->blob_y);
            check_input(&t, "/pairs", submission->dataset_pairs, submission->blob_pairs);
            check_model(&t, submission->model_id);
            insert_job(&t, id, submission);
        }
        read_job(&t, id, out);
    }
    return end_with_job(&t, out);
}

mi_status sqlite_job_cancel(store *s, const char *id, proto_job_record *out, mi_error *err)
{
    txn t;
    *out = (proto_job_record){0};
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        switch (job_state(&t, id)) {
        case PROTO_JOB_QUEUED:
            job_transition(&t, id, PROTO_JOB_QUEUED, PROTO_JOB_CANCELED);
            break;
        case PROTO_JOB_RUNNING:
            job_transition(&t, id, PROTO_JOB_RUNNING, PROTO_JOB_CANCELING);
            sql_run(&t.sql, "UPDATE runs SET state = 'blocked' WHERE job_id = ?1 AND state = 'waiting'",
                    SQL_ARGS(SQL_TEXT(id)));
            job_settle(&t, id);
            break;
        case PROTO_JOB_SUCCEEDED:
        case PROTO_JOB_FAILED:
            sql_fail(&t.sql, MI_CONFLICT, "the job %s has ended already", id);
            break;
        case PROTO_JOB_CANCELING:
        case PROTO_JOB_CANCELED:
        case PROTO_JOB_STATE_COUNT:
            break;
        }
        read_job(&t, id, out);
    }
    return end_with_job(&t, out);
}

void job_drop(txn *t, const char *job_id)
{
    sql_run(&t->sql, "DELETE FROM jobs WHERE id = ?1", SQL_ARGS(SQL_TEXT(job_id)));
    txn_note(t, STORE_CHANGE_JOB, job_id);
}

mi_status sqlite_job_delete(store *s, const char *id, mi_error *err)
{
    txn t;
    if (txn_begin(&t, s, SQL_DURABLE, err)) {
        if (!proto_job_state_terminal(job_state(&t, id)))
            sql_fail(&t.sql, MI_CONFLICT, "the job %s has not ended", id);
        job_drop(&t, id);
    }
    return txn_end(&t);
}
