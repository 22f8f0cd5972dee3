/*
 * The functions behind the table of objectives; their contracts are those of struct mi_objective.
 */
#ifndef MI_OBJECTIVE_ENTRIES_H
#define MI_OBJECTIVE_ENTRIES_H

#include "mi/objective.h"

#define MI_LOSS_FUNCTIONS(name)                                                                          \
    void mi_##name##_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, \
                                   float *grad, double *loss, void *scratch);                            \
    void mi_##name##_reference(const double *scores, size_t batch, const mi_objective_params *params,    \
                               double *grad, double *loss);
#define MI_ESTIMATE_FUNCTION(name) \
    double mi_##name(const float *scores, size_t batch, const mi_objective_params *params);
#define MI_PARAMS_FUNCTION(type, name) type mi_##name(const mi_objective_params *params);
#define MI_LOG_RATIO_FUNCTION(name)    double mi_##name(double output, const mi_objective_params *params);

/* objective_anchor.c */
size_t mi_anchor_scratch_bytes(size_t batch);
size_t mi_anchor_loss_scratch_bytes(size_t batch); /* of the loss alone, K = B-1 */
MI_LOSS_FUNCTIONS(anchor)
MI_ESTIMATE_FUNCTION(anchor_estimate)
mi_status mi_anchor_check(const mi_objective_params *params, uint32_t batch, mi_error *err);

/* objective_cpe.c */
size_t mi_cpe_scratch_bytes(size_t batch);
MI_LOSS_FUNCTIONS(cpe)
MI_ESTIMATE_FUNCTION(cpe_estimate)
MI_PARAMS_FUNCTION(mi_objective_type, cpe_type)
MI_PARAMS_FUNCTION(mi_optimum, cpe_optimum)
mi_status mi_cpe_check(const mi_objective_params *params, uint32_t batch, mi_error *err);

/* objective_partition_entries.c */
size_t mi_partition_scratch_bytes(size_t batch);
MI_LOSS_FUNCTIONS(dv)
MI_LOSS_FUNCTIONS(mine)
MI_LOSS_FUNCTIONS(ml_infonce)
MI_LOSS_FUNCTIONS(infonce)
MI_LOSS_FUNCTIONS(alpha_infonce)
MI_ESTIMATE_FUNCTION(dv_estimate)
MI_ESTIMATE_FUNCTION(ml_infonce_estimate)
MI_ESTIMATE_FUNCTION(infonce_estimate)
MI_ESTIMATE_FUNCTION(alpha_infonce_estimate)
MI_ESTIMATE_FUNCTION(smile_estimate)
void mi_mine_observe(const float *scores, size_t batch, mi_objective_params *params);

/* objective_pair_entries.c */
size_t mi_pairs_scratch_bytes(size_t batch);
MI_LOSS_FUNCTIONS(nwj)
MI_LOSS_FUNCTIONS(tuba)
MI_LOSS_FUNCTIONS(js)
MI_LOSS_FUNCTIONS(pcc)
MI_LOSS_FUNCTIONS(drf)
MI_LOSS_FUNCTIONS(kl_dime)
MI_LOSS_FUNCTIONS(hd_dime)
MI_LOSS_FUNCTIONS(gan_dime)
MI_LOSS_FUNCTIONS(sl_dime)
MI_LOSS_FUNCTIONS(rkl_dime)
MI_LOSS_FUNCTIONS(f_micl)
MI_ESTIMATE_FUNCTION(nwj_estimate)
MI_ESTIMATE_FUNCTION(tuba_estimate)
MI_ESTIMATE_FUNCTION(output_plug_in) /* of a critic that puts out log r */
MI_ESTIMATE_FUNCTION(pcc_plug_in)
MI_ESTIMATE_FUNCTION(f_micl_plug_in)
MI_ESTIMATE_FUNCTION(drf_plug_in)
MI_ESTIMATE_FUNCTION(softplus_plug_in)
MI_ESTIMATE_FUNCTION(hd_dime_plug_in)
MI_ESTIMATE_FUNCTION(logistic_plug_in)
MI_PARAMS_FUNCTION(double, nwj_offset)
MI_PARAMS_FUNCTION(double, pcc_offset)
MI_PARAMS_FUNCTION(double, f_micl_offset)
MI_LOG_RATIO_FUNCTION(drf_log_ratio)
MI_LOG_RATIO_FUNCTION(softplus_log_ratio)
MI_LOG_RATIO_FUNCTION(hd_dime_log_ratio)
MI_LOG_RATIO_FUNCTION(logistic_log_ratio)

/* objective_jsd.c */
MI_ESTIMATE_FUNCTION(jsd_estimate)
MI_PARAMS_FUNCTION(mi_objective_type, jsd_type)

#undef MI_LOSS_FUNCTIONS
#undef MI_ESTIMATE_FUNCTION
#undef MI_PARAMS_FUNCTION
#undef MI_LOG_RATIO_FUNCTION

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
