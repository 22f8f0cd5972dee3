#include "proto/dataset_request.h"

#include "job_fields.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

static const char *take_kind(proto_dataset_reading *out, const char *value)
{
    out->pairs = strcmp(value, "pairs") == 0;
    return out->pairs || strcmp(value, "matrix") == 0 ? NULL : "matrix or pairs";
}

static const char *take_format(proto_dataset_reading *out, const char *value)
{
    return proto_format_parse(value, &out->options.format) ? NULL
                                                           : "auto, npy, npz, csv, tsv, safetensors or hdf5";
}

static const char *take_choice(proto_choice *out, const char *value)
{
    static const struct {
        const char *text;
        proto_choice choice;
    } choices[] = {{"auto", PROTO_CHOICE_AUTO},
                   {"yes", PROTO_CHOICE_YES},
                   {"true", PROTO_CHOICE_YES},
                   {"no", PROTO_CHOICE_NO},
                   {"false", PROTO_CHOICE_NO}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(value, choices[i].text) == 0) {
            *out = choices[i].choice;
            return NULL;
        }
    return "auto, yes or no";
}

static const char *take_header(proto_dataset_reading *out, const char *value)
{
    return take_choice(&out->options.header, value);
}

static const char *take_ids(proto_dataset_reading *out, const char *value)
{
    return take_choice(&out->options.ids, value);
}

/* A text of 1 to size - 1 bytes. */
static bool take_text(char *out, size_t size, const char *value)
{
    if (value[0] == '\0' || strlen(value) >= size)
        return false;
    snprintf(out, size, "%s", value);
    return true;
}

static const char *take_id_column(proto_dataset_reading *out, const char *value)
{
    return take_text(out->options.id_column, sizeof out->options.id_column, value) ? NULL
                                                                                   : "the name of a column";
}

static const char *take_key(proto_dataset_reading *out, const char *value)
{
    return take_text(out->options.key, sizeof out->options.key, value) ? NULL
                                                                       : "the name of an array in the file";
}

static const char *take_ids_key(proto_dataset_reading *out, const char *value)
{
    return take_text(out->options.ids_key, sizeof out->options.ids_key, value)
               ? NULL
               : "the name of an array in the file";
}

static const char *take_categorical(proto_dataset_reading *out, const char *value)
{
    out->options.categorical = value;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*take)(proto_dataset_reading *out, const char *value);
    bool choice; /* JSON's true and false do as well */
} options[] = {{"kind", take_kind, false},
               {"format", take_format, false},
               {"header", take_header, true},
               {"ids", take_ids, true},
               {"id_column", take_id_column, false},
               {"categorical", take_categorical, false},
               {"key", take_key, false},
               {"member", take_key, false},
               {"ids_key", take_ids_key, false}};

#define N_OPTIONS (sizeof options / sizeof *options)

static size_t find(const char *name)
{
    size_t i = 0;
    while (i < N_OPTIONS && strcmp(options[i].name, name) != 0)
        i++;
    return i;
}

const char *proto_dataset_reading_take(proto_dataset_reading *out, const char *name, const char *value,
                                       bool *known)
{
    const size_t i = find(name);
    *known = i < N_OPTIONS;
    return *known ? options[i].take(out, value) : NULL;
}

static void reading_fini(proto_dataset_reading *reading)
{
    free(reading->categorical);
    *reading = (proto_dataset_reading){0};
}

/* ---- the document ---- */

static void decode_path(proto_dataset_request *out, const proto_node *node, proto_problem *problem)
{
    const char *path = proto_node_string(node, NULL);
    if (!path || path[0] == '\0' || strlen(path) > PROTO_PATH_MAX)
        proto_problem_expected(problem, "", "path", node, "the path of a file below the server's data root");
    else if (!out->path && !(out->path = strdup(path)))
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory");
}

static void decode_option(proto_dataset_request *out, const proto_node *node, proto_problem *problem)
{
    const char *key = proto_node_key(node), *value = proto_node_string(node, NULL);
    const size_t i = find(key);
    char at[128];
    if (i == N_OPTIONS) {
        proto_pointer_join(at, sizeof at, "", key);
        proto_problem_add(problem, at,
                          "unknown field; known are name, path, kind, format, header, ids, id_column, "
                          "categorical, key, member and ids_key");
        return;
    }
    if (options[i].choice && proto_node_kind(node) == PROTO_BOOL)
        value = proto_node_bool(node, false) ? "true" : "false";
    if (value && options[i].take == take_categorical) {
        out->reading.categorical = strdup(value);
        if (!out->reading.categorical)
            proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory");
        value = out->reading.categorical;
    }
    const char *expected = value ? options[i].take(&out->reading, value) : "a string";
    if (expected)
        proto_problem_expected(problem, "", key, node, expected);
}

static void decode_members(proto_dataset_request *out, const proto_node *root, proto_problem *problem)
{
    proto_dataset_name_decode(out->name, proto_node_member(root, "name"), "", "name", problem);
    decode_path(out, proto_node_member(root, "path"), problem);
    for (const proto_node *node = proto_node_first(root); node; node = proto_node_next(node))
        if (strcmp(proto_node_key(node), "name") != 0 && strcmp(proto_node_key(node), "path") != 0)
            decode_option(out, node, problem);
}

mi_status proto_dataset_request_decode(proto_dataset_request *out, const char *bytes, size_t n,
                                       proto_problem *problem)
{
    proto_json *json = NULL;
    mi_error err = {.code = MI_OK};
    *out = (proto_dataset_request){0};
    proto_problem_init(problem);
    mi_status status = n > PROTO_DATASET_REQUEST_MAX
                           ? mi_fail(&err, MI_LIMIT, "the document has %zu bytes; at most %u are taken here",
                                     n, PROTO_DATASET_REQUEST_MAX)
                           : proto_json_parse(&json, bytes, n, PROTO_DATASET_REQUEST_MAX, NULL, 0, &err);
    if (status != MI_OK) {
        proto_problem_from_json(problem, &err);
        return status;
    }
    if (proto_node_kind(proto_json_root(json)) == PROTO_OBJECT)
        decode_members(out, proto_json_root(json), problem);
    else
        proto_problem_add(problem, "", "expected an object with name and path");
    proto_json_free(json);
    if (!proto_problem_any(problem))
        return MI_OK;
    proto_dataset_request_fini(out);
    return proto_problem_failure(problem);
}

void proto_dataset_request_fini(proto_dataset_request *request)
{
    free(request->path);
    reading_fini(&request->reading);
    *request = (proto_dataset_request){0};
}
