#include "scoring.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void http_refuse_at(http_response *r, const http_request *q, const char *pointer, const char *format, ...)
{
    proto_problem problem;
    va_list args;
    char detail[sizeof problem.errors[0].detail];
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    proto_problem_init(&problem);
    proto_problem_add(&problem, pointer, "%s", detail);
    http_answer_problem(r, q, &problem);
}

void http_refuse_pairs(http_response *r, const http_request *q, const mi_error *err)
{
    char pointer[sizeof err->pointer + 8];
    snprintf(pointer, sizeof pointer, "/pairs%s", err->pointer);
    if (err->code == MI_INVALID)
        http_refuse_at(r, q, pointer, "%s", err->message);
    else
        http_answer_error(r, q, err);
}

bool http_scoring_open(const http_request *q, http_response *r, http_scoring *out)
{
    mi_error err = {0};
    *out = (http_scoring){.model = NULL};
    if (!http_model_found(q, r, &out->record))
        return false;
    if (models_open(q->config->models, out->record.sha256, &out->model, &err) == MI_OK)
        return true;
    http_answer_error(r, q, &err);
    proto_model_record_fini(&out->record);
    return false;
}

void http_scoring_close(const http_request *q, http_scoring *s)
{
    models_matrix_close(s->matrix[0]);
    models_matrix_close(s->matrix[1]);
    if (s->table_mapping.bytes)
        store_blob_unmap(q->config->store, &s->table_mapping);
    models_close(s->model);
    proto_model_record_fini(&s->record);
}

/* The record of a data set of a kind; false: refused. The caller finis it. */
static bool dataset_found(const http_request *q, http_response *r, const char *pointer, const char *name,
                          const char *kind, proto_dataset_record *out)
{
    mi_error err = {0};
    *out = (proto_dataset_record){.name = ""};
    const mi_status status = store_dataset_get(q->config->store, name, out, &err);
    if (status == MI_NOT_FOUND) {
        http_refuse_at(r, q, pointer, "there is no data set of that name");
    } else if (status != MI_OK) {
        http_answer_error(r, q, &err);
    } else if (strcmp(out->kind, kind) != 0) {
        http_refuse_at(r, q, pointer, "this is a %s; expected a %s",
                       strcmp(kind, "pairs") == 0 ? "matrix" : "pair table",
                       strcmp(kind, "pairs") == 0 ? "pair table" : "matrix");
        proto_dataset_record_fini(out);
    } else {
        return true;
    }
    return false;
}

static bool open_side(const http_request *q, http_response *r, http_scoring *s, int side, const char *name)
{
    static const char *const pointers[] = {"/x", "/y"}, *const datasets[] = {"/x/dataset", "/y/dataset"};
    const proto_job *job = models_view(s->model)->job;
    const proto_input *own = side ? &job->y : &job->x;
    char sha256[PROTO_SHA_HEX];
    mi_error err = {0};
    snprintf(sha256, sizeof sha256, "%s", own->sha256);
    if (name[0] != '\0') {
        proto_dataset_record dataset;
        if (!dataset_found(q, r, datasets[side], name, "matrix", &dataset))
            return false;
        snprintf(sha256, sizeof sha256, "%s", dataset.matrix_sha256);
        proto_dataset_record_fini(&dataset);
    }
    mi_status status = models_matrix_open(q->config->models, sha256, &s->matrix[side], &err);
    if (status == MI_OK)
        status = models_check_matrix(s->model, side, s->matrix[side], &err);
    if (status == MI_OK && models_matrix_index(s->matrix[side]))
        return true;
    if (status == MI_OK)
        http_refuse_at(r, q, pointers[side],
                       "%s no ids, which pairs by id need; send vectors, or name a data set with ids",
                       name[0] ? "the data set has" : "the data that the model was trained on have");
    else if (status == MI_NOT_FOUND && name[0] == '\0')
        http_refuse_at(r, q, pointers[side],
                       "the data that the model was trained on are gone; name a data set: {\"dataset\": "
                       "\"name\"}");
    else if (status == MI_INVALID)
        http_refuse_at(r, q, name[0] ? datasets[side] : pointers[side], "%s", err.message);
    else
        http_answer_error(r, q, &err);
    return false;
}

bool http_scoring_sides(const http_request *q, http_response *r, http_scoring *s, const char *x,
                        const char *y)
{
    return open_side(q, r, s, 0, x) && open_side(q, r, s, 1, y);
}

static bool open_table(const http_request *q, http_response *r, http_scoring *s, const char *name)
{
    proto_dataset_record dataset;
    mi_error err = {0};
    if (!dataset_found(q, r, "/pairs/dataset", name, "pairs", &dataset))
        return false;
    mi_status status = store_blob_map(q->config->store, dataset.matrix_sha256, &s->table_mapping, &err);
    if (status == MI_OK)
        status = proto_pair_table_open(&s->table, s->table_mapping.bytes, s->table_mapping.n, &err);
    proto_dataset_record_fini(&dataset);
    if (status != MI_OK)
        http_answer_error(r, q, &err);
    return status == MI_OK;
}

bool http_scoring_pairs(const http_request *q, http_response *r, http_scoring *s,
                        const proto_pairs_input *input, uint64_t most, proto_pair_source *out)
{
    mi_error err = {0};
    const bool by_name = input->dataset[0] != '\0';
    if (by_name && !open_table(q, r, s, input->dataset))
        return false;
    if (proto_pairs_input_source(out, input, by_name ? &s->table : NULL, &err) != MI_OK) {
        http_refuse_pairs(r, q, &err);
        return false;
    }
    const uint64_t n = proto_pair_source_rows(out);
    if (n <= most)
        return true;
    http_refuse(r, q, PROTO_PROBLEM_TOO_LARGE, "%" PRIu64 " pairs; at most %" PRIu64 " are taken here", n,
                most);
    return false;
}
