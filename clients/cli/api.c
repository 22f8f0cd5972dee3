#include "api.h"

#include "format.h"
#include "interrupt.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AWAY_ATTEMPTS 5    /* not reached, or a 5xx */
#define BUSY_ATTEMPTS 6    /* told to come back later */
#define BUSY_MAX_S    60.0 /* the longest single wait that is obeyed */

double api_backoff(unsigned attempt)
{
    return attempt > 4 ? 5.0 : 0.25 * (double)(1u << attempt);
}

double json_number(const proto_node *node, const char *pointer)
{
    return proto_node_number(proto_json_at(node, pointer), (double)NAN);
}

const char *json_string(const proto_node *node, const char *pointer)
{
    return proto_node_string(proto_json_at(node, pointer), NULL);
}

void api_path_begin(proto_text *path, const char *collection, const char *id, const char *suffix)
{
    proto_text_init(path, 1 << 14);
    proto_text_printf(path, "/v1/%s/", collection);
    http_encode(path, id);
    proto_text_puts(path, suffix);
}

char *api_path(const char *collection, const char *id, const char *suffix)
{
    proto_text path;

    api_path_begin(&path, collection, id, suffix);
    return proto_text_take(&path, NULL);
}

static bool is_busy(const http_response *response)
{
    return response->status == 429 || (response->status == 503 && response->retry_after_s >= 0);
}

static bool is_away(int status)
{
    return status == 500 || status == 502 || status == 503 || status == 504;
}

/* Whether to go round again, having waited. */
static bool wait_again(cli *c, mi_status status, const http_response *response, const mi_error *err,
                       unsigned *away, unsigned *busy)
{
    char text[SAFE_SIZE], number[FORMAT_SIZE];
    double wait_s;

    if (response->sunk > 0)
        return false; /* part of the body is already where it goes */
    if (status == MI_OK && is_busy(response)) {
        if (++*busy >= BUSY_ATTEMPTS)
            return false;
        wait_s = response->retry_after_s < 0 ? api_backoff(*busy) : fmax(response->retry_after_s, 0.1);
        if (wait_s > BUSY_MAX_S)
            return false;
        say_note(c, "the server is busy (%d); trying again in %s", response->status,
                 format_duration(number, wait_s));
        return interrupt_sleep(wait_s);
    }
    if (status == MI_OK ? !is_away(response->status) : status != MI_IO && status != MI_TIMEOUT)
        return false;
    if (!http_reached(c->http) || ++*away >= AWAY_ATTEMPTS)
        return false; /* a server that never answered is a wrong URL rather than a restart */
    wait_s = api_backoff(*away);
    if (status == MI_OK)
        say_note(c, "the server failed (%d); trying again in %s", response->status,
                 format_duration(number, wait_s));
    else
        say_note(c, "%s; trying again in %s", safe(c, text, err->message), format_duration(number, wait_s));
    return interrupt_sleep(wait_s);
}

cli_exit api_broken(cli *c, mi_status status, const mi_error *err)
{
    if (status == MI_CANCELED)
        return CLI_INTERRUPTED;
    say_mi_error(c, err);
    if (status == MI_IO && !http_reached(c->http))
        say_note(c, "is mutuald running there? --server or MUTUAL_SERVER names another one");
    return status == MI_INVALID                           ? CLI_USAGE
           : status == MI_MEMORY || status == MI_INTERNAL ? CLI_FAILED
                                                          : CLI_UNREACHABLE;
}

cli_exit api_call(cli *c, const http_request *request, http_response *response)
{
    unsigned away = 0, busy = 0;
    mi_error err = {0};

    for (;;) {
        mi_status status = http_send(c->http, request, response, &err);

        if (status == MI_OK && response->status >= 200 && response->status < 300)
            return CLI_OK;
        if (!wait_again(c, status, response, &err, &away, &busy)) {
            if (interrupt_pending())
                return CLI_INTERRUPTED;
            return status == MI_OK ? api_refused(c, response) : api_broken(c, status, &err);
        }
        http_response_fini(response);
    }
}

void api_print_problem(cli *c, const proto_node *problem, int status)
{
    const char *title = json_string(problem, "/title"), *detail = json_string(problem, "/detail");
    const char *request_id = json_string(problem, "/request_id");
    char a[SAFE_SIZE], b[SAFE_SIZE];

    if (!title)
        title = json_string(problem, "/code");
    if (status)
        say_error(c, "%s (%d)", safe(c, a, title ? title : "the server refused"), status);
    else
        say_error(c, "%s", safe(c, a, title ? title : "the job failed"));
    if (detail && *detail)
        fprintf(stderr, "  %s\n", safe(c, a, detail));
    for (const proto_node *e = proto_node_first(proto_json_at(problem, "/errors")); e;
         e = proto_node_next(e)) {
        const char *pointer = json_string(e, "/pointer"), *what = json_string(e, "/detail");

        fprintf(stderr, "  %s: %s\n", safe(c, a, pointer && *pointer ? pointer : "(whole document)"),
                safe(c, b, what ? what : ""));
    }
    if (request_id && status >= 500)
        fprintf(stderr, "  request %s, for the server's log\n", safe(c, a, request_id));
}

cli_exit api_refused(cli *c, const http_response *response)
{
    proto_json *problem = NULL;
    const char *body = response->body.data ? response->body.data : "";
    int status = response->status;

    if (proto_json_parse(&problem, body, response->body.length, HTTP_MAX_BODY, NULL, 0, NULL) == MI_OK &&
        proto_node_kind(proto_json_root(problem)) == PROTO_OBJECT)
        api_print_problem(c, proto_json_root(problem), status);
    else
        say_error(c, "%s answered %d", http_server(c->http), status);
    if (status == 401)
        say_note(c, "give the server's token with --token-file or MUTUAL_TOKEN");
    proto_json_free(problem);
    return status >= 400 && status < 500 && status != 429 ? CLI_USAGE : CLI_UNREACHABLE;
}

cli_exit api_parse(cli *c, http_response *response, api_document *out)
{
    mi_error err = {0};
    char text[SAFE_SIZE];

    *out = (api_document){0};
    out->bytes = proto_text_take(&response->body, &out->n);
    if (!out->bytes) {
        say_error(c, "out of memory");
        return CLI_FAILED;
    }
    if (proto_json_parse(&out->json, out->bytes, out->n, HTTP_MAX_BODY, NULL, 0, &err) != MI_OK) {
        say_error(c, "%s answered something else than JSON: %s", http_server(c->http),
                  safe(c, text, err.message));
        return CLI_UNREACHABLE;
    }
    out->root = proto_json_root(out->json);
    if (proto_node_kind(out->root) != PROTO_OBJECT) {
        say_error(c, "%s answered something else than a JSON object", http_server(c->http));
        return CLI_UNREACHABLE;
    }
    return CLI_OK;
}

cli_exit api_json(cli *c, const http_request *request, api_document *out)
{
    http_response response;
    cli_exit code = api_call(c, request, &response);

    *out = (api_document){0};
    if (code == CLI_OK)
        code = api_parse(c, &response, out);
    http_response_fini(&response);
    return code;
}

cli_exit api_get(cli *c, const char *path, api_document *out)
{
    http_request request = {.method = "GET", .path = path};

    *out = (api_document){0};
    if (!path) {
        say_error(c, "out of memory, or an id that is far too long");
        return CLI_USAGE;
    }
    return api_json(c, &request, out);
}

cli_exit api_print(cli *c, const api_document *document, api_people *people)
{
    if (c->options->format != CLI_JSON)
        return people(c, document->root);
    output_json(c, document->bytes, document->n);
    return CLI_OK;
}

cli_exit api_show(cli *c, const char *path, api_people *people)
{
    api_document document;
    cli_exit code = api_get(c, path, &document);

    if (code == CLI_OK)
        code = api_print(c, &document, people);
    api_document_fini(&document);
    return code;
}

cli_exit api_remove(cli *c, const char *collection, const char *id)
{
    char *path = api_path(collection, id, "");
    http_request request = {.method = "DELETE", .path = path};
    http_response response = {0};
    cli_exit code = path ? api_call(c, &request, &response) : CLI_FAILED;

    if (code == CLI_OK)
        say_note(c, "removed");
    http_response_fini(&response);
    free(path);
    return code;
}

void api_document_fini(api_document *document)
{
    proto_json_free(document->json);
    free(document->bytes);
    *document = (api_document){0};
}
