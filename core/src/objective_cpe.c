/*
 * Class probability estimation: the family of Ryu et al. (ICLR 2026) with any proper scoring rule, K and nu.
 * The log rule with an anchor is InfoNCE-anchor.
 *
 * nu = 0 (rules on the simplex, K >= 2) has no anchor class: what is learned is r up to a factor of y,
 * reported by InfoNCE's bound.
 */
#include "objective_entries.h"
#include "rule_loss.h"
#include "scoring_rule.h"

static int is_anchor(const mi_objective_params *params)
{
    return params->rule == MI_RULE_LOG && params->nu > 0;
}

size_t mi_cpe_scratch_bytes(size_t batch)
{
    return mi_anchor_scratch_bytes(batch); /* it has room for any rule */
}

void mi_cpe_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, float *grad,
                          double *loss, void *scratch)
{
    if (is_anchor(params))
        mi_anchor_loss_and_grad(scores, batch, params, grad, loss, scratch);
    else
        mi_rule_loss_and_grad(params->rule, scores, batch, params, grad, loss, scratch);
}

void mi_cpe_reference(const double *scores, size_t batch, const mi_objective_params *params, double *grad,
                      double *loss)
{
    mi_rule_reference(params->rule, scores, batch, params, grad, loss);
}

double mi_cpe_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    return params->nu > 0 ? mi_anchor_estimate(scores, batch, params)
                          : mi_infonce_estimate(scores, batch, params);
}

mi_objective_type mi_cpe_type(const mi_objective_params *params)
{
    return params->nu > 0 ? MI_TYPE_PLUG_IN : MI_TYPE_MIXED;
}

mi_optimum mi_cpe_optimum(const mi_objective_params *params)
{
    return params->nu > 0 ? MI_OPT_LOG_RATIO : MI_OPT_LOG_RATIO_UP_TO_Y;
}

mi_status mi_cpe_check(const mi_objective_params *params, uint32_t batch, mi_error *err)
{
    if (mi_rule_is_separable(params->rule) && !(params->nu > 0))
        return mi_fail_at(err, MI_INVALID, "/objective/nu",
                          "0 with a rule that scores each candidate by r / nu; expected more than 0");
    if (!(params->nu > 0) && mi_candidates(params, batch) < 2)
        return mi_fail_at(
            err, MI_INVALID, "/objective/nu",
            "0 with one candidate leaves one class, of which nothing can be learned; expected more "
            "than 0, or 2 candidates");
    if (params->rule == MI_RULE_PSEUDO_SPHERICAL && !(params->alpha > 1))
        return mi_fail_at(
            err, MI_INVALID, "/objective/alpha",
            "%g; expected more than 1 for the pseudo-spherical rule (its limit at 1 is the log rule)",
            params->alpha);
    return mi_anchor_check(params, batch, err);
}
