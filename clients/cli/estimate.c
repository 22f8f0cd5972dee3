#include "command.h"
#include "compare.h"
#include "follow.h"
#include "output.h"
#include "pmi.h"
#include "spec_edit.h"
#include "upload.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The whole of a file, or of stdin for "-". */
static mi_status read_spec(const char *file, proto_text *out, mi_error *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(file, "rb");
    char chunk[1 << 16];
    size_t n;
    mi_status status = MI_OK;

    if (!stream)
        return mi_fail(err, MI_INVALID, "%s: %s", file, strerror(errno));
    while ((n = fread(chunk, 1, sizeof chunk, stream)) > 0)
        proto_text_append(out, chunk, n);
    if (ferror(stream))
        status = mi_fail(err, MI_INVALID, "%s: cannot be read", file);
    else if (!proto_text_ok(out))
        status = mi_fail(err, MI_LIMIT, "%s is over %zu MB", file, SPEC_MAX >> 20);
    if (!is_stdin)
        fclose(stream);
    return status;
}

static mi_status start_spec(const cli_options *o, proto_text *spec, mi_error *err)
{
    const char *file = o->spec_file && strcmp(o->spec_file, "-") == 0 ? "stdin" : o->spec_file;
    proto_json *json = NULL;
    mi_error why = {0};
    mi_status status;

    if (!file) {
        proto_text_puts(spec, "{}");
        return MI_OK;
    }
    status = read_spec(o->spec_file, spec, err);
    if (status != MI_OK)
        return status;
    if (proto_json_parse(&json, spec->data ? spec->data : "", spec->length, SPEC_MAX, NULL, 0, &why) != MI_OK)
        return mi_fail(err, MI_INVALID, "%s: %s", file, why.message);
    if (proto_node_kind(proto_json_root(json)) != PROTO_OBJECT)
        status = mi_fail(err, MI_INVALID, "%s: a job document is a JSON object", file);
    else if (o->n_arguments < 2 &&
             (!proto_json_at(proto_json_root(json), "/x") || !proto_json_at(proto_json_root(json), "/y")))
        status = mi_fail(err, MI_INVALID, "%s has no x and y, and X and Y are not given", file);
    proto_json_free(json);
    return status;
}

static mi_status set_tags(const cli_options *o, proto_text *spec, mi_error *err)
{
    mi_status status = MI_OK;

    for (unsigned i = 0; i < o->n_tags && status == MI_OK; i++) {
        const char *equals = strchr(o->tags[i], '=');
        proto_text pointer;

        proto_text_init(&pointer, 1 << 12);
        proto_text_puts(&pointer, "/tags");
        spec_pointer_append(&pointer, o->tags[i], (size_t)(equals - o->tags[i]));
        status = proto_text_ok(&pointer) ? spec_set_string(spec, pointer.data, equals + 1, err)
                                         : mi_fail(err, MI_INVALID, "a tag's name is too long");
        proto_text_fini(&pointer);
    }
    return status;
}

/* Fields that flags give, those of them that lie at or below a pointer ("" for all). */
static mi_status assign_fields(const cli_options *o, proto_text *spec, const char *below, mi_error *err)
{
    mi_status status = MI_OK;

    for (unsigned i = 0; i < o->n_assignments && status == MI_OK; i++)
        if (strncmp(o->assignments[i].pointer, below, strlen(below)) == 0)
            status = spec_set(spec, o->assignments[i].pointer, o->assignments[i].json, err);
    return status;
}

/* The job document but for x and y: what can be checked before anything is uploaded. */
static mi_status make_spec(const cli_options *o, proto_text *spec, mi_error *err)
{
    mi_status status = start_spec(o, spec, err);

    if (status == MI_OK)
        status = spec_set(spec, "/kind", "\"estimate\"", err);
    if (status == MI_OK)
        status = assign_fields(o, spec, "", err);
    return status == MI_OK ? set_tags(o, spec, err) : status;
}

/* X or Y: a data set's name, or a file that is brought there. */
static cli_exit resolve(cli *c, const char *argument, const char *wanted, char name[DATAFILE_NAME_MAX + 1])
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

static cli_exit set_inputs(cli *c, proto_text *spec)
{
    const cli_options *o = c->options;
    char x[DATAFILE_NAME_MAX + 1], y[DATAFILE_NAME_MAX + 1], json[DATAFILE_NAME_MAX + 32];
    mi_error err = {0};
    cli_exit code;

    if (o->n_arguments == 0)
        return CLI_OK;
    code = resolve(c, o->arguments[0], o->name_x, x);
    if (code == CLI_OK)
        code = resolve(c, o->arguments[1], o->name_y, y);
    if (code != CLI_OK)
        return code;
    /* Names hold nothing that JSON would escape. */
    snprintf(json, sizeof json, "{\"dataset\":\"%s\"}", x);
    if (spec_set(spec, "/x", json, &err) == MI_OK) {
        snprintf(json, sizeof json, "{\"dataset\":\"%s\"}", y);
        if (spec_set(spec, "/y", json, &err) == MI_OK && assign_fields(o, spec, "/x/", &err) == MI_OK &&
            assign_fields(o, spec, "/y/", &err) == MI_OK)
            return CLI_OK;
    }
    say_mi_error(c, &err);
    return CLI_USAGE;
}

/* Submit under a key of this invocation, so that a repeated POST cannot make a second job. */
static cli_exit submit(cli *c, const proto_text *spec, api_document *job)
{
    unsigned char bytes[16];
    char key[2 * sizeof bytes + 1];
    http_request request = {.method = "POST",
                            .path = "/v1/jobs",
                            .body = spec->data,
                            .body_size = spec->length,
                            .idempotency_key = key,
                            .finish = true};
    cli_exit code;

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(key, sizeof key, bytes, sizeof bytes);
    code = api_json(c, &request, job);
    if (code == CLI_OK && !json_string(job->root, "/id")) {
        say_error(c, "the server accepted the job without saying its id");
        code = CLI_UNREACHABLE;
    }
    return code;
}

/* Files and names that would only be refused after the work is done. */
static cli_exit check(cli *c)
{
    const cli_options *o = c->options;

    if (o->n_arguments == 1 || (o->n_arguments == 0 && !o->spec_file))
        say_error(c, "estimate needs X and Y: two files, or dataset:NAME; or --spec FILE that names them");
    else if (o->format == CLI_NPY)
        say_error(c, "-o npy is for 'mutual pmi' and 'mutual curve'; here --pmi FILE.npy saves the pairs");
    else if (o->pmi_file && !pmi_file_format(o->pmi_file))
        say_error(c, "--pmi: the file's name ends in .csv or .npy");
    else if (o->detach && (o->pmi_file || o->curve))
        say_error(c, "--detach ends before there is a PMI or a curve: leave --pmi and --curve out");
    else
        return CLI_OK;
    return CLI_USAGE;
}

static cli_exit conclude(cli *c, const char *id)
{
    const cli_options *o = c->options;
    api_document job;
    cli_exit code = follow_job(c, id, &job);

    if (code == CLI_OK && job.root && o->pmi_file)
        code = pmi_save(c, id, o->pmi_file);
    api_document_fini(&job);
    return code;
}

cli_exit estimate_run(cli *c)
{
    api_document job = {0};
    proto_text spec;
    mi_error err = {0};
    char *id = NULL, shown[SAFE_SIZE];
    cli_exit code = check(c);

    proto_text_init(&spec, SPEC_MAX);
    if (code != CLI_OK)
        goto out;
    if (make_spec(c->options, &spec, &err) != MI_OK) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
        goto out;
    }
    code = compare_set(c, &spec);
    if (code == CLI_OK)
        code = set_inputs(c, &spec);
    if (code == CLI_OK)
        code = submit(c, &spec, &job);
    if (code != CLI_OK)
        goto out;
    id = strdup(json_string(job.root, "/id"));
    if (!id) {
        code = CLI_FAILED;
        goto out;
    }
    if (c->options->detach) {
        code = follow_detach(c, id, &job);
    } else {
        say_note(c, "submitted %s", safe(c, shown, id));
        code = conclude(c, id);
    }
out:
    free(id);
    api_document_fini(&job);
    proto_text_fini(&spec);
    return code;
}
