#include "command.h"
#include "list.h"
#include "output.h"
#include "upload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_SHOWN 6

static void add_sha(table *t, const char *sha256)
{
    char brief[13];

    if (sha256 && !t->csv) {
        snprintf(brief, sizeof brief, "%s", sha256);
        sha256 = brief;
    }
    table_text(t, sha256);
}

static void add_dataset(table *t, const proto_node *dataset)
{
    table_text(t, json_string(dataset, "/name"));
    table_count(t, json_number(dataset, "/rows"));
    table_count(t, json_number(dataset, "/columns"));
    table_text(t, json_string(dataset, "/format"));
    table_bytes(t, json_number(dataset, "/bytes"));
    table_text(t, json_string(dataset, "/created_at"));
    add_sha(t, json_string(dataset, "/sha256"));
}

static void init_table(cli *c, table *t)
{
    static const char *const titles[] = {"NAME", "ROWS", "COLUMNS", "FORMAT", "SIZE", "CREATED", "SHA-256"};
    static const char *const csv_titles[] = {"name",  "rows",       "columns", "format",
                                             "bytes", "created_at", "sha256"};
    bool csv = c->options->format == CLI_CSV;

    table_init(t, "lrrlrll", csv ? csv_titles : titles, csv, c->out.utf8);
}

cli_exit datasets_list(cli *c)
{
    table t;

    init_table(c, &t);
    return list_print(c, "/v1/datasets", &t, add_dataset, NULL);
}

/* Of a pair table's column. */
static void add_empty(table *t, double empty)
{
    char text[48];

    snprintf(text, sizeof text, empty > 0 ? "text, %.0f empty" : "text", empty);
    table_text(t, text);
}

/* The first categories of a column: "3: green, red, ...". */
static void add_levels(table *t, const proto_node *column)
{
    const char *kind = json_string(column, "/kind");
    const proto_node *level = proto_node_first(proto_node_member(column, "levels"));
    double n = json_number(column, "/n_levels");
    unsigned shown = 0;
    proto_text text;

    if (kind && strcmp(kind, "text") == 0) {
        add_empty(t, json_number(column, "/empty"));
        return;
    }
    if (!kind || strcmp(kind, "categorical") != 0) {
        table_text(t, "");
        return;
    }
    proto_text_init(&text, 1 << 12);
    if (n > 0)
        proto_text_printf(&text, "%.0f: ", n);
    for (; level && shown < LEVELS_SHOWN; level = proto_node_next(level), shown++)
        proto_text_printf(&text, "%s%.40s", shown ? ", " : "", proto_node_string(level, ""));
    if (n > shown)
        proto_text_puts(&text, ", ...");
    table_text(t, n > 0 && proto_text_ok(&text) ? text.data : "codes");
    proto_text_fini(&text);
}

/* The summary of its columns, as far as the server keeps one. */
static cli_exit print_columns(cli *c, const proto_node *dataset)
{
    static const char *const titles[] = {"COLUMN", "MIN", "MAX", "MEAN", "SD", "CATEGORIES"};
    const proto_node *columns = proto_node_member(dataset, "summary");
    unsigned i = 0;
    table t;

    if (!proto_node_first(columns))
        return CLI_OK;
    table_init(&t, "lrrrrl", titles, false, c->out.utf8);
    for (const proto_node *column = proto_node_first(columns); column;
         column = proto_node_next(column), i++) {
        const char *name = json_string(column, "/name");
        char number[16];

        snprintf(number, sizeof number, "%u", i);
        table_text(&t, name ? name : number);
        table_number(&t, json_number(column, "/min"));
        table_number(&t, json_number(column, "/max"));
        table_number(&t, json_number(column, "/mean"));
        table_number(&t, json_number(column, "/sd"));
        add_levels(&t, column);
    }
    return output_table(c, &t, 2);
}

static cli_exit print_dataset(cli *c, const proto_node *dataset)
{
    cli_exit code;
    table t;

    init_table(c, &t);
    add_dataset(&t, dataset);
    code = output_table(c, &t, 0);
    return code == CLI_OK && c->options->format == CLI_TABLE ? print_columns(c, dataset) : code;
}

cli_exit datasets_get(cli *c)
{
    char *path = api_path("datasets", c->options->arguments[0], "");
    cli_exit code = api_show(c, path, print_dataset);

    free(path);
    return code;
}

cli_exit datasets_put(cli *c)
{
    const char *name = c->options->arguments[0];
    char taken[DATAFILE_NAME_MAX + 1], shown[SAFE_SIZE];
    api_document dataset = {0};
    cli_exit code;

    if (!datafile_name_valid(name)) {
        say_error(c, "'%s' is not a name: letters, digits, . _ -, at most %d, a letter or digit first",
                  safe(c, shown, name), DATAFILE_NAME_MAX);
        return CLI_USAGE;
    }
    memcpy(taken, name, strlen(name) + 1);
    code = upload_file(c, c->options->arguments[1], taken, &dataset);
    if (code == CLI_OK)
        code = api_print(c, &dataset, print_dataset);
    api_document_fini(&dataset);
    return code;
}

cli_exit datasets_remove(cli *c)
{
    return api_remove(c, "datasets", c->options->arguments[0]);
}
