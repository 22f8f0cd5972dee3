/*
 * `laws` of a benchmark, and the levels of `fresh`: names of core's tables of laws and suites. Decoded they
 * are instances, each resolved to its dim, parameter and MI; where levels give the MI, to its dim alone.
 */
#include "job_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATS_PER_BIT 0.69314718055994531
#define AGREES       1e-6 /* between an instance and what a spec says of it: MI is an integral for some laws */
#define MAX_NAMES    512

void proto_benchmark_defaults(proto_benchmark *benchmark)
{
    mi_benchmark_spec finite, fresh;
    mi_benchmark_defaults(&finite, MI_BENCHMARK_FINITE);
    mi_benchmark_defaults(&fresh, MI_BENCHMARK_FRESH);
    *benchmark = (proto_benchmark){
        .n_pairs = finite.n_pairs, .steps = fresh.steps, .sample = fresh.sample, .repetitions = 3};
}

/* ---- in ---- */

/* One element of the list on its way in. */
typedef struct decoding {
    proto_benchmark *out;
    const char *pointer; /* "/laws/3" */
    proto_problem *problem;
} decoding;

static void complain(const decoding *d, const char *member, const char *expected, const proto_node *node)
{
    proto_problem_expected(d->problem, d->pointer, member, node, expected);
}

static const mi_law_instance *find_instance(const char *name)
{
    for (size_t s = 0; mi_law_suite_at(s); s++)
        for (size_t i = 0; i < mi_law_suite_at(s)->n_instances; i++)
            if (strcmp(mi_law_suite_at(s)->instances[i].name, name) == 0)
                return &mi_law_suite_at(s)->instances[i];
    return NULL;
}

/* The law or instance that was most likely meant. */
static const char *nearest_name(const char *name)
{
    const char *names[MAX_NAMES] = {NULL};
    size_t n = 0;
    for (size_t i = 0; mi_law_at(i) && n < MAX_NAMES - 1; i++)
        names[n++] = mi_law_at(i)->name;
    for (size_t s = 0; mi_law_suite_at(s); s++)
        for (size_t i = 0; i < mi_law_suite_at(s)->n_instances && n < MAX_NAMES - 1; i++)
            names[n++] = mi_law_suite_at(s)->instances[i].name;
    return proto_name_nearest(name, names);
}

static void refuse_name(const decoding *d, const char *member, const proto_node *node)
{
    const char *name = proto_node_string(node, NULL), *nearest = name ? nearest_name(name) : NULL;
    char at[256];
    if (!nearest) {
        complain(d, member, "the name of a law, such as \"gaussian\" (GET /v1/info lists them)", node);
        return;
    }
    snprintf(at, sizeof at, "%s", d->pointer);
    if (member)
        proto_pointer_join(at, sizeof at, d->pointer, member);
    proto_problem_add(d->problem, at, "there is no law \"%.40s\"; did you mean \"%s\"?", name, nearest);
}

static bool same_law(const proto_law *a, const proto_law *b)
{
    return a->spec.law == b->spec.law && a->spec.dim == b->spec.dim &&
           a->spec.parameter == b->spec.parameter && a->spec.mi_nats == b->spec.mi_nats;
}

static void add_law(const decoding *d, const proto_law *law)
{
    proto_benchmark *out = d->out;
    for (uint32_t i = 0; i < out->n_laws; i++)
        if (same_law(&out->laws[i], law)) {
            proto_problem_add(d->problem, d->pointer, "\"%s\" stands there twice",
                              law->instance ? law->instance : law->spec.law->name);
            return;
        }
    if (out->n_laws < PROTO_MAX_LAWS)
        out->laws[out->n_laws++] = *law;
    else
        proto_problem_add(d->problem, d->pointer, "makes it more than %d laws", PROTO_MAX_LAWS);
}

static void add_instance(const decoding *d, const mi_law_instance *instance)
{
    proto_law law = {.instance = instance->name};
    mi_law_instance_spec(instance, &law.spec);
    add_law(d, &law);
}

/* Whether levels leave the law its own MI; else a complaint. */
static bool has_own_mi(const decoding *d, const char *member)
{
    char at[256];
    if (d->out->n_levels == 0)
        return true;
    snprintf(at, sizeof at, "%s", d->pointer);
    if (member)
        proto_pointer_join(at, sizeof at, d->pointer, member);
    proto_problem_add(d->problem, at,
                      "/fresh/levels_bits gives the MI of each level: name the law, and its dim if you like");
    return false;
}

static void add_resolved(const decoding *d, mi_law_spec spec)
{
    mi_error err = {0};
    if (mi_law_resolve(&spec, d->pointer, &err) != MI_OK) {
        proto_problem_add(d->problem, err.pointer, "%s", err.message);
        return;
    }
    if (d->out->n_levels > 0 && !spec.law->chooses_mi) {
        proto_problem_add(d->problem, d->pointer, "the MI of \"%s\" cannot be chosen, as levels_bits does",
                          spec.law->name);
        return;
    }
    if (d->out->n_levels > 0)
        spec.mi_nats = spec.parameter = 0.0;
    add_law(d, &(proto_law){.spec = spec});
}

static void decode_name(const decoding *d, const proto_node *node)
{
    const char *name = proto_node_string(node, NULL);
    const mi_law *law = name ? mi_law_find(name) : NULL;
    const mi_law_instance *instance = name ? find_instance(name) : NULL;
    if (law)
        add_resolved(d, (mi_law_spec){.law = law});
    else if (!instance)
        refuse_name(d, NULL, node);
    else if (has_own_mi(d, NULL))
        add_instance(d, instance);
}

static void refuse_others(const decoding *d, const proto_node *object, const char *const *known)
{
    for (const proto_node *child = proto_node_first(object); child; child = proto_node_next(child)) {
        const char *key = proto_node_key(child), *nearest = NULL;
        char at[256], meant[256];
        bool good = false;
        for (size_t i = 0; known[i]; i++)
            good = good || strcmp(known[i], key) == 0;
        if (good)
            continue;
        if (!proto_problem_full(d->problem))
            nearest = proto_name_nearest(key, known);
        proto_pointer_join(at, sizeof at, d->pointer, key);
        proto_pointer_join(meant, sizeof meant, d->pointer, nearest ? nearest : known[0]);
        if (nearest)
            proto_problem_add(d->problem, at, "unknown field; did you mean \"%s\"?", meant);
        else
            proto_problem_add(d->problem, at,
                              "unknown field; known are name, dim, mi_nats, mi_bits, "
                              "parameter, instance, or suite and half");
    }
}

static void decode_suite(const decoding *d, const proto_node *object)
{
    static const char *const known[] = {"suite", "half", NULL};
    const proto_node *half_node = proto_node_member(object, "half");
    const char *name = proto_node_string(proto_node_member(object, "suite"), NULL),
               *half = half_node ? proto_node_string(half_node, "") : "both";
    const mi_law_suite *suite = name ? mi_law_suite_find(name) : NULL;
    const bool both = strcmp(half, "both") == 0;
    refuse_others(d, object, known);
    if (!suite)
        complain(d, "suite", "the name of a suite: \"beyond-normal\", \"further\" or \"own\"",
                 proto_node_member(object, "suite"));
    if (!both && strcmp(half, "a") != 0 && strcmp(half, "b") != 0)
        complain(d, "half", "\"a\", \"b\" or \"both\"", half_node);
    if (!suite || !has_own_mi(d, "suite"))
        return;
    for (size_t i = 0; i < suite->n_instances; i++)
        if (both || mi_law_find(suite->instances[i].law)->half == half[0])
            add_instance(d, &suite->instances[i]);
}

/* A positive number of the object, 0 when absent; false: a complaint was made. */
static bool decode_positive(const decoding *d, const proto_node *object, const char *member, double most,
                            double *out)
{
    const proto_node *node = proto_node_member(object, member);
    const double value = proto_node_number(node, (double)NAN);
    *out = 0.0;
    if (!node)
        return true;
    if (!(value > 0.0 && value <= most)) {
        complain(d, member, "a positive number", node);
        return false;
    }
    *out = value;
    return has_own_mi(d, member);
}

static bool decode_dim(const decoding *d, const proto_node *object, uint32_t *out)
{
    const proto_node *node = proto_node_member(object, "dim");
    const double value = proto_node_number(node, (double)NAN);
    *out = 0;
    if (!node)
        return true;
    if (value >= 1 && value <= MI_LAW_MAX_DIM && value == floor(value)) {
        *out = (uint32_t)value;
        return true;
    }
    char what[64];
    snprintf(what, sizeof what, "a whole number from 1 to %u", MI_LAW_MAX_DIM);
    complain(d, "dim", what, node);
    return false;
}

static bool close(double given, double own)
{
    return given == 0.0 || fabs(given - own) <= AGREES * (1.0 + own);
}

/* An instance by its name; what is said beside it has to agree, as in a resolved spec that comes back. */
static void decode_instance(const decoding *d, const proto_node *object, const mi_law_spec *said)
{
    const proto_node *node = proto_node_member(object, "instance");
    const char *name = proto_node_string(node, NULL);
    const mi_law_instance *instance = name ? find_instance(name) : NULL;
    mi_law_spec own;
    if (!instance) {
        refuse_name(d, "instance", node);
        return;
    }
    mi_law_instance_spec(instance, &own);
    if ((said->law && said->law != own.law) || (said->dim && said->dim != own.dim) ||
        !close(said->parameter, own.parameter) || !close(said->mi_nats, own.mi_nats))
        proto_problem_add(d->problem, d->pointer,
                          "says something else than \"%s\", which is %s, dim %" PRIu32, name, own.law->name,
                          own.dim);
    else if (has_own_mi(d, "instance"))
        add_instance(d, instance);
}

static void decode_object(const decoding *d, const proto_node *object)
{
    static const char *const known[] = {"name", "dim", "mi_nats", "mi_bits", "parameter", "instance", NULL};
    const proto_node *node = proto_node_member(object, "name");
    const char *name = proto_node_string(node, NULL);
    mi_law_spec spec = {.law = name ? mi_law_find(name) : NULL};
    double bits;
    refuse_others(d, object, known);
    bool good = decode_dim(d, object, &spec.dim);
    good = decode_positive(d, object, "mi_nats", 1e3, &spec.mi_nats) && good;
    good = decode_positive(d, object, "mi_bits", 1e3, &bits) && good;
    good = decode_positive(d, object, "parameter", 1e9, &spec.parameter) && good;
    if (spec.mi_nats > 0.0 && bits > 0.0) {
        complain(d, "mi_bits", "one of mi_nats and mi_bits", proto_node_member(object, "mi_bits"));
        return;
    }
    if (bits > 0.0)
        spec.mi_nats = bits * NATS_PER_BIT;
    if (node ? !spec.law : !proto_node_member(object, "instance"))
        refuse_name(d, "name", node);
    else if (good && proto_node_member(object, "instance"))
        decode_instance(d, object, &spec);
    else if (good)
        add_resolved(d, spec);
}

static void decode_element(const decoding *d, const proto_node *node)
{
    if (proto_node_kind(node) == PROTO_STRING)
        decode_name(d, node);
    else if (proto_node_kind(node) != PROTO_OBJECT)
        complain(d, NULL, "a law (\"gaussian\", {\"name\": \"gaussian\", \"dim\": 20}) or {\"suite\": name}",
                 node);
    else if (proto_node_member(node, "suite"))
        decode_suite(d, node);
    else
        decode_object(d, node);
}

void proto_laws_decode(proto_job *job, const proto_node *node, const char *pointer, proto_problem *problem)
{
    proto_benchmark *out = &job->benchmark;
    decoding d = {out, pointer, problem};
    char at[64];
    uint32_t i = 0;
    if (!(out->laws = calloc(PROTO_MAX_LAWS, sizeof *out->laws))) {
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for laws");
        return;
    }
    if (proto_node_kind(node) != PROTO_ARRAY) {
        decode_element(&d, node);
        return;
    }
    if (!proto_node_first(node))
        complain(&d, NULL, "at least one law", node);
    d.pointer = at;
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child), i++) {
        if (i == PROTO_MAX_LAWS) {
            proto_problem_add(problem, pointer, "has more than %d elements", PROTO_MAX_LAWS);
            return;
        }
        snprintf(at, sizeof at, "%s/%" PRIu32, pointer, i);
        decode_element(&d, child);
    }
}

void proto_levels_decode(proto_job *job, const proto_node *node, const char *pointer, proto_problem *problem)
{
    const decoding d = {&job->benchmark, pointer, problem};
    uint32_t n = 0;
    if (proto_node_kind(node) != PROTO_ARRAY) {
        complain(&d, NULL, "an array of bits, such as [2, 4, 6, 8, 10]", node);
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child), n++) {
        const double bits = proto_node_number(child, (double)NAN);
        char member[16];
        if (n == MI_BENCHMARK_MAX_LEVELS) {
            proto_problem_add(problem, pointer, "has more than %u levels", MI_BENCHMARK_MAX_LEVELS);
            return;
        }
        snprintf(member, sizeof member, "%" PRIu32, n);
        if (bits > 0.0 && bits <= 1000.0)
            job->benchmark.levels_bits[n] = bits;
        else
            complain(&d, member, "a positive number of bits", child);
    }
    job->benchmark.n_levels = n;
}

/* ---- together ---- */

static void check_runs(const proto_job *job, const proto_limits *limits, proto_problem *problem)
{
    const uint32_t repetitions = job->benchmark.repetitions;
    const uint64_t runs = (uint64_t)proto_job_variants(job) * repetitions;
    if (runs > limits->max_runs)
        proto_problem_add(problem, repetitions > 1 ? "/repetitions" : "/laws",
                          "laws x objectives x repetitions is %" PRIu32 " x %" PRIu32 " x %" PRIu32
                          " = %" PRIu64 " runs; this server takes at most %" PRIu64 " in a job",
                          job->benchmark.n_laws, job->n_objectives > 0 ? job->n_objectives : 1, repetitions,
                          runs, limits->max_runs);
}

void proto_benchmark_check(proto_job *job, const proto_node *root, const proto_limits *limits,
                           proto_problem *problem)
{
    const proto_benchmark *b = &job->benchmark;
    const uint32_t pairs = b->fresh ? b->sample : b->n_pairs;
    const uint64_t steps = (uint64_t)b->steps * proto_job_levels(job);
    if (!proto_node_member(root, "laws"))
        proto_problem_add(problem, "/laws",
                          "is required: names of laws (GET /v1/info lists them), or {\"suite\": name}");
    if (pairs > limits->max_rows)
        proto_problem_add(problem, b->fresh ? "/fresh/sample" : "/n",
                          "is %" PRIu32 "; this server takes at most %" PRIu64 " pairs", pairs,
                          limits->max_rows);
    if (b->fresh && steps > limits->max_steps)
        proto_problem_add(problem, "/fresh/steps",
                          "times the levels is %" PRIu64 " steps; this server trains at most %" PRIu64, steps,
                          limits->max_steps);
    if (b->fresh && !proto_node_member(root, "null_pairs")) {
        mi_benchmark_spec defaults;
        mi_benchmark_defaults(&defaults, MI_BENCHMARK_FRESH);
        job->spec.null_pairs = defaults.estimator.null_pairs;
    }
    check_runs(job, limits, problem);
}

/* ---- out ---- */

static void write_law(const proto_law *law, const char *key, proto_json_writer *w)
{
    const mi_law_spec *spec = &law->spec;
    proto_write_object(w, key);
    proto_write_string(w, "name", spec->law->name);
    if (law->instance)
        proto_write_string(w, "instance", law->instance);
    proto_write_u64(w, "dim", spec->dim);
    if (spec->parameter > 0.0)
        proto_write_double(w, "parameter", spec->parameter);
    if (spec->mi_nats > 0.0)
        proto_write_double(w, "mi_nats", spec->mi_nats);
    proto_write_end_object(w);
}

void proto_laws_encode(const proto_benchmark *benchmark, const char *key, proto_json_writer *w)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < benchmark->n_laws; i++)
        write_law(&benchmark->laws[i], NULL, w);
    proto_write_end_array(w);
}

void proto_levels_encode(const proto_benchmark *benchmark, const char *key, proto_json_writer *w)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < benchmark->n_levels; i++)
        proto_write_double(w, NULL, benchmark->levels_bits[i]);
    proto_write_end_array(w);
}

static const char *set_name(const mi_law *law)
{
    return law->set == MI_LAW_SET_LISTED ? "listed" : "own";
}

static void write_set(const mi_law *law, proto_json_writer *w)
{
    const char half[2] = {law->half, '\0'};
    proto_write_string(w, "set", set_name(law));
    proto_write_string(w, "half", half);
}

void proto_job_encode_law(const proto_job *job, uint32_t variant, const char *key, proto_json_writer *w)
{
    const proto_law *law = proto_job_law(job, variant);
    char label[PROTO_LABEL_MAX];
    proto_job_law_label(job, variant, label);
    proto_write_object(w, key);
    proto_write_string(w, "label", label);
    proto_write_string(w, "name", law->spec.law->name);
    proto_write_string(w, "instance", law->instance);
    proto_write_u64(w, "dim", law->spec.dim);
    if (law->spec.parameter > 0.0)
        proto_write_double(w, "parameter", law->spec.parameter);
    else
        proto_write_null(w, "parameter");
    write_set(law->spec.law, w);
    proto_write_end_object(w);
}

static void describe_law(const mi_law *law, proto_json_writer *w)
{
    proto_write_object(w, NULL);
    proto_write_string(w, "name", law->name);
    proto_write_string(w, "help", law->help);
    write_set(law, w);
    proto_write_object(w, "dim");
    proto_write_string(w, "help", law->dim_help);
    proto_write_u64(w, "minimum", law->dim_min);
    proto_write_u64(w, "maximum", law->dim_max);
    proto_write_u64(w, "default", law->dim_fallback);
    proto_write_end_object(w);
    if (law->parameter.name) {
        proto_write_object(w, "parameter");
        proto_write_string(w, "name", law->parameter.name);
        proto_write_string(w, "help", law->parameter.help);
        proto_write_double(w, "minimum", law->parameter.min);
        proto_write_double(w, "maximum", law->parameter.max);
        proto_write_double(w, "default", law->parameter.fallback);
        proto_write_end_object(w);
    } else {
        proto_write_null(w, "parameter");
    }
    proto_write_bool(w, "chooses_mi", law->chooses_mi != 0);
    proto_write_end_object(w);
}

void proto_laws_describe(proto_json_writer *w)
{
    proto_write_array(w, "laws");
    for (size_t i = 0; mi_law_at(i); i++)
        describe_law(mi_law_at(i), w);
    proto_write_end_array(w);
    proto_write_array(w, "suites");
    for (size_t s = 0; mi_law_suite_at(s); s++) {
        const mi_law_suite *suite = mi_law_suite_at(s);
        proto_write_object(w, NULL);
        proto_write_string(w, "name", suite->name);
        proto_write_string(w, "help", suite->help);
        proto_write_array(w, "laws");
        for (size_t i = 0; i < suite->n_instances; i++)
            proto_write_string(w, NULL, suite->instances[i].name);
        proto_write_end_array(w);
        proto_write_end_object(w);
    }
    proto_write_end_array(w);
}
