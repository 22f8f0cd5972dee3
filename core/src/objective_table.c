/*
 * The entries of the table, in the order people see them.
 */
#include "objective_entries.h"

#define NUMBER(member, name_, min_, max_, fallback_, paper_, help_)                                       \
    {                                                                                                     \
        .name = name_, .help = help_, .kind = MI_PARAM_NUMBER,                                            \
        .offset = offsetof(mi_objective_params, member), .min = min_, .max = max_, .fallback = fallback_, \
        .paper = paper_                                                                                   \
    }
#define COUNT(member, name_, min_, max_, fallback_, help_)                                                \
    {                                                                                                     \
        .name = name_, .help = help_, .kind = MI_PARAM_COUNT,                                             \
        .offset = offsetof(mi_objective_params, member), .min = min_, .max = max_, .fallback = fallback_, \
        .paper = fallback_                                                                                \
    }
#define CHOICE(member, name_, names_, last_, fallback_, paper_, help_)                            \
    {                                                                                             \
        .name = name_, .help = help_, .kind = MI_PARAM_CHOICE,                                    \
        .offset = offsetof(mi_objective_params, member), .names = names_, .min = 0, .max = last_, \
        .fallback = fallback_, .paper = paper_                                                    \
    }
#define PARAMS(list) .params = list, .n_params = sizeof list / sizeof list[0]

static const char *const direction_names[] = {"both", "columns", NULL};

#define NU_PARAM \
    NUMBER(nu, "nu", 1e-6, 1e6, 8, 1, "weight of the anchor class: larger pins the scale of the ratio harder")
#define DIRECTIONS_PARAM                                                                         \
    CHOICE(directions, "directions", direction_names, MI_DIRECTIONS_COLUMNS, MI_DIRECTIONS_BOTH, \
           MI_DIRECTIONS_COLUMNS, "contrast rows and columns, averaged, or columns alone")
#define K_PARAM          COUNT(k, "k", 0, 65535, 0, "candidates of a tuple, 1 to batch - 1; 0: batch - 1")
#define NEIGHBOURS_PARAM COUNT(neighbours, "neighbors", 1, 64, 3, "k of the nearest neighbours")

static const mi_param_info anchor_params[] = {NU_PARAM, DIRECTIONS_PARAM, K_PARAM};
static const mi_param_info infonce_params[] = {DIRECTIONS_PARAM};
static const mi_param_info ksg_params[] = {NEIGHBOURS_PARAM};
static const mi_param_info lmi_params[] = {
    NEIGHBOURS_PARAM,
    COUNT(latent, "latent", 1, 64, 8, "columns of a code"),
    COUNT(width, "width", 8, 4096, 256, "first hidden layer of the encoders; the next are 1/2 and 1/4 of it"),
    NUMBER(self_weight, "self_weight", 0, 1e3, 1, 1, "of the reconstruction of a side from its own code"),
    NUMBER(cross_weight, "cross_weight", 0, 1e3, 1, 1, "of the reconstruction from the other side's code"),
};

const mi_objective mi_objectives[] = {
    {
        .name = "infonce-anchor",
        .help = "InfoNCE with an anchor class: learns the density ratio itself (Ryu et al., ICLR 2026)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(anchor_params),
        MI_OBJECTIVE_ENTRY(anchor),
    },
    {
        .name = "infonce",
        .help = "InfoNCE: a lower bound of at most log B; knows the ratio only up to a factor of y",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_Y,
        PARAMS(infonce_params),
        MI_OBJECTIVE_ENTRY(infonce),
    },
    {
        .name = "nwj",
        .help = "Nguyen-Wainwright-Jordan lower bound: unbounded, with a variance that grows as e^MI",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO,
        .offset = mi_nwj_offset,
        MI_OBJECTIVE_ENTRY(nwj),
    },
    {
        .name = "gaussian",
        .help = "the Gaussian copula by canonical correlations, in closed form: no training",
        .method = MI_METHOD_BASELINE,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
    },
    {
        .name = "ksg",
        .help = "k nearest neighbours (Kraskov et al. 2004, first algorithm), exact search",
        .method = MI_METHOD_NEIGHBOURS,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(ksg_params),
    },
    {
        .name = "lmi",
        .help = "paired autoencoders, then nearest neighbours on held-out codes (Gowri et al. 2024)",
        .method = MI_METHOD_LATENT,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(lmi_params),
    },
};

const size_t mi_n_objectives = sizeof mi_objectives / sizeof mi_objectives[0];
