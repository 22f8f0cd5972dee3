#include "compare.h"

#include "output.h"
#include "spec_edit.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)1 << 16)

/* "tau=5" or "output=native" into the object that is open. */
static mi_status write_parameter(const char *text, size_t n, proto_json_writer *w, mi_error *err)
{
    const char *equals = memchr(text, '=', n);
    char name[64], value[64], *end;
    double number;

    if (!equals || equals == text || (size_t)(equals - text) >= sizeof name ||
        n - (size_t)(equals - text) - 1 >= sizeof value)
        return mi_fail(err, MI_INVALID, "objectives: '%.*s' is not parameter=value, as in smile:tau=5",
                       (int)n, text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    snprintf(value, sizeof value, "%.*s", (int)(text + n - equals - 1), equals + 1);
    number = strtod(value, &end);
    if (*value && *end == '\0')
        proto_write_double(w, name, number);
    else
        proto_write_string(w, name, value);
    return MI_OK;
}

/* "nwj" or "smile:tau=5:output=native". */
static mi_status write_objective(const char *text, size_t n, proto_json_writer *w, mi_error *err)
{
    const char *end = text + n, *colon = memchr(text, ':', n);
    mi_status status = MI_OK;
    size_t n_name = colon ? (size_t)(colon - text) : n;

    if (n_name == 0)
        return mi_fail(err, MI_INVALID, "objectives: a name is missing; it takes a list such as %s",
                       "infonce-anchor,smile:tau=5,ksg, or all");
    if (!colon) {
        proto_write_string_n(w, NULL, text, n_name);
        return MI_OK;
    }
    proto_write_object(w, NULL);
    proto_write_string_n(w, "name", text, n_name);
    while (colon && status == MI_OK) {
        const char *from = colon + 1;

        colon = memchr(from, ':', (size_t)(end - from));
        status = write_parameter(from, (size_t)((colon ? colon : end) - from), w, err);
    }
    proto_write_end_object(w);
    return status;
}

mi_status compare_parse(const char *list, proto_text *out, mi_error *err)
{
    proto_json_writer w;
    mi_status status = MI_OK;

    proto_write_init(&w, out);
    proto_write_array(&w, NULL);
    for (const char *from = list; from && status == MI_OK;) {
        size_t n = strcspn(from, ",");

        status = write_objective(from, n, &w, err);
        from = from[n] ? from + n + 1 : NULL;
    }
    proto_write_end_array(&w);
    return status;
}

void compare_all(const proto_node *info, proto_text *out)
{
    proto_json_writer w;

    proto_write_init(&w, out);
    proto_write_array(&w, NULL);
    for (const proto_node *o = proto_node_first(proto_node_member(info, "objectives")); o;
         o = proto_node_next(o))
        if (proto_node_bool(proto_node_member(o, "available"), true))
            proto_write_string(&w, NULL, json_string(o, "/name"));
    proto_write_end_array(&w);
}

static bool has_objective(const cli_options *o)
{
    for (unsigned i = 0; i < o->n_assignments; i++)
        if (strncmp(o->assignments[i].pointer, "/objective/", 11) == 0 ||
            strcmp(o->assignments[i].pointer, "/objective") == 0)
            return true;
    return false;
}

cli_exit compare_set(cli *c, proto_text *spec)
{
    const char *list = c->options->compare;
    api_document info = {0};
    proto_text json;
    mi_error err = {0};
    cli_exit code = CLI_OK;

    if (!list)
        return CLI_OK;
    if (has_objective(c->options)) {
        say_error(c,
                  "a list of objectives has their parameters in it (smile:tau=5): leave --objective and --nu "
                  "out");
        return CLI_USAGE;
    }
    proto_text_init(&json, LIST_MAX);
    if (strcmp(list, "all") == 0) {
        code = api_get(c, "/v1/info", &info);
        if (code == CLI_OK)
            compare_all(info.root, &json);
    } else if (compare_parse(list, &json, &err) != MI_OK) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    if (code == CLI_OK &&
        (!proto_text_ok(&json) || spec_set(spec, "/objectives", json.data, &err) != MI_OK)) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    api_document_fini(&info);
    proto_text_fini(&json);
    return code;
}
