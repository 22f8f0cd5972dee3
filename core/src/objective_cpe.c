/*
 * Class probability estimation: the family of Ryu et al. (ICLR 2026) with any proper scoring rule, K and nu.
 * Rules on the simplex go through rule_windows.c, the log rule with all candidates through
 * objective_anchor.c, which is the same loss. A separable rule is a sum over pairs (scoring_rule.h), to which
 * K is a factor:
 *
 *   loss = K/(K+nu) [ mean_i lambda(rho_ii) + nu mean_{i != j} (rho psi' - psi)(rho_ij) ],   rho = r/nu
 *
 * nu = 0 (rules on the simplex, K >= 2) has no anchor class: what is learned is r up to a factor of y,
 * reported by InfoNCE's bound.
 */
#include "objective_entries.h"
#include "rule_windows.h"
#include "scoring_rule.h"
#include "vecmath.h"

#include <assert.h>
#include <math.h>

size_t mi_cpe_scratch_bytes(size_t batch)
{
    const size_t anchor = mi_anchor_scratch_bytes(batch), pairs = 2 * batch * sizeof(double);
    return anchor > pairs ? anchor : pairs;
}

/* lambda of a joint pair with log rho; *slope by log rho. */
static double positive(const mi_rule_form *f, double log_rho, double *slope)
{
    *slope = -f->scale * exp(f->beta * log_rho);
    return f->beta == 0.0 ? -f->scale * log_rho : *slope / f->beta;
}

static void separable_loss(const mi_rule_form *f, const float *scores, size_t batch,
                           const mi_objective_params *params, float *grad, double *loss, void *scratch)
{
    double *log_rho = scratch, *power = log_rho + batch; /* of a row */
    const double k = (double)mi_candidates(params, batch), log_nu = log(params->nu);
    const double per_joint = k / ((k + params->nu) * (double)batch);
    const double per_mismatch = f->scale * params->nu * per_joint / (double)(batch - 1);
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < batch; i++) {
        const float *row = scores + i * batch;
        double slope = 0, row_sum = 0;
        for (size_t j = 0; j < batch; j++)
            log_rho[j] = (double)row[j] - log_nu;
        joint += positive(f, log_rho[i], &slope);
        mi_vec_exp_scaled(power, log_rho, 1.0 + f->beta, batch);
        power[i] = 0;
        for (size_t j = 0; j < batch; j++)
            row_sum += power[j];
        mismatch += row_sum;
        if (!grad)
            continue;
        float *out = grad + i * batch;
        for (size_t j = 0; j < batch; j++)
            out[j] = (float)(power[j] * per_mismatch);
        out[i] = (float)(slope * per_joint);
    }
    /* The maximum over all scores is not finite when any score is not; a power of 0 would hide one. */
    const double poison = (double)mi_vec_max(scores, batch * batch) * 0.0;
    *loss = joint * per_joint + mismatch * per_mismatch / (1.0 + f->beta) + poison;
}

void mi_cpe_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, float *grad,
                          double *loss, void *scratch)
{
    assert(batch >= 2);
    const mi_rule_form form = mi_rule_form_of(params);
    if (form.separable)
        separable_loss(&form, scores, batch, params, grad, loss, scratch);
    else if (params->rule == MI_RULE_LOG && params->nu > 0)
        mi_anchor_loss_and_grad(scores, batch, params, grad, loss, scratch);
    else
        mi_rule_windows(params->rule, scores, batch, params, grad, loss, scratch);
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
    const mi_rule_form form = mi_rule_form_of(params);
    if (form.separable && !(params->nu > 0))
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
