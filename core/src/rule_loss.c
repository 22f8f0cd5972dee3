/*
 * Which losses are two means over pairs. A separable rule is, and K no more than a factor to it:
 *
 *   K/(K+nu) [ mean_i -psi'(rho_ii) + nu mean_{i != j} (rho psi' - psi)(rho_ij) ],   rho = r/nu
 *
 * So is the log rule with one candidate, which is logistic regression between joint and mismatched pairs. The
 * rest goes through windows.
 */
#include "rule_loss.h"

#include "objective_pairs.h"
#include "rule_windows.h"

#include <math.h>

/* 0: no sum over pairs. */
static int as_pairs(mi_rule rule, const mi_objective_params *params, size_t batch, mi_pair_loss *out)
{
    const double k = (double)mi_candidates(params, batch), nu = params->nu, beta = params->beta;
    const double joint = k / (k + nu), mismatch = nu * joint;
    *out = (mi_pair_loss){.joint_factor = 1,
                          .mismatch_factor = 1,
                          .shift = log(nu),
                          .joint_weight = joint,
                          .mismatch_weight = mismatch};
    switch (rule) {
    case MI_RULE_LOG:
        out->shape = &mi_shape_logistic;
        return mi_candidates(params, batch) == 1;
    case MI_RULE_CHI2:
        out->shape = &mi_shape_square;
        return 1;
    case MI_RULE_HELLINGER:
        out->shape = &mi_shape_root;
        return 1;
    case MI_RULE_KL:
        out->shape = &mi_shape_kl;
        return 1;
    case MI_RULE_BETA_POWER:
        out->shape = &mi_shape_power;
        out->joint_factor = beta;
        out->joint_weight = joint / beta;
        out->mismatch_factor = 1 + beta;
        out->mismatch_weight = mismatch / (1 + beta);
        return 1;
    default:
        return 0;
    }
}

size_t mi_rule_scratch_bytes(size_t batch)
{
    const size_t windows = mi_rule_windows_bytes(batch), pairs = mi_pairs_scratch_bytes(batch);
    return windows > pairs ? windows : pairs;
}

void mi_rule_loss_and_grad(mi_rule rule, const float *scores, size_t batch, const mi_objective_params *params,
                           float *grad, double *loss, void *scratch)
{
    mi_pair_loss pairs;
    if (as_pairs(rule, params, batch, &pairs))
        mi_pairs_loss_and_grad(&pairs, scores, batch, grad, loss, scratch);
    else
        mi_rule_windows(rule, scores, batch, params, grad, loss, scratch);
}
