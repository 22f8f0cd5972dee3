#include "command.h"
#include "download.h"
#include "flatten.h"
#include "list.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

static void add_model(table *t, const proto_node *model)
{
    table_text(t, json_string(model, "/id"));
    table_text(t, json_string(model, "/alias"));
    table_text(t, proto_node_bool(proto_json_at(model, "/pinned"), false) ? "yes" : t->csv ? "no" : NULL);
    table_bytes(t, json_number(model, "/bytes"));
    table_text(t, json_string(model, "/created_at"));
    table_text(t, json_string(model, "/job"));
}

cli_exit models_list(cli *c)
{
    static const char *const titles[] = {"MODEL", "ALIAS", "PINNED", "SIZE", "CREATED", "JOB"};
    static const char *const csv_titles[] = {"id", "alias", "pinned", "bytes", "created_at", "job"};
    const cli_options *o = c->options;
    bool csv = o->format == CLI_CSV;
    proto_text path;
    table t;
    cli_exit code = CLI_FAILED;

    proto_text_init(&path, 1 << 14);
    proto_text_puts(&path, "/v1/models");
    for (unsigned i = 0; i < o->n_tags; i++)
        list_query(&path, "tag", o->tags[i]);
    table_init(&t, "lllrll", csv ? csv_titles : titles, csv, c->out.utf8);
    if (proto_text_ok(&path))
        code = list_print(c, path.data, &t, add_model, NULL);
    else
        say_error(c, "the query is too long");
    proto_text_fini(&path);
    return code;
}

cli_exit models_show(cli *c)
{
    char *path = api_path("models", c->options->arguments[0], "");
    cli_exit code = api_show(c, path, flatten_print);

    free(path);
    return code;
}

/* What is said of a model from now on; done: a note. */
static cli_exit change(cli *c, const proto_text *body, const char *done)
{
    char *path = api_path("models", c->options->arguments[0], "");
    http_request request = {.method = "PATCH", .path = path, .body = body->data, .body_size = body->length};
    api_document model = {0};
    cli_exit code = path && proto_text_ok(body) ? api_json(c, &request, &model) : CLI_FAILED;

    if (code == CLI_OK && c->options->format == CLI_JSON)
        output_json(c, model.bytes, model.n);
    else if (code == CLI_OK)
        say_note(c, "%s", done);
    api_document_fini(&model);
    free(path);
    return code;
}

cli_exit models_alias(cli *c)
{
    const char *alias = c->options->n_arguments > 1 ? c->options->arguments[1] : NULL;
    proto_json_writer w;
    proto_text body;
    cli_exit code;

    proto_text_init(&body, 1 << 16);
    proto_write_init(&w, &body);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "alias", alias);
    proto_write_end_object(&w);
    code = change(c, &body, alias ? "named" : "it has no alias any more");
    proto_text_fini(&body);
    return code;
}

static cli_exit set_pinned(cli *c, bool pinned)
{
    proto_text body;
    cli_exit code;

    proto_text_init(&body, 64);
    proto_text_printf(&body, "{\"pinned\":%s}", pinned ? "true" : "false");
    code = change(c, &body, pinned ? "pinned" : "no longer pinned");
    proto_text_fini(&body);
    return code;
}

cli_exit models_pin(cli *c)
{
    return set_pinned(c, true);
}

cli_exit models_unpin(cli *c)
{
    return set_pinned(c, false);
}

cli_exit models_remove(cli *c)
{
    return api_remove(c, "models", c->options->arguments[0]);
}

cli_exit models_weights(cli *c)
{
    const cli_options *o = c->options;
    char *path = api_path("models", o->arguments[0], "/weights"), name[256], shown[SAFE_SIZE];
    const char *file = o->out_file ? o->out_file : name;
    cli_exit code;

    if (!path)
        return CLI_FAILED;
    if (!o->out_file && (strchr(o->arguments[0], '/') || strlen(o->arguments[0]) > sizeof name - 16)) {
        say_error(c, "'%s' is neither an id nor an alias", safe(c, shown, o->arguments[0]));
        free(path);
        return CLI_USAGE;
    }
    snprintf(name, sizeof name, "%.240s.safetensors", o->arguments[0]);
    code = download(c, path, DOWNLOAD_BYTES, file);
    if (code == CLI_OK)
        say_note(c, "wrote %s", safe(c, shown, file));
    free(path);
    return code;
}
