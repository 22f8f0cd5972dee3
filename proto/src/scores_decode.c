#include "job_fields.h"
#include "proto/scores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct decoding {
    proto_scores_request *out;
    proto_limits limits; /* of a list: pairs instead of numbers */
    proto_problem *problem;
} decoding;

static void decode_pairs(const decoding *d, const proto_node *node)
{
    proto_pairs_input *pairs = &d->out->pairs;
    d->out->has_pairs = true;
    if (proto_node_kind(node) == PROTO_ARRAY)
        proto_pairs_input_decode_list(pairs, node, "/pairs", &d->limits, d->problem);
    else
        proto_pairs_input_decode(pairs, node, "/pairs", &d->limits, d->problem);
    if (pairs->label[0] != '\0')
        proto_problem_add(d->problem, "/pairs/label", "means nothing here: every pair is scored");
    if (pairs->labels)
        proto_problem_add(d->problem, "/pairs/data",
                          "has labels, which mean nothing here: every pair is scored");
    if (pairs->symmetric)
        proto_problem_add(d->problem, "/pairs/symmetric",
                          "means nothing here: the model knows whether its pairs have an order");
}

/* Takes the matrix. */
static void decode_vectors(const decoding *d, int side, proto_json_matrix *matrix)
{
    if (matrix->error.code != MI_OK) {
        proto_problem_add(d->problem, matrix->error.pointer, "%s", matrix->error.message);
        if (matrix->error.code == MI_LIMIT)
            proto_problem_set(d->problem, PROTO_PROBLEM_TOO_LARGE, "%s", matrix->error.message);
        return;
    }
    d->out->vectors[side] = matrix->data;
    d->out->cols[side] = matrix->cols;
    matrix->data = NULL;
}

/* Takes what was lifted from it. */
static void decode_side(const decoding *d, int side, const proto_node *node, proto_json_matrix *matrix)
{
    if (matrix->data || matrix->error.code != MI_OK)
        decode_vectors(d, side, matrix);
    else
        proto_dataset_only_decode(d->out->dataset[side], node, side ? "/y" : "/x",
                                  "an object {\"dataset\": \"name\"}, or rows of numbers", d->problem);
}

static void too_many(const decoding *d, uint64_t n)
{
    proto_problem_set(d->problem, PROTO_PROBLEM_TOO_LARGE,
                      "%" PRIu64 " pairs; at most %" PRIu64 " are scored by a request", n,
                      d->limits.max_score_pairs);
}

static void check_vectors(const decoding *d, const proto_json_matrix m[2])
{
    proto_scores_request *out = d->out;
    if (out->has_pairs) {
        proto_problem_add(d->problem, "/pairs", "are by id, but x or y has vectors; give one of them");
    } else if (!out->vectors[0] || !out->vectors[1]) {
        proto_problem_add(d->problem, out->vectors[0] ? "/y" : "/x",
                          "needs as many vectors as the other has");
    } else if (m[0].rows != m[1].rows) {
        proto_problem_set(d->problem, PROTO_PROBLEM_SHAPE_MISMATCH, "x has %" PRIu64 " rows, y %" PRIu64,
                          m[0].rows, m[1].rows);
        proto_problem_add(d->problem, "/y", "expected %" PRIu64 " rows, as x has", m[0].rows);
    } else if (m[0].rows > d->limits.max_score_pairs) {
        too_many(d, m[0].rows);
    }
    out->rows = m[0].rows;
}

static void decode_root(const decoding *d, const proto_node *root, proto_json_matrix m[2])
{
    static const char *const members[] = {"pairs", "x", "y", NULL};
    char at[256];
    if (proto_node_kind(root) != PROTO_OBJECT) {
        proto_problem_expected(d->problem, "", NULL, root, "an object");
        return;
    }
    for (const proto_node *child = proto_node_first(root); child; child = proto_node_next(child)) {
        const char *key = proto_node_key(child), *nearest;
        proto_pointer_join(at, sizeof at, "", key);
        if (strcmp(key, "pairs") == 0)
            decode_pairs(d, child);
        else if (strcmp(key, "x") == 0 || strcmp(key, "y") == 0)
            decode_side(d, key[0] == 'y', child, &m[key[0] == 'y']);
        else if ((nearest = proto_name_nearest(key, members)))
            proto_problem_add(d->problem, at, "unknown field; did you mean \"%s\"?", nearest);
        else
            proto_problem_add(d->problem, at, "unknown field; known are pairs, x and y");
    }
    if (d->out->vectors[0] || d->out->vectors[1])
        check_vectors(d, m);
    else if (!d->out->has_pairs && !proto_problem_any(d->problem))
        proto_problem_add(
            d->problem, "/pairs",
            "is required: [[\"id of x\", \"id of y\"], ...], {\"dataset\": \"name\"}, or vectors "
            "as x and y");
}

mi_status proto_scores_decode(proto_scores_request **out, const char *bytes, size_t n,
                              const proto_limits *limits, proto_problem *problem)
{
    proto_json_matrix m[2] = {{.pointer = "/x", .max_numbers = limits->max_inline_numbers},
                              {.pointer = "/y", .max_numbers = limits->max_inline_numbers}};
    decoding d = {.limits = *limits, .problem = problem};
    mi_error err = {.code = MI_OK};
    proto_json *json = NULL;
    *out = NULL;
    proto_problem_init(problem);
    d.limits.max_inline_numbers = limits->max_score_pairs;
    const mi_status status = proto_json_parse(&json, bytes, n, PROTO_SCORES_TREE_MAX, m, 2, &err);
    if (status != MI_OK) {
        proto_problem_from_json(problem, &err);
        if (status == MI_LIMIT)
            proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                              "%s; put the pairs into a data set of kind pairs", err.message);
        return status;
    }
    d.out = calloc(1, sizeof *d.out);
    if (d.out)
        decode_root(&d, proto_json_root(json), m);
    else
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a request");
    proto_json_free(json);
    free(m[0].data);
    free(m[1].data);
    if (proto_problem_any(problem)) {
        proto_scores_free(d.out);
        return proto_problem_failure(problem);
    }
    *out = d.out;
    return MI_OK;
}

void proto_scores_free(proto_scores_request *request)
{
    if (!request)
        return;
    proto_pairs_input_fini(&request->pairs);
    free(request->vectors[0]);
    free(request->vectors[1]);
    free(request);
}
