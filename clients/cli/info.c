#include "api.h"
#include "command.h"
#include "flatten.h"
#include "format.h"
#include "output.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_value(table *t, const proto_node *node)
{
    char *value = node ? flatten_value(node) : NULL;

    table_text(t, value);
    free(value);
}

/* "1..4096", or the values, or nothing. */
static void add_range(table *t, const proto_node *field)
{
    const proto_node *values = proto_node_member(field, "values");
    double minimum = json_number(field, "/minimum"), maximum = json_number(field, "/maximum");
    char low[32] = "", high[32] = "", range[80];

    if (values) {
        add_value(t, values);
        return;
    }
    if (isfinite(minimum))
        proto_format_double(minimum, low);
    if (isfinite(maximum))
        proto_format_double(maximum, high);
    snprintf(range, sizeof range, "%s..%s", low, high);
    table_text(t, isfinite(minimum) || isfinite(maximum) ? range : json_string(field, "/type"));
}

/* What --set takes. */
static cli_exit print_fields(cli *c, const proto_node *info)
{
    static const char *const titles[] = {"POINTER", "DEFAULT", "VALUES", "WHAT"};
    static const char *const csv_titles[] = {"pointer", "default", "values", "what"};
    bool csv = c->options->format == CLI_CSV;
    table t;

    table_init(&t, "llll", csv ? csv_titles : titles, csv, c->out.utf8);
    for (const proto_node *f = proto_node_first(proto_node_member(info, "fields")); f;
         f = proto_node_next(f)) {
        if (!proto_node_bool(proto_node_member(f, "available"), true))
            continue;
        table_text(&t, json_string(f, "/pointer"));
        add_value(&t, proto_node_member(f, "default"));
        add_range(&t, f);
        table_text(&t, json_string(f, "/help"));
    }
    return output_table(c, &t, 0);
}

/* The plain members of the document, and its limits. */
static cli_exit print_server(cli *c, const proto_node *info)
{
    table t;

    table_init(&t, "ll", NULL, false, c->out.utf8);
    table_text(&t, "server");
    table_text(&t, http_server(c->http));
    for (const proto_node *m = proto_node_first(info); m; m = proto_node_next(m)) {
        proto_kind kind = proto_node_kind(m);
        char number[FORMAT_SIZE];

        if (kind == PROTO_OBJECT || kind == PROTO_ARRAY || strcmp(proto_node_key(m), "object") == 0)
            continue;
        table_text(&t, proto_node_key(m));
        if (strcmp(proto_node_key(m), "uptime_s") == 0)
            table_text(&t, format_duration(number, proto_node_number(m, (double)NAN)));
        else
            add_value(&t, m);
    }
    for (const proto_node *m = proto_node_first(proto_node_member(info, "limits")); m;
         m = proto_node_next(m)) {
        char name[SAFE_SIZE];
        const char *key = proto_node_key(m);

        snprintf(name, sizeof name, "limit %s", strncmp(key, "max_", 4) == 0 ? key + 4 : key);
        table_text(&t, name);
        if (strstr(key, "bytes"))
            table_bytes(&t, proto_node_number(m, (double)NAN));
        else
            table_number(&t, proto_node_number(m, (double)NAN));
    }
    return output_table(c, &t, 0);
}

static cli_exit print_objectives(cli *c, const proto_node *info)
{
    static const char *const titles[] = {"OBJECTIVE", "PMI", "WHAT"};
    table t;

    table_init(&t, "lll", titles, false, c->out.utf8);
    for (const proto_node *o = proto_node_first(proto_node_member(info, "objectives")); o;
         o = proto_node_next(o)) {
        table_text(&t, json_string(o, "/name"));
        table_text(&t, proto_node_bool(proto_node_member(o, "pmi"), false) ? "yes" : "no");
        table_text(&t, json_string(o, "/help"));
    }
    return output_table(c, &t, 0);
}

static cli_exit print_info(cli *c, const proto_node *info)
{
    cli_exit code = print_server(c, info);

    output_blank();
    if (code == CLI_OK)
        code = print_objectives(c, info);
    if (code == CLI_OK)
        say_note(c, "the settings of a job: mutual info --fields");
    return code;
}

cli_exit info_run(cli *c)
{
    return api_show(c, "/v1/info",
                    c->options->fields                ? print_fields
                    : c->options->format == CLI_TABLE ? print_info
                                                      : flatten_print);
}

cli_exit queue_run(cli *c)
{
    return api_show(c, "/v1/queue", flatten_print);
}
