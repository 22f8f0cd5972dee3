#include "proto/record.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool terminal;
} states[] = {
#define X(name, text, terminal) [PROTO_JOB_##name] = {text, terminal},
    PROTO_JOB_STATE_MAP(X)
#undef X
};

const char *proto_job_state_name(proto_job_state state)
{
    return states[state].name;
}

bool proto_job_state_parse(const char *text, proto_job_state *out)
{
    for (int i = 0; i < PROTO_JOB_STATE_COUNT; i++)
        if (strcmp(states[i].name, text) == 0) {
            *out = (proto_job_state)i;
            return true;
        }
    return false;
}

bool proto_job_state_terminal(proto_job_state state)
{
    return states[state].terminal;
}

void proto_job_record_fini(proto_job_record *job)
{
    free(job->spec);
    free(job->tags);
    free(job->result);
    free(job->error);
    memset(job, 0, sizeof *job);
}

static void encode_progress(const proto_job_record *job, proto_json_writer *w)
{
    proto_write_object(w, "progress");
    proto_write_string(w, "phase", job->phase);
    proto_write_u64(w, "runs_done", job->runs_done);
    proto_write_u64(w, "runs", job->runs);
    proto_write_double(w, "fraction", job->fraction);
    if (job->eta_s >= 0)
        proto_write_double(w, "eta_s", job->eta_s);
    else
        proto_write_null(w, "eta_s");
    proto_write_end_object(w);
}

void proto_job_record_encode(const proto_job_record *job, bool brief, proto_json_writer *w, const char *key)
{
    proto_write_object(w, key);
    proto_write_string(w, "object", "job");
    proto_write_string(w, "id", job->id);
    proto_write_string(w, "kind", job->kind);
    proto_write_string(w, "state", proto_job_state_name(job->state));
    proto_write_u64(w, "version", job->version);
    proto_write_time(w, "created_at", job->created_ms);
    proto_write_time(w, "started_at", job->started_ms);
    proto_write_time(w, "finished_at", job->finished_ms);
    proto_write_u64(w, "attempt", job->attempt);
    if (!brief)
        proto_write_raw(w, "spec", job->spec);
    encode_progress(job, w);
    if (!brief)
        proto_write_raw(w, "result", job->result);
    proto_write_raw(w, "error", job->error);
    proto_write_raw(w, "tags", job->tags ? job->tags : "{}");
    proto_write_i64(w, "priority", job->priority);
    proto_write_end_object(w);
}

void proto_dataset_record_fini(proto_dataset_record *dataset)
{
    free(dataset->columns);
    memset(dataset, 0, sizeof *dataset);
}

void proto_dataset_record_encode(const proto_dataset_record *dataset, bool brief, proto_json_writer *w,
                                 const char *key)
{
    proto_write_object(w, key);
    proto_write_string(w, "object", "dataset");
    proto_write_string(w, "name", dataset->name);
    proto_write_string(w, "kind", dataset->kind);
    proto_write_string(w, "format", dataset->format);
    proto_write_u64(w, "rows", dataset->rows);
    proto_write_u64(w, "columns", dataset->cols);
    proto_write_bool(w, "ids", dataset->has_ids);
    proto_write_u64(w, "bytes", dataset->bytes);
    proto_write_string(w, "sha256", dataset->sha256);
    proto_write_string(w, "matrix_sha256", dataset->matrix_sha256);
    proto_write_time(w, "created_at", dataset->created_ms);
    if (!brief)
        proto_write_raw(w, "summary", dataset->columns ? dataset->columns : "[]");
    proto_write_end_object(w);
}
