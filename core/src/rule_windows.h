/*
 * A scoring rule on the simplex over tuples of K candidates, on a B x B score matrix.
 */
#ifndef MI_RULE_WINDOWS_H
#define MI_RULE_WINDOWS_H

#include "mi/objective.h"

/*
 * The contract of mi_rule_loss_and_grad (rule_loss.h), for a rule on the simplex.
 * A loss that is not finite: a score is not, or scores are so far apart that their powers leave the range of
 * double (600 nats over the rule's largest exponent).
 */
void mi_rule_windows(mi_rule rule, const float *scores, size_t batch, const mi_objective_params *params,
                     float *grad, double *loss, void *scratch);
size_t mi_rule_windows_bytes(size_t batch);

#endif
