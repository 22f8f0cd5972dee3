#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX     200
#define LIST_DEFAULT 50

/* ---- one job ---- */

void http_answer_job(http_response *r, const http_request *q, int status, proto_job_record *job)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_job_record_encode(job, false, &w, NULL);
    snprintf(r->job_id, sizeof r->job_id, "%s", job->id);
    http_answer(r, q, status, HTTP_JSON_TYPE, &text);
    proto_job_record_fini(job);
}

/* What does not look like an id does not reach the store. */
static bool job_named(const http_request *q, http_response *r)
{
    if (id_valid(q->name, "job")) {
        snprintf(r->job_id, sizeof r->job_id, "%s", q->name);
        return true;
    }
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "there is no such job");
    return false;
}

bool http_job_found(const http_request *q, http_response *r, proto_job_record *job)
{
    mi_error err = {0};
    memset(job, 0, sizeof *job);
    if (!job_named(q, r))
        return false;
    if (store_job_get(q->config->store, q->name, job, &err) == MI_OK)
        return true;
    http_answer_error(r, q, &err);
    return false;
}

/* Without `since`, a wait is for the end of the job. */
void handle_job_get(const http_request *q, http_response *r)
{
    proto_job_record job;
    uint64_t wait_s, since;
    const bool has_since = http_query_text(q, "since") != NULL;
    if (!http_query_u64(q, "wait", 0, http_limits(q)->max_wait_s, 0, &wait_s, r) ||
        !http_query_u64(q, "since", 0, INT64_MAX, 0, &since, r) || !http_job_found(q, r, &job))
        return;
    const bool moved = proto_job_state_terminal(job.state) || (has_since && job.version > since);
    http_answer_job(r, q, 200, &job);
    if (wait_s > 0 && !moved && r->status == 200) {
        r->outcome = HTTP_WAIT;
        r->wait = (http_wait){.since = since, .until_done = !has_since, .seconds = (uint32_t)wait_s};
    }
}

void handle_job_cancel(const http_request *q, http_response *r)
{
    proto_job_record job = {0};
    mi_error err = {0};
    if (!job_named(q, r))
        return;
    if (store_job_cancel(q->config->store, q->name, &job, &err) != MI_OK)
        http_answer_error(r, q, &err);
    else
        http_answer_job(r, q, proto_job_state_terminal(job.state) ? 200 : 202, &job);
}

void handle_job_delete(const http_request *q, http_response *r)
{
    mi_error err = {0};
    if (!job_named(q, r))
        return;
    if (store_job_delete(q->config->store, q->name, &err) != MI_OK)
        http_answer_error(r, q, &err);
    else
        http_answer_empty(r, 204);
}

void handle_job_events(const http_request *q, http_response *r)
{
    proto_job_record job;
    const char *last = q->headers->last_event_id;
    uint64_t after = 0;
    for (const char *p = last; *p; p++) {
        if (*p < '0' || *p > '9' || p - last >= 18) {
            http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "Last-Event-ID is not the id of an event");
            return;
        }
        after = after * 10 + (uint64_t)(*p - '0');
    }
    if (!http_job_found(q, r, &job))
        return;
    proto_job_record_fini(&job);
    r->outcome = HTTP_STREAM;
    r->status = 200;
    r->type = "text/event-stream; charset=utf-8";
    r->after = after;
}

/* ---- the list ---- */

static bool is_kind(const char *text)
{
    static const proto_job_kind kinds[] = {
#define X(name, kind_text) PROTO_KIND_##name,
        PROTO_JOB_KIND_MAP(X)
#undef X
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(proto_job_kind_name(kinds[i]), text) == 0)
            return true;
    return false;
}

static bool parse_filter(const http_request *q, http_response *r, store_job_filter *filter,
                         char tag_storage[HTTP_TAG_MAX])
{
    const char *state = http_query_text(q, "state");
    memset(filter, 0, sizeof *filter);
    filter->kind = http_query_text(q, "kind");
    filter->after = http_query_text(q, "after");
    filter->by_state = state != NULL;
    if (state && !proto_job_state_parse(state, &filter->state)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"state\" is \"%.40s\"; expected queued, running, canceling, succeeded, "
                    "failed or canceled",
                    state);
        return false;
    }
    if (filter->kind && !is_kind(filter->kind)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"kind\" is \"%.40s\"; expected estimate, benchmark or screen",
                    filter->kind);
        return false;
    }
    if (!http_query_tag(q, tag_storage, &filter->tag_key, &filter->tag_value, r))
        return false;
    if (filter->after && !id_valid(filter->after, "job")) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"after\" is not a cursor of this list");
        return false;
    }
    return true;
}

static void encode_job(const void *records, size_t i, proto_json_writer *w)
{
    proto_job_record_encode((const proto_job_record *)records + i, true, w, NULL);
}

void handle_job_list(const http_request *q, http_response *r)
{
    store_job_filter filter;
    char tag_storage[HTTP_TAG_MAX];
    mi_error err = {0};
    uint64_t limit;
    if (!http_query_u64(q, "limit", 1, LIST_MAX, LIST_DEFAULT, &limit, r) ||
        !parse_filter(q, r, &filter, tag_storage))
        return;
    size_t n = (size_t)limit + 1; /* one more tells whether there is a next page */
    proto_job_record *found = calloc(n, sizeof *found);
    mi_status status =
        found ? store_job_list(q->config->store, &filter, found, &n, &err) : mi_fail(&err, MI_MEMORY, "list");
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
        free(found);
        return;
    }
    const size_t shown = n < limit ? n : (size_t)limit;
    http_answer_page(r, q, found, shown, encode_job, n > shown ? found[shown - 1].id : NULL);
    for (size_t i = 0; i < n; i++)
        proto_job_record_fini(&found[i]);
    free(found);
}
