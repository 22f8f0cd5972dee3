#include "job_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool proto_name_valid(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = strlen(name);
    return n > 0 && n <= PROTO_NAME_MAX && strspn(name, letters) == n && !strchr("._-", name[0]);
}

bool proto_sha256_decode(char out[PROTO_SHA_HEX], const proto_node *node)
{
    const char *text = proto_node_string(node, "");
    if (strlen(text) != PROTO_SHA_HEX - 1 || strspn(text, "0123456789abcdef") != PROTO_SHA_HEX - 1)
        return false;
    memcpy(out, text, PROTO_SHA_HEX);
    return true;
}

bool proto_extent_decode(uint64_t *out, const proto_node *node)
{
    uint64_t extent;
    if (!proto_node_whole(node, &extent) || extent == 0)
        return false;
    *out = extent;
    return true;
}

void proto_dataset_name_decode(char out[PROTO_NAME_MAX + 1], const proto_node *node, const char *pointer,
                               const char *member, proto_problem *problem)
{
    const char *name = proto_node_string(node, NULL);
    if (name && proto_name_valid(name))
        snprintf(out, PROTO_NAME_MAX + 1, "%s", name);
    else
        proto_problem_expected(problem, pointer, member, node,
                               "the name of a data set: 1 to 128 characters of [A-Za-z0-9._-], the first a "
                               "letter or digit");
}
_Static_assert(PROTO_NAME_MAX == 128, "the message says so");

void proto_dataset_only_decode(char out[PROTO_NAME_MAX + 1], const proto_node *node, const char *pointer,
                               const char *what, proto_problem *problem)
{
    char at[256];
    if (proto_node_kind(node) != PROTO_OBJECT || !proto_node_member(node, "dataset")) {
        proto_problem_expected(problem, pointer, NULL, node, what);
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child)) {
        const char *key = proto_node_key(child);
        proto_pointer_join(at, sizeof at, pointer, key);
        if (strcmp(key, "dataset") == 0)
            proto_dataset_name_decode(out, child, at, NULL, problem);
        else
            proto_problem_add(problem, at, "unknown field; known is dataset");
    }
}

static void decode_sha256(proto_input *input, const proto_node *node, const char *pointer,
                          proto_problem *problem)
{
    if (!proto_sha256_decode(input->sha256, node))
        proto_problem_expected(problem, pointer, "sha256", node, PROTO_SHA256_EXPECTED);
}

static void decode_extent(uint64_t *out, const proto_node *node, const char *pointer, const char *member,
                          proto_problem *problem)
{
    if (!proto_extent_decode(out, node))
        proto_problem_expected(problem, pointer, member, node, PROTO_EXTENT_EXPECTED);
}

static void decode_data(proto_input *input, const proto_node *node, const char *pointer,
                        proto_json_matrix *matrix, const proto_limits *limits, proto_problem *problem)
{
    char at[64];
    snprintf(at, sizeof at, "%s/data", pointer);
    if (matrix->error.code != MI_OK)
        proto_problem_add(problem, matrix->error.pointer, "%s", matrix->error.message);
    else if (!matrix->data)
        proto_problem_expected(problem, pointer, "data", node, "rows of numbers");
    else if (matrix->cols > limits->max_columns)
        proto_problem_add(problem, at, "has %llu columns; at most %llu are accepted",
                          (unsigned long long)matrix->cols, (unsigned long long)limits->max_columns);
    else if ((input->rows && input->rows != matrix->rows) || (input->cols && input->cols != matrix->cols))
        proto_problem_add(problem, at, "is %llu x %llu, unlike rows and columns beside it",
                          (unsigned long long)matrix->rows, (unsigned long long)matrix->cols);
    input->rows = matrix->rows;
    input->cols = matrix->cols;
    input->inline_data = matrix->data;
    matrix->data = NULL;
}

void proto_input_decode(proto_input *input, const proto_node *node, const char *pointer,
                        proto_json_matrix *matrix, const proto_limits *limits, proto_problem *problem)
{
    static const char *const members[] = {"dataset",     "sha256", "rows", "columns",
                                          "categorical", "data",   NULL};
    const proto_node *data = proto_node_member(node, "data");
    char at[256], found[64];
    if (proto_node_kind(node) != PROTO_OBJECT) {
        if (node)
            proto_problem_add(problem, pointer,
                              "expected an object such as {\"dataset\": \"name\"}, found %s",
                              proto_node_describe(node, found));
        else
            proto_problem_add(problem, pointer,
                              "is required: {\"dataset\": \"name\"} or {\"data\": [[...], ...]}");
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child)) {
        const char *key = proto_node_key(child);
        if (strcmp(key, "dataset") == 0)
            proto_dataset_name_decode(input->dataset, child, pointer, "dataset", problem);
        else if (strcmp(key, "sha256") == 0)
            decode_sha256(input, child, pointer, problem);
        else if (strcmp(key, "rows") == 0)
            decode_extent(&input->rows, child, pointer, key, problem);
        else if (strcmp(key, "columns") == 0)
            decode_extent(&input->cols, child, pointer, key, problem);
        else if (strcmp(key, "categorical") == 0)
            proto_input_decode_categorical(input, child, pointer, limits, problem);
        else if (strcmp(key, "data") != 0) {
            const char *nearest = proto_name_nearest(key, members);
            proto_pointer_join(at, sizeof at, pointer, key);
            if (nearest)
                proto_problem_add(problem, at, "unknown field; did you mean \"%s\"?", nearest);
            else
                proto_problem_add(
                    problem, at,
                    "unknown field; known are dataset, sha256, rows, columns, categorical and data");
        }
    }
    bool stored = proto_node_member(node, "dataset") || proto_node_member(node, "sha256");
    if (data && stored)
        proto_problem_add(problem, pointer, "has data of its own and names stored data; give one of them");
    else if (!data && !stored)
        proto_problem_add(problem, pointer, "needs one of \"dataset\", \"data\" and \"sha256\"");
    if (data)
        decode_data(input, data, pointer, matrix, limits, problem);
}

void proto_input_encode(const proto_input *input, const char *key, proto_json_writer *w)
{
    proto_write_object(w, key);
    if (input->dataset[0] != '\0')
        proto_write_string(w, "dataset", input->dataset);
    if (input->sha256[0] != '\0')
        proto_write_string(w, "sha256", input->sha256);
    if (input->rows > 0)
        proto_write_u64(w, "rows", input->rows);
    if (input->cols > 0)
        proto_write_u64(w, "columns", input->cols);
    proto_input_encode_categorical(input, w);
    if (input->inline_data && input->sha256[0] == '\0') {
        proto_write_array(w, "data");
        for (uint64_t row = 0; row < input->rows; row++) {
            proto_write_array(w, NULL);
            for (uint64_t col = 0; col < input->cols; col++)
                proto_write_double(w, NULL, (double)input->inline_data[row * input->cols + col]);
            proto_write_end_array(w);
        }
        proto_write_end_array(w);
    }
    proto_write_end_object(w);
}
