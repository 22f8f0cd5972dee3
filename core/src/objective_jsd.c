/*
 * JSD-LB: a lower bound on KL from the Jensen-Shannon divergence that a classifier of joint against
 * mismatched pairs attains (Dorent et al., 2025). With t = e^-KL and equal classes, the cross entropy of the
 * best classifier is at most
 *
 *     H(KL) = ((1+t) log(1+t) - t log t) / 2,
 *
 * attained by Bernoulli pairs with mass on one side only; log 2 - H is the inverse of Xi. H falls from
 * +infinity to 0 as KL goes from -infinity to infinity, so its inverse answers for every cross entropy, that
 * of a critic worse than chance (above log 2) included: then the value is negative and stays so.
 *
 * The trained loss is that of JS: log 2 and the factor 1/2 change nothing in training.
 */
#include "objective_jsd.h"
#include "objective_entries.h"
#include "objective_pairs.h"

#include <math.h>

#define HALVINGS 128 /* of a bracket narrower than 2^11, to below a double's last bit */

/* log(1+t) and t log(1+1/t) with t = e^-kl, each without overflow. */
double mi_jsd_cross_entropy(double kl)
{
    const double u = exp(-fabs(kl));
    const double first = kl < 0 ? -kl + log1p(u) : log1p(u);
    double second = u * (kl + log1p(u));
    if (kl < 0)
        second = u > 0 ? log1p(u) / u : 1.0;
    return 0.5 * (first + second);
}

double mi_jsd_bound(double cross_entropy)
{
    if (!(cross_entropy > 0))
        return cross_entropy < 0 ? (double)NAN : cross_entropy == 0 ? (double)INFINITY : cross_entropy;
    if (isinf(cross_entropy))
        return -(double)INFINITY;
    /* H is above -kl/2 where kl < 0, and below e^(-kl/2) where kl > 0. */
    double low = -2.0 * cross_entropy, high = 2.0 * log(2.0 / fmin(cross_entropy, 1.0));
    for (int k = 0; k < HALVINGS; k++) {
        const double middle = low + 0.5 * (high - low);
        if (!(low < middle && middle < high))
            break;
        if (mi_jsd_cross_entropy(middle) > cross_entropy)
            low = middle;
        else
            high = middle;
    }
    return low + 0.5 * (high - low);
}

mi_objective_type mi_jsd_type(const mi_objective_params *params)
{
    return params->reading == MI_READING_BOUND ? MI_TYPE_BOUND : MI_TYPE_PLUG_IN;
}

double mi_jsd_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    if (params->reading == MI_READING_TWO_STEP)
        return mi_output_plug_in(scores, batch, params);
    const mi_pair_loss cross_entropy = {.shape = &mi_shape_logistic,
                                        .joint_factor = 1,
                                        .mismatch_factor = 1,
                                        .joint_weight = 0.5,
                                        .mismatch_weight = 0.5};
    return mi_jsd_bound(mi_pairs_value(&cross_entropy, scores, batch));
}
