/*
 * The estimates that a job makes: one, or each objective of a comparison, or on each law of a benchmark.
 */
#include "job_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATS_PER_BIT 0.69314718055994531

static uint32_t objectives(const proto_job *job)
{
    return job->n_objectives > 0 ? job->n_objectives : 1;
}

uint32_t proto_job_variants(const proto_job *job)
{
    return job->kind == PROTO_KIND_BENCHMARK ? job->benchmark.n_laws * objectives(job) : objectives(job);
}

uint32_t proto_job_replicates(const proto_job *job)
{
    return job->kind == PROTO_KIND_BENCHMARK ? job->benchmark.repetitions
           : job->kind == PROTO_KIND_SCREEN  ? 1
                                             : job->spec.replicates;
}

uint32_t proto_job_folds(const proto_job *job)
{
    return job->kind == PROTO_KIND_BENCHMARK ? 1
           : job->kind == PROTO_KIND_SCREEN  ? job->screen.parts
                                             : job->spec.split.folds;
}

static const mi_objective_spec *objective_of(const proto_job *job, uint32_t variant)
{
    return job->n_objectives > 0 ? &job->objectives[variant % job->n_objectives] : &job->spec.objective;
}

void proto_job_variant(const proto_job *job, uint32_t variant, mi_spec *out)
{
    *out = job->spec;
    out->objective = *objective_of(job, variant);
    if (job->n_objectives > 0 && !mi_spec_has_pmi(out)) {
        out->calibrate = 0;
        out->permutations = 0;
    }
}

static void append(char out[PROTO_LABEL_MAX], const char *name, const char *value)
{
    const size_t n = strlen(out);
    snprintf(out + n, PROTO_LABEL_MAX - n, " %s=%s", name, value);
}

/* Whether another variant of the same entry has another value. */
static bool tells_apart(const proto_job *job, uint32_t variant, const mi_param_info *param)
{
    const mi_objective_spec *own = objective_of(job, variant);
    for (uint32_t i = 0; i < job->n_objectives; i++)
        if (job->objectives[i].entry == own->entry &&
            mi_param_get(&job->objectives[i].params, param) != mi_param_get(&own->params, param))
            return true;
    return false;
}

void proto_job_label(const proto_job *job, uint32_t variant, char out[PROTO_LABEL_MAX])
{
    const mi_objective_spec *own = objective_of(job, variant);
    char number[32];
    snprintf(out, PROTO_LABEL_MAX, "%s", own->entry->name);
    for (size_t i = 0; i < own->entry->n_params; i++) {
        const mi_param_info *param = &own->entry->params[i];
        if (!tells_apart(job, variant, param))
            continue;
        const double value = proto_param_shown(own, param, job->spec.train.batch);
        if (param->kind == MI_PARAM_CHOICE) {
            append(out, param->name, param->names[(int)value]);
        } else {
            proto_format_double(value, number);
            append(out, param->name, number);
        }
    }
}

static bool is_name_of(const proto_job *job, uint32_t variant, const char *text)
{
    char label[PROTO_LABEL_MAX];
    proto_job_label(job, variant, label);
    return strcmp(label, text) == 0 || strcmp(objective_of(job, variant)->entry->name, text) == 0;
}

mi_status proto_job_find_variant(const proto_job *job, const char *text, uint32_t *out, mi_error *err)
{
    const uint32_t n = objectives(job);
    uint32_t found = 0;
    if (text[0] != '\0' && strlen(text) < 6 && strspn(text, "0123456789") == strlen(text)) {
        *out = (uint32_t)strtoul(text, NULL, 10);
        return *out < n ? MI_OK
                        : mi_fail(err, MI_NOT_FOUND, "there is no objective %s; there are 0 to %" PRIu32,
                                  text, n - 1);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!is_name_of(job, i, text))
            continue;
        *out = i;
        found++;
    }
    if (found == 1)
        return MI_OK;
    char label[PROTO_LABEL_MAX];
    if (found == 0)
        return mi_fail(err, MI_NOT_FOUND, "the job has no objective \"%.64s\"", text);
    proto_job_label(job, *out, label);
    return mi_fail(err, MI_NOT_FOUND,
                   "the job has %" PRIu32 " objectives \"%.64s\"; say which by its place, such as %" PRIu32
                   ", or by its label, such as \"%s\"",
                   found, text, *out, label);
}

/* "/law/dim" as "/laws/3/dim": from what core calls it to what the job does. */
static bool rename_head(const char *pointer, const char *from, const char *to, char *out, size_t size)
{
    const size_t n = strlen(from);
    if (strncmp(pointer, from, n) != 0 || (pointer[n] != '/' && pointer[n] != '\0'))
        return false;
    snprintf(out, size, "%s%s", to, pointer + n);
    return true;
}

void proto_job_pointer(const proto_job *job, uint32_t variant, const char *pointer, char *out, size_t size)
{
    char objective[32], law[32];
    snprintf(objective, sizeof objective, "/objectives/%" PRIu32, variant % objectives(job));
    snprintf(law, sizeof law, "/laws/%" PRIu32, variant / objectives(job));
    if (job->n_objectives > 0 && rename_head(pointer, "/objective", objective, out, size))
        return;
    if (job->kind == PROTO_KIND_BENCHMARK &&
        (rename_head(pointer, "/law", law, out, size) ||
         rename_head(pointer, "/levels", "/fresh/levels_bits", out, size) ||
         rename_head(pointer, "/steps", "/fresh/steps", out, size) ||
         rename_head(pointer, "/sample", "/fresh/sample", out, size)))
        return;
    snprintf(out, size, "%s", pointer);
}

void proto_job_encode_objective(const proto_job *job, uint32_t variant, const char *key, proto_json_writer *w)
{
    proto_objective_encode(objective_of(job, variant), job->spec.train.batch, key, w);
}

/* ---- of a benchmark ---- */

const proto_law *proto_job_law(const proto_job *job, uint32_t variant)
{
    return &job->benchmark.laws[variant / objectives(job)];
}

uint32_t proto_job_levels(const proto_job *job)
{
    return job->benchmark.n_levels > 0 ? job->benchmark.n_levels : 1;
}

double proto_job_truth(const proto_job *job, uint32_t variant, uint32_t level)
{
    const proto_benchmark *b = &job->benchmark;
    if (variant >= proto_job_variants(job) || level >= proto_job_levels(job))
        return (double)NAN;
    return b->n_levels > 0 ? b->levels_bits[level] * NATS_PER_BIT : proto_job_law(job, variant)->spec.mi_nats;
}

void proto_job_cell(const proto_job *job, uint32_t variant, uint32_t repetition, mi_benchmark_spec *out)
{
    const proto_benchmark *b = &job->benchmark;
    *out = (mi_benchmark_spec){
        .kind = b->fresh ? MI_BENCHMARK_FRESH : MI_BENCHMARK_FINITE,
        .law = proto_job_law(job, variant)->spec,
        .seed = job->spec.seed,
        .repetition = repetition,
        .n_pairs = b->n_pairs,
        .n_levels = b->n_levels,
        .steps = b->steps,
        .reset = b->reset,
        .sample = b->sample,
    };
    for (uint32_t i = 0; i < b->n_levels; i++)
        out->level_nats[i] = proto_job_truth(job, variant, i);
    proto_job_variant(job, variant, &out->estimator);
}

/* Whether another law of the job differs from this one in its MI alone. */
static bool has_sibling(const proto_job *job, const proto_law *law)
{
    for (uint32_t i = 0; i < job->benchmark.n_laws; i++) {
        const proto_law *other = &job->benchmark.laws[i];
        if (other != law && other->spec.law == law->spec.law && other->spec.dim == law->spec.dim)
            return true;
    }
    return false;
}

void proto_job_law_label(const proto_job *job, uint32_t variant, char out[PROTO_LABEL_MAX])
{
    const proto_law *law = proto_job_law(job, variant);
    char number[32];
    if (law->instance) {
        snprintf(out, PROTO_LABEL_MAX, "%s", law->instance);
        return;
    }
    snprintf(out, PROTO_LABEL_MAX, "%s", law->spec.law->name);
    if (law->spec.law->dim_min < law->spec.law->dim_max) {
        snprintf(number, sizeof number, "%" PRIu32, law->spec.dim);
        append(out, "dim", number);
    }
    if (law->spec.law->parameter.name && has_sibling(job, law)) {
        proto_format_double(law->spec.parameter, number);
        append(out, law->spec.law->parameter.name, number);
    }
}
