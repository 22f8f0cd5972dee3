#include "job_fields.h"
#include "tags.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(mi_recipe) == sizeof(int) && sizeof(mi_transform) == sizeof(int) &&
                   sizeof(proto_job_kind) == sizeof(int) && sizeof(mi_critic_type) == sizeof(int) &&
                   sizeof(mi_baseline) == sizeof(int) && sizeof(mi_precision) == sizeof(int) &&
                   sizeof(mi_split_by) == sizeof(int),
               "the table reads and writes enums as int");

/* One value on its way in. */
typedef struct decoding {
    const proto_field *field;
    proto_job *job;
    const proto_node *node;
    const char *pointer;
    proto_problem *problem;
} decoding;

const char *proto_node_describe(const proto_node *node, char *buffer)
{
    if (!node)
        return "nothing";
    switch (proto_node_kind(node)) {
    case PROTO_NULL:
        return "null";
    case PROTO_BOOL:
        return proto_node_bool(node, false) ? "true" : "false";
    case PROTO_NUMBER:
        proto_format_double(proto_node_number(node, 0), buffer);
        return buffer;
    case PROTO_STRING:
        snprintf(buffer, 64, "\"%.40s\"", proto_node_string(node, ""));
        return buffer;
    case PROTO_ARRAY:
        return "an array";
    case PROTO_OBJECT:
        return "an object";
    }
    return "nothing";
}

void proto_problem_expected(proto_problem *problem, const char *pointer, const char *member,
                            const proto_node *node, const char *what)
{
    char at[256], found[64];
    if (member)
        proto_pointer_join(at, sizeof at, pointer, member);
    proto_problem_add(problem, member ? at : pointer, "expected %s, found %s", what,
                      proto_node_describe(node, found));
}

static void expected(const decoding *d, const char *what)
{
    proto_problem_expected(d->problem, d->pointer, NULL, d->node, what);
}

static void *target(const decoding *d)
{
    return (char *)d->job + d->field->offset;
}

/* A number in the field's range, whole when asked for. */
static bool decode_number(const decoding *d, bool whole, double *out)
{
    char low[32], high[32], what[128];
    const double min = d->field->min, max = d->field->max, value = proto_node_number(d->node, (double)NAN);
    if (value >= min && value <= max && (!whole || value == floor(value))) {
        *out = value;
        return true;
    }
    proto_format_double(min, low);
    proto_format_double(max, high);
    snprintf(what, sizeof what, "a %s from %s to %s", whole ? "whole number" : "number", low, high);
    expected(d, what);
    return false;
}

static int index_of(const char *const *names, const char *value)
{
    for (int i = 0; names && names[i]; i++)
        if (strcmp(names[i], value) == 0)
            return i;
    return -1;
}

/* The index of a name in the field's list; -1 with a complaint. */
static int decode_name(const decoding *d)
{
    char list[192] = "";
    const char *value = proto_node_string(d->node, NULL);
    int index = value ? index_of(d->field->names, value) : -1;
    if (index >= 0)
        return index;
    for (int i = 0; d->field->names[i]; i++) {
        size_t n = strlen(list);
        const char *separator = i == 0 ? "" : d->field->names[i + 1] ? ", " : " or ";
        snprintf(list + n, sizeof list - n, "%s\"%s\"", separator, d->field->names[i]);
    }
    if (value && index_of(d->field->later, value) >= 0)
        proto_problem_add(d->problem, d->pointer, "\"%s\" is not available in this version, %s is", value,
                          list);
    else
        expected(d, list);
    return -1;
}

static void decode_pca(const decoding *d)
{
    double value;
    const char *word = proto_node_string(d->node, NULL);
    if (word && strcmp(word, "auto") == 0)
        *(uint32_t *)target(d) = MI_PCA_AUTO;
    else if (proto_node_kind(d->node) != PROTO_NUMBER)
        expected(d, "\"auto\" or a number of components (0: off)");
    else if (decode_number(d, true, &value))
        *(uint32_t *)target(d) = (uint32_t)value;
}

static void decode_hidden(const decoding *d)
{
    mi_critic_spec *critic = &d->job->spec.critic;
    uint32_t widths[MI_MAX_HIDDEN], n = 0;
    bool good = true;
    if (proto_node_kind(d->node) != PROTO_ARRAY || !proto_node_first(d->node)) {
        expected(d, "an array of layer widths, such as [256, 256]");
        return;
    }
    for (const proto_node *child = proto_node_first(d->node); child; child = proto_node_next(child), n++) {
        char at[64];
        double value;
        if (n == MI_MAX_HIDDEN) {
            proto_problem_add(d->problem, d->pointer, "has more than %d layers", MI_MAX_HIDDEN);
            return;
        }
        snprintf(at, sizeof at, "%s/%" PRIu32, d->pointer, n);
        decoding width = {d->field, d->job, child, at, d->problem};
        if (decode_number(&width, true, &value))
            widths[n] = (uint32_t)value;
        else
            good = false;
    }
    if (!good)
        return;
    memset(critic->hidden, 0, sizeof critic->hidden);
    memcpy(critic->hidden, widths, n * sizeof widths[0]);
    critic->n_hidden = n;
}

bool proto_seed_decode(const proto_node *node, uint64_t *out)
{
    const char *text = proto_node_string(node, NULL);
    const double value = proto_node_number(node, -1);
    uint64_t seed = 0;
    if (!text && value >= 0 && value <= PROTO_SEED_NUMBER_MAX && value == floor(value)) {
        *out = (uint64_t)value;
        return true;
    }
    bool good = text && text[0] != '\0' && (text[0] != '0' || text[1] == '\0');
    for (; good && *text; text++) {
        uint64_t digit = (uint64_t)(unsigned char)*text - '0';
        good = digit <= 9 && seed <= (UINT64_MAX - digit) / 10;
        if (good)
            seed = seed * 10 + digit;
    }
    if (good)
        *out = seed;
    return good;
}

static void decode_seed(const decoding *d)
{
    if (!proto_seed_decode(d->node, target(d)))
        expected(d, PROTO_SEED_EXPECTED);
}

static void decode_tags(const decoding *d)
{
    char *tags = proto_tags_decode(d->node, d->pointer, d->problem);
    if (!tags)
        return;
    free(d->job->tags);
    d->job->tags = tags;
}

static void decode_bool(const decoding *d)
{
    if (proto_node_kind(d->node) != PROTO_BOOL) {
        expected(d, "true or false");
        return;
    }
    bool value = proto_node_bool(d->node, false);
    if (d->field->kind == PROTO_FIELD_FLAG)
        *(int *)target(d) = value;
    else
        *(bool *)target(d) = value;
}

void proto_field_decode(const proto_field *field, proto_job *job, const proto_node *node, const char *pointer,
                        proto_problem *problem)
{
    decoding d = {field, job, node, pointer, problem};
    double number;
    int index;
    switch (field->kind) {
    case PROTO_FIELD_FLAG:
    case PROTO_FIELD_BOOL:
        decode_bool(&d);
        break;
    case PROTO_FIELD_PAIRS:
    case PROTO_FIELD_INPUT:
    case PROTO_FIELD_OBJECTIVE:
    case PROTO_FIELD_OBJECTIVES:
        break; /* elsewhere */
    case PROTO_FIELD_LAWS:
        proto_laws_decode(job, node, pointer, problem);
        break;
    case PROTO_FIELD_LEVELS:
        proto_levels_decode(job, node, pointer, problem);
        break;
    case PROTO_FIELD_RECIPE:
        if ((index = decode_name(&d)) >= 0)
            mi_spec_from_recipe(&job->spec, (mi_recipe)index);
        break;
    case PROTO_FIELD_ENUM:
        if ((index = decode_name(&d)) >= 0)
            memcpy(target(&d), &index, sizeof index);
        break;
    case PROTO_FIELD_U32:
        if (decode_number(&d, true, &number))
            *(uint32_t *)target(&d) = (uint32_t)number;
        break;
    case PROTO_FIELD_INT:
        if (decode_number(&d, true, &number))
            *(int *)target(&d) = (int)number;
        break;
    case PROTO_FIELD_DOUBLE:
        if (decode_number(&d, false, &number))
            *(double *)target(&d) = number;
        break;
    case PROTO_FIELD_PCA:
        decode_pca(&d);
        break;
    case PROTO_FIELD_HIDDEN:
        decode_hidden(&d);
        break;
    case PROTO_FIELD_SEED:
        decode_seed(&d);
        break;
    case PROTO_FIELD_TAGS:
        decode_tags(&d);
        break;
    case PROTO_FIELD_MODEL:
        proto_screen_model_decode(&job->screen, node, pointer, problem);
        break;
    case PROTO_FIELD_ABOVE:
        proto_screen_above_decode(&job->screen, node, pointer, problem);
        break;
    }
}
