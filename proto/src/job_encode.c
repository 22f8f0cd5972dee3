#include "job_fields.h"
#include "proto/pairs_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *value_of(const proto_field *field, const proto_job *job)
{
    return (const char *)job + field->offset;
}

static void encode_u32(const proto_field *field, uint32_t value, const char *key, proto_json_writer *w)
{
    if (field->kind == PROTO_FIELD_PCA && value == MI_PCA_AUTO)
        proto_write_string(w, key, "auto");
    else
        proto_write_u64(w, key, value);
}

static void encode_hidden(const mi_critic_spec *critic, const char *key, proto_json_writer *w)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < critic->n_hidden; i++)
        proto_write_u64(w, NULL, critic->hidden[i]);
    proto_write_end_array(w);
}

static void encode_objectives(const proto_job *job, const char *key, proto_json_writer *w)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < job->n_objectives; i++)
        proto_objective_encode(&job->objectives[i], job->spec.train.batch, NULL, w);
    proto_write_end_array(w);
}

void proto_field_encode(const proto_field *field, const proto_job *job, const char *key, proto_json_writer *w)
{
    const void *value = value_of(field, job);
    char digits[24];
    switch (field->kind) {
    case PROTO_FIELD_INPUT:
        if (job->kind == PROTO_KIND_SCREEN)
            proto_screen_side_encode(job, value, key, w);
        else
            proto_input_encode(value, key, w);
        break;
    case PROTO_FIELD_PAIRS:
        if (job->has_pairs)
            proto_pairs_input_encode(value, key, w);
        break;
    case PROTO_FIELD_RECIPE:
    case PROTO_FIELD_ENUM:
        proto_write_string(w, key, field->names[*(const int *)value]);
        break;
    case PROTO_FIELD_OBJECTIVE:
        proto_objective_encode(&job->spec.objective, job->spec.train.batch, key, w);
        break;
    case PROTO_FIELD_OBJECTIVES:
        encode_objectives(job, key, w);
        break;
    case PROTO_FIELD_U32:
    case PROTO_FIELD_PCA:
        encode_u32(field, *(const uint32_t *)value, key, w);
        break;
    case PROTO_FIELD_INT:
        proto_write_i64(w, key, *(const int *)value);
        break;
    case PROTO_FIELD_DOUBLE:
        proto_write_double(w, key, *(const double *)value);
        break;
    case PROTO_FIELD_FLAG:
        proto_write_bool(w, key, *(const int *)value != 0);
        break;
    case PROTO_FIELD_BOOL:
        proto_write_bool(w, key, *(const bool *)value);
        break;
    case PROTO_FIELD_HIDDEN:
        encode_hidden(&job->spec.critic, key, w);
        break;
    case PROTO_FIELD_SEED:
        snprintf(digits, sizeof digits, "%" PRIu64, *(const uint64_t *)value);
        proto_write_string(w, key, digits);
        break;
    case PROTO_FIELD_TAGS:
        proto_write_raw(w, key, job->tags);
        break;
    case PROTO_FIELD_LAWS:
        proto_laws_encode(&job->benchmark, key, w);
        break;
    case PROTO_FIELD_LEVELS:
        proto_levels_encode(&job->benchmark, key, w);
        break;
    case PROTO_FIELD_MODEL:
        proto_write_string(w, key, job->screen.model);
        break;
    case PROTO_FIELD_ABOVE:
        proto_screen_above_encode(&job->screen, key, w);
        break;
    }
}

/* All fields as one object, groups as objects within; inputs only when there are some. */
static void encode_fields(const proto_job *job, bool with_inputs, const char *key, proto_json_writer *w)
{
    char group[32] = "";
    proto_write_object(w, key);
    for (size_t i = 0; proto_field_at(i); i++) {
        const proto_field *field = proto_field_at(i);
        const char *name = strrchr(field->pointer, '/') + 1;
        size_t n = (size_t)(name - field->pointer) - 1;
        if (!proto_field_applies(field, job) || (!with_inputs && field->kind == PROTO_FIELD_INPUT))
            continue;
        if (strlen(group) != n || strncmp(group, field->pointer, n) != 0) {
            if (group[0] != '\0')
                proto_write_end_object(w);
            snprintf(group, sizeof group, "%.*s", (int)n, field->pointer);
            if (n > 0)
                proto_write_object(w, group + 1);
        }
        proto_field_encode(field, job, name, w);
    }
    if (group[0] != '\0')
        proto_write_end_object(w);
    proto_write_end_object(w);
}

void proto_job_encode_spec(const proto_job *job, proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    encode_fields(job, true, NULL, &w);
}

static const char *type_name(proto_field_kind kind)
{
    switch (kind) {
    case PROTO_FIELD_RECIPE:
    case PROTO_FIELD_ENUM:
    case PROTO_FIELD_SEED:
    case PROTO_FIELD_MODEL:
        return "string";
    case PROTO_FIELD_FLAG:
    case PROTO_FIELD_BOOL:
        return "boolean";
    case PROTO_FIELD_INPUT:
    case PROTO_FIELD_PAIRS:
    case PROTO_FIELD_TAGS:
    case PROTO_FIELD_OBJECTIVE:
    case PROTO_FIELD_ABOVE:
        return "object";
    case PROTO_FIELD_U32:
    case PROTO_FIELD_INT:
    case PROTO_FIELD_PCA:
        return "integer";
    case PROTO_FIELD_DOUBLE:
        return "number";
    case PROTO_FIELD_HIDDEN:
    case PROTO_FIELD_OBJECTIVES:
    case PROTO_FIELD_LAWS:
    case PROTO_FIELD_LEVELS:
        return "array";
    }
    return "object";
}

static void describe_names(const char *const *names, const char *key, proto_json_writer *w)
{
    proto_write_array(w, key);
    for (; *names; names++)
        proto_write_string(w, NULL, *names);
    proto_write_end_array(w);
}

static bool has_default(const proto_field *field)
{
    return field->kind != PROTO_FIELD_INPUT && field->kind != PROTO_FIELD_PAIRS &&
           field->kind != PROTO_FIELD_OBJECTIVES && field->kind != PROTO_FIELD_LAWS &&
           field->kind != PROTO_FIELD_MODEL && field->kind != PROTO_FIELD_ABOVE;
}

/* Of which kinds of job it is a field, where not of all. */
static void describe_kinds(const proto_field *field, proto_json_writer *w)
{
    const unsigned modes = field->modes ? field->modes : PROTO_MODE_TRAINING;
    if (modes == PROTO_MODE_ALL)
        return;
    proto_write_array(w, "kinds");
    if (modes & PROTO_MODE_ESTIMATE)
        proto_write_string(w, NULL, proto_job_kind_name(PROTO_KIND_ESTIMATE));
    if (modes & PROTO_MODE_BENCHMARK)
        proto_write_string(w, NULL, proto_job_kind_name(PROTO_KIND_BENCHMARK));
    if (modes & PROTO_MODE_SCREEN)
        proto_write_string(w, NULL, proto_job_kind_name(PROTO_KIND_SCREEN));
    proto_write_end_array(w);
}

static void describe_field(const proto_field *field, const proto_job *defaults, proto_json_writer *w)
{
    proto_write_object(w, NULL);
    proto_write_string(w, "pointer", field->pointer);
    proto_write_string(w, "type", type_name(field->kind));
    proto_write_string(w, "help", field->help);
    describe_kinds(field, w);
    if (field->names)
        describe_names(field->names, "values", w);
    if (field->max > field->min && field->kind != PROTO_FIELD_SEED && field->kind != PROTO_FIELD_TAGS) {
        proto_write_double(w, "minimum", field->min);
        proto_write_double(w, "maximum", field->max);
    }
    if (has_default(field))
        proto_field_encode(field, defaults, "default", w);
    proto_write_end_object(w);
}

/* The names of the entries that declare the parameter. */
static void describe_takers(const mi_param_info *param, proto_json_writer *w)
{
    proto_write_array(w, "objectives");
    for (size_t i = 0; mi_objective_at(i); i++) {
        const mi_param_info *own = proto_param_find(mi_objective_at(i), param->name);
        if (own && proto_param_same(own, param))
            proto_write_string(w, NULL, mi_objective_at(i)->name);
    }
    proto_write_end_array(w);
}

/* What may stand below /objective: rows of their own, a parameter that entries declare differently has
 * several. */
static void describe_objective_fields(const proto_field *field, const proto_job *defaults,
                                      proto_json_writer *w)
{
    const mi_objective *first;
    const mi_param_info *param;
    char pointer[128];
    proto_write_object(w, NULL);
    proto_write_string(w, "pointer", "/objective/name");
    proto_write_string(w, "type", "string");
    proto_write_string(w, "help", field->help);
    proto_write_array(w, "values");
    for (size_t i = 0; mi_objective_at(i); i++)
        proto_write_string(w, NULL, mi_objective_at(i)->name);
    proto_write_end_array(w);
    proto_write_string(w, "default", defaults->spec.objective.entry->name);
    proto_write_end_object(w);
    for (size_t i = 0; (param = proto_param_at(i, &first)); i++) {
        proto_write_object(w, NULL);
        proto_pointer_join(pointer, sizeof pointer, field->pointer, param->name);
        proto_write_string(w, "pointer", pointer);
        proto_write_string(w, "help", param->help);
        proto_param_describe(param, w);
        describe_takers(param, w);
        proto_write_end_object(w);
    }
}

void proto_job_describe(proto_json_writer *w)
{
    proto_job job = {.want_pmi = true,
                     .want_curve = true,
                     .priority = PROTO_DEFAULT_PRIORITY,
                     .timeout_s = PROTO_DEFAULT_TIMEOUT_S};
    char no_tags[] = "{}";
    job.tags = no_tags;
    proto_benchmark_defaults(&job.benchmark);
    proto_screen_defaults(&job.screen);
    proto_write_array(w, "objectives");
    for (size_t i = 0; mi_objective_at(i); i++)
        proto_objective_describe(mi_objective_at(i), NULL, w);
    proto_write_end_array(w);
    describe_names(proto_field_find("/critic/type")->names, "critics", w);

    proto_laws_describe(w);
    proto_write_object(w, "recipes");
    const char *const *recipes = proto_field_find("/recipe")->names;
    for (int i = 0; recipes[i]; i++) {
        mi_spec_from_recipe(&job.spec, (mi_recipe)i);
        encode_fields(&job, false, recipes[i], w);
    }
    proto_write_end_object(w);

    mi_spec_from_recipe(&job.spec, MI_RECIPE_DEFAULT);
    proto_write_array(w, "fields");
    for (size_t i = 0; proto_field_at(i); i++) {
        if (proto_field_at(i)->kind == PROTO_FIELD_OBJECTIVE)
            describe_objective_fields(proto_field_at(i), &job, w);
        else
            describe_field(proto_field_at(i), &job, w);
    }
    proto_write_end_array(w);
}
