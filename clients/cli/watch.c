#include "watch.h"

#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "sse.h"
#include "tracker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STREAM_QUIET_S    40 /* the server pings every 15 s */
#define POLL_WAIT_S       20 /* of a long-poll */
#define RECONNECT_PAUSE_S 0.3
#define POLL_PAUSE_S      1.0 /* between plain polls, when even long-polls are refused */

#define EMPTY_STREAMS 3 /* so many, and something on the way swallows them */

typedef struct watcher {
    cli *c;
    const char *id;
    progress progress;
    tracker tracker;
    sse_parser parser;
    bool no_stream;         /* events do not get through: poll */
    unsigned empty_streams; /* in a row, that ended without a byte */
    double reached_s;       /* when the server last answered */
    unsigned failures;      /* since then */
} watcher;

bool job_is_terminal(const proto_node *job)
{
    const char *state = json_string(job, "/state");

    return state && (strcmp(state, "succeeded") == 0 || strcmp(state, "failed") == 0 ||
                     strcmp(state, "canceled") == 0);
}

static void on_tick(void *ctx, uint64_t sent)
{
    watcher *w = ctx;

    (void)sent;
    progress_show(&w->progress);
}

static bool on_event(void *ctx, const sse_event *event)
{
    watcher *w = ctx;
    proto_json *json = NULL;

    if (strcmp(event->name, "done") == 0)
        return false;
    if (proto_json_parse(&json, event->data, event->size, SSE_MAX_EVENT, NULL, 0, NULL) != MI_OK)
        return true; /* an event of no use; the job object is what counts */
    tracker_event(&w->tracker, event->name, proto_json_root(json), clock_s() - w->progress.started_s);
    proto_json_free(json);
    return true;
}

static bool on_stream(void *ctx, const char *bytes, size_t n)
{
    watcher *w = ctx;

    w->reached_s = clock_s();
    w->failures = 0;
    return sse_feed(&w->parser, bytes, n, on_event, w);
}

/* Follow the stream until it ends or breaks; whether it was any good is w->no_stream's to say. CLI_OK: look
 * at the job. */
static cli_exit stream(watcher *w)
{
    http_request request = {.method = "GET",
                            .accept = "text/event-stream",
                            .quiet_s = STREAM_QUIET_S,
                            .sink = on_stream,
                            .tick = on_tick,
                            .ctx = w};
    http_response response;
    char *path = api_path("jobs", w->id, "/events");
    mi_status status;

    if (!path)
        return CLI_FAILED;
    request.path = path;
    request.last_event_id = *w->parser.id ? w->parser.id : NULL;
    sse_restart(&w->parser);
    status = http_send(w->c->http, &request, &response, NULL);
    if (status == MI_OK) {
        w->empty_streams = response.sunk ? 0 : w->empty_streams + 1;
        w->no_stream = response.status != 200 || w->empty_streams == EMPTY_STREAMS ||
                       strncasecmp(response.content_type, "text/event-stream", 17) != 0;
    }
    http_response_fini(&response);
    free(path);
    return status == MI_CANCELED ? CLI_INTERRUPTED : CLI_OK;
}

/* GET the job; wait_s > 0: once its version passes w->tracker.version. *status and the response tell how it
 * went. */
static mi_status poll_job(watcher *w, unsigned wait_s, http_response *response, mi_error *err)
{
    http_request request = {.method = "GET", .tick = on_tick, .ctx = w};
    char query[64] = "", *path;
    mi_status status;

    if (wait_s > 0)
        snprintf(query, sizeof query, "?wait=%u&since=%.0f", wait_s, w->tracker.version);
    path = api_path("jobs", w->id, query);
    request.path = path;
    *response = (http_response){0};
    status = path ? http_send(w->c->http, &request, response, err) : mi_fail(err, MI_MEMORY, "out of memory");
    free(path);
    return status;
}

/* After an exchange that brought nothing: wait a little, or give up. */
static cli_exit patience(watcher *w, mi_status status, const http_response *response, const mi_error *err)
{
    bool over = clock_s() - w->reached_s > WATCH_PATIENCE_S;

    if (status == MI_CANCELED)
        return CLI_INTERRUPTED;
    if (status == MI_OK && response->status < 500 && response->status != 429)
        return api_refused(w->c, response);
    /* A server that never answered is a wrong URL rather than a restart. */
    if (over || (status != MI_OK && status != MI_IO && status != MI_TIMEOUT) || !http_reached(w->c->http))
        return status == MI_OK ? api_refused(w->c, response) : api_broken(w->c, status, err);
    if (w->failures++ == 0)
        say_note(w->c, "the server does not answer; the job is safe there, waiting for it to come back");
    return interrupt_sleep(api_backoff(w->failures)) ? CLI_OK : CLI_INTERRUPTED;
}

/* One look at the job. CLI_OK with job->root set: it is terminal; without: go on. */
static cli_exit look(watcher *w, unsigned wait_s, api_document *job)
{
    http_response response;
    mi_error err = {0};
    mi_status status = poll_job(w, wait_s, &response, &err);
    cli_exit code;

    if (status == MI_OK && wait_s > 0 && (response.status == 429 || response.status == 503)) {
        /* Too many waiters there: ask plainly instead. */
        http_response_fini(&response);
        if (!interrupt_sleep(POLL_PAUSE_S))
            return CLI_INTERRUPTED;
        return look(w, 0, job);
    }
    if (status != MI_OK || response.status != 200) {
        code = patience(w, status, &response, &err);
    } else {
        w->reached_s = clock_s();
        w->failures = 0;
        code = api_parse(w->c, &response, job);
        if (code == CLI_OK) {
            tracker_job(&w->tracker, job->root);
            progress_show(&w->progress);
        }
        if (code != CLI_OK || !job_is_terminal(job->root))
            api_document_fini(job);
    }
    http_response_fini(&response);
    return code;
}

static cli_exit follow(watcher *w, api_document *job)
{
    cli_exit code = look(w, 0, job);

    while (code == CLI_OK && !job->root) {
        if (w->no_stream) {
            code = look(w, POLL_WAIT_S, job);
            continue;
        }
        code = stream(w);
        /* After "done" the job is terminal; after a broken stream it tells whether a server is there at all.
         */
        if (code == CLI_OK)
            code = look(w, 0, job);
        if (code == CLI_OK && !job->root && !interrupt_sleep(RECONNECT_PAUSE_S))
            code = CLI_INTERRUPTED;
    }
    return code;
}

cli_exit watch_job(cli *c, const char *id, api_document *job)
{
    watcher w = {.c = c, .id = id, .reached_s = clock_s()};
    char subject[SAFE_SIZE];
    cli_exit code;

    *job = (api_document){0};
    safe(c, subject, id);
    progress_start(&w.progress, c, subject);
    tracker_init(&w.tracker, c, &w.progress.view);
    sse_init(&w.parser);
    code = follow(&w, job);
    progress_end(&w.progress);
    if (code == CLI_UNREACHABLE)
        say_note(c, "to resume: mutual jobs watch %s", subject);
    sse_fini(&w.parser);
    tracker_fini(&w.tracker);
    return code;
}
