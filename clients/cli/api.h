/*
 * Calls of the HTTP API: retries, waiting when the server is busy, problems shown to people, strict JSON.
 *
 * Only requests that may be repeated go through here: GET, DELETE, PUT of the same bytes, PATCH to the same
 * values, POST with an Idempotency-Key or that only asks. Every function has already said what went wrong
 * when it returns something else than CLI_OK.
 */
#ifndef CLI_API_H
#define CLI_API_H

#include "cli.h"

#include "proto/json.h"

/* One call, repeated a bounded number of times while the server is away or busy. The response is to be
 * finished in every case. */
cli_exit api_call(cli *c, const http_request *request, http_response *response);

/* An answer in JSON, checked. */
typedef struct api_document {
    char *bytes; /* as sent */
    size_t n;
    proto_json *json;
    const proto_node *root; /* an object */
} api_document;
cli_exit api_json(cli *c, const http_request *request, api_document *out);
cli_exit api_get(cli *c, const char *path, api_document *out);
void api_document_fini(api_document *document);

/* Parse a body that is already here. The bytes move from the response into the document. */
cli_exit api_parse(cli *c, http_response *response, api_document *out);
/* Say what a non-2xx answer says, with each bad field; the exit code for it. */
cli_exit api_refused(cli *c, const http_response *response);
/* Say why an exchange failed; the exit code for it. */
cli_exit api_broken(cli *c, mi_status status, const mi_error *err);
/* Print a problem object (of an answer, or a job's "error"): title, detail, fields. status 0: none to show.
 */
void api_print_problem(cli *c, const proto_node *problem, int status);

/* A document as it is asked for: the JSON that the server sent, or what `people` makes of it (csv as well).
 */
typedef cli_exit api_people(cli *c, const proto_node *root);
cli_exit api_print(cli *c, const api_document *document, api_people *people);
/* GET `path`, and print. */
cli_exit api_show(cli *c, const char *path, api_people *people);

/* DELETE /v1/<collection>/<id>, and a note that it is gone. */
cli_exit api_remove(cli *c, const char *collection, const char *id);
/* "/v1/jobs/{id}" + suffix, percent-encoded; NULL when memory ran out. The caller frees. */
char *api_path(const char *collection, const char *id, const char *suffix);
/* The same as a text that goes on, with a query; the caller finishes it. */
void api_path_begin(proto_text *path, const char *collection, const char *id, const char *suffix);
/* Seconds to wait before attempt number `attempt` (from 1): doubling from a quarter second, at most 5. */
double api_backoff(unsigned attempt);

/* Members, with what is missing or of another kind as NaN or NULL. */
double json_number(const proto_node *node, const char *pointer);
const char *json_string(const proto_node *node, const char *pointer);

#endif
