/*
 * The loss of a scoring rule over tuples of K candidates, on a B x B score matrix: each rule by what it costs
 * least.
 */
#ifndef MI_RULE_LOSS_H
#define MI_RULE_LOSS_H

#include "mi/objective.h"

/*
 * loss_and_grad of struct mi_objective for `rule` with K = params->k, or B-1 when that is 0; reads nu >= 0
 * (0: for a rule on the simplex, K >= 2), directions, and alpha or beta where the rule has one. scratch
 * mi_rule_scratch_bytes(B)
 */
void mi_rule_loss_and_grad(mi_rule rule, const float *scores, size_t batch, const mi_objective_params *params,
                           float *grad, double *loss, void *scratch);
size_t mi_rule_scratch_bytes(size_t batch);

/* The definition, tuple by tuple: reference of struct mi_objective. */
void mi_rule_reference(mi_rule rule, const double *scores, size_t batch, const mi_objective_params *params,
                       double *grad, double *loss);

/* K of a tuple. */
static inline size_t mi_candidates(const mi_objective_params *params, size_t batch)
{
    return params->k ? params->k : batch - 1;
}

#endif
