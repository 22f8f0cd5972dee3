/*
 * The estimates that a job makes: one, or each objective of a comparison.
 */
#include "job_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t proto_job_variants(const proto_job *job)
{
    return job->n_objectives > 0 ? job->n_objectives : 1;
}

static const mi_objective_spec *objective_of(const proto_job *job, uint32_t variant)
{
    return job->n_objectives > 0 ? &job->objectives[variant] : &job->spec.objective;
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
    const uint32_t n = proto_job_variants(job);
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

void proto_job_pointer(const proto_job *job, uint32_t variant, const char *pointer, char *out, size_t size)
{
    static const char prefix[] = "/objective";
    const size_t n = sizeof prefix - 1;
    if (job->n_objectives > 0 && strncmp(pointer, prefix, n) == 0)
        snprintf(out, size, "/objectives/%" PRIu32 "%s", variant, pointer + n);
    else
        snprintf(out, size, "%s", pointer);
}

void proto_job_encode_objective(const proto_job *job, uint32_t variant, const char *key, proto_json_writer *w)
{
    proto_objective_encode(objective_of(job, variant), job->spec.train.batch, key, w);
}
