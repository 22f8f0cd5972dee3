/*
 * DESIGN. An objective is one entry below and one file objective_<name>.c that holds its three functions: the
 * one that trains, its naive twin, and the estimate. Nothing else in the project knows an objective by name.
 */
#include "mi/objective.h"

#include "objective_entries.h"

#include <stddef.h>
#include <string.h>

#define NU_PARAM                                                                                       \
    {                                                                                                  \
        .name = "nu", .help = "weight of the anchor class: larger pins the scale of the ratio harder", \
        .min = 1e-6, .max = 1e6, .fallback = 8                                                         \
    }
#define DIRECTIONS_PARAM                                                                                    \
    {                                                                                                       \
        .name = "directions", .help = "0: contrast over rows and columns, averaged; 1: over columns alone", \
        .min = MI_DIRECTIONS_BOTH, .max = MI_DIRECTIONS_COLUMNS, .fallback = MI_DIRECTIONS_BOTH             \
    }

static const mi_param_info anchor_params[] = {NU_PARAM, DIRECTIONS_PARAM};
static const mi_param_info infonce_params[] = {DIRECTIONS_PARAM};

static const mi_objective table[] = {
    {
        .name = "infonce-anchor",
        .help = "InfoNCE with an anchor class: learns the density ratio itself (Ryu et al., ICLR 2026)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        .params = anchor_params,
        .n_params = sizeof anchor_params / sizeof anchor_params[0],
        .scratch_bytes = mi_anchor_scratch_bytes,
        .loss_and_grad = mi_anchor_loss_and_grad,
        .reference = mi_anchor_reference,
        .estimate = mi_anchor_estimate,
    },
    {
        .name = "infonce",
        .help = "InfoNCE: a lower bound of at most log B; knows the ratio only up to a factor of y",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_Y,
        .params = infonce_params,
        .n_params = sizeof infonce_params / sizeof infonce_params[0],
        .scratch_bytes = mi_infonce_scratch_bytes,
        .loss_and_grad = mi_infonce_loss_and_grad,
        .reference = mi_infonce_reference,
        .estimate = mi_infonce_estimate,
    },
    {
        .name = "nwj",
        .help = "Nguyen-Wainwright-Jordan lower bound: unbounded, with a variance that grows as e^MI",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_ONE_PLUS_LOG_RATIO,
        .params = NULL,
        .n_params = 0,
        .scratch_bytes = mi_nwj_scratch_bytes,
        .loss_and_grad = mi_nwj_loss_and_grad,
        .reference = mi_nwj_reference,
        .estimate = mi_nwj_estimate,
    },
};

#define N_OBJECTIVES (sizeof table / sizeof table[0])

const mi_objective *mi_objective_find(const char *name)
{
    for (size_t i = 0; i < N_OBJECTIVES; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const mi_objective *mi_objective_at(size_t index)
{
    return index < N_OBJECTIVES ? &table[index] : NULL;
}

double mi_objective_offset(const mi_objective *objective)
{
    return objective->optimum == MI_OPT_ONE_PLUS_LOG_RATIO ? 1.0 : 0.0;
}

int mi_objective_has_pmi(const mi_objective *objective)
{
    return objective->optimum != MI_OPT_LOG_RATIO_UP_TO_Y;
}
