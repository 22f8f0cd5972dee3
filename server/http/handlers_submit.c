#include "base/metrics.h"
#include "base/sha256.h"
#include "handlers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX_S 3600.0

uint32_t http_retry_after(const http_config *config)
{
    store_queue_stats stats;
    if (store_stats(config->store, &stats, NULL) != MI_OK)
        return 10;
    const double each = stats.mean_job_s > 0 ? stats.mean_job_s : 1;
    const double workers = config->workers > 0 ? config->workers : 1;
    /* Until the queue is shorter by a tenth, so that those who come back do not all find it full again. */
    const double wait = each * ((double)stats.jobs[PROTO_JOB_QUEUED] / 10 + 1) / workers;
    return (uint32_t)(wait < 1 ? 1 : wait > RETRY_MAX_S ? RETRY_MAX_S : wait + 0.5);
}

/* ---- from x and y as submitted to matrices that the store holds ---- */

typedef struct resolver {
    store *store;
    proto_problem *problem;
    mi_error *err; /* of the store: not the client's fault */
} resolver;

static void complain(const resolver *to, const char *side, const char *member, const char *detail)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/%s/%s", side, member);
    proto_problem_add(to->problem, pointer, "%s", detail);
}

/* A resolved spec says what it was resolved to; when it is posted again, that must still hold. */
static void check_unchanged(const resolver *to, const char *side, const proto_input *said, const char *sha256,
                            uint64_t rows, uint64_t cols)
{
    char detail[128];
    if (said->sha256[0] != '\0' && strcmp(said->sha256, sha256) != 0)
        complain(to, side, "sha256", "the data set's content is another now");
    snprintf(detail, sizeof detail, "the matrix has %" PRIu64 " rows and %" PRIu64 " columns", rows, cols);
    if (said->rows != 0 && said->rows != rows)
        complain(to, side, "rows", detail);
    if (said->cols != 0 && said->cols != cols)
        complain(to, side, "columns", detail);
}

static mi_status resolve_dataset(const resolver *to, const char *side, proto_input *input)
{
    proto_dataset_record record = {0};
    mi_status status = store_dataset_get(to->store, input->dataset, &record, to->err);
    if (status == MI_NOT_FOUND) {
        complain(to, side, "dataset", "there is no data set of that name");
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    if (strcmp(record.kind, "matrix") != 0) {
        complain(to, side, "dataset", "this is a pair table; expected a matrix");
        proto_dataset_record_fini(&record);
        return MI_OK;
    }
    check_unchanged(to, side, input, record.matrix_sha256, record.rows, record.cols);
    snprintf(input->sha256, sizeof input->sha256, "%s", record.matrix_sha256);
    input->rows = record.rows;
    input->cols = record.cols;
    proto_dataset_record_fini(&record);
    return MI_OK;
}

static mi_status resolve_content(const resolver *to, const char *side, proto_input *input)
{
    store_mapping mapping;
    proto_matrix_view view;
    mi_status status = store_blob_map(to->store, input->sha256, &mapping, to->err);
    if (status == MI_NOT_FOUND) {
        complain(to, side, "sha256", "the server holds no matrix of that content");
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    if (proto_matrix_open(&view, mapping.bytes, mapping.n, NULL) == MI_OK) {
        check_unchanged(to, side, input, input->sha256, view.matrix.rows, view.matrix.cols);
        input->rows = view.matrix.rows;
        input->cols = view.matrix.cols;
    } else {
        complain(to, side, "sha256", "the content of that hash is not a matrix");
    }
    store_blob_unmap(to->store, &mapping);
    return MI_OK;
}

static mi_status resolve_inline(const resolver *to, const char *side, proto_input *input)
{
    store_blob_writer *writer = NULL;
    const mi_matrix matrix = {input->inline_data, input->rows, input->cols};
    mi_status status = store_blob_begin(to->store, &writer, to->err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(writer);
    status = proto_matrix_write(matrix, &output, to->err);
    if (status != MI_OK) {
        store_blob_abort(writer);
        if (status != MI_INVALID)
            return status;
        complain(to, side, "data", to->err->message);
        return MI_OK;
    }
    status = store_blob_commit(writer, input->sha256, to->err);
    free(input->inline_data);
    input->inline_data = NULL;
    return status;
}

static mi_status resolve(const resolver *to, const char *side, proto_input *input)
{
    if (input->inline_data)
        return resolve_inline(to, side, input);
    return input->dataset[0] != '\0' ? resolve_dataset(to, side, input) : resolve_content(to, side, input);
}

/* What its columns are, now that the store holds it: the spec is to say it, the plan needs their number. */
static mi_status inspect(const resolver *to, const char *side, proto_input *input)
{
    store_mapping mapping;
    proto_matrix_view view;
    uint8_t *flags = NULL;
    mi_status status = store_blob_map(to->store, input->sha256, &mapping, to->err);
    if (status != MI_OK)
        return status;
    status = proto_matrix_open(&view, mapping.bytes, mapping.n, to->err);
    if (status == MI_OK && (status = proto_input_columns(input, &view, &flags, to->err)) == MI_OK) {
        view.matrix.categorical = flags;
        status = mi_matrix_width(view.matrix, &input->width, to->err);
    }
    if (status == MI_OK)
        status = proto_input_set_columns(input, flags, view.matrix.cols, to->err);
    store_blob_unmap(to->store, &mapping);
    free(flags);
    if (status != MI_INVALID && status != MI_LIMIT)
        return status;
    complain(to, side, "categorical", to->err->message);
    return MI_OK;
}

/* ---- does it fit? ---- */

static void check_shapes(const proto_job *job, proto_problem *problem)
{
    if (job->x.rows != job->y.rows) {
        proto_problem_set(problem, PROTO_PROBLEM_SHAPE_MISMATCH, "x has %" PRIu64 " rows, y %" PRIu64,
                          job->x.rows, job->y.rows);
        proto_problem_add(problem, "/x", "%" PRIu64 " rows", job->x.rows);
        proto_problem_add(problem, "/y", "expected %" PRIu64 " rows, as x has", job->x.rows);
    } else if (job->x.rows < MI_MIN_ROWS) {
        proto_problem_add(problem, "/x", "%" PRIu64 " pairs; at least %u are needed", job->x.rows,
                          MI_MIN_ROWS);
    }
}

/* What a run of a variant takes. */
static mi_status plan_memory(const proto_job *job, uint32_t variant, uint64_t *bytes, mi_error *err)
{
    mi_status status;
    if (job->kind == PROTO_KIND_BENCHMARK) {
        mi_benchmark_spec cell;
        mi_benchmark_plan plan = {0};
        proto_job_cell(job, variant, 0, &cell);
        /* Levels are the law's business, and looking at them may cost an integral each: once a law will do.
         */
        if (variant > 0 && proto_job_law(job, variant) == proto_job_law(job, variant - 1) &&
            cell.n_levels > 1)
            cell.n_levels = 1;
        status = mi_benchmark_plan_make(&plan, &cell, err);
        *bytes = plan.memory_bytes;
    } else {
        mi_spec spec;
        mi_plan plan = {0};
        proto_job_variant(job, variant, &spec);
        status = mi_plan_make(&plan, &spec, job->x.rows, job->x.width, job->y.width, err);
        *bytes = plan.workspace_bytes;
    }
    return status;
}

/* An objective that is wrong on one law is so on all. */
static bool is_told(const proto_problem *problem, const char *pointer)
{
    for (unsigned i = 0; i < problem->n_errors; i++)
        if (strcmp(problem->errors[i].pointer, pointer) == 0)
            return true;
    return false;
}

/* Whether the next variant is worth a look: what all share is wrong for all of them, and is told once. */
static bool check_variant(const proto_job *job, uint32_t variant, const proto_limits *limits,
                          proto_problem *problem)
{
    mi_error err = {0};
    uint64_t bytes;
    char pointer[sizeof err.pointer + 16];
    mi_status status = plan_memory(job, variant, &bytes, &err);
    proto_job_pointer(job, variant, err.pointer, pointer, sizeof pointer);
    if (status == MI_INVALID || (status == MI_UNSUPPORTED && err.pointer[0] != '\0')) {
        if (!is_told(problem, pointer))
            proto_problem_add(problem, pointer, "%s", err.message);
        return strcmp(pointer, err.pointer) != 0;
    }
    if (status != MI_OK) {
        proto_problem_from_error(problem, &err);
        return false;
    }
    if (bytes > limits->max_workspace_bytes) {
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                          "a run of this job needs %" PRIu64 " MiB of memory; at most %" PRIu64
                          " MiB are allowed (a smaller batch or critic needs less)",
                          bytes >> 20, limits->max_workspace_bytes >> 20);
        return false;
    }
    return true;
}

static void check_plan(const proto_job *job, const proto_limits *limits, proto_problem *problem)
{
    for (uint32_t i = 0; i < proto_job_variants(job); i++)
        if (!check_variant(job, i, limits, problem))
            return;
}

/* Data that the store holds, and what they are. MI_OK: look at problem. */
static mi_status prepare_inputs(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    const resolver to = {q->config->store, problem, err};
    mi_status status = resolve(&to, "x", &job->x);
    if (status == MI_OK)
        status = resolve(&to, "y", &job->y);
    if (status == MI_OK && !proto_problem_any(problem) && (status = inspect(&to, "x", &job->x)) == MI_OK)
        status = inspect(&to, "y", &job->y);
    if (status == MI_OK && !proto_problem_any(problem))
        check_shapes(job, problem);
    return status;
}

/* Everything that can be known before the job is taken. MI_OK: look at problem. */
static mi_status prepare(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    mi_status status = MI_OK;
    if (job->kind != PROTO_KIND_BENCHMARK)
        status = prepare_inputs(q, job, problem, err);
    if (status == MI_OK && !proto_problem_any(problem))
        check_plan(job, http_limits(q), problem);
    return status;
}

/* ---- submitting ---- */

static mi_status submit(const http_request *q, const proto_job *job, proto_job_record *out, bool *existed,
                        mi_error *err)
{
    proto_text spec;
    char request_sha256[PROTO_SHA_HEX];
    proto_text_init(&spec, HTTP_ANSWER_MAX);
    proto_job_encode_spec(job, &spec);
    sha256_of(q->body, q->n_body, request_sha256);
    const store_submission submission = {
        .kind = proto_job_kind_name(job->kind),
        .spec = spec.data,
        .tags = job->tags ? job->tags : "{}",
        .priority = job->priority,
        .timeout_s = job->timeout_s,
        .variants = proto_job_variants(job),
        .replicates = proto_job_replicates(job),
        .folds = proto_job_folds(job),
        .dataset_x = job->x.dataset,
        .dataset_y = job->y.dataset,
        .blob_x = job->x.sha256,
        .blob_y = job->y.sha256,
        .idempotency_key = q->headers->idempotency_key,
        .request_sha256 = request_sha256,
        .max_queue = http_limits(q)->max_queue,
    };
    mi_status status = proto_text_ok(&spec)
                           ? store_job_submit(q->config->store, &submission, out, existed, err)
                           : mi_fail(err, MI_MEMORY, "job spec");
    proto_text_fini(&spec);
    return status;
}

static void answer_submitted(const http_request *q, http_response *r, proto_job_record *job, bool wait_given,
                             uint32_t wait_s)
{
    const bool done = proto_job_state_terminal(job->state);
    http_answer_job(r, q, done ? 200 : 202, job);
    if (r->status >= 300)
        return;
    http_field_add(r, "Location", "/v1/jobs/%s", r->job_id);
    if (wait_given)
        http_field_add(r, "Preference-Applied", "wait=%" PRIu32, wait_s);
    if (!done && wait_s > 0) {
        r->outcome = HTTP_WAIT;
        r->wait = (http_wait){.until_done = true, .seconds = wait_s};
    }
}

static void answer_not_submitted(const http_request *q, http_response *r, const mi_error *err)
{
    if (err->code == MI_LIMIT) {
        http_field_add(r, "Retry-After", "%" PRIu32, http_retry_after(q->config));
        http_refuse(r, q, PROTO_PROBLEM_QUEUE_FULL, "%" PRIu64 " jobs wait already",
                    http_limits(q)->max_queue);
    } else if (err->code == MI_NOT_FOUND) {
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "a data set was deleted meanwhile: %s", err->message);
    } else {
        http_answer_error(r, q, err);
    }
}

/* 1 to HTTP_KEY_MAX printable ASCII characters; "" is no key. */
static bool key_valid(const char *key)
{
    for (; *key; key++)
        if (*key <= ' ' || *key > '~')
            return false;
    return true;
}

void handle_job_submit(const http_request *q, http_response *r)
{
    proto_job *job = NULL;
    proto_job_record record = {0};
    proto_problem problem;
    mi_error err = {0};
    bool wait_given, existed = false;
    uint32_t wait_s;
    proto_problem_init(&problem);
    if (!http_prefer_wait(q, &wait_given, &wait_s, r))
        return;
    if (!key_valid(q->headers->idempotency_key)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "Idempotency-Key takes printable ASCII without blanks");
        return;
    }
    const char *body = q->body ? q->body : "";
    if (proto_job_decode(&job, body, q->n_body, http_limits(q), &problem) != MI_OK) {
        http_answer_problem(r, q, &problem);
        return;
    }
    if (prepare(q, job, &problem, &err) != MI_OK) {
        http_answer_error(r, q, &err);
    } else if (proto_problem_any(&problem)) {
        http_answer_problem(r, q, &problem);
    } else if (submit(q, job, &record, &existed, &err) != MI_OK) {
        answer_not_submitted(q, r, &err);
    } else {
        if (!existed)
            metric_add(METRIC_JOBS_SUBMITTED, 1);
        answer_submitted(q, r, &record, wait_given, wait_s);
    }
    proto_job_free(job);
}
