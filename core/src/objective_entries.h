/*
 * The functions behind the table of objectives; their contracts are those of struct mi_objective.
 */
#ifndef MI_OBJECTIVE_ENTRIES_H
#define MI_OBJECTIVE_ENTRIES_H

#include "mi/objective.h"

#define MI_OBJECTIVE_FUNCTIONS(name)                                                                     \
    size_t mi_##name##_scratch_bytes(size_t batch);                                                      \
    void mi_##name##_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, \
                                   float *grad, double *loss, void *scratch);                            \
    void mi_##name##_reference(const double *scores, size_t batch, const mi_objective_params *params,    \
                               double *grad, double *loss);                                              \
    double mi_##name##_estimate(const float *scores, size_t batch, const mi_objective_params *params);

MI_OBJECTIVE_FUNCTIONS(anchor)
MI_OBJECTIVE_FUNCTIONS(infonce)
MI_OBJECTIVE_FUNCTIONS(nwj)
double mi_nwj_offset(const mi_objective_params *params);

#undef MI_OBJECTIVE_FUNCTIONS

/* The four of them as members of a table entry. */
#define MI_OBJECTIVE_ENTRY(name)                                                            \
    .scratch_bytes = mi_##name##_scratch_bytes, .loss_and_grad = mi_##name##_loss_and_grad, \
    .reference = mi_##name##_reference, .estimate = mi_##name##_estimate

/* objective_table.c */
extern const mi_objective mi_objectives[];
extern const size_t mi_n_objectives;

/* Whether the contrast over rows counts as well, and the weight of each direction. */
static inline int mi_contrasts_rows(const mi_objective_params *params)
{
    return params->directions == MI_DIRECTIONS_BOTH;
}
static inline double mi_direction_weight(const mi_objective_params *params)
{
    return mi_contrasts_rows(params) ? 0.5 : 1.0;
}

#endif
