/*
 * `objective` and `objectives`: names of core's table with the parameters that their entries declare. Nothing
 * here knows an objective or a parameter by name, but for one: K, whose 0 means batch - 1 and is shown so.
 */
#include "job_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const method_names[] = {
    [MI_METHOD_CRITIC] = "critic",
    [MI_METHOD_BASELINE] = "closed-form",
    [MI_METHOD_NEIGHBOURS] = "nearest-neighbors",
    [MI_METHOD_LATENT] = "latent",
};

static const char *type_name(const mi_param_info *param)
{
    switch (param->kind) {
    case MI_PARAM_NUMBER:
        return "number";
    case MI_PARAM_COUNT:
        return "integer";
    case MI_PARAM_CHOICE:
        break;
    }
    return "string";
}

static bool counts_candidates(const mi_param_info *param)
{
    return param->offset == offsetof(mi_objective_params, k);
}

const mi_param_info *proto_param_find(const mi_objective *objective, const char *name)
{
    for (size_t i = 0; i < objective->n_params; i++)
        if (strcmp(objective->params[i].name, name) == 0)
            return &objective->params[i];
    return NULL;
}

static bool same_names(const char *const *a, const char *const *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return !*a && !*b;
}

bool proto_param_same(const mi_param_info *a, const mi_param_info *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->help, b->help) == 0 && a->kind == b->kind &&
           same_names(a->names, b->names) && a->min == b->min && a->max == b->max &&
           a->fallback == b->fallback;
}

static bool declared_before(const mi_param_info *param, size_t entry)
{
    for (size_t i = 0; i < entry; i++) {
        const mi_param_info *other = proto_param_find(mi_objective_at(i), param->name);
        if (other && proto_param_same(other, param))
            return true;
    }
    return false;
}

const mi_param_info *proto_param_at(size_t index, const mi_objective **first)
{
    for (size_t i = 0; (*first = mi_objective_at(i)); i++)
        for (size_t k = 0; k < (*first)->n_params; k++)
            if (!declared_before(&(*first)->params[k], i) && index-- == 0)
                return &(*first)->params[k];
    return NULL;
}

/* ---- in ---- */

/* One objective on its way in. */
typedef struct decoding {
    mi_objective_spec *out;
    const mi_spec *shared;
    const char *pointer; /* "/objectives/3" */
    proto_problem *problem;
} decoding;

static void complain(const decoding *d, const char *member, const char *expected, const proto_node *node)
{
    proto_problem_expected(d->problem, d->pointer, member, node, expected);
}

static const char *nearest_objective(const char *name)
{
    const char *names[256] = {NULL};
    for (size_t i = 0; i < 255 && mi_objective_at(i); i++)
        names[i] = mi_objective_at(i)->name;
    return proto_name_nearest(name, names);
}

/* The entry that the node names; NULL with a complaint at `pointer`. */
static const mi_objective *decode_name(const proto_node *node, const char *pointer, proto_problem *problem)
{
    char found[64];
    const char *name = proto_node_string(node, NULL), *nearest, *what = proto_node_describe(node, found);
    const mi_objective *entry = name ? mi_objective_find(name) : NULL;
    if (entry)
        return entry;
    if (name && (nearest = nearest_objective(name)))
        proto_problem_add(problem, pointer, "there is no objective %s; did you mean \"%s\"?", what, nearest);
    else
        proto_problem_add(problem, pointer,
                          "expected the name of an objective, such as \"%s\" (GET /v1/info lists them), "
                          "found %s",
                          mi_objective_at(0)->name, what);
    return NULL;
}

/* 0 (all of them) and batch - 1 are the same number of candidates: kept as 0, shown as batch - 1. */
static void decode_candidates(const decoding *d, const mi_param_info *param, const proto_node *node)
{
    char what[96];
    const uint32_t most = d->shared->train.batch - 1;
    double value = proto_node_number(node, -1);
    if (value >= 0 && value <= most && value == floor(value)) {
        mi_param_set(&d->out->params, param, value == most ? 0 : value);
        return;
    }
    snprintf(what, sizeof what, "a whole number from 1 to %" PRIu32 " (batch - 1)", most);
    complain(d, param->name, what, node);
}

static void decode_choice(const decoding *d, const mi_param_info *param, const proto_node *node)
{
    char list[256] = "";
    const char *value = proto_node_string(node, NULL);
    for (int i = 0; param->names[i]; i++) {
        if (value && strcmp(value, param->names[i]) == 0) {
            mi_param_set(&d->out->params, param, i);
            return;
        }
        const size_t n = strlen(list);
        const char *separator = i == 0 ? "" : param->names[i + 1] ? ", " : " or ";
        snprintf(list + n, sizeof list - n, "%s\"%s\"", separator, param->names[i]);
    }
    complain(d, param->name, list, node);
}

static void decode_param(const decoding *d, const mi_param_info *param, const proto_node *node)
{
    char low[32], high[32], what[128];
    const bool whole = param->kind == MI_PARAM_COUNT;
    const double value = proto_node_number(node, (double)NAN);
    if (param->kind == MI_PARAM_CHOICE) {
        decode_choice(d, param, node);
    } else if (counts_candidates(param)) {
        decode_candidates(d, param, node);
    } else if (value >= param->min && value <= param->max && (!whole || value == floor(value))) {
        mi_param_set(&d->out->params, param, value);
    } else {
        proto_format_double(param->min, low);
        proto_format_double(param->max, high);
        snprintf(what, sizeof what, "a %s from %s to %s", whole ? "whole number" : "number", low, high);
        complain(d, param->name, what, node);
    }
}

static bool is_param_of_any(const char *name)
{
    for (size_t i = 0; mi_objective_at(i); i++)
        if (proto_param_find(mi_objective_at(i), name))
            return true;
    return false;
}

static void refuse_unknown(const decoding *d, const char *name)
{
    const mi_objective *entry = d->out->entry;
    const char *names[64] = {"name"}, *nearest;
    char at[256], meant[256];
    for (size_t i = 0; i < entry->n_params && i < 62; i++)
        names[i + 1] = entry->params[i].name;
    proto_pointer_join(at, sizeof at, d->pointer, name);
    if (is_param_of_any(name)) {
        proto_problem_add(d->problem, at, "the objective \"%s\" does not take this parameter", entry->name);
    } else if (!proto_problem_full(d->problem) && (nearest = proto_name_nearest(name, names))) {
        proto_pointer_join(meant, sizeof meant, d->pointer, nearest);
        proto_problem_add(d->problem, at, "unknown field; did you mean \"%s\"?", meant);
    } else {
        proto_problem_add(d->problem, at, "unknown field; GET /v1/info lists the parameters of \"%s\"",
                          entry->name);
    }
}

/* Core names fields as those of a single objective. */
static void check_together(const decoding *d)
{
    static const char prefix[] = "/objective";
    mi_error err = {0};
    char at[256];
    if (mi_objective_check(d->out, d->shared->train.batch, &err) == MI_OK)
        return;
    const bool within = strncmp(err.pointer, prefix, sizeof prefix - 1) == 0;
    snprintf(at, sizeof at, "%s%s", within ? d->pointer : "",
             within ? err.pointer + sizeof prefix - 1 : err.pointer);
    proto_problem_add(d->problem, at, "%s", err.message);
}

/* `fallback`: the entry of an object without a name; NULL: it needs one. */
static bool decode_objective(const decoding *d, const proto_node *node, const mi_objective *fallback)
{
    const unsigned before = d->problem->n_errors + d->problem->n_more;
    const bool object = proto_node_kind(node) == PROTO_OBJECT;
    const proto_node *name = object ? proto_node_member(node, "name") : node;
    const mi_objective *entry = fallback;
    char at[256];
    snprintf(at, sizeof at, "%s%s", d->pointer, object ? "/name" : "");
    if (name || !fallback)
        entry = decode_name(name, at, d->problem);
    /* Without an entry nobody knows what its parameters may be. */
    if (!entry)
        return false;
    mi_objective_defaults(d->out, entry, d->shared->recipe == MI_RECIPE_PAPER);
    for (const proto_node *child = object ? proto_node_first(node) : NULL; child;
         child = proto_node_next(child)) {
        const mi_param_info *param = proto_param_find(entry, proto_node_key(child));
        if (param)
            decode_param(d, param, child);
        else if (strcmp(proto_node_key(child), "name") != 0)
            refuse_unknown(d, proto_node_key(child));
    }
    if (d->problem->n_errors + d->problem->n_more == before)
        check_together(d);
    return d->problem->n_errors + d->problem->n_more == before;
}

static bool same_objective(const mi_objective_spec *a, const mi_objective_spec *b)
{
    if (a->entry != b->entry)
        return false;
    for (size_t i = 0; i < a->entry->n_params; i++)
        if (mi_param_get(&a->params, &a->entry->params[i]) != mi_param_get(&b->params, &a->entry->params[i]))
            return false;
    return true;
}

/* The first of those before the n-th that is like it; n: none. One without an entry is a bad one. */
static uint32_t find_same(const proto_job *job, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (job->objectives[k].entry && same_objective(&job->objectives[k], &job->objectives[n]))
            return k;
    return n;
}

static size_t count_children(const proto_node *list)
{
    size_t n = 0;
    for (const proto_node *node = proto_node_first(list); node; node = proto_node_next(node))
        n++;
    return n;
}

static void decode_comparison(proto_job *job, const proto_node *list, proto_problem *problem)
{
    static const char pointer[] = "/objectives";
    char at[64], found[64];
    bool complete = true;
    uint32_t n = 0;
    if (proto_node_kind(list) != PROTO_ARRAY || !proto_node_first(list)) {
        proto_problem_add(problem, pointer, "expected an array of 1 to %d objectives, found %s",
                          PROTO_MAX_OBJECTIVES, proto_node_describe(list, found));
        return;
    }
    if (count_children(list) > PROTO_MAX_OBJECTIVES) {
        proto_problem_add(problem, pointer, "has more than %d objectives", PROTO_MAX_OBJECTIVES);
        return;
    }
    for (const proto_node *node = proto_node_first(list); node; node = proto_node_next(node), n++) {
        snprintf(at, sizeof at, "%s/%" PRIu32, pointer, n);
        const decoding d = {&job->objectives[n], &job->spec, at, problem};
        if (!decode_objective(&d, node, NULL)) {
            job->objectives[n].entry = NULL;
            complete = false;
            continue;
        }
        const uint32_t same = find_same(job, n);
        if (same < n)
            proto_problem_add(problem, at, "is the same as /objectives/%" PRIu32, same);
    }
    /* With a bad one among them there is no comparison, and nobody will look at it but for more mistakes. */
    job->n_objectives = complete ? n : 0;
    if (complete)
        job->spec.objective = job->objectives[0];
}

void proto_objectives_decode(proto_job *job, const proto_node *root, proto_problem *problem)
{
    const proto_node *one = proto_node_member(root, "objective"),
                     *several = proto_node_member(root, "objectives");
    if (one && several) {
        proto_problem_add(problem, "/objectives", "stands beside /objective; give one of them");
        return;
    }
    if (several)
        decode_comparison(job, several, problem);
    if (!one)
        return;
    mi_objective_spec objective;
    const decoding d = {&objective, &job->spec, "/objective", problem};
    if (decode_objective(&d, one, job->spec.objective.entry))
        job->spec.objective = objective;
}

/* ---- out ---- */

static void write_value(const mi_param_info *param, double value, const char *key, proto_json_writer *w)
{
    if (param->kind == MI_PARAM_CHOICE)
        proto_write_string(w, key, param->names[(int)value]);
    else
        proto_write_double(w, key, value);
}

double proto_param_shown(const mi_objective_spec *objective, const mi_param_info *param, uint32_t batch)
{
    const double value = mi_param_get(&objective->params, param);
    return counts_candidates(param) && value == 0 ? (double)batch - 1 : value;
}

void proto_objective_encode(const mi_objective_spec *objective, uint32_t batch, const char *key,
                            proto_json_writer *w)
{
    proto_write_object(w, key);
    proto_write_string(w, "name", objective->entry->name);
    for (size_t i = 0; i < objective->entry->n_params; i++) {
        const mi_param_info *param = &objective->entry->params[i];
        write_value(param, proto_param_shown(objective, param, batch), param->name, w);
    }
    proto_write_end_object(w);
}

void proto_param_describe(const mi_param_info *param, proto_json_writer *w)
{
    proto_write_string(w, "type", type_name(param));
    if (param->kind == MI_PARAM_CHOICE) {
        proto_write_array(w, "values");
        for (const char *const *name = param->names; *name; name++)
            proto_write_string(w, NULL, *name);
        proto_write_end_array(w);
    } else {
        proto_write_double(w, "minimum", param->min);
        proto_write_double(w, "maximum", param->max);
    }
    write_value(param, param->fallback, "default", w);
}

/* Whether this build can run it at all, on data of any shape. */
static bool is_available(const mi_spec *spec)
{
    mi_plan plan;
    return mi_plan_make(&plan, spec, 10000, 1, 1, NULL) != MI_UNSUPPORTED;
}

void proto_objective_describe(const mi_objective *objective, const char *key, proto_json_writer *w)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    mi_spec_set_objective(&spec, objective);
    proto_write_object(w, key);
    proto_write_string(w, "name", objective->name);
    proto_write_string(w, "help", objective->help);
    proto_write_u64(w, "type", (uint64_t)mi_objective_type_of(&spec.objective));
    proto_write_string(w, "method", method_names[objective->method]);
    proto_write_bool(w, "pmi", mi_spec_has_pmi(&spec) != 0);
    proto_write_bool(w, "available", is_available(&spec));
    proto_write_array(w, "parameters");
    for (size_t i = 0; i < objective->n_params; i++) {
        proto_write_object(w, NULL);
        proto_write_string(w, "name", objective->params[i].name);
        proto_write_string(w, "help", objective->params[i].help);
        proto_param_describe(&objective->params[i], w);
        proto_write_end_object(w);
    }
    proto_write_end_array(w);
    proto_write_end_object(w);
}
