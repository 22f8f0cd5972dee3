/*
 * DESIGN. An objective is one entry of the table (objective_table.c) and the file that holds its functions:
 * the one that trains, its naive twin, and the estimate. Nothing else in the project knows an objective by
 * name.
 */
#include "mi/objective.h"

#include "objective_entries.h"

#include <math.h>
#include <string.h>

const mi_objective *mi_objective_at(size_t index)
{
    return index < mi_n_objectives ? &mi_objectives[index] : NULL;
}

const mi_objective *mi_objective_find(const char *name)
{
    for (size_t i = 0; i < mi_n_objectives; i++)
        if (strcmp(mi_objectives[i].name, name) == 0)
            return &mi_objectives[i];
    return NULL;
}

double mi_param_get(const mi_objective_params *params, const mi_param_info *info)
{
    const char *at = (const char *)params + info->offset;
    switch (info->kind) {
    case MI_PARAM_NUMBER:
        return *(const double *)(const void *)at;
    case MI_PARAM_COUNT:
        return *(const uint32_t *)(const void *)at;
    case MI_PARAM_CHOICE:
        break;
    }
    int choice = 0;
    memcpy(&choice, at, sizeof choice);
    return choice;
}

void mi_param_set(mi_objective_params *params, const mi_param_info *info, double value)
{
    char *at = (char *)params + info->offset;
    const uint32_t count = (uint32_t)value;
    const int choice = (int)value;
    switch (info->kind) {
    case MI_PARAM_NUMBER:
        memcpy(at, &value, sizeof value);
        break;
    case MI_PARAM_COUNT:
        memcpy(at, &count, sizeof count);
        break;
    case MI_PARAM_CHOICE:
        memcpy(at, &choice, sizeof choice);
        break;
    }
}

void mi_objective_defaults(mi_objective_spec *spec, const mi_objective *entry, int paper)
{
    memset(spec, 0, sizeof *spec);
    spec->entry = entry;
    spec->params.log_partition = (double)NAN;
    for (size_t i = 0; i < entry->n_params; i++)
        mi_param_set(&spec->params, &entry->params[i],
                     paper ? entry->params[i].paper : entry->params[i].fallback);
}

mi_objective_type mi_objective_type_of(const mi_objective_spec *spec)
{
    return spec->entry->type_of ? spec->entry->type_of(&spec->params) : spec->entry->type;
}

int mi_objective_plugs_in(const mi_objective_spec *spec)
{
    const mi_objective_type type = mi_objective_type_of(spec);
    return type == MI_TYPE_PLUG_IN || type == MI_TYPE_REFERENCE;
}

mi_optimum mi_objective_optimum(const mi_objective_spec *spec)
{
    return spec->entry->optimum_of ? spec->entry->optimum_of(&spec->params) : spec->entry->optimum;
}

double mi_objective_offset(const mi_objective_spec *spec)
{
    return spec->entry->offset ? spec->entry->offset(&spec->params) : 0.0;
}

static int is_native(const mi_objective_spec *spec)
{
    return spec->entry->log_ratio && spec->params.output == MI_OUTPUT_NATIVE;
}

int mi_objective_is_shift(const mi_objective_spec *spec)
{
    return !is_native(spec);
}

double mi_objective_log_ratio(const mi_objective_spec *spec, double output)
{
    return is_native(spec) ? spec->entry->log_ratio(output, &spec->params)
                           : output - mi_objective_offset(spec);
}

mi_status mi_objective_check(const mi_objective_spec *spec, uint32_t batch, mi_error *err)
{
    return spec->entry->check ? spec->entry->check(&spec->params, batch, err) : MI_OK;
}
