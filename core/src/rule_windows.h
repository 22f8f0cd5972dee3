/*
 * A scoring rule on the simplex over tuples of K candidates, on a B x B score matrix.
 */
#ifndef MI_RULE_WINDOWS_H
#define MI_RULE_WINDOWS_H

#include "mi/objective.h"

/*
 * loss_and_grad of struct mi_objective for `rule` with K = params->k, or B-1 when that is 0; reads nu >= 0 (0
 * needs K >= 2), directions, and alpha where the rule has one. scratch  mi_rule_windows_bytes(B) A loss that
 * is not finite: a score is not, or scores are so far apart that their powers leave the range of double (600
 * nats over the rule's largest exponent).
 */
void mi_rule_windows(mi_rule rule, const float *scores, size_t batch, const mi_objective_params *params,
                     float *grad, double *loss, void *scratch);
size_t mi_rule_windows_bytes(size_t batch);

/* The definition, tuple by tuple, for every rule; reference of struct mi_objective. */
void mi_rule_reference(mi_rule rule, const double *scores, size_t batch, const mi_objective_params *params,
                       double *grad, double *loss);

/* K of a tuple. */
static inline size_t mi_candidates(const mi_objective_params *params, size_t batch)
{
    return params->k ? params->k : batch - 1;
}

#endif
