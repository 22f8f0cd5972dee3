/*
 * The objectives that are a choice of partition function, and the estimates that need one.
 *
 * Sources: Donsker and Varadhan 1983 and Belghazi et al. 2018 (DV, MINE), van den Oord et al. 2018 (InfoNCE),
 * Song and Ermon 2020 (SMILE; and alpha-InfoNCE and MLInfoNCE of "Multi-label contrastive predictive
 * coding").
 */
#include "objective_entries.h"
#include "objective_partition.h"

#include <math.h>

/* log mean_{i != j} e^c_ij - mean c_ii */
static mi_partition_loss dv(const mi_objective_params *params, size_t batch)
{
    (void)params;
    return (mi_partition_loss){
        .whole = 1, .mismatch_weight = 1.0 / ((double)batch * (double)(batch - 1)), .log_fixed = (double)NAN};
}

/* The same value; the gradient divides by the running mean of e^c in place of the batch's, whose inverse is a
 * biased estimate. Before the first batch it is DV. */
static mi_partition_loss mine(const mi_objective_params *params, size_t batch)
{
    mi_partition_loss loss = dv(params, batch);
    loss.log_fixed = params->log_partition;
    return loss;
}

/* Joint pairs have a share w = alpha/n of the partition: w mean e^c_ii + (1 - w) mean e^c_ij. So what e^c
 * tends to is not r but r / (1 + w (r - 1)), up to a factor: log r where r is well below n/alpha, and never
 * more than log(n/alpha). */
static mi_partition_loss ml_infonce(const mi_objective_params *params, size_t batch)
{
    const double n = (double)batch;
    mi_partition_loss loss = dv(params, batch);
    loss.joint_weight = params->alpha / (n * n);
    loss.mismatch_weight = (n - params->alpha) / (n * n * (n - 1));
    return loss;
}

/* mean_j [ log sum_i e^c_ij - c_jj ] */
static mi_partition_loss infonce(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    return (mi_partition_loss){.directions = params->directions, .joint_weight = 1, .mismatch_weight = 1};
}

/* mean_j [ log( alpha/n e^c_jj + (n-alpha)/(n(n-1)) sum_{i != j} e^c_ij ) - c_jj ]: alpha = 1 is InfoNCE less
 * log n. */
static mi_partition_loss alpha_infonce(const mi_objective_params *params, size_t batch)
{
    const double n = (double)batch;
    return (mi_partition_loss){.directions = params->directions,
                               .joint_weight = params->alpha / n,
                               .mismatch_weight = (n - params->alpha) / (n * (n - 1))};
}

#define PARTITION_OBJECTIVE(name)                                                                        \
    void mi_##name##_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, \
                                   float *grad, double *loss, void *scratch)                             \
    {                                                                                                    \
        const mi_partition_loss partition_loss = name(params, batch);                                    \
        mi_partition_loss_and_grad(&partition_loss, scores, batch, grad, loss, scratch);                 \
    }                                                                                                    \
    void mi_##name##_reference(const double *scores, size_t batch, const mi_objective_params *params,    \
                               double *grad, double *loss)                                               \
    {                                                                                                    \
        const mi_partition_loss partition_loss = name(params, batch);                                    \
        mi_partition_reference(&partition_loss, scores, batch, grad, loss);                              \
    }

PARTITION_OBJECTIVE(dv)
PARTITION_OBJECTIVE(mine)
PARTITION_OBJECTIVE(ml_infonce)
PARTITION_OBJECTIVE(infonce)
PARTITION_OBJECTIVE(alpha_infonce)

double mi_dv_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_partition_loss loss = dv(params, batch);
    return -mi_partition_value(&loss, scores, batch);
}

double mi_ml_infonce_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_partition_loss loss = ml_infonce(params, batch);
    return -mi_partition_value(&loss, scores, batch);
}

double mi_infonce_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_partition_loss loss = infonce(params, batch);
    return log((double)batch) - mi_partition_value(&loss, scores, batch);
}

double mi_alpha_infonce_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_partition_loss loss = alpha_infonce(params, batch);
    return -mi_partition_value(&loss, scores, batch);
}

/* DV with the ratios of the mismatched pairs, and those alone, held within e^+-tau. */
double mi_smile_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    return mi_output_plug_in(scores, batch, params) - mi_log_mean_mismatch(scores, batch, params->tau);
}

/* m <- (1 - decay) m + decay mean_{i != j} e^c_ij, the first batch's mean to begin with. */
void mi_mine_observe(const float *scores, size_t batch, mi_objective_params *params)
{
    const double now = mi_log_mean_mismatch(scores, batch, (double)INFINITY);
    if (isnan(params->log_partition)) {
        params->log_partition = now;
        return;
    }
    const double before = params->log_partition + log1p(-params->decay), fresh = now + log(params->decay);
    const double top = fmax(before, fresh);
    params->log_partition = top + log(exp(before - top) + exp(fresh - top));
}
