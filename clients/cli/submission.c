#include "submission.h"

#include "follow.h"
#include "output.h"
#include "spec_edit.h"

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

/* What --spec names, an object; {} without. */
static mi_status start(const cli_options *o, proto_text *spec, mi_error *err)
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

mi_status submission_assign(const cli_options *o, proto_text *spec, const char *below, mi_error *err)
{
    mi_status status = MI_OK;

    for (unsigned i = 0; i < o->n_assignments && status == MI_OK; i++)
        if (strncmp(o->assignments[i].pointer, below, strlen(below)) == 0)
            status = spec_set(spec, o->assignments[i].pointer, o->assignments[i].json, err);
    return status;
}

/* Lists that flags append to begin empty. */
static mi_status make_lists(const cli_options *o, proto_text *spec, mi_error *err)
{
    static const char list[] = "/laws";
    proto_json *json = NULL;
    bool wanted = false;
    mi_status status;

    for (unsigned i = 0; i < o->n_assignments; i++)
        wanted = wanted || strcmp(o->assignments[i].pointer, "/laws/-") == 0;
    if (!wanted)
        return MI_OK;
    status = proto_json_parse(&json, spec->data, spec->length, SPEC_MAX, NULL, 0, err);
    if (status == MI_OK && !proto_json_at(proto_json_root(json), list))
        status = spec_set(spec, list, "[]", err);
    proto_json_free(json);
    return status;
}

mi_status submission_spec(const cli_options *o, const char *kind, proto_text *spec, mi_error *err)
{
    mi_status status = start(o, spec, err);

    if (status == MI_OK)
        status = spec_set_string(spec, "/kind", kind, err);
    if (status == MI_OK)
        status = make_lists(o, spec, err);
    if (status == MI_OK)
        status = submission_assign(o, spec, "", err);
    return status == MI_OK ? set_tags(o, spec, err) : status;
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

cli_exit submission_run(cli *c, const proto_text *spec, submission_conclusion *conclude)
{
    api_document job = {0};
    char *id = NULL, shown[SAFE_SIZE];
    cli_exit code = submit(c, spec, &job);

    if (code != CLI_OK)
        goto out;
    id = strdup(json_string(job.root, "/id"));
    if (!id) {
        code = CLI_FAILED;
    } else if (c->options->detach) {
        code = follow_detach(c, id, &job);
    } else {
        api_document done;

        say_note(c, "submitted %s", safe(c, shown, id));
        code = follow_job(c, id, &done);
        if (code == CLI_OK && done.root && conclude)
            code = conclude(c, id, &done);
        api_document_fini(&done);
    }
out:
    free(id);
    api_document_fini(&job);
    return code;
}
