#include "handlers.h"
#include "join.h"
#include "negotiate.h"
#include "proto/result.h"
#include "scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_DEFAULT 500
#define POINTS_MAX     100000
#define PAGE_DEFAULT   1000
#define PAGE_MAX       10000
#define ROWS_MAX       UINT32_MAX

bool http_choose_format(const http_request *q, http_response *r, unsigned offered, http_format *out)
{
    const char *format = http_query_text(q, "format");
    char list[128];
    if (format && !http_format_parse(format, offered, out)) {
        http_format_list(offered, false, list, sizeof list);
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"format\" is \"%.40s\"; expected %s",
                    format, list);
        return false;
    }
    if (!format && !http_format_accept(q->headers->accept, offered, out)) {
        http_format_list(offered, true, list, sizeof list);
        http_refuse(r, q, PROTO_PROBLEM_NOT_ACCEPTABLE, "there is %s", list);
        return false;
    }
    return true;
}

/* ---- curve ---- */

/* What the objectives of a comparison or a benchmark are called; n = 0 for any other job. */
typedef struct curve_labels {
    uint32_t n;
    char text[PROTO_MAX_OBJECTIVES][PROTO_LABEL_MAX];
    const char *list[PROTO_MAX_OBJECTIVES];
} curve_labels;

static void find_labels(curve_labels *out, const proto_job *job)
{
    out->n = job->n_objectives > 0 || job->kind != PROTO_KIND_BENCHMARK ? job->n_objectives : 1;
    for (uint32_t i = 0; i < out->n; i++) {
        proto_job_label(job, i, out->text[i]);
        out->list[i] = out->text[i];
    }
}

void handle_job_curve(const http_request *q, http_response *r)
{
    static void (*const encode[])(const proto_curve *, uint32_t, proto_text *) = {
        [HTTP_FORMAT_JSON] = proto_curve_encode_json,
        [HTTP_FORMAT_CSV] = proto_curve_encode_csv,
        [HTTP_FORMAT_NPY] = proto_curve_encode_npy,
    };
    http_format format;
    uint64_t max_points;
    proto_job_record job;
    curve_labels labels = {.n = 0};
    proto_job *spec = NULL;
    proto_curve_row *rows = NULL;
    size_t n = 0;
    mi_error err = {0};
    if (!http_query_u64(q, "max_points", 2, POINTS_MAX, POINTS_DEFAULT, &max_points, r) ||
        !http_choose_format(q, r, HTTP_FORMATS_TABLE, &format) || !http_job_found(q, r, &job))
        return;
    mi_status status = proto_job_reopen(&spec, job.spec, &err);
    proto_job_record_fini(&job);
    if (status == MI_OK)
        status = store_curve(q->config->store, q->name, &rows, &n, &err);
    if (status != MI_OK) {
        proto_job_free(spec);
        http_answer_error(r, q, &err);
        return;
    }
    find_labels(&labels, spec);
    const proto_curve curve = {.rows = rows,
                               .n = n,
                               .labels = labels.n > 0 ? labels.list : NULL,
                               .n_labels = labels.n,
                               .benchmark = spec->kind == PROTO_KIND_BENCHMARK ? spec : NULL};
    proto_text text;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    encode[format](&curve, (uint32_t)max_points, &text);
    http_answer(r, q, 200, http_format_type(format), &text);
    proto_job_free(spec);
    free(rows);
}

/* ---- pmi ---- */

/* A matrix of the job, for its ids. */
typedef struct side {
    store_mapping mapping;
    proto_matrix_view view;
    bool mapped, has_ids;
} side;

typedef struct pmi_table {
    store *store;
    store_mapping mapping;
    bool mapped;
    proto_pmi_view view;
    side x, y;
} pmi_table;

static mi_status open_side(store *s, side *out, const proto_input *input, mi_error *err)
{
    mi_status status = store_blob_map(s, input->sha256, &out->mapping, err);
    if (status != MI_OK)
        return status;
    out->mapped = true;
    status = proto_matrix_open(&out->view, out->mapping.bytes, out->mapping.n, err);
    out->has_ids = status == MI_OK && out->view.has_ids;
    return status;
}

static void close_table(pmi_table *t)
{
    if (t->mapped)
        store_blob_unmap(t->store, &t->mapping);
    if (t->x.mapped)
        store_blob_unmap(t->store, &t->x.mapping);
    if (t->y.mapped)
        store_blob_unmap(t->store, &t->y.mapping);
}

static mi_status open_table(pmi_table *t, store *s, const proto_job_record *record, const proto_job *job,
                            uint32_t variant, mi_error *err)
{
    mi_status status = store_blob_map(s, record->pmi_blob, &t->mapping, err);
    if (status != MI_OK)
        return status;
    t->mapped = true;
    status = proto_pmi_open(&t->view, t->mapping.bytes, t->mapping.n, variant, err);
    if (status == MI_OK)
        status = open_side(s, &t->x, &job->x, err);
    if (status == MI_OK)
        status = open_side(s, &t->y, &job->y, err);
    return status;
}

static bool parse_query(const http_request *q, http_response *r, proto_pmi_query *out)
{
    *out = (proto_pmi_query){.limit = PAGE_DEFAULT};
    return http_query_double(q, "min", -(double)INFINITY, &out->min, r) &&
           http_query_u64(q, "top", 1, ROWS_MAX, 0, &out->top, r) &&
           http_query_u64(q, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &out->limit, r) &&
           http_query_u64(q, "after", 0, ROWS_MAX, 0, &out->after, r);
}

/* Whether the job has a table; else the response says why not. */
static bool has_table(const http_request *q, http_response *r, const proto_job_record *job)
{
    if (job->state != PROTO_JOB_SUCCEEDED) {
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "the job is %s; its PMI table comes when it has succeeded",
                    proto_job_state_name(job->state));
        return false;
    }
    if (job->pmi_blob[0] == '\0') {
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT,
                    "the job keeps no PMI table: it was not asked for (outputs.pmi), or its objective gives "
                    "none (see the job's warnings)");
        return false;
    }
    return true;
}

/* The row, from 1, of the id that is asked for; 0 without one. false: refused. */
static bool find_row(const http_request *q, http_response *r, const side *in, const char *parameter,
                     uint64_t *row)
{
    const char *id = http_query_text(q, parameter);
    *row = 0;
    if (!id)
        return true;
    if (!in->has_ids) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"%s\": the rows of %c have no ids; leave it out", parameter,
                    parameter[0]);
        return false;
    }
    *row = proto_matrix_find_id(&in->view, id, strlen(id)) + 1;
    if (*row <= in->view.matrix.rows)
        return true;
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "query parameter \"%s\": %c has no row with the id \"%.80s\"",
                parameter, parameter[0], id);
    return false;
}

/* A whole table may be larger than memory should hold: it goes through a scratch file. */
static mi_status encode_whole(const pmi_table *t, const proto_pmi_query *query, http_format format,
                              http_response *r, mi_error *err)
{
    proto_output output;
    const mi_status status = http_scratch_begin(r, t->store, http_format_type(format), &output, err);
    if (status != MI_OK)
        return status;
    if (format == HTTP_FORMAT_NPY)
        return proto_pmi_write_npy(&t->view, query, &output, err);
    return proto_pmi_write_csv(&t->view, query, t->x.has_ids ? &t->x.view : NULL,
                               t->y.has_ids ? &t->y.view : NULL, &output, err);
}

static void answer_table(const http_request *q, http_response *r, const pmi_table *t,
                         const proto_pmi_query *query, http_format format)
{
    mi_error err = {0};
    proto_text text;
    if (format != HTTP_FORMAT_JSON) {
        if (encode_whole(t, query, format, r, &err) != MI_OK)
            http_answer_error(r, q, &err);
        return;
    }
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_pmi_encode_json(&t->view, query, t->x.has_ids ? &t->x.view : NULL, t->y.has_ids ? &t->y.view : NULL,
                          &text);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
}

/* Which objective's table is asked for; false: refused. */
static bool find_variant(const http_request *q, http_response *r, const proto_job *job, uint32_t *out)
{
    const char *text = http_query_text(q, "objective");
    mi_error err = {0};
    *out = PROTO_PMI_FIRST;
    if (!text || proto_job_find_variant(job, text, out, &err) == MI_OK)
        return true;
    http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"objective\": %s", err.message);
    return false;
}

static void answer_pmi(const http_request *q, http_response *r, const proto_job_record *record,
                       proto_pmi_query *query, http_format format)
{
    proto_job *job;
    pmi_table table = {.store = q->config->store};
    uint32_t variant;
    mi_error err = {0};
    if (proto_job_reopen(&job, record->spec, &err) != MI_OK) {
        http_answer_error(r, q, &err);
        return;
    }
    if (find_variant(q, r, job, &variant) && has_table(q, r, record)) {
        mi_status status = open_table(&table, q->config->store, record, job, variant, &err);
        query->symmetric = job->pairs.symmetric;
        if (status == MI_OK) {
            if (find_row(q, r, &table.x, "x_id", &query->x_row) &&
                find_row(q, r, &table.y, "y_id", &query->y_row))
                answer_table(q, r, &table, query, format);
        } else if (status == MI_NOT_FOUND && table.mapped)
            http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "%s", err.message);
        else
            http_answer_error(r, q, &err);
        close_table(&table);
    }
    proto_job_free(job);
}

void handle_job_pmi(const http_request *q, http_response *r)
{
    proto_pmi_query query;
    http_format format;
    proto_job_record job;
    if (!parse_query(q, r, &query) || !http_choose_format(q, r, HTTP_FORMATS_TABLE, &format) ||
        !http_job_found(q, r, &job))
        return;
    answer_pmi(q, r, &job, &query, format);
    proto_job_record_fini(&job);
}

/* ---- ids without an embedding ---- */

static mi_status write_missing(const http_request *q, http_response *r, const proto_pairs *pairs,
                               mi_error *err)
{
    proto_output output;
    const mi_status status =
        http_scratch_begin(r, q->config->store, http_format_type(HTTP_FORMAT_CSV), &output, err);
    return status != MI_OK ? status : proto_missing_write_csv(pairs, &output, err);
}

static void answer_missing(const http_request *q, http_response *r, proto_job *job, uint64_t after,
                           uint64_t limit, http_format format)
{
    proto_pairs pairs;
    proto_text text;
    mi_error err = {0};
    mi_status status = http_join(q->config->store, job, &pairs, &err);
    if (status == MI_OK && format == HTTP_FORMAT_CSV)
        status = write_missing(q, r, &pairs, &err);
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
    } else if (format == HTTP_FORMAT_JSON) {
        proto_text_init(&text, HTTP_ANSWER_MAX);
        proto_missing_encode_json(&pairs, after, limit, &text);
        http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
    }
    proto_pairs_fini(&pairs);
}

void handle_job_missing(const http_request *q, http_response *r)
{
    http_format format;
    uint64_t limit, after;
    proto_job_record record;
    proto_job *job = NULL;
    mi_error err = {0};
    if (!http_query_u64(q, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &limit, r) ||
        !http_query_u64(q, "after", 0, UINT64_MAX, 0, &after, r) ||
        !http_choose_format(q, r, HTTP_FORMAT_BIT(JSON) | HTTP_FORMAT_BIT(CSV), &format) ||
        !http_job_found(q, r, &record))
        return;
    if (proto_job_reopen(&job, record.spec, &err) != MI_OK)
        http_answer_error(r, q, &err);
    else if (!job->has_pairs)
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT,
                    "x and y of the job are paired by row; no ids were looked up");
    else
        answer_missing(q, r, job, after, limit, format);
    proto_job_free(job);
    proto_job_record_fini(&record);
}
