#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX     200
#define LIST_DEFAULT 50

/* What can be neither an id nor an alias does not reach the store. */
static bool model_named(const http_request *q, http_response *r)
{
    if (id_valid(q->name, PROTO_MODEL_PREFIX) || proto_alias_valid(q->name))
        return true;
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "there is no such model");
    return false;
}

bool http_model_found(const http_request *q, http_response *r, proto_model_record *out)
{
    mi_error err = {0};
    memset(out, 0, sizeof *out);
    if (!model_named(q, r))
        return false;
    if (store_model_get(q->config->store, q->name, out, &err) == MI_OK)
        return true;
    http_answer_error(r, q, &err);
    return false;
}

/* Takes the record's strings. */
static void answer_model(http_response *r, const http_request *q, proto_model_record *model)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_model_record_encode(model, false, &w, NULL);
    http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
    proto_model_record_fini(model);
}

void handle_model_get(const http_request *q, http_response *r)
{
    proto_model_record model;
    if (http_model_found(q, r, &model))
        answer_model(r, q, &model);
}

void handle_model_patch(const http_request *q, http_response *r)
{
    proto_model_patch patch;
    proto_model_record model = {0};
    proto_problem problem;
    mi_error err = {0};
    if (!model_named(q, r))
        return;
    if (proto_model_patch_decode(&patch, q->body ? q->body : "", q->n_body, &problem) != MI_OK) {
        http_answer_problem(r, q, &problem);
        return;
    }
    if (store_model_update(q->config->store, q->name, &patch, &model, &err) == MI_OK)
        answer_model(r, q, &model);
    else
        http_answer_error(r, q, &err);
    proto_model_patch_fini(&patch);
}

void handle_model_delete(const http_request *q, http_response *r)
{
    proto_model_record model;
    mi_error err = {0};
    if (!http_model_found(q, r, &model))
        return;
    if (store_model_delete(q->config->store, model.id, &err) == MI_OK) {
        models_forget(q->config->models, model.sha256);
        http_answer_empty(r, 204);
    } else {
        http_answer_error(r, q, &err);
    }
    proto_model_record_fini(&model);
}

/* The blob is the file: it goes out as it lies on the disk. */
void handle_model_weights(const http_request *q, http_response *r)
{
    proto_model_record model;
    mi_error err = {0};
    if (!http_model_found(q, r, &model))
        return;
    r->tagged = true;
    http_field_add(r, "ETag", "\"%s\"", model.sha256);
    if (http_headers_match(q->headers, model.sha256)) {
        http_answer_empty(r, 304);
    } else if (store_blob_open(q->config->store, model.sha256, &r->fd, &r->fd_bytes, &err) == MI_OK) {
        r->status = 200;
        r->type = "application/octet-stream";
        http_field_add(r, "Content-Disposition", "attachment; filename=\"%s.safetensors\"",
                       model.alias[0] ? model.alias : model.id);
    } else {
        r->tagged = false;
        r->n_fields = 0;
        r->fd = -1;
        http_answer_error(r, q, &err);
    }
    proto_model_record_fini(&model);
}

/* ---- the list ---- */

static void encode_model(const void *records, size_t i, proto_json_writer *w)
{
    proto_model_record_encode((const proto_model_record *)records + i, true, w, NULL);
}

void handle_model_list(const http_request *q, http_response *r)
{
    store_model_filter filter = {.after = http_query_text(q, "after")};
    char tag_storage[HTTP_TAG_MAX];
    mi_error err = {0};
    uint64_t limit;
    if (!http_query_u64(q, "limit", 1, LIST_MAX, LIST_DEFAULT, &limit, r) ||
        !http_query_tag(q, tag_storage, &filter.tag_key, &filter.tag_value, r))
        return;
    if (filter.after && !id_valid(filter.after, PROTO_MODEL_PREFIX)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"after\" is not a cursor of this list");
        return;
    }
    size_t n = (size_t)limit + 1; /* one more tells whether there is a next page */
    proto_model_record *found = calloc(n, sizeof *found);
    mi_status status = found ? store_model_list(q->config->store, &filter, found, &n, &err)
                             : mi_fail(&err, MI_MEMORY, "list");
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
        free(found);
        return;
    }
    const size_t shown = n < limit ? n : (size_t)limit;
    http_answer_page(r, q, found, shown, encode_model, n > shown ? found[shown - 1].id : NULL);
    for (size_t i = 0; i < n; i++)
        proto_model_record_fini(&found[i]);
    free(found);
}
