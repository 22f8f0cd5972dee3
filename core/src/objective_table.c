/*
 * The entries of the table, in the order people see them.
 */
#include "objective_entries.h"

#define NUMBER(member, name_, min_, max_, fallback_, paper_, help_)                                       \
    {                                                                                                     \
        .name = name_, .help = help_, .kind = MI_PARAM_NUMBER,                                            \
        .offset = offsetof(mi_objective_params, member), .min = min_, .max = max_, .fallback = fallback_, \
        .paper = paper_                                                                                   \
    }
#define COUNT(member, name_, min_, max_, fallback_, help_)                                                \
    {                                                                                                     \
        .name = name_, .help = help_, .kind = MI_PARAM_COUNT,                                             \
        .offset = offsetof(mi_objective_params, member), .min = min_, .max = max_, .fallback = fallback_, \
        .paper = fallback_                                                                                \
    }
#define CHOICE(member, name_, names_, last_, fallback_, paper_, help_)                            \
    {                                                                                             \
        .name = name_, .help = help_, .kind = MI_PARAM_CHOICE,                                    \
        .offset = offsetof(mi_objective_params, member), .names = names_, .min = 0, .max = last_, \
        .fallback = fallback_, .paper = paper_                                                    \
    }
#define PARAMS(list) .params = list, .n_params = sizeof list / sizeof list[0]
#define LOSS(name, engine)                                                                    \
    .scratch_bytes = mi_##engine##_scratch_bytes, .loss_and_grad = mi_##name##_loss_and_grad, \
    .reference = mi_##name##_reference

static const char *const direction_names[] = {"both", "columns", NULL};
static const char *const output_names[] = {"log-ratio", "native", NULL};
static const char *const reading_names[] = {"two-step", "bound", NULL};
static const char *const divergence_names[] = {"kl", "js", "pearson", "hellinger", NULL};

static const char *const rule_names[] = {
    "log",       "brier",      "chi2", "spherical", "pseudo-spherical", "tsallis", "exponential",
    "hellinger", "beta-power", "kl",   NULL,
};

#define NU_PARAM \
    NUMBER(nu, "nu", 1e-6, 1e6, 8, 1, "weight of the anchor class: larger pins the scale of the ratio harder")
#define DIRECTIONS_PARAM                                                                         \
    CHOICE(directions, "directions", direction_names, MI_DIRECTIONS_COLUMNS, MI_DIRECTIONS_BOTH, \
           MI_DIRECTIONS_COLUMNS, "contrast rows and columns, averaged, or columns alone")
#define K_PARAM          COUNT(k, "k", 0, 65535, 0, "candidates of a tuple, 1 to batch - 1; 0: batch - 1")
#define NEIGHBOURS_PARAM COUNT(neighbours, "neighbors", 1, 64, 3, "k of the nearest neighbours")

#define ALPHA_PARAM(min_, max_, fallback_, paper_, help_) \
    NUMBER(alpha, "alpha", min_, max_, fallback_, paper_, help_)
#define OUTPUT_PARAM                                                                                \
    CHOICE(output, "output", output_names, MI_OUTPUT_NATIVE, MI_OUTPUT_LOG_RATIO, MI_OUTPUT_NATIVE, \
           "what the network puts out: the log ratio, or the published form, which takes no baseline")

static const mi_param_info anchor_params[] = {NU_PARAM, DIRECTIONS_PARAM, K_PARAM};
static const mi_param_info cpe_params[] = {
    CHOICE(rule, "rule", rule_names, MI_RULE_COUNT - 1, MI_RULE_LOG, MI_RULE_LOG,
           "proper scoring rule: log is InfoNCE-anchor, chi2 the density-ratio fit of Tsai et al. 2020"),
    NUMBER(nu, "nu", 0, 1e6, 8, 1,
           "weight of the anchor class; 0: none, which leaves the ratio open up to a factor of y"),
    DIRECTIONS_PARAM,
    K_PARAM,
    NUMBER(alpha, "alpha", 0.1, 10, 2, 2,
           "of the pseudo-spherical (more than 1) and tsallis (1: log, 2: brier) rules"),
    NUMBER(beta, "beta", 1e-3, 10, 0.5, 0.5, "of the beta-power rule: 1 is chi2, towards 0 it becomes kl"),
};
static const mi_param_info infonce_params[] = {DIRECTIONS_PARAM};
static const mi_param_info alpha_infonce_params[] = {
    ALPHA_PARAM(1e-6, 1, 0.1, 0.1,
                "share of the joint pair in its contrast, in units of 1/batch; 1: InfoNCE"),
    DIRECTIONS_PARAM,
};
static const mi_param_info ml_infonce_params[] = {
    ALPHA_PARAM(1e-6, 1, 1, 1, "share of the joint pairs in the partition, in units of 1/batch"),
};
static const mi_param_info mine_params[] = {
    NUMBER(decay, "decay", 1e-6, 1, 0.1, 0.1, "weight of the newest batch in the running mean of e^c"),
};
static const mi_param_info smile_params[] = {
    NUMBER(tau, "tau", 0.01, 1e6, 5, 5,
           "log ratios of mismatched pairs are clipped at +-tau in the estimate"),
};
static const mi_param_info output_params[] = {OUTPUT_PARAM};
static const mi_param_info jsd_params[] = {
    CHOICE(reading, "reading", reading_names, MI_READING_BOUND, MI_READING_TWO_STEP, MI_READING_TWO_STEP,
           "the mean log ratio, or the bound that the cross entropy itself gives"),
};
static const mi_param_info f_micl_params[] = {
    CHOICE(divergence, "divergence", divergence_names, MI_DIVERGENCE_HELLINGER, MI_DIVERGENCE_KL,
           MI_DIVERGENCE_KL, "the f-divergence whose variational form is the loss"),
    ALPHA_PARAM(1e-3, 1e3, 1, 1.5, "weight of the mismatched pairs"),
};
static const mi_param_info ksg_params[] = {NEIGHBOURS_PARAM};
static const mi_param_info lmi_params[] = {
    NEIGHBOURS_PARAM,
    COUNT(latent, "latent", 1, 64, 8, "columns of a code"),
    COUNT(width, "width", 8, 4096, 256, "first hidden layer of the encoders; the next are 1/2 and 1/4 of it"),
    NUMBER(self_weight, "self_weight", 0, 1e3, 1, 1, "of the reconstruction of a side from its own code"),
    NUMBER(cross_weight, "cross_weight", 0, 1e3, 1, 1, "of the reconstruction from the other side's code"),
    COUNT(code_batch, "batch", 4, 4096, 64, "pairs in a minibatch of the autoencoders"),
    NUMBER(code_rate, "learning_rate", 1e-9, 1, 1e-4, 1e-4, "of the autoencoders"),
    COUNT(code_steps, "max_steps", 1, 1e6, 2000,
          "of the autoencoders; a tenth of it without progress ends training"),
};

const mi_objective mi_objectives[] = {
    {
        .name = "infonce-anchor",
        .help = "InfoNCE with an anchor class: learns the density ratio itself (Ryu et al., ICLR 2026)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(anchor_params),
        LOSS(anchor, anchor),
        .estimate = mi_anchor_estimate,
        .check = mi_anchor_check,
    },
    {
        .name = "cpe",
        .help = "class probability estimation: the anchor's family with any proper scoring rule, K and nu",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(cpe_params),
        .type_of = mi_cpe_type,
        .optimum_of = mi_cpe_optimum,
        .check = mi_cpe_check,
        LOSS(cpe, cpe),
        .estimate = mi_cpe_estimate,
    },
    {
        .name = "infonce",
        .help = "InfoNCE: a lower bound of at most log B; knows the ratio only up to a factor of y",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_Y,
        PARAMS(infonce_params),
        LOSS(infonce, partition),
        .estimate = mi_infonce_estimate,
    },
    {
        .name = "alpha-infonce",
        .help =
            "InfoNCE with less weight on the joint pair: at most log(B/alpha), and no bound below alpha = 1",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_Y,
        PARAMS(alpha_infonce_params),
        LOSS(alpha_infonce, partition),
        .estimate = mi_alpha_infonce_estimate,
    },
    {
        .name = "ml-infonce",
        .help = "multi-label InfoNCE: DV with the joint pairs in the partition, at most log(B/alpha)",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_SATURATED,
        PARAMS(ml_infonce_params),
        LOSS(ml_infonce, partition),
        .estimate = mi_ml_infonce_estimate,
    },
    {
        .name = "dv",
        .help = "Donsker-Varadhan bound: a logarithm of a mean, too high when the batch is small for the MI",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_CONSTANT,
        LOSS(dv, partition),
        .estimate = mi_dv_estimate,
    },
    {
        .name = "nwj",
        .help = "Nguyen-Wainwright-Jordan lower bound: unbounded, with a variance that grows as e^MI",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO,
        .offset = mi_nwj_offset,
        LOSS(nwj, pairs),
        .estimate = mi_nwj_estimate,
    },
    {
        .name = "tuba",
        .help = "NWJ with a learned function of y beside the critic (Poole et al. 2019)",
        .type = MI_TYPE_BOUND,
        .optimum = MI_OPT_LOG_RATIO,
        .y_offset = 1,
        LOSS(tuba, pairs),
        .estimate = mi_tuba_estimate,
    },
    {
        .name = "mine",
        .help = "DV, the gradient divided by a running mean (Belghazi et al. 2018)",
        .type = MI_TYPE_MIXED,
        .optimum = MI_OPT_LOG_RATIO_UP_TO_CONSTANT,
        PARAMS(mine_params),
        .observe = mi_mine_observe,
        LOSS(mine, partition),
        .estimate = mi_dv_estimate,
    },
    {
        .name = "js",
        .help = "trained on the Jensen-Shannon loss, read by the NWJ bound at log r",
        .type = MI_TYPE_MIXED,
        .optimum = MI_OPT_LOG_RATIO,
        LOSS(js, pairs),
        .estimate = mi_tuba_estimate,
    },
    {
        .name = "js-legacy",
        .help = "js as much public code reads it, 1/e nats too low: to reproduce published curves only",
        .type = MI_TYPE_MIXED,
        .optimum = MI_OPT_LOG_RATIO,
        LOSS(js, pairs),
        .estimate = mi_nwj_estimate,
    },
    {
        .name = "smile",
        .help = "trained on the Jensen-Shannon loss, read by DV with clipped ratios (Song and Ermon 2020)",
        .type = MI_TYPE_MIXED,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(smile_params),
        LOSS(js, pairs),
        .estimate = mi_smile_estimate,
    },
    {
        .name = "pcc",
        .help = "probabilistic classifier of joint against mismatched pairs (Tsai et al. 2020)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        .offset = mi_pcc_offset,
        LOSS(pcc, pairs),
        .estimate = mi_pcc_plug_in,
    },
    {
        .name = "drf",
        .help = "least-squares fit of the ratio: chi-squared, D-RFC (Tsai et al. 2020)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_drf_log_ratio,
        LOSS(drf, pairs),
        .estimate = mi_drf_plug_in,
    },
    {
        .name = "density-matching",
        .help = "the ratio whose mean over mismatched pairs is one (Tsai et al. 2020)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        LOSS(tuba, pairs),
        .estimate = mi_output_plug_in,
    },
    {
        .name = "kl-dime",
        .help = "f-DIME by Kullback-Leibler (Letizia et al. 2024)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_softplus_log_ratio,
        LOSS(kl_dime, pairs),
        .estimate = mi_softplus_plug_in,
    },
    {
        .name = "hd-dime",
        .help = "f-DIME by squared Hellinger distance",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_hd_dime_log_ratio,
        LOSS(hd_dime, pairs),
        .estimate = mi_hd_dime_plug_in,
    },
    {
        .name = "gan-dime",
        .help = "f-DIME by Jensen-Shannon",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_logistic_log_ratio,
        LOSS(gan_dime, pairs),
        .estimate = mi_logistic_plug_in,
    },
    {
        .name = "sl-dime",
        .help = "f-DIME by the shifted logarithm",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_logistic_log_ratio,
        LOSS(sl_dime, pairs),
        .estimate = mi_logistic_plug_in,
    },
    {
        .name = "rkl-dime",
        .help = "f-DIME by reverse Kullback-Leibler",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(output_params),
        .log_ratio = mi_softplus_log_ratio,
        LOSS(rkl_dime, pairs),
        .estimate = mi_softplus_plug_in,
    },
    {
        .name = "jsd-lb",
        .help = "Jensen-Shannon classifier, read as the ratio or as a lower bound on KL (Dorent et al. 2025)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(jsd_params),
        .type_of = mi_jsd_type,
        LOSS(js, pairs),
        .estimate = mi_jsd_estimate,
    },
    {
        .name = "f-micl",
        .help = "variational f-divergences with a weight on mismatched pairs (Lu et al. 2023)",
        .type = MI_TYPE_PLUG_IN,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(f_micl_params),
        .offset = mi_f_micl_offset,
        LOSS(f_micl, pairs),
        .estimate = mi_f_micl_plug_in,
    },
    {
        .name = "gaussian",
        .help = "the Gaussian copula by canonical correlations, in closed form: no training",
        .method = MI_METHOD_BASELINE,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
    },
    {
        .name = "ksg",
        .help = "k nearest neighbours (Kraskov et al. 2004, first algorithm), exact search",
        .method = MI_METHOD_NEIGHBOURS,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(ksg_params),
    },
    {
        .name = "lmi",
        .help = "paired autoencoders, then nearest neighbours on held-out codes (Gowri et al. 2024)",
        .method = MI_METHOD_LATENT,
        .type = MI_TYPE_REFERENCE,
        .optimum = MI_OPT_LOG_RATIO,
        PARAMS(lmi_params),
    },
};

const size_t mi_n_objectives = sizeof mi_objectives / sizeof mi_objectives[0];
