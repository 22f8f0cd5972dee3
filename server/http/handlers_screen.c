/*
 * GET /v1/jobs/{id}/screen: the lists that a screen keeps.
 */
#include "handlers.h"
#include "negotiate.h"
#include "proto/pairs.h"
#include "proto/screen.h"
#include "scratch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 1000
#define PAGE_MAX     10000
#define OFFERED      (HTTP_FORMAT_BIT(JSON) | HTTP_FORMAT_BIT(CSV) | HTTP_FORMAT_BIT(NDJSON))
#define CURSOR_MAX   UINT64_C(1000000000000000)

typedef struct lists {
    store *store;
    store_mapping map[3]; /* x, y, the lists */
    proto_matrix_view data[2];
    proto_screen_view view;
} lists;

static void close_lists(lists *l)
{
    for (int i = 0; i < 3; i++)
        if (l->map[i].bytes)
            store_blob_unmap(l->store, &l->map[i]);
}

static mi_status open_lists(lists *l, store *s, const proto_job *job, const char *blob, mi_error *err)
{
    const char *const sha256[3] = {job->x.sha256, job->y.sha256, blob};
    mi_status status = MI_OK;
    *l = (lists){.store = s};
    for (int i = 0; i < 3 && status == MI_OK; i++)
        status = store_blob_map(s, sha256[i], &l->map[i], err);
    for (int side = 0; side < 2 && status == MI_OK; side++)
        status = proto_matrix_open(&l->data[side], l->map[side].bytes, l->map[side].n, err);
    return status == MI_OK ? proto_screen_open(&l->view, l->map[2].bytes, l->map[2].n, err) : status;
}

/* ---- what is asked for ---- */

static bool parse_list(const http_request *q, http_response *r, bool *given, proto_screen_list *out)
{
    const char *text = http_query_text(q, "list");
    *given = text != NULL;
    *out = PROTO_SCREEN_TOP;
    for (int i = 0; text && i < PROTO_SCREEN_LISTS; i++)
        if (strcmp(text, proto_screen_list_name((proto_screen_list)i)) == 0) {
            *out = (proto_screen_list)i;
            return true;
        }
    if (text)
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"list\" is \"%.40s\"; expected top, x, y or above", text);
    return !text;
}

/* The row of the data of that id; where rows have no ids, its number. */
static bool find_row(const proto_matrix_view *data, const char *id, uint64_t *row)
{
    if (!data->has_ids) {
        char *end = NULL;
        if (strspn(id, "0123456789") != strlen(id) || id[0] == '\0')
            return false;
        *row = strtoull(id, &end, 10);
        return *row < data->matrix.rows;
    }
    *row = proto_matrix_find_id(data, id, strlen(id));
    return *row < data->matrix.rows;
}

/* ?id=: whose list. false: refused. */
static bool choose_row(const http_request *q, http_response *r, const lists *l, proto_screen_query *query)
{
    const char *id = http_query_text(q, "id");
    const int side = query->list == PROTO_SCREEN_Y;
    uint64_t row;
    if (!id)
        return true;
    if (query->list != PROTO_SCREEN_X && query->list != PROTO_SCREEN_Y) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"id\" is for list=x and list=y");
        return false;
    }
    query->of_row = true;
    query->row =
        find_row(&l->data[side], id, &row) ? proto_screen_row(&l->view, side, row) : PROTO_SCREEN_NOBODY;
    if (query->row != PROTO_SCREEN_NOBODY)
        return true;
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "\"%.80s\" is not among the screen's rows of %s", id,
                side ? "y" : "x");
    return false;
}

static bool has_list(const http_request *q, http_response *r, const lists *l, bool given,
                     proto_screen_query *query)
{
    static const char *const asks[PROTO_SCREEN_LISTS] = {"top", "top_per_x", "top_per_y", "above"};
    for (int i = 0; !given && i < PROTO_SCREEN_LISTS; i++)
        if (proto_screen_has(&l->view, (proto_screen_list)i)) {
            query->list = (proto_screen_list)i;
            break;
        }
    if (proto_screen_has(&l->view, query->list))
        return true;
    http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "the screen keeps no such list: it was not asked for (%s)",
                asks[query->list]);
    return false;
}

/* ---- the answer ---- */

static void answer_list(const http_request *q, http_response *r, const lists *l,
                        const proto_screen_query *query, http_format format)
{
    mi_error err = {0};
    proto_text text;
    if (format != HTTP_FORMAT_JSON) {
        proto_output output;
        mi_status status = http_scratch_begin(r, l->store, http_format_type(format), &output, &err);
        if (status == MI_OK)
            status =
                format == HTTP_FORMAT_CSV
                    ? proto_screen_write_csv(&l->view, query, &l->data[0], &l->data[1], &output, &err)
                    : proto_screen_write_ndjson(&l->view, query, &l->data[0], &l->data[1], &output, &err);
        if (status != MI_OK)
            http_answer_error(r, q, &err);
        return;
    }
    proto_text_init(&text, HTTP_ANSWER_MAX);
    const mi_status status = proto_screen_encode_json(&l->view, query, &l->data[0], &l->data[1], &text, &err);
    if (status == MI_CORRUPT) {
        proto_text_fini(&text);
        http_answer_error(r, q, &err);
    } else {
        http_answer(r, q, 200, HTTP_JSON_TYPE, &text);
    }
}

static bool has_lists(const http_request *q, http_response *r, const proto_job_record *job)
{
    if (strcmp(job->kind, proto_job_kind_name(PROTO_KIND_SCREEN)) != 0)
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "the job is of kind \"%s\"; lists are those of a screen",
                    job->kind);
    else if (job->state != PROTO_JOB_SUCCEEDED)
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT, "the job is %s; its lists come when it has succeeded",
                    proto_job_state_name(job->state));
    else
        return true;
    return false;
}

static void answer_screen(const http_request *q, http_response *r, const proto_job_record *record, bool given,
                          proto_screen_query *query, http_format format)
{
    proto_job *job = NULL;
    lists l = {0};
    mi_error err = {0};
    mi_status status = proto_job_reopen(&job, record->spec, &err);
    if (status == MI_OK)
        status = open_lists(&l, q->config->store, job, record->screen_blob, &err);
    if (status != MI_OK)
        http_answer_error(r, q, &err);
    else if (has_list(q, r, &l, given, query) && choose_row(q, r, &l, query))
        answer_list(q, r, &l, query, format);
    close_lists(&l);
    proto_job_free(job);
}

void handle_job_screen(const http_request *q, http_response *r)
{
    proto_screen_query query = {0};
    http_format format;
    proto_job_record job;
    bool given;
    if (!parse_list(q, r, &given, &query.list) ||
        !http_query_u64(q, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &query.limit, r) ||
        !http_query_u64(q, "after", 0, CURSOR_MAX, 0, &query.after, r) ||
        !http_choose_format(q, r, OFFERED, &format) || !http_job_found(q, r, &job))
        return;
    if (has_lists(q, r, &job))
        answer_screen(q, r, &job, given, &query, format);
    proto_job_record_fini(&job);
}
