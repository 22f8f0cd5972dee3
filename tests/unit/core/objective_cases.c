#include "objective_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_VALUES 9

/* Values of a number; of the entry named, or of every entry that has the parameter. */
typedef struct values {
    const char *entry, *param;
    size_t n;
    double at[MAX_VALUES];
} values;

static const values listed[] = {
    /* Together: no anchor, few candidates and many, the log rule as a limit. */
    {"cpe", "nu", 9, {0, 0.3, 1, 8, 1, 1e4, 0, 0.3, 63}},
    {"cpe", "k", 9, {0, 0, 1, 0, 2, 0, 2, 5, 7}},
    {"cpe", "alpha", 9, {2, 1.5, 2, 3, 0.5, 2, 1.25, 1, 1.05}},
    {"cpe", "beta", 9, {0.5, 1, 0.5, 0.25, 1, 0.5, 2, 0.5, 1}},
    {"infonce-anchor", "nu", 8, {1e-6, 0.3, 1, 8, 63, 1e4, 1, 8}},
    {"infonce-anchor", "k", 8, {0, 0, 0, 0, 0, 0, 2, 7}},
    {NULL, "nu", 6, {1e-6, 0.3, 1, 8, 63, 1e4}},
    {NULL, "k", 1, {0}},
    {"alpha-infonce", "alpha", 3, {1e-3, 0.1, 1}},
    {"ml-infonce", "alpha", 3, {1e-3, 0.1, 1}},
    {"f-micl", "alpha", 3, {0.5, 1, 1.5}},
    {NULL, "tau", 3, {1, 5, 50}},
    {NULL, "decay", 4, {0.01, 0.1, 0.5, 1}},
};

/* Without a list: the smallest, the defaults and the largest. */
static values values_of(const mi_objective *entry, const mi_param_info *info)
{
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        if (strcmp(listed[i].param, info->name) == 0 &&
            (!listed[i].entry || strcmp(listed[i].entry, entry->name) == 0))
            return listed[i];
    return (values){entry->name, info->name, 4, {info->fallback, info->paper, info->min, info->max}};
}

static size_t n_choices(const mi_param_info *info)
{
    return (size_t)info->max + 1;
}

/* Combinations of choices, and the longest list of numbers. */
static void count(const mi_objective *entry, size_t *combinations, size_t *rounds)
{
    *combinations = *rounds = 1;
    for (size_t p = 0; p < entry->n_params; p++) {
        const mi_param_info *info = &entry->params[p];
        if (info->kind == MI_PARAM_CHOICE)
            *combinations *= n_choices(info);
        else if (values_of(entry, info).n > *rounds)
            *rounds = values_of(entry, info).n;
    }
}

size_t objective_settings(const mi_objective *entry)
{
    size_t combinations = 0, rounds = 0;
    count(entry, &combinations, &rounds);
    return combinations * rounds;
}

int objective_setting(mi_objective_spec *out, const mi_objective *entry, size_t index, size_t batch)
{
    size_t combinations = 0, rounds = 0;
    count(entry, &combinations, &rounds);
    size_t combination = index / rounds;
    mi_objective_defaults(out, entry, 0);
    out->params.batch = (uint32_t)batch;
    for (size_t p = 0; p < entry->n_params; p++) {
        const mi_param_info *info = &entry->params[p];
        if (info->kind == MI_PARAM_CHOICE) {
            mi_param_set(&out->params, info, (double)(combination % n_choices(info)));
            combination /= n_choices(info);
        } else {
            const values list = values_of(entry, info);
            mi_param_set(&out->params, info, list.at[index % rounds % list.n]);
        }
    }
    if (entry->observe && index % 2 != 0)
        out->params.log_partition = 1.5; /* as after some batches */
    return mi_objective_check(out, (uint32_t)batch, NULL) == MI_OK;
}

const char *objective_setting_name(const mi_objective_spec *spec, char *text, size_t size)
{
    snprintf(text, size, "%s", spec->entry->name);
    for (size_t p = 0; p < spec->entry->n_params; p++) {
        const mi_param_info *info = &spec->entry->params[p];
        const double value = mi_param_get(&spec->params, info);
        const size_t n = strlen(text);
        if (info->kind == MI_PARAM_CHOICE)
            snprintf(text + n, size - n, " %s=%s", info->name, info->names[(int)value]);
        else
            snprintf(text + n, size - n, " %s=%g", info->name, value);
    }
    return text;
}
