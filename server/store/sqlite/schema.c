#include "schema.h"

#include <stdio.h>

/*
 * PRAGMA user_version counts the steps a database has taken. A step that was released is never changed:
 * append.
 *
 * jobs       what changes often and is small; the texts are in job_documents
 * runs       of jobs that are not terminal, each a (variant, replicate, fold). blocked: the combining run
 * until the others are done; waiting: to be claimed; leased; done. token counts all claims, tries those since
 * the last checkpoint. lease_until_ms is the monotonic clock's: leases do not outlive the process.
 * counts     of jobs and runs by state; triggers keep it, within the transaction of the change
 */
static const char *const steps[] = {
    "CREATE TABLE datasets ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " sha256 TEXT NOT NULL,"
    " matrix_sha256 TEXT NOT NULL,"
    " format TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " rows INTEGER NOT NULL,"
    " cols INTEGER NOT NULL,"
    " has_ids INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " columns TEXT) STRICT;"
    "CREATE INDEX datasets_by_blob ON datasets(matrix_sha256);"

    "CREATE TABLE jobs ("
    " id TEXT NOT NULL PRIMARY KEY,"
    " kind TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('queued','running','canceling','succeeded','failed','canceled')),"
    " version INTEGER NOT NULL,"
    " priority INTEGER NOT NULL,"
    " timeout_s INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " started_ms INTEGER NOT NULL,"
    " finished_ms INTEGER NOT NULL,"
    " phase TEXT NOT NULL,"
    " replicates INTEGER NOT NULL,"
    " folds INTEGER NOT NULL,"
    " runs INTEGER NOT NULL,"
    " runs_done INTEGER NOT NULL,"
    " fraction REAL NOT NULL,"
    " eta_s REAL NOT NULL,"
    " dataset_x TEXT NOT NULL,"
    " dataset_y TEXT NOT NULL,"
    " blob_x TEXT NOT NULL,"
    " blob_y TEXT NOT NULL,"
    " pmi_blob TEXT NOT NULL,"
    " idempotency_key TEXT UNIQUE,"
    " request_sha256 TEXT NOT NULL,"
    " last_event INTEGER NOT NULL) STRICT;"
    "CREATE INDEX jobs_by_state ON jobs(state, id);"
    "CREATE INDEX jobs_by_end ON jobs(finished_ms) WHERE finished_ms > 0;"
    "CREATE INDEX jobs_by_blob_x ON jobs(blob_x);"
    "CREATE INDEX jobs_by_blob_y ON jobs(blob_y);"
    "CREATE INDEX jobs_by_pmi ON jobs(pmi_blob) WHERE pmi_blob <> '';"

    "CREATE TABLE job_documents ("
    " job_id TEXT NOT NULL PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,"
    " spec TEXT NOT NULL,"
    " tags TEXT NOT NULL,"
    " result TEXT,"
    " error TEXT) STRICT;"

    "CREATE TABLE job_tags ("
    " key TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " PRIMARY KEY (key, value, job_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX job_tags_by_job ON job_tags(job_id);"

    "CREATE TABLE runs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again: a checkpoint file may outlive its run */
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " combine INTEGER NOT NULL,"
    " replicate INTEGER NOT NULL,"
    " fold INTEGER NOT NULL,"
    " priority INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('blocked','waiting','leased','done')),"
    " token INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " owner TEXT,"
    " lease_until_ms INTEGER,"
    " fraction REAL NOT NULL DEFAULT 0,"
    " UNIQUE (job_id, combine, replicate, fold)) STRICT;"
    "CREATE INDEX runs_waiting ON runs(priority DESC, job_id, combine, replicate, fold) WHERE state = "
    "'waiting';"
    "CREATE INDEX runs_leased ON runs(lease_until_ms) WHERE state = 'leased';"

    "CREATE TABLE run_results ("
    " run_id INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,"
    " bytes BLOB NOT NULL) STRICT;"

    "CREATE TABLE events ("
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " sequence INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " data TEXT NOT NULL,"
    " PRIMARY KEY (job_id, sequence)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX events_progress ON events(job_id, sequence) WHERE name = 'progress';"

    "CREATE TABLE curve ("
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " replicate INTEGER NOT NULL,"
    " fold INTEGER NOT NULL,"
    " step INTEGER NOT NULL,"
    " train_loss REAL," /* NULL: not a number */
    " val_loss REAL,"
    " train_mi REAL,"
    " val_mi REAL,"
    " PRIMARY KEY (job_id, replicate, fold, step)) STRICT, WITHOUT ROWID;",

    /* Variants: a run is (variant, replicate, fold). Jobs from before have one. */
    "ALTER TABLE jobs ADD COLUMN variants INTEGER NOT NULL DEFAULT 1;"

    "CREATE TABLE runs_2 ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again: a checkpoint file may outlive its run */
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " combine INTEGER NOT NULL,"
    " variant INTEGER NOT NULL,"
    " replicate INTEGER NOT NULL,"
    " fold INTEGER NOT NULL,"
    " priority INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('blocked','waiting','leased','done')),"
    " token INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " owner TEXT,"
    " lease_until_ms INTEGER,"
    " fraction REAL NOT NULL DEFAULT 0,"
    " UNIQUE (job_id, combine, variant, replicate, fold)) STRICT;"
    "INSERT INTO runs_2 SELECT id, job_id, combine, 0, replicate, fold, priority, state, token, tries, owner,"
    " lease_until_ms, fraction FROM runs;"
    "DELETE FROM sqlite_sequence WHERE name = 'runs_2';"
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'runs_2', seq FROM sqlite_sequence WHERE name = 'runs';"
    "DROP TABLE runs;"
    "ALTER TABLE runs_2 RENAME TO runs;"
    "CREATE INDEX runs_waiting ON runs(priority DESC, job_id, combine, variant, replicate, fold)"
    " WHERE state = 'waiting';"
    "CREATE INDEX runs_leased ON runs(lease_until_ms) WHERE state = 'leased';"

    "CREATE TABLE curve_2 ("
    " job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
    " variant INTEGER NOT NULL,"
    " replicate INTEGER NOT NULL,"
    " fold INTEGER NOT NULL,"
    " step INTEGER NOT NULL,"
    " train_loss REAL," /* NULL: not a number */
    " val_loss REAL,"
    " train_mi REAL,"
    " val_mi REAL,"
    " PRIMARY KEY (job_id, variant, replicate, fold, step)) STRICT, WITHOUT ROWID;"
    "INSERT INTO curve_2 SELECT job_id, 0, replicate, fold, step, train_loss, val_loss, train_mi, val_mi"
    " FROM curve;"
    "DROP TABLE curve;"
    "ALTER TABLE curve_2 RENAME TO curve;",

    /* How many jobs and runs are in each state, so that neither a submission nor a look at the queue counts
     * all that wait; and indexes for lists by kind and for the newest successes. */
    "CREATE TABLE counts ("
    " object TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " n INTEGER NOT NULL,"
    " PRIMARY KEY (object, state)) STRICT, WITHOUT ROWID;"
    "INSERT INTO counts VALUES ('job','queued',0), ('job','running',0), ('job','canceling',0),"
    " ('job','succeeded',0), ('job','failed',0), ('job','canceled',0),"
    " ('run','blocked',0), ('run','waiting',0), ('run','leased',0), ('run','done',0);"
    "UPDATE counts SET n = (SELECT count(*) FROM jobs WHERE state = counts.state) WHERE object = 'job';"
    "UPDATE counts SET n = (SELECT count(*) FROM runs WHERE state = counts.state) WHERE object = 'run';"
    "CREATE TRIGGER jobs_count_insert AFTER INSERT ON jobs BEGIN"
    " UPDATE counts SET n = n + 1 WHERE object = 'job' AND state = NEW.state; END;"
    "CREATE TRIGGER jobs_count_update AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN"
    " UPDATE counts SET n = n - 1 WHERE object = 'job' AND state = OLD.state;"
    " UPDATE counts SET n = n + 1 WHERE object = 'job' AND state = NEW.state; END;"
    "CREATE TRIGGER jobs_count_delete AFTER DELETE ON jobs BEGIN"
    " UPDATE counts SET n = n - 1 WHERE object = 'job' AND state = OLD.state; END;"
    "CREATE TRIGGER runs_count_insert AFTER INSERT ON runs BEGIN"
    " UPDATE counts SET n = n + 1 WHERE object = 'run' AND state = NEW.state; END;"
    "CREATE TRIGGER runs_count_update AFTER UPDATE OF state ON runs WHEN OLD.state <> NEW.state BEGIN"
    " UPDATE counts SET n = n - 1 WHERE object = 'run' AND state = OLD.state;"
    " UPDATE counts SET n = n + 1 WHERE object = 'run' AND state = NEW.state; END;"
    "CREATE TRIGGER runs_count_delete AFTER DELETE ON runs BEGIN"
    " UPDATE counts SET n = n - 1 WHERE object = 'run' AND state = OLD.state; END;"
    "CREATE INDEX jobs_by_kind ON jobs(kind, id);"
    "CREATE INDEX jobs_by_state_and_kind ON jobs(state, kind, id);"
    "CREATE INDEX jobs_by_success ON jobs(finished_ms) WHERE state = 'succeeded';",

    /* Pair tables, and models: what a job trained, kept beyond it. */
    "ALTER TABLE datasets ADD COLUMN kind TEXT NOT NULL DEFAULT 'matrix';"

    "ALTER TABLE jobs ADD COLUMN dataset_pairs TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE jobs ADD COLUMN blob_pairs TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE jobs ADD COLUMN model_id TEXT NOT NULL DEFAULT '';" /* that it uses, not that it makes */
    "ALTER TABLE jobs ADD COLUMN screen_blob TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX jobs_by_blob_pairs ON jobs(blob_pairs) WHERE blob_pairs <> '';"
    "CREATE INDEX jobs_by_screen ON jobs(screen_blob) WHERE screen_blob <> '';"
    "CREATE INDEX jobs_by_model ON jobs(model_id) WHERE model_id <> '';"

    "CREATE TABLE models ("
    " id TEXT NOT NULL PRIMARY KEY,"
    " job_id TEXT NOT NULL," /* not a reference: the job may be gone */
    " alias TEXT UNIQUE,"
    " pinned INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " tags TEXT NOT NULL,"
    " description TEXT NOT NULL) STRICT;"
    "CREATE INDEX models_by_blob ON models(sha256);"
    "CREATE INDEX models_by_age ON models(created_ms) WHERE pinned = 0;"

    "CREATE TABLE model_tags ("
    " key TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " model_id TEXT NOT NULL REFERENCES models(id) ON DELETE CASCADE,"
    " PRIMARY KEY (key, value, model_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX model_tags_by_model ON model_tags(model_id);",
};

#define N_STEPS ((int64_t)(sizeof steps / sizeof steps[0]))

static mi_status take_step(sql_db *db, int64_t step, mi_error *err)
{
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version=%d", (int)(step + 1));
    mi_status status = sql_exec(db, "BEGIN IMMEDIATE", err);
    if (status)
        return status;
    if ((status = sql_exec(db, steps[step], err)) || (status = sql_exec(db, version, err)) ||
        (status = sql_exec(db, "COMMIT", err)))
        sql_exec(db, "ROLLBACK", NULL);
    return status;
}

mi_status schema_migrate(sql_db *db, mi_error *err)
{
    sql_txn t = {.db = db, .err = err};
    int64_t version = sql_int(&t, "PRAGMA user_version", SQL_NO_ARGS, 0);
    if (!t.status && version > N_STEPS)
        sql_fail(&t, MI_UNSUPPORTED,
                 "the data folder was written by a newer mutuald (schema %d, this one knows %d)",
                 (int)version, (int)N_STEPS);
    if (t.status || version == N_STEPS)
        return t.status;
    /* Steps put tables in the place of others: without foreign keys a dropped table takes nothing with it. */
    t.status = sql_exec(db, "PRAGMA foreign_keys=OFF", err);
    while (!t.status && version < N_STEPS)
        t.status = take_step(db, version++, err);
    mi_status status = sql_exec(db, "PRAGMA foreign_keys=ON", t.status ? NULL : err);
    return t.status ? t.status : status;
}
