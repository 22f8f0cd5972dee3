#include "flatten.h"

#include "api.h"
#include "output.h"

#include <stdlib.h>

#define MAX_PATH  ((size_t)1 << 12)
#define MAX_VALUE ((size_t)1 << 20)

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

char *flatten_value(const proto_node *node)
{
    proto_text value;

    proto_text_init(&value, MAX_VALUE);
    if (proto_node_kind(node) != PROTO_ARRAY)
        print_value(node, &value);
    for (const proto_node *item = proto_node_first(node); item; item = proto_node_next(item)) {
        if (value.length)
            proto_text_puts(&value, " ");
        print_value(item, &value);
    }
    return proto_text_take(&value, NULL);
}

static void add_row(table *t, const char *path, const proto_node *node)
{
    char *value = flatten_value(node);

    table_text(t, path);
    table_text(t, value);
    free(value);
}

/* Depth is capped by the parser. */
static void add_rows(table *t, const char *path, const proto_node *node)
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
        add_rows(t, proto_text_ok(&longer) ? longer.data : path, child);
        proto_text_fini(&longer);
    }
}

void flatten(table *t, const proto_node *root)
{
    add_rows(t, "", root);
}

cli_exit flatten_print(cli *c, const proto_node *root)
{
    static const char *const titles[] = {"key", "value"};
    bool csv = c->options->format == CLI_CSV;
    table t;

    table_init(&t, "ll", csv ? titles : NULL, csv, c->out.utf8);
    flatten(&t, root);
    return output_table(c, &t, 0);
}
