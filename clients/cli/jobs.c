#include "command.h"
#include "follow.h"
#include "format.h"
#include "list.h"
#include "output.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>

static void add_job(table *t, const proto_node *job)
{
    proto_text tags;

    proto_text_init(&tags, 1 << 14);
    for (const proto_node *tag = proto_node_first(proto_node_member(job, "tags")); tag;
         tag = proto_node_next(tag))
        proto_text_printf(&tags, "%s%s=%s", tags.length ? " " : "", proto_node_key(tag),
                          proto_node_string(tag, ""));
    table_text(t, json_string(job, "/id"));
    table_text(t, json_string(job, "/kind"));
    table_text(t, json_string(job, "/state"));
    table_fixed(t, (t->csv ? 1 : 100) * json_number(job, "/progress/fraction"), 0);
    table_count(t, json_number(job, "/progress/runs_done"));
    table_count(t, json_number(job, "/progress/runs"));
    table_text(t, json_string(job, "/created_at"));
    table_text(t, json_string(job, "/finished_at"));
    table_text(t, tags.data);
    proto_text_fini(&tags);
}

cli_exit jobs_list(cli *c)
{
    static const char *const titles[] = {"ID",   "KIND",    "STATE",    "%",   "DONE",
                                         "RUNS", "CREATED", "FINISHED", "TAGS"};
    static const char *const csv_titles[] = {"id",   "kind",       "state",       "fraction", "runs_done",
                                             "runs", "created_at", "finished_at", "tags"};
    const cli_options *o = c->options;
    bool csv = o->format == CLI_CSV;
    proto_text path;
    table t;
    cli_exit code = CLI_FAILED;

    proto_text_init(&path, 1 << 13);
    proto_text_puts(&path, "/v1/jobs");
    list_query(&path, "state", o->state);
    list_query(&path, "kind", o->kind);
    for (unsigned i = 0; i < o->n_tags; i++)
        list_query(&path, "tag", o->tags[i]);
    table_init(&t, "lllrrrlll", csv ? csv_titles : titles, csv, c->out.utf8);
    if (proto_text_ok(&path))
        code = list_print(c, path.data, &t, add_job, NULL);
    else
        say_error(c, "the query is too long");
    proto_text_fini(&path);
    return code;
}

cli_exit jobs_get(cli *c)
{
    char *path = api_path("jobs", c->options->arguments[0], "");
    api_document job;
    cli_exit code = api_get(c, path, &job);

    if (code == CLI_OK)
        code = result_print(c, &job);
    if (code == CLI_OK && proto_node_kind(proto_json_at(job.root, "/error")) == PROTO_OBJECT &&
        c->options->format == CLI_TABLE)
        api_print_problem(c, proto_json_at(job.root, "/error"), 0);
    api_document_fini(&job);
    free(path);
    return code;
}

cli_exit jobs_watch(cli *c)
{
    api_document job;
    cli_exit code = follow_job(c, c->options->arguments[0], &job);

    api_document_fini(&job);
    return code;
}

cli_exit jobs_cancel(cli *c)
{
    http_request request = {.method = "POST"};
    const char *state;
    char *path = api_path("jobs", c->options->arguments[0], "/cancel"), shown[SAFE_SIZE];
    api_document job = {0};
    cli_exit code = CLI_FAILED;

    request.path = path;
    if (path)
        code = api_json(c, &request, &job);
    if (code == CLI_OK && c->options->format == CLI_TABLE) {
        state = json_string(job.root, "/state");
        say_note(c, "%s", safe(c, shown, state ? state : "canceling"));
    } else if (code == CLI_OK) {
        code = result_print(c, &job);
    }
    api_document_fini(&job);
    free(path);
    return code;
}

cli_exit jobs_remove(cli *c)
{
    return api_remove(c, "jobs", c->options->arguments[0]);
}
