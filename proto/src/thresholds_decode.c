#include "job_fields.h"
#include "proto/thresholds.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One member of the request. */
typedef struct decoding {
    proto_thresholds_request *out;
    const proto_node *node;
    const char *pointer;
    const proto_limits *limits;
    proto_problem *problem;
} decoding;

static void expected(const decoding *d, const char *what)
{
    proto_problem_expected(d->problem, d->pointer, NULL, d->node, what);
}

static bool is_share(double value)
{
    return value > 0.0 && value < 1.0;
}

static void decode_targets(const decoding *d, double *targets, uint32_t *n_targets)
{
    uint32_t n = 0;
    if (proto_node_kind(d->node) != PROTO_ARRAY) {
        expected(d, "an array of numbers between 0 and 1");
        return;
    }
    for (const proto_node *item = proto_node_first(d->node); item; item = proto_node_next(item), n++) {
        char at[64];
        const double value = proto_node_number(item, -1);
        if (n == MI_THRESHOLDS_MAX) {
            proto_problem_add(d->problem, d->pointer, "has more than %u targets", MI_THRESHOLDS_MAX);
            return;
        }
        snprintf(at, sizeof at, "%s/%" PRIu32, d->pointer, n);
        const decoding target = {d->out, item, at, d->limits, d->problem};
        if (is_share(value))
            targets[n] = value;
        else
            expected(&target, "a number between 0 and 1");
    }
    *n_targets = n;
}

static void decode_fpr(const decoding *d)
{
    decode_targets(d, d->out->targets.fpr, &d->out->targets.n_fpr);
}

static void decode_fdr(const decoding *d)
{
    decode_targets(d, d->out->targets.fdr, &d->out->targets.n_fdr);
}

static void decode_precision(const decoding *d)
{
    decode_targets(d, d->out->targets.precision, &d->out->targets.n_precision);
}

static void decode_recall(const decoding *d)
{
    decode_targets(d, d->out->targets.recall, &d->out->targets.n_recall);
}

static void decode_prior(const decoding *d)
{
    const double value = proto_node_number(d->node, -1);
    if (is_share(value))
        d->out->targets.prior = value;
    else
        expected(d, "a share of true pairs between 0 and 1");
}

static void decode_pairs(const decoding *d)
{
    d->out->has_pairs = true;
    proto_pairs_input_decode(&d->out->pairs, d->node, d->pointer, d->limits, d->problem);
}

static void decode_side(const decoding *d, char out[PROTO_NAME_MAX + 1])
{
    proto_dataset_only_decode(out, d->node, d->pointer, "an object {\"dataset\": \"name\"}", d->problem);
}

static void decode_x(const decoding *d)
{
    decode_side(d, d->out->x);
}

static void decode_y(const decoding *d)
{
    decode_side(d, d->out->y);
}

static void decode_interval(const decoding *d)
{
    const char *name = proto_node_string(d->node, "");
    if (strcmp(name, "delong") == 0 || strcmp(name, "bootstrap") == 0)
        d->out->targets.auroc_bootstrap = name[0] == 'b';
    else
        expected(d, "\"delong\" or \"bootstrap\"");
}

static bool decode_bool(const decoding *d, bool fallback)
{
    if (proto_node_kind(d->node) != PROTO_BOOL)
        expected(d, "true or false");
    return proto_node_bool(d->node, fallback);
}

static void decode_curves(const decoding *d)
{
    d->out->targets.curves = decode_bool(d, true);
}

static void decode_allow_training_pairs(const decoding *d)
{
    d->out->allow_training_pairs = decode_bool(d, false);
}

static void decode_max_points(const decoding *d)
{
    char what[64];
    const double value = proto_node_number(d->node, -1);
    if (value >= 2 && value <= MI_THRESHOLDS_MAX_POINTS && value == floor(value)) {
        d->out->targets.max_points = (uint32_t)value;
        return;
    }
    snprintf(what, sizeof what, "a whole number from 2 to %u", MI_THRESHOLDS_MAX_POINTS);
    expected(d, what);
}

static void decode_seed(const decoding *d)
{
    if (!proto_seed_decode(d->node, &d->out->targets.seed))
        expected(d, PROTO_SEED_EXPECTED);
}

static const struct {
    const char *name;
    void (*decode)(const decoding *);
    bool of_labels; /* means nothing without pairs */
} FIELDS[] = {
    {"fpr", decode_fpr, false},
    {"fdr", decode_fdr, false},
    {"prior", decode_prior, false},
    {"pairs", decode_pairs, false},
    {"x", decode_x, true},
    {"y", decode_y, true},
    {"precision", decode_precision, true},
    {"recall", decode_recall, true},
    {"interval", decode_interval, true},
    {"curves", decode_curves, true},
    {"max_points", decode_max_points, true},
    {"allow_training_pairs", decode_allow_training_pairs, true},
    {"seed", decode_seed, true},
};
#define N_FIELDS (sizeof FIELDS / sizeof FIELDS[0])

static void refuse_unknown(const char *pointer, const char *name, proto_problem *problem)
{
    const char *names[N_FIELDS + 1] = {NULL};
    for (size_t i = 0; i < N_FIELDS; i++)
        names[i] = FIELDS[i].name;
    const char *nearest = proto_name_nearest(name, names);
    if (nearest)
        proto_problem_add(problem, pointer, "unknown field; did you mean \"%s\"?", nearest);
    else
        proto_problem_add(problem, pointer,
                          "unknown field; known are fpr, fdr, prior, and pairs with what is asked of them");
}

static void decode_member(proto_thresholds_request *out, const proto_node *node, bool has_pairs,
                          const proto_limits *limits, proto_problem *problem)
{
    char pointer[256];
    const char *name = proto_node_key(node);
    proto_pointer_join(pointer, sizeof pointer, "", name);
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(FIELDS[i].name, name) != 0)
            continue;
        FIELDS[i].decode(&(decoding){out, node, pointer, limits, problem});
        if (FIELDS[i].of_labels && !has_pairs)
            proto_problem_add(problem, pointer, "is about pairs of the request; give them as \"pairs\"");
        return;
    }
    refuse_unknown(pointer, name, problem);
}

static void decode_root(proto_thresholds_request *out, const proto_node *root, const proto_limits *limits,
                        proto_problem *problem)
{
    if (proto_node_kind(root) != PROTO_OBJECT) {
        proto_problem_expected(problem, "", NULL, root, "an object");
        return;
    }
    const bool has_pairs = proto_node_member(root, "pairs") != NULL;
    for (const proto_node *child = proto_node_first(root); child; child = proto_node_next(child))
        decode_member(out, child, has_pairs, limits, problem);
}

mi_status proto_thresholds_decode(proto_thresholds_request **out, const char *bytes, size_t n,
                                  const proto_limits *limits, proto_problem *problem)
{
    const uint64_t most =
        limits->max_job_bytes < PROTO_THRESHOLDS_TREE_MAX ? limits->max_job_bytes : PROTO_THRESHOLDS_TREE_MAX;
    mi_error err = {.code = MI_OK};
    proto_json *json;
    *out = NULL;
    proto_problem_init(problem);
    if (n > most) {
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                          "the request has %zu bytes; at most %" PRIu64 " are accepted; put the pairs into a "
                          "data set of kind pairs",
                          n, most);
        return MI_LIMIT;
    }
    mi_status status = proto_json_parse(&json, bytes, n, PROTO_THRESHOLDS_TREE_MAX, NULL, 0, &err);
    if (status != MI_OK) {
        proto_problem_from_json(problem, &err);
        return status;
    }
    proto_thresholds_request *request = calloc(1, sizeof *request);
    if (request) {
        mi_thresholds_request_default(&request->targets);
        decode_root(request, proto_json_root(json), limits, problem);
    } else {
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a request");
    }
    proto_json_free(json);
    if (proto_problem_any(problem)) {
        proto_thresholds_free(request);
        return proto_problem_failure(problem);
    }
    *out = request;
    return MI_OK;
}

void proto_thresholds_free(proto_thresholds_request *request)
{
    if (!request)
        return;
    proto_pairs_input_fini(&request->pairs);
    free(request);
}
