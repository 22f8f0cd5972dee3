#include "upload.h"

#include "format.h"
#include "output.h"
#include "progress.h"
#include "spec_edit.h"
#include "submission.h"

#include <stdlib.h>
#include <string.h>

#define UPLOAD_QUIET_S 600 /* the server may read a large csv through before it answers */

typedef struct upload {
    progress progress;
    uint64_t size;
} upload;

static void show(upload *u, const char *phase, uint64_t bytes)
{
    progress_view *view = &u->progress.view;
    char done[FORMAT_SIZE], all[FORMAT_SIZE];
    double elapsed = clock_s() - u->progress.started_s;

    snprintf(view->phase, sizeof view->phase, "%s", phase);
    view->fraction = u->size ? (double)bytes / (double)u->size : 1;
    view->eta_s = view->fraction > 0.01 && elapsed > 1 ? elapsed * (1 / view->fraction - 1) : -1;
    snprintf(view->extra, sizeof view->extra, "%s of %s", format_bytes(done, (double)bytes),
             format_bytes(all, (double)u->size));
    progress_show(&u->progress);
}

static void on_sent(void *ctx, uint64_t sent)
{
    show(ctx, "upload", sent);
}

/* Whether the server holds exactly this file, as the same kind, under the name. CLI_OK with *there; a name
 * taken by other bytes is left to the PUT to refuse. */
static cli_exit is_there(cli *c, const char *name, const datafile *file, bool *there, api_document *answer)
{
    http_request request = {.method = "GET"};
    http_response response = {0};
    char *path = api_path("datasets", name, "");
    const char *sha256, *kind, *wanted = c->options->kind ? c->options->kind : "matrix";
    mi_error err = {0};
    mi_status status;
    cli_exit code = CLI_OK;

    *there = false;
    if (!path)
        return CLI_FAILED;
    request.path = path;
    status = http_send(c->http, &request, &response, &err);
    if (status != MI_OK) {
        code = api_broken(c, status, &err);
    } else if (response.status == 200) {
        code = api_parse(c, &response, answer);
        sha256 = json_string(answer->root, "/sha256");
        kind = json_string(answer->root, "/kind");
        *there = code == CLI_OK && sha256 && strcmp(sha256, file->sha256) == 0 && kind &&
                 strcmp(kind, wanted) == 0;
        if (!*there)
            api_document_fini(answer);
    }
    http_response_fini(&response);
    free(path);
    return code;
}

static void add_parameter(proto_text *query, const char *name, const char *value)
{
    if (!value)
        return;
    proto_text_printf(query, "%s%s=", query->length > 0 ? "&" : "?", name);
    http_encode(query, value);
}

/* Whether the user says how a file of its kind is to be read. */
static bool says_how(const cli_options *o)
{
    return o->categorical || o->key || o->ids_key;
}

/* Where the file goes, with how it is to be read. Free; NULL when out of memory. */
static char *put_path(const cli *c, const char *name, const datafile *file)
{
    proto_text query;
    char *path;

    proto_text_init(&query, 1 << 13);
    add_parameter(&query, "format", file->format);
    add_parameter(&query, "kind", c->options->kind);
    add_parameter(&query, "categorical", c->options->categorical);
    add_parameter(&query, "key", c->options->key);
    add_parameter(&query, "ids_key", c->options->ids_key);
    path = proto_text_ok(&query) ? api_path("datasets", name, query.data ? query.data : "") : NULL;
    proto_text_fini(&query);
    return path;
}

static cli_exit put(cli *c, upload *u, const char *name, const char *path, const datafile *file,
                    api_document *answer)
{
    http_request request = {.method = "PUT",
                            .upload = true,
                            .upload_fd = file->fd,
                            .upload_size = file->size,
                            .quiet_s = UPLOAD_QUIET_S,
                            .tick = on_sent,
                            .ctx = u};
    char *url, shown[SAFE_SIZE];
    const char *sha256;
    cli_exit code;

    url = put_path(c, name, file);
    if (!url) {
        say_error(c, "out of memory, or a flag is too long");
        return CLI_FAILED;
    }
    request.path = url;
    code = api_json(c, &request, answer);
    free(url);
    if (code == CLI_USAGE)
        say_note(c, "the server did not take %s", safe(c, shown, path));
    sha256 = code == CLI_OK ? json_string(answer->root, "/sha256") : NULL;
    if (sha256 && strcmp(sha256, file->sha256) != 0) {
        say_error(c, "%s changed while it was uploaded", safe(c, shown, path));
        code = CLI_USAGE;
    }
    return code;
}

cli_exit upload_file(cli *c, const char *path, char name[DATAFILE_NAME_MAX + 1], api_document *answer)
{
    upload u = {0};
    datafile file;
    api_document document = {0};
    mi_error err = {0};
    mi_status status;
    bool there = false;
    cli_exit code;

    if (*name && !datafile_name_valid(name)) {
        say_error(c, "'%s' is not a name: letters, digits, . _ -, at most %d, a letter or digit first", name,
                  DATAFILE_NAME_MAX);
        return CLI_USAGE;
    }
    progress_start(&u.progress, c, "upload");
    status = datafile_open(&file, path, &err);
    if (status != MI_OK) {
        if (status != MI_CANCELED)
            say_mi_error(c, &err);
        return status == MI_CANCELED ? CLI_INTERRUPTED : CLI_USAGE;
    }
    u.size = file.size;
    if (!*name)
        datafile_name(name, path, file.sha256);
    /* The same bytes may have been read otherwise: only the server knows. */
    code = says_how(c->options) ? CLI_OK : is_there(c, name, &file, &there, &document);
    if (code == CLI_OK && !there)
        code = put(c, &u, name, path, &file, &document);
    progress_end(&u.progress);
    datafile_close(&file);
    if (code == CLI_OK && answer)
        *answer = document;
    else
        api_document_fini(&document);
    return code;
}

cli_exit upload_or_name(cli *c, const char *argument, const char *wanted, char name[DATAFILE_NAME_MAX + 1])
{
    static const char scheme[] = "dataset:";
    char shown[SAFE_SIZE];

    if (strncmp(argument, scheme, sizeof scheme - 1) == 0) {
        argument += sizeof scheme - 1;
        if (!datafile_name_valid(argument)) {
            say_error(c, "'%s' is not a data set's name", safe(c, shown, argument));
            return CLI_USAGE;
        }
        snprintf(name, DATAFILE_NAME_MAX + 1, "%s", argument);
        return CLI_OK;
    }
    if (wanted && strlen(wanted) > DATAFILE_NAME_MAX) {
        say_error(c, "a data set's name has at most %d characters", DATAFILE_NAME_MAX);
        return CLI_USAGE;
    }
    snprintf(name, DATAFILE_NAME_MAX + 1, "%s", wanted ? wanted : "");
    return upload_file(c, argument, name, NULL);
}

/* Names hold nothing that JSON would escape. */
cli_exit upload_set(cli *c, proto_text *spec, const char *pointer, const char *name)
{
    char json[DATAFILE_NAME_MAX + 32], below[16];
    mi_error err = {0};

    snprintf(json, sizeof json, "{\"dataset\":\"%s\"}", name);
    snprintf(below, sizeof below, "%s/", pointer);
    if (spec_set(spec, pointer, json, &err) == MI_OK &&
        submission_assign(c->options, spec, below, &err) == MI_OK)
        return CLI_OK;
    say_mi_error(c, &err);
    return CLI_USAGE;
}

cli_exit upload_set_pairs(cli *c, proto_text *spec)
{
    char name[DATAFILE_NAME_MAX + 1];
    cli_options as_pairs = *c->options;
    cli view = *c;
    cli_exit code;

    if (!c->options->pairs_table)
        return CLI_OK;
    as_pairs.kind = "pairs"; /* of an upload */
    view.options = &as_pairs;
    code = upload_or_name(&view, c->options->pairs_table, NULL, name);
    return code == CLI_OK ? upload_set(c, spec, "/pairs", name) : code;
}
