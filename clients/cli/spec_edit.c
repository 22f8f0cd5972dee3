#include "spec_edit.h"

#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH (PROTO_JSON_DEPTH - 2)
#define MAX_TOKEN 256

typedef struct edit {
    proto_json_writer w;
    const char *json;    /* the new value */
    const char *pointer; /* whole, for messages */
    mi_error *err;
} edit;

/* The next token of *pointer, unescaped; moves *pointer behind it. */
static mi_status next_token(const edit *e, const char **pointer, char token[MAX_TOKEN])
{
    const char *p = *pointer;
    size_t n = 0;

    if (*p++ != '/')
        return mi_fail(e->err, MI_INVALID, "'%s' is not a JSON pointer: it starts with /", e->pointer);
    for (; *p && *p != '/'; p++) {
        char byte = *p;

        if (byte == '~') {
            byte = p[1] == '0' ? '~' : p[1] == '1' ? '/' : '\0';
            p++;
        }
        if (byte == '\0' || n + 1 == MAX_TOKEN)
            return mi_fail(e->err, MI_INVALID, "'%s' is not a JSON pointer, or a part of it is too long",
                           e->pointer);
        token[n++] = byte;
    }
    token[n] = '\0';
    *pointer = p;
    return MI_OK;
}

static void copy_value(edit *e, const char *key, const proto_node *node)
{
    proto_text text;

    proto_text_init(&text, SPEC_MAX);
    proto_node_print(node, &text);
    if (!proto_text_ok(&text))
        e->w.text->failed = true;
    else
        proto_write_raw(&e->w, key, text.data);
    proto_text_fini(&text);
}

static mi_status write_changed(edit *e, const char *key, const proto_node *node, const char *rest);

static mi_status write_object(edit *e, const char *key, const proto_node *node, const char *token,
                              const char *rest)
{
    bool found = false;
    mi_status status = MI_OK;

    proto_write_object(&e->w, key);
    for (const proto_node *m = proto_node_first(node); m && status == MI_OK; m = proto_node_next(m)) {
        if (strcmp(proto_node_key(m), token) == 0) {
            found = true;
            status = write_changed(e, token, m, rest);
        } else {
            copy_value(e, proto_node_key(m), m);
        }
    }
    if (status == MI_OK && !found)
        status = write_changed(e, token, NULL, rest);
    proto_write_end_object(&e->w);
    return status;
}

static mi_status write_array(edit *e, const char *key, const proto_node *node, const char *token,
                             const char *rest)
{
    bool append = strcmp(token, "-") == 0;
    char *end;
    unsigned long wanted = strtoul(token, &end, 10), i = 0;
    mi_status status = MI_OK;

    if (!append && (*token < '0' || *token > '9' || *end))
        return mi_fail(e->err, MI_INVALID, "%s: '%s' is not an index of an array", e->pointer, token);
    proto_write_array(&e->w, key);
    for (const proto_node *m = proto_node_first(node); m && status == MI_OK; m = proto_node_next(m), i++) {
        if (!append && i == wanted)
            status = write_changed(e, NULL, m, rest);
        else
            copy_value(e, NULL, m);
    }
    if (status == MI_OK && (append || wanted == i))
        status = write_changed(e, NULL, NULL, rest);
    else if (status == MI_OK && wanted > i)
        status = mi_fail(e->err, MI_INVALID, "%s: the array has only %lu elements", e->pointer, i);
    proto_write_end_array(&e->w);
    return status;
}

/* Write `node` (NULL: absent) with the new value at `rest` below it. */
static mi_status write_changed(edit *e, const char *key, const proto_node *node, const char *rest)
{
    char token[MAX_TOKEN];
    mi_status status;

    if (*rest == '\0') {
        proto_write_raw(&e->w, key, e->json);
        return MI_OK;
    }
    status = next_token(e, &rest, token);
    if (status != MI_OK)
        return status;
    if (!node || proto_node_kind(node) == PROTO_OBJECT)
        return write_object(e, key, node, token, rest);
    if (proto_node_kind(node) == PROTO_ARRAY)
        return write_array(e, key, node, token, rest);
    return mi_fail(e->err, MI_INVALID, "%s leads through a value that is neither an object nor an array",
                   e->pointer);
}

static mi_status check_arguments(const char *pointer, const char *json, mi_error *err)
{
    proto_json *value = NULL;
    mi_error why = {0};
    size_t depth = 0;

    for (const char *p = pointer; *p; p++)
        depth += *p == '/';
    if (depth > MAX_DEPTH)
        return mi_fail(err, MI_INVALID, "%.80s... is deeper than %d levels", pointer, MAX_DEPTH);
    if (proto_json_parse(&value, json, strlen(json), SPEC_MAX, NULL, 0, &why) != MI_OK)
        return mi_fail(err, MI_INVALID,
                       "%s: the value is not JSON (a string needs its quotes: '%s=\"text\"'): %s", pointer,
                       pointer, why.message);
    proto_json_free(value);
    return MI_OK;
}

mi_status spec_set(proto_text *document, const char *pointer, const char *json, mi_error *err)
{
    proto_json *old = NULL;
    proto_text changed;
    edit e = {.json = json, .pointer = pointer, .err = err};
    mi_status status = check_arguments(pointer, json, err);

    proto_text_init(&changed, SPEC_MAX);
    if (status == MI_OK)
        status = proto_json_parse(&old, document->data, document->length, SPEC_MAX, NULL, 0, err);
    if (status != MI_OK)
        goto out;
    proto_write_init(&e.w, &changed);
    status = write_changed(&e, NULL, proto_json_root(old), pointer);
    if (status == MI_OK && !proto_text_ok(&changed))
        status = mi_fail(err, MI_LIMIT, "the job document is over %zu MB", SPEC_MAX >> 20);
    if (status == MI_OK) {
        proto_text_fini(document);
        *document = changed;
        proto_text_init(&changed, SPEC_MAX);
    }
out:
    proto_json_free(old);
    proto_text_fini(&changed);
    return status;
}

mi_status spec_set_string(proto_text *document, const char *pointer, const char *value, mi_error *err)
{
    proto_text json;
    proto_json_writer w;
    mi_status status;

    proto_text_init(&json, SPEC_MAX);
    proto_write_init(&w, &json);
    proto_write_string(&w, NULL, value);
    status = proto_text_ok(&json) ? spec_set(document, pointer, json.data, err)
                                  : mi_fail(err, MI_MEMORY, "out of memory");
    proto_text_fini(&json);
    return status;
}

void spec_pointer_append(proto_text *pointer, const char *token, size_t n)
{
    proto_text_puts(pointer, "/");
    for (size_t i = 0; i < n; i++) {
        if (token[i] == '~')
            proto_text_puts(pointer, "~0");
        else if (token[i] == '/')
            proto_text_puts(pointer, "~1");
        else
            proto_text_append(pointer, token + i, 1);
    }
}
