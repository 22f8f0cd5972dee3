#include "api.h"
#include "command.h"
#include "output.h"
#include "table.h"

#include <string.h>

#define MAX_PATH ((size_t)1 << 12)

static bool is_container(const proto_node *node)
{
    return proto_node_kind(node) == PROTO_OBJECT || proto_node_kind(node) == PROTO_ARRAY;
}

static bool is_flat(const proto_node *array)
{
    for (const proto_node *item = proto_node_first(array); item; item = proto_node_next(item))
        if (is_container(item))
            return false;
    return true;
}

static void print_value(const proto_node *node, proto_text *out)
{
    if (proto_node_kind(node) == PROTO_STRING)
        proto_text_puts(out, proto_node_string(node, ""));
    else if (proto_node_kind(node) == PROTO_NULL)
        proto_text_puts(out, "-");
    else
        proto_node_print(node, out);
}

static void add_row(table *t, const char *path, const proto_node *node)
{
    proto_text value;

    proto_text_init(&value, (size_t)1 << 15);
    if (proto_node_kind(node) == PROTO_ARRAY)
        for (const proto_node *item = proto_node_first(node); item; item = proto_node_next(item)) {
            if (value.length)
                proto_text_puts(&value, " ");
            print_value(item, &value);
        }
    else
        print_value(node, &value);
    table_text(t, path);
    table_text(t, value.data ? value.data : "");
    proto_text_fini(&value);
}

/* Any document as rows of "path value". An element of an array goes by its "name" or "pointer" where it has
 * one. Depth is capped by the parser. */
static void flatten(table *t, const char *path, const proto_node *node)
{
    bool array = proto_node_kind(node) == PROTO_ARRAY;
    unsigned i = 0;

    if (!is_container(node) || (array && is_flat(node))) {
        add_row(t, path, node);
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child), i++) {
        const char *name = array ? json_string(child, "/name") : proto_node_key(child);
        proto_text longer;

        if (array && !name)
            name = json_string(child, "/pointer");
        proto_text_init(&longer, MAX_PATH);
        proto_text_printf(&longer, "%s%s", path, *path ? "." : "");
        if (name)
            proto_text_puts(&longer, name);
        else
            proto_text_printf(&longer, "%u", i);
        flatten(t, proto_text_ok(&longer) ? longer.data : path, child);
        proto_text_fini(&longer);
    }
}

static cli_exit show(cli *c, const char *path)
{
    static const char *const titles[] = {"key", "value"};
    api_document document;
    table t;
    cli_exit code = api_get(c, path, &document);

    if (code == CLI_OK && c->options->format == CLI_JSON) {
        output_json(c, document.bytes, document.n);
    } else if (code == CLI_OK) {
        table_init(&t, "ll", c->options->format == CLI_CSV ? titles : NULL, c->options->format == CLI_CSV,
                   c->out.utf8);
        flatten(&t, "", document.root);
        code = output_table(c, &t, 0);
    }
    api_document_fini(&document);
    return code;
}

cli_exit info_run(cli *c)
{
    return show(c, "/v1/info");
}

cli_exit queue_run(cli *c)
{
    return show(c, "/v1/queue");
}
