#include "base/metrics.h"
#include "base/sha256.h"
#include "handlers.h"
#include "join.h"
#include "prepare_screen.h"
#include "resolve.h"

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

/* ---- does it fit? ---- */

/* The ids without an embedding, as many as fit. */
static void list_missing(const proto_pairs *pairs, char *out, size_t size)
{
    const proto_string_list *sides[2] = {&pairs->missing_x, &pairs->missing_y};
    size_t used = 0;
    out[0] = '\0';
    for (int side = 0; side < 2; side++)
        for (uint64_t i = 0; i < sides[side]->n; i++) {
            size_t n;
            const char *id = proto_string_list_at(sides[side], i, &n);
            if (used + n + sizeof "; without an embedding: , ..." > size) {
                snprintf(out + used, size - used, ", ...");
                return;
            }
            used += (size_t)snprintf(out + used, size - used, "%s%.*s",
                                     used == 0 ? "; without an embedding: " : ", ", (int)n, id);
        }
}

static void check_pairs(const proto_pairs *pairs, proto_problem *problem)
{
    char missing[128];
    if (pairs->n >= MI_MIN_ROWS)
        return;
    list_missing(pairs, missing, sizeof missing);
    proto_problem_add(
        problem, "/pairs",
        "only %" PRIu32 " of %" PRIu64 " rows are distinct pairs with both embeddings%s; at least "
        "%u are needed%s",
        pairs->n, pairs->rows, pairs->negatives > 0 ? " and label 1" : "", MI_MIN_ROWS, missing);
}

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

static mi_status plan_cell(const proto_job *job, uint32_t variant, mi_plan *out, mi_error *err)
{
    mi_benchmark_spec cell;
    mi_benchmark_plan plan = {0};
    proto_job_cell(job, variant, 0, &cell);
    /* Levels are the law's business, and looking at them may cost an integral each: once a law will do. */
    if (variant > 0 && proto_job_law(job, variant) == proto_job_law(job, variant - 1) && cell.n_levels > 1)
        cell.n_levels = 1;
    const mi_status status = mi_benchmark_plan_make(&plan, &cell, err);
    out->workspace_bytes = plan.memory_bytes;
    return status;
}

/* What the runs of a variant take. pairs: NULL where they are by row. */
static mi_status plan_variant(const proto_job *job, const proto_pairs *pairs, uint32_t variant, mi_plan *out,
                              mi_error *err)
{
    mi_spec spec;
    mi_matrix x = {.rows = job->x.rows}, y = {.rows = job->y.rows};
    *out = (mi_plan){.n_runs = 0};
    if (job->kind == PROTO_KIND_BENCHMARK)
        return plan_cell(job, variant, out, err);
    if (pairs)
        proto_pairs_apply(pairs, &x, &y);
    proto_job_variant(job, variant, &spec);
    return mi_plan_pairs(out, &spec, x, y, (const uint64_t[2]){job->x.width, job->y.width}, err);
}

/* A model is put together from the members of all runs, which are in memory twice then. */
static bool model_fits(const mi_plan *plan, const proto_limits *limits, proto_problem *problem)
{
    static const char advice[] =
        "fewer pairs, columns, folds or replicates, or /prepare/transform \"zscore\", "
        "need less";
    const uint64_t whole = 2 * plan->member_bytes * plan->n_runs,
                   kept = plan->member_bytes + plan->result_bytes + (1u << 16);
    if (whole <= limits->max_workspace_bytes && kept <= STORE_RESULT_MAX)
        return true;
    if (kept > STORE_RESULT_MAX)
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                          "a run with its member of the model may take %" PRIu64
                          " MiB; at most %zu MiB are kept (%s)",
                          kept >> 20, STORE_RESULT_MAX >> 20, advice);
    else
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                          "putting the model together may need %" PRIu64 " MiB of memory; at most %" PRIu64
                          " MiB are allowed (%s)",
                          whole >> 20, limits->max_workspace_bytes >> 20, advice);
    proto_problem_add(problem, "/outputs/model",
                      "%" PRIu32 " runs, each with a member of up to %" PRIu64 " MiB", plan->n_runs,
                      plan->member_bytes >> 20);
    return false;
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
static bool check_variant(const proto_job *job, const proto_pairs *pairs, uint32_t variant,
                          const proto_limits *limits, proto_problem *problem)
{
    mi_error err = {0};
    mi_plan plan;
    char pointer[sizeof err.pointer + 16];
    mi_status status = plan_variant(job, pairs, variant, &plan, &err);
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
    if (plan.workspace_bytes > limits->max_workspace_bytes) {
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                          "a run of this job needs %" PRIu64 " MiB of memory; at most %" PRIu64
                          " MiB are allowed (a smaller batch or critic needs less)",
                          plan.workspace_bytes >> 20, limits->max_workspace_bytes >> 20);
        return false;
    }
    return !job->want_model || model_fits(&plan, limits, problem);
}

/* Folds by id are counted for each objective: together no more than for one. */
static void check_work(const proto_job *job, const proto_pairs *pairs, proto_problem *problem)
{
    const uint64_t objectives = proto_job_variants(job),
                   runs = (uint64_t)job->spec.replicates * job->spec.split.folds;
    if (!pairs || job->spec.split.by == MI_SPLIT_PAIR)
        return;
    const uint64_t most = MI_GROUPED_WORK / ((uint64_t)pairs->n << pairs->mirrored);
    if (runs <= most && objectives * runs > most)
        proto_problem_add(problem, "/objectives",
                          "%" PRIu64 " of %" PRIu64 " runs of %" PRIu32 " pairs; of folds by id at most %u "
                          "pairs in all runs together are taken",
                          objectives, runs, pairs->n, MI_GROUPED_WORK);
}

static void check_plan(const proto_job *job, const proto_pairs *pairs, const proto_limits *limits,
                       proto_problem *problem)
{
    check_work(job, pairs, problem);
    if (proto_problem_any(problem))
        return;
    for (uint32_t i = 0; i < proto_job_variants(job); i++)
        if (!check_variant(job, pairs, i, limits, problem))
            return;
}

/* Pairs by id and what can be asked of them. MI_OK: look at problem. */
static mi_status prepare_pairs(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    proto_pairs pairs;
    mi_status status = http_join(q->config->store, job, &pairs, err);
    if (status == MI_INVALID) {
        proto_problem_add(problem, err->pointer, "%s", err->message);
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    if (job->pairs.symmetric && !pairs.mirrored)
        proto_problem_add(problem, "/pairs/symmetric",
                          "x and y are different data sets; expected one on both sides, or false");
    check_pairs(&pairs, problem);
    if (!proto_problem_any(problem))
        check_plan(job, &pairs, http_limits(q), problem);
    proto_pairs_fini(&pairs);
    return MI_OK;
}

/* Everything that can be known before the job is taken. MI_OK: look at problem. */
static mi_status prepare(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    mi_status status = MI_OK;
    if (job->kind == PROTO_KIND_SCREEN)
        return http_prepare_screen(q, job, problem, err);
    if (job->kind != PROTO_KIND_BENCHMARK)
        status = http_resolve_inputs(q->config->store, job, problem, err);
    if (status != MI_OK || proto_problem_any(problem))
        return status;
    if (job->has_pairs)
        return prepare_pairs(q, job, problem, err);
    if (job->kind != PROTO_KIND_BENCHMARK)
        check_shapes(job, problem);
    if (!proto_problem_any(problem))
        check_plan(job, NULL, http_limits(q), problem);
    return MI_OK;
}

/* ---- submitting ---- */

/* What an Idempotency-Key stands for: the body, and the model of the path, if it names one. */
static void hash_request(const http_request *q, char out[PROTO_SHA_HEX])
{
    sha256_state state;
    sha256_init(&state);
    if (q->name) {
        sha256_update(&state, q->name, strlen(q->name));
        sha256_update(&state, "\n", 1);
    }
    sha256_update(&state, q->body, q->n_body);
    sha256_hex(&state, out);
}

static mi_status submit(const http_request *q, const proto_job *job, proto_job_record *out, bool *existed,
                        mi_error *err)
{
    proto_text spec;
    char request_sha256[PROTO_SHA_HEX];
    hash_request(q, request_sha256);
    proto_text_init(&spec, HTTP_ANSWER_MAX);
    proto_job_encode_spec(job, &spec);
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
        .dataset_pairs = job->pairs.dataset,
        .blob_x = job->x.sha256,
        .blob_y = job->y.sha256,
        .blob_pairs = job->pairs.sha256,
        .model_id = job->screen.model,
        .idempotency_key = q->headers->idempotency_key,
        .request_sha256 = request_sha256,
        .max_queue = http_limits(q)->max_queue,
    };
    const mi_status status = proto_text_ok(&spec)
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
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "what the job works on was deleted meanwhile: %s",
                    err->message);
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

/* model: of a screen, from the path; else NULL. */
static mi_status decode(const http_request *q, const char *model, proto_job **out, proto_problem *problem)
{
    const char *body = q->body ? q->body : "";
    return model ? proto_job_decode_screen(out, model, body, q->n_body, http_limits(q), problem)
                 : proto_job_decode(out, body, q->n_body, http_limits(q), problem);
}

static void take_job(const http_request *q, const char *model, http_response *r)
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
    if (decode(q, model, &job, &problem) != MI_OK) {
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

void handle_job_submit(const http_request *q, http_response *r)
{
    take_job(q, NULL, r);
}

void handle_model_screen(const http_request *q, http_response *r)
{
    proto_model_record model;
    if (!http_model_found(q, r, &model))
        return;
    proto_model_record_fini(&model);
    take_job(q, q->name, r);
}
