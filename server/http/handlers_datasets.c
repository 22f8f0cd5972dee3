#include "handlers.h"

#include <stdlib.h>

#define LIST_MAX     200
#define LIST_DEFAULT 50

void http_answer_dataset(http_response *r, const http_request *q, int status, proto_dataset_record *dataset)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_dataset_record_encode(dataset, false, &w, NULL);
    http_answer(r, q, status, HTTP_JSON_TYPE, &text);
    proto_dataset_record_fini(dataset);
}

static bool name_known_form(const http_request *q, http_response *r)
{
    if (proto_name_valid(q->name))
        return true;
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "there is no data set of that name");
    return false;
}

void handle_dataset_get(const http_request *q, http_response *r)
{
    proto_dataset_record dataset = {0};
    mi_error err = {0};
    if (!name_known_form(q, r))
        return;
    if (store_dataset_get(q->config->store, q->name, &dataset, &err) == MI_OK)
        http_answer_dataset(r, q, 200, &dataset);
    else
        http_answer_error(r, q, &err);
}

void handle_dataset_delete(const http_request *q, http_response *r)
{
    proto_dataset_record dataset = {0};
    mi_error err = {0};
    if (!name_known_form(q, r))
        return;
    if (store_dataset_get(q->config->store, q->name, &dataset, &err) != MI_OK ||
        store_dataset_delete(q->config->store, q->name, &err) != MI_OK) {
        http_answer_error(r, q, &err);
    } else {
        models_forget(q->config->models, dataset.matrix_sha256);
        http_answer_empty(r, 204);
    }
    proto_dataset_record_fini(&dataset);
}

static void encode_dataset(const void *records, size_t i, proto_json_writer *w)
{
    proto_dataset_record_encode((const proto_dataset_record *)records + i, true, w, NULL);
}

void handle_dataset_list(const http_request *q, http_response *r)
{
    mi_error err = {0};
    uint64_t limit;
    const char *after = http_query_text(q, "after");
    if (!http_query_u64(q, "limit", 1, LIST_MAX, LIST_DEFAULT, &limit, r))
        return;
    if (after && !proto_name_valid(after)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"after\" is not a cursor of this list");
        return;
    }
    size_t n = (size_t)limit + 1; /* one more tells whether there is a next page */
    proto_dataset_record *found = calloc(n, sizeof *found);
    mi_status status = found ? store_dataset_list(q->config->store, after ? after : "", found, &n, &err)
                             : mi_fail(&err, MI_MEMORY, "list");
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
        free(found);
        return;
    }
    const size_t shown = n < limit ? n : (size_t)limit;
    http_answer_page(r, q, found, shown, encode_dataset, n > shown ? found[shown - 1].name : NULL);
    for (size_t i = 0; i < n; i++)
        proto_dataset_record_fini(&found[i]);
    free(found);
}
