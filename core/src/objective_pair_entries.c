/*
 * The objectives that are a choice of shape and weights: NWJ and its kin, the Jensen-Shannon family, and the
 * divergences of DIME and f-MICL. For each the loss as published, then what makes it one of the shapes; sums
 * with c = log r, D and G as the sources name them.
 *
 * Sources: Nguyen et al. 2010 (NWJ), Poole et al. 2019 (TUBA, JS), Song and Ermon 2020 (SMILE), Tsai et al.
 * 2020 (PCC, D-RFC, density matching), Letizia et al. 2024 (f-DIME), Lu et al. 2023 (f-MICL).
 */
#include "objective_entries.h"
#include "objective_pairs.h"

#include <math.h>

#define RATIO_FLOOR 1e-4 /* of a ratio that a network puts out as it is, before the logarithm */

static int native(const mi_objective_params *params)
{
    return params->output == MI_OUTPUT_NATIVE;
}

static mi_pair_loss plain(const mi_pair_shape *shape)
{
    return (mi_pair_loss){
        .shape = shape, .joint_factor = 1, .mismatch_factor = 1, .joint_weight = 1, .mismatch_weight = 1};
}

/* -1 - mean t_ii + mean e^t_ij with t = c - shift: minus the bound that NWJ and TUBA are. */
static mi_pair_loss kl_bound(double shift)
{
    mi_pair_loss loss = plain(&mi_shape_kl);
    loss.shift = shift;
    loss.constant = -1;
    return loss;
}

/* -mean c_ii + mean e^(c_ij - 1) */
static mi_pair_loss nwj(const mi_objective_params *params, size_t batch)
{
    (void)params;
    (void)batch;
    return kl_bound(1);
}

/* TUBA: c - a(y) in place of c, which the critic has done. Density matching (a Lagrangian that holds
 * E_q e^c at 1): the same. */
static mi_pair_loss tuba(const mi_objective_params *params, size_t batch)
{
    (void)params;
    (void)batch;
    return kl_bound(0);
}

/* mean -log D_ii + mean D_ij, D = r */
static mi_pair_loss kl_dime(const mi_objective_params *params, size_t batch)
{
    return native(params) ? plain(&mi_shape_softplus_kl) : tuba(params, batch);
}

/* mean log(1+e^-c_ii) + mean log(1+e^c_ij) */
static mi_pair_loss js(const mi_objective_params *params, size_t batch)
{
    (void)params;
    (void)batch;
    return plain(&mi_shape_logistic);
}

/* mean -log(1 - D_ii) + mean -log D_ij, D = 1/(1+r), natively the logistic of the output: of -c */
static mi_pair_loss gan_dime(const mi_objective_params *params, size_t batch)
{
    mi_pair_loss loss = js(params, batch);
    loss.joint_factor = loss.mismatch_factor = native(params) ? -1 : 1;
    return loss;
}

/* Cross entropy over all B^2 logits, the joint pairs being class 1: c = l + log(B-1). */
static mi_pair_loss pcc(const mi_objective_params *params, size_t batch)
{
    (void)params;
    mi_pair_loss loss = plain(&mi_shape_logistic);
    loss.joint_weight = 1.0 / (double)batch;
    loss.mismatch_weight = 1.0 - loss.joint_weight;
    return loss;
}

/* mean -f_ii + mean f_ij^2 / 2, f = r */
static mi_pair_loss drf(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    return plain(native(params) ? &mi_shape_linear : &mi_shape_square);
}

/* mean D_ii + mean 1/D_ij, D = r^-1/2 */
static mi_pair_loss hd_dime(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    return plain(native(params) ? &mi_shape_softplus_root : &mi_shape_root);
}

/* mean D_ii + mean (D_ij - log D_ij), D = 1/(1+r) */
static mi_pair_loss sl_dime(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    mi_pair_loss loss = plain(&mi_shape_shared);
    loss.joint_factor = loss.mismatch_factor = native(params) ? -1 : 1;
    return loss;
}

/* mean 1/D_ii + mean log D_ij, D = r */
static mi_pair_loss rkl_dime(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    return plain(native(params) ? &mi_shape_softplus_reciprocal : &mi_shape_reciprocal);
}

/*
 * mean -f'(G_ii) + a mean f*(f'(G_ij)), G = e^c. As f*' inverts f', the optimum is G = r/a. Up to constants,
 *   KL         u log u                              f' = log G           f*(f') = G
 *   JS         u log u - (1+u) log((1+u)/2)              -log(1+1/G)              log(1+G)
 *   Pearson    (u-1)^2                                   2 G                      G^2
 *   Hellinger  (sqrt u - 1)^2                            -G^-1/2                  G^1/2
 */
static mi_pair_loss f_micl(const mi_objective_params *params, size_t batch)
{
    (void)batch;
    static const struct {
        const mi_pair_shape *shape;
        double scale, joint, mismatch; /* P = scale P_shape + joint, N = scale N_shape + mismatch */
    } table[MI_DIVERGENCE_COUNT] = {
        [MI_DIVERGENCE_KL] = {&mi_shape_kl, 1, -1, 0},
        [MI_DIVERGENCE_JS] = {&mi_shape_logistic, 1, -0.69314718055994531, -0.69314718055994531},
        [MI_DIVERGENCE_PEARSON] = {&mi_shape_square, 2, 2, -1},
        [MI_DIVERGENCE_HELLINGER] = {&mi_shape_root, 1, -1, -1},
    };
    const size_t k = (size_t)params->divergence;
    mi_pair_loss loss = plain(table[k].shape);
    loss.joint_weight = table[k].scale;
    loss.mismatch_weight = table[k].scale * params->alpha;
    loss.constant = table[k].joint + table[k].mismatch * params->alpha;
    return loss;
}

#define PAIR_OBJECTIVE(name)                                                                             \
    void mi_##name##_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, \
                                   float *grad, double *loss, void *scratch)                             \
    {                                                                                                    \
        const mi_pair_loss pair_loss = name(params, batch);                                              \
        mi_pairs_loss_and_grad(&pair_loss, scores, batch, grad, loss, scratch);                          \
    }                                                                                                    \
    void mi_##name##_reference(const double *scores, size_t batch, const mi_objective_params *params,    \
                               double *grad, double *loss)                                               \
    {                                                                                                    \
        const mi_pair_loss pair_loss = name(params, batch);                                              \
        mi_pairs_reference(&pair_loss, scores, batch, grad, loss);                                       \
    }

PAIR_OBJECTIVE(nwj)
PAIR_OBJECTIVE(tuba)
PAIR_OBJECTIVE(kl_dime)
PAIR_OBJECTIVE(js)
PAIR_OBJECTIVE(gan_dime)
PAIR_OBJECTIVE(pcc)
PAIR_OBJECTIVE(drf)
PAIR_OBJECTIVE(hd_dime)
PAIR_OBJECTIVE(sl_dime)
PAIR_OBJECTIVE(rkl_dime)
PAIR_OBJECTIVE(f_micl)

/* 1 + mean c_ii - mean e^c_ij, exact in the mean where c = log r. */
double mi_tuba_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_pair_loss loss = tuba(params, batch);
    return -mi_pairs_value(&loss, scores, batch);
}

/* mean c_ii - mean e^(c_ij - 1): NWJ of a critic that puts out 1 + log r. Of one that puts out log r, as one
 * trained by Jensen-Shannon does, it is 1/e nats too low in the mean: the form of much public code. */
double mi_nwj_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const mi_pair_loss loss = nwj(params, batch);
    return -mi_pairs_value(&loss, scores, batch);
}

double mi_nwj_offset(const mi_objective_params *params)
{
    (void)params;
    return 1.0;
}

/* The output is log r - log(B-1), of the B that trained. */
double mi_pcc_offset(const mi_objective_params *params)
{
    return params->batch > 1 ? -log((double)params->batch - 1.0) : 0.0;
}

double mi_f_micl_offset(const mi_objective_params *params)
{
    return -log(params->alpha);
}

double mi_drf_log_ratio(double output, const mi_objective_params *params)
{
    (void)params;
    /* A NaN stays one. */
    return log(output < RATIO_FLOOR ? RATIO_FLOOR : output);
}

double mi_softplus_log_ratio(double output, const mi_objective_params *params)
{
    (void)params;
    return mi_log_softplus(output);
}

double mi_hd_dime_log_ratio(double output, const mi_objective_params *params)
{
    (void)params;
    return -2.0 * mi_log_softplus(output);
}

/* log((1-D)/D) with D the logistic of the output */
double mi_logistic_log_ratio(double output, const mi_objective_params *params)
{
    (void)params;
    return -output;
}

static double mean_log_ratio(const float *scores, size_t batch, const mi_objective_params *params,
                             double offset, double (*log_ratio)(double, const mi_objective_params *))
{
    double total = 0;
    for (size_t i = 0; i < batch; i++) {
        const double output = (double)scores[i * (batch + 1)];
        total += log_ratio && native(params) ? log_ratio(output, params) : output - offset;
    }
    return total / (double)batch;
}

/* The plug-in, for each way from an output to log r. */
#define PLUG_IN(name, offset, log_ratio)                                                             \
    double mi_##name##_plug_in(const float *scores, size_t batch, const mi_objective_params *params) \
    {                                                                                                \
        return mean_log_ratio(scores, batch, params, offset, log_ratio);                             \
    }

PLUG_IN(output, 0.0, NULL)
PLUG_IN(pcc, mi_pcc_offset(params), NULL)
PLUG_IN(f_micl, mi_f_micl_offset(params), NULL)
PLUG_IN(drf, 0.0, mi_drf_log_ratio)
PLUG_IN(softplus, 0.0, mi_softplus_log_ratio)
PLUG_IN(hd_dime, 0.0, mi_hd_dime_log_ratio)
PLUG_IN(logistic, 0.0, mi_logistic_log_ratio)
