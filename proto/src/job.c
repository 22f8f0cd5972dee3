#include "proto/job.h"
#include "job_fields.h"
#include "mi/model.h"
#include "proto/model_file.h"
#include "proto/pairs_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static proto_job *new_job(void)
{
    proto_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    mi_spec_from_recipe(&job->spec, MI_RECIPE_DEFAULT);
    job->want_curve = true;
    job->priority = PROTO_DEFAULT_PRIORITY;
    job->timeout_s = PROTO_DEFAULT_TIMEOUT_S;
    proto_benchmark_defaults(&job->benchmark);
    proto_screen_defaults(&job->screen);
    job->tags = strdup("{}");
    if (!job->tags) {
        free(job);
        return NULL;
    }
    return job;
}

void proto_job_free(proto_job *job)
{
    if (!job)
        return;
    free(job->x.inline_data);
    free(job->y.inline_data);
    free(job->x.categorical);
    free(job->y.categorical);
    proto_pairs_input_fini(&job->pairs);
    proto_screen_fini(&job->screen);
    free(job->benchmark.laws);
    free(job->tags);
    free(job);
}

static void check_known(const proto_node *object, const char *parent, proto_problem *problem)
{
    for (const proto_node *child = proto_node_first(object); child; child = proto_node_next(child)) {
        char at[256], found[64];
        proto_pointer_join(at, sizeof at, parent, proto_node_key(child));
        if (proto_field_find(at))
            continue;
        if (parent[0] == '\0' && proto_field_is_group(at)) {
            if (proto_node_kind(child) == PROTO_OBJECT)
                check_known(child, at, problem);
            else
                proto_problem_add(problem, at, "expected an object, found %s",
                                  proto_node_describe(child, found));
            continue;
        }
        char nearest[128];
        if (!proto_problem_full(problem) && proto_field_nearest(at, nearest, sizeof nearest))
            proto_problem_add(problem, at, "unknown field; did you mean \"%s\"?", nearest);
        else
            proto_problem_add(problem, at, "unknown field; GET /v1/info lists the known ones");
    }
}

/* Why the field is not one of this job. */
static void refuse_field(const proto_field *field, const proto_job *job, proto_problem *problem)
{
    const char *kind = proto_job_kind_name(job->kind);
    if (!proto_field_fits_critic(field, job))
        proto_problem_add(problem, field->pointer, "the critic \"%s\" does not take this setting",
                          proto_field_find("/critic/type")->names[job->spec.critic.type]);
    else if (proto_mode_of(job) == PROTO_MODE_FRESH && (field->modes & PROTO_MODE_FINITE) != 0)
        proto_problem_add(problem, field->pointer,
                          "a benchmark with \"fresh\" pairs does not take this field");
    else
        proto_problem_add(problem, field->pointer, "a job of kind \"%s\" does not take this field", kind);
}

/* In the order of the table; objectives come last, for they depend on other fields. */
static void decode_fields(proto_job *job, const proto_node *root, proto_problem *problem)
{
    for (size_t i = 0; proto_field_at(i); i++) {
        const proto_field *field = proto_field_at(i);
        const proto_node *node = proto_json_at(root, field->pointer);
        if (!node)
            continue;
        if (proto_field_fits_critic(field, job) && proto_field_fits_mode(field, job))
            proto_field_decode(field, job, node, field->pointer, problem);
        else
            refuse_field(field, job, problem);
        if (field->kind == PROTO_FIELD_ENUM && field->offset == offsetof(proto_job, kind))
            job->benchmark.fresh = proto_node_member(root, "fresh") != NULL;
    }
    const proto_node *fresh = proto_node_member(root, "fresh");
    if (job->kind == PROTO_KIND_ESTIMATE && proto_node_kind(fresh) == PROTO_OBJECT &&
        !proto_node_first(fresh))
        proto_problem_add(problem, "/fresh", "is of a benchmark; expected none in an estimate");
    if (job->kind != PROTO_KIND_SCREEN)
        proto_objectives_decode(job, root, problem);
}

/* Why no variant of the job has a PMI, for the message; NULL: one has. */
static const char *no_pmi_reason(const proto_job *job)
{
    const char *reason = NULL;
    for (uint32_t i = 0; i < job->n_objectives || i == 0; i++) {
        mi_spec spec = job->spec;
        if (job->n_objectives > 0)
            spec.objective = job->objectives[i];
        if (!(reason = mi_spec_no_pmi_reason(&spec)))
            return NULL;
    }
    return reason;
}

static void decode_sides(proto_job *job, const proto_node *root, proto_json_matrix data[2],
                         const proto_limits *limits, proto_problem *problem)
{
    const proto_node *pairs = proto_node_member(root, "pairs");
    proto_input_decode(&job->x, proto_node_member(root, "x"), "/x", &data[0], limits, problem);
    proto_input_decode(&job->y, proto_node_member(root, "y"), "/y", &data[1], limits, problem);
    if (!pairs)
        return;
    static const char no_ids[] = "rows given here have no ids; pairs by id need a data set with ids";
    job->has_pairs = true;
    proto_pairs_input_decode_job(&job->pairs, pairs, "/pairs", limits, problem);
    if (job->pairs.symmetric && (job->spec.split.by == MI_SPLIT_X || job->spec.split.by == MI_SPLIT_Y))
        proto_problem_add(problem, "/split/by",
                          "symmetric pairs have every id on both sides; expected \"pair\" or \"entity\"");
    if (job->x.inline_data)
        proto_problem_add(problem, "/x/data", no_ids);
    if (job->y.inline_data)
        proto_problem_add(problem, "/y/data", no_ids);
}

/* A model is made of what the runs of one objective have trained (critics, or codes), and for its PMIs. */
static void check_model(const proto_job *job, const char *no_pmi, proto_problem *problem)
{
    const char *name = job->spec.objective.entry->name;
    const uint64_t members = (uint64_t)job->spec.split.folds * job->spec.replicates;
    if (job->n_objectives > 0)
        proto_problem_add(problem, "/outputs/model",
                          "a comparison keeps no model; expected false, or one \"objective\"");
    else if (no_pmi)
        proto_problem_add(problem, "/outputs/model",
                          "the objective \"%s\" %s, so that a model would have no PMI; expected false", name,
                          no_pmi);
    else if (!mi_spec_has_model(&job->spec))
        proto_problem_add(problem, "/outputs/model",
                          "the objective \"%s\" has no critic that a model could keep; expected false", name);
    else if (members > PROTO_MODEL_MEMBERS_MAX)
        proto_problem_add(problem, "/outputs/model",
                          "folds x replicates is %" PRIu64 " runs; a model is made of at most %u; expected "
                          "false, or fewer runs",
                          members, PROTO_MODEL_MEMBERS_MAX);
}

/* Defaults and refusals that depend on several fields at once. */
static void check_across(proto_job *job, const proto_node *root, const proto_limits *limits,
                         proto_problem *problem)
{
    if (job->kind == PROTO_KIND_SCREEN) {
        proto_screen_check(job, problem);
        return;
    }
    const proto_node *pmi = proto_json_at(root, "/outputs/pmi"),
                     *calibrate = proto_json_at(root, "/calibrate");
    const char *name = job->spec.objective.entry->name, *no_pmi = no_pmi_reason(job);
    const bool estimate = job->kind == PROTO_KIND_ESTIMATE;
    uint64_t runs = (uint64_t)job->spec.split.folds * job->spec.replicates * proto_job_variants(job);
    static const char no_ratio[] = "the objective \"%s\" %s, so that there is no %s";

    job->want_pmi = estimate && !no_pmi && proto_node_bool(pmi, true);
    if (estimate && no_pmi && proto_node_bool(pmi, false))
        proto_problem_add(problem, "/outputs/pmi", no_ratio, name, no_pmi, "PMI of a pair");
    if (no_pmi && proto_node_bool(calibrate, false))
        proto_problem_add(problem, "/calibrate", no_ratio, name, no_pmi, "scale to calibrate");
    if (job->want_model)
        check_model(job, no_pmi, problem);
    if (no_pmi)
        job->spec.calibrate = 0;
    if (proto_mode_of(job) != PROTO_MODE_FRESH && job->spec.train.max_steps > limits->max_steps)
        proto_problem_add(problem, "/train/max_steps",
                          "is %" PRIu32 "; this server trains at most %" PRIu64 " steps",
                          job->spec.train.max_steps, limits->max_steps);
    if (!estimate)
        proto_benchmark_check(job, root, limits, problem);
    else if (runs > limits->max_runs)
        proto_problem_add(problem, proto_json_at(root, "/replicates") ? "/replicates" : "/split/folds",
                          "%sfolds x replicates is %" PRIu64 " runs; this server takes at most %" PRIu64
                          " in a job",
                          job->n_objectives > 0 ? "objectives x " : "", runs, limits->max_runs);
}

/* model: of a screen that need not say that it is one; else NULL. max_tree: bytes without inline matrices. */
static mi_status decode(proto_job **out, const char *model, const char *bytes, size_t n, size_t max_tree,
                        const proto_limits *limits, proto_problem *problem)
{
    proto_json_matrix data[] = {{.pointer = "/x/data", .max_numbers = limits->max_inline_numbers},
                                {.pointer = "/y/data", .max_numbers = limits->max_inline_numbers}};
    mi_error err = {.code = MI_OK};
    proto_json *json = NULL;
    proto_job *job = NULL;
    mi_status status;
    char found[64];
    *out = NULL;
    proto_problem_init(problem);
    if ((status = proto_json_parse(&json, bytes, n, max_tree, data, 2, &err)) != MI_OK) {
        proto_problem_from_json(problem, &err);
        goto out;
    }
    const proto_node *root = proto_json_root(json);
    if (proto_node_kind(root) != PROTO_OBJECT) {
        proto_problem_add(problem, "", "expected a job, an object, found %s",
                          proto_node_describe(root, found));
        status = MI_INVALID;
        goto out;
    }
    if (!(job = new_job())) {
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a job");
        status = MI_MEMORY;
        goto out;
    }
    if (model) {
        job->kind = PROTO_KIND_SCREEN;
        snprintf(job->screen.model, sizeof job->screen.model, "%s", model);
    }
    check_known(root, "", problem);
    decode_fields(job, root, problem);
    if (job->kind == PROTO_KIND_ESTIMATE)
        decode_sides(job, root, data, limits, problem);
    else if (job->kind == PROTO_KIND_SCREEN)
        proto_screen_sides_decode(job, root, problem);
    if (model && (job->kind != PROTO_KIND_SCREEN || strcmp(job->screen.model, model) != 0))
        proto_problem_add(problem, job->kind != PROTO_KIND_SCREEN ? "/kind" : "/model",
                          "is not what the request's path says; leave it out");
    check_across(job, root, limits, problem);
    for (size_t i = 0; i < 2; i++)
        if (data[i].error.code == MI_LIMIT)
            proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                              "inline data have at most %" PRIu64 " numbers a side",
                              limits->max_inline_numbers);
    if (proto_problem_any(problem)) {
        status = proto_problem_failure(problem);
        goto out;
    }
    *out = job;
    job = NULL;
out:
    for (size_t i = 0; i < 2; i++)
        free(data[i].data);
    proto_job_free(job);
    proto_json_free(json);
    return status;
}

static mi_status decode_sent(proto_job **out, const char *model, const char *bytes, size_t n,
                             const proto_limits *limits, proto_problem *problem)
{
    if (n <= limits->max_job_bytes)
        return decode(out, model, bytes, n, PROTO_JOB_TREE_MAX, limits, problem);
    *out = NULL;
    proto_problem_init(problem);
    proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE,
                      "the job has %zu bytes; at most %" PRIu64 " are accepted", n, limits->max_job_bytes);
    return MI_LIMIT;
}

mi_status proto_job_decode(proto_job **out, const char *bytes, size_t n, const proto_limits *limits,
                           proto_problem *problem)
{
    return decode_sent(out, NULL, bytes, n, limits, problem);
}

mi_status proto_job_decode_screen(proto_job **out, const char *model, const char *bytes, size_t n,
                                  const proto_limits *limits, proto_problem *problem)
{
    return decode_sent(out, model, bytes, n, limits, problem);
}

mi_status proto_job_decode_spec(proto_job **out, const char *spec, const proto_limits *limits,
                                proto_problem *problem)
{
    return decode(out, NULL, spec, strlen(spec), SIZE_MAX, limits, problem);
}

mi_status proto_job_reopen(proto_job **out, const char *spec, mi_error *err)
{
    proto_limits limits;
    memset(&limits, 0xff, sizeof limits);
    proto_problem *problem = malloc(sizeof *problem); /* 12 KiB */
    *out = NULL;
    if (!problem)
        return mi_fail(err, MI_MEMORY, "a job's spec");
    mi_status status = proto_job_decode_spec(out, spec, &limits, problem);
    if (status != MI_OK)
        mi_fail(err, status == MI_MEMORY ? status : MI_CORRUPT, "the job's spec is not accepted any more: %s",
                problem->n_errors ? problem->errors[0].detail : problem->detail);
    free(problem);
    return status == MI_OK || status == MI_MEMORY ? status : MI_CORRUPT;
}
