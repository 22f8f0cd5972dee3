/*
 * The table of objectives: what a critic is trained on, and what turns its scores into MI.
 *
 * Scores are a B x B row-major matrix s with s[i*B + j] = c(x_i, y_j): row = x, column = y, the diagonal
 * holds the joint pairs. Units: nats. Each objective has a float implementation (the one that trains) and a
 * double twin (the one that tests and small evaluations use), both from the same formula.
 *
 * The table also names the estimators that train no critic (`method`): they share folds, preparation, results
 * and everything a user sees, and have no loss.
 */
#ifndef MI_OBJECTIVE_H
#define MI_OBJECTIVE_H

#include "mi/status.h"

#include <stddef.h>
#include <stdint.h>

/* How an entry comes to its numbers. */
typedef enum mi_method {
    MI_METHOD_CRITIC,     /* trains a critic on a loss */
    MI_METHOD_BASELINE,   /* the closed-form Gaussian baseline alone */
    MI_METHOD_NEIGHBOURS, /* nearest neighbours (KSG) */
    MI_METHOD_LATENT,     /* paired autoencoders, then nearest neighbours (LMI) */
} mi_method;

/* Type 1 trains and reports one bound; type 2 trains one functional and reports another; type 3 learns the
 * density ratio and plugs it in (Ryu et al., ICLR 2026, table 1). */
typedef enum mi_objective_type {
    MI_TYPE_REFERENCE = 0, /* no critic */
    MI_TYPE_BOUND = 1,
    MI_TYPE_MIXED = 2,
    MI_TYPE_PLUG_IN = 3
} mi_objective_type;

/* What the network's output tells at the optimum, with r = p(x,y)/(p(x)p(y)). */
typedef enum mi_optimum {
    MI_OPT_LOG_RATIO,                /* log r, by mi_objective_log_ratio */
    MI_OPT_LOG_RATIO_UP_TO_CONSTANT, /* log r + C: a PMI only once calibration has fixed C */
    MI_OPT_LOG_RATIO_UP_TO_Y,        /* log r + C(y): no PMI can be read off */
    MI_OPT_SATURATED, /* log of r / (1 + w (r - 1)), up to a constant: it levels off, so neither can one here
                       */
} mi_optimum;

typedef enum mi_directions {
    MI_DIRECTIONS_BOTH,    /* rows and columns averaged */
    MI_DIRECTIONS_COLUMNS, /* for each y_j, candidates are the x_i (the paper's form) */
} mi_directions;

/* Proper scoring rules on K+1 classes. */
typedef enum mi_rule {
    MI_RULE_LOG,
    MI_RULE_BRIER,
    MI_RULE_CHI2,
    MI_RULE_SPHERICAL,
    MI_RULE_PSEUDO_SPHERICAL, /* alpha */
    MI_RULE_TSALLIS,          /* alpha */
    MI_RULE_EXPONENTIAL,
    MI_RULE_HELLINGER,
    MI_RULE_BETA_POWER, /* beta */
    MI_RULE_KL,
    MI_RULE_COUNT
} mi_rule;

/* What the network puts out where the literature's form of an objective is not log r: with `log-ratio` the
 * output is log r all the same, so that a Gaussian baseline can be its start; `native` is the published
 * parametrisation. */
typedef enum mi_output { MI_OUTPUT_LOG_RATIO, MI_OUTPUT_NATIVE } mi_output;

/* How a trained JSD-LB critic is read: the plug-in mean, or the bound by the inverse of Xi. */
typedef enum mi_reading { MI_READING_TWO_STEP, MI_READING_BOUND } mi_reading;

/* The f of f-MICL. */
typedef enum mi_divergence {
    MI_DIVERGENCE_KL,
    MI_DIVERGENCE_JS,
    MI_DIVERGENCE_PEARSON,
    MI_DIVERGENCE_HELLINGER,
    MI_DIVERGENCE_COUNT
} mi_divergence;

/* Parameters of every objective; each reads those it declares in its table entry. */
typedef struct mi_objective_params {
    double nu;                /* anchor weight */
    mi_directions directions; /* of the contrast */
    uint32_t k;               /* candidates K of a tuple, 1..B-1; 0: B-1 */
    mi_rule rule;
    double alpha; /* of alpha-InfoNCE and MLInfoNCE, of the pseudo-spherical and Tsallis rules, of f-MICL */
    double beta;  /* of the beta-power rule */
    double tau;   /* where SMILE clips */
    double decay; /* gamma of MINE's running mean */
    mi_output output;
    mi_reading reading;
    mi_divergence divergence;
    uint32_t neighbours;              /* k of KSG and LMI */
    uint32_t latent;                  /* LMI: columns of a code */
    uint32_t width;                   /* LMI: first hidden layer */
    double self_weight, cross_weight; /* LMI: of the reconstructions */
    /* LMI: training of the codes, which is not that of a critic */
    uint32_t code_batch, code_steps;
    double code_rate;

    /* Not settings; kept by whoever trains. */
    uint32_t batch;       /* B of training: what an output means may depend on it (PCC) */
    double log_partition; /* MINE: log of the running mean of e^c; NaN before the first batch */
} mi_objective_params;

typedef enum mi_param_kind { MI_PARAM_NUMBER, MI_PARAM_COUNT, MI_PARAM_CHOICE } mi_param_kind;

typedef struct mi_param_info {
    const char *name; /* the job's field below /objective */
    const char *help;
    mi_param_kind kind;
    size_t offset;            /* in mi_objective_params */
    const char *const *names; /* of a choice, in the order of its enum, NULL-terminated */
    double min, max;
    double fallback, paper; /* defaults of the recipes */
} mi_param_info;

typedef struct mi_objective_spec mi_objective_spec;

typedef struct mi_objective {
    const char *name; /* "infonce-anchor" */
    const char *help; /* one line for people */
    mi_method method;
    mi_objective_type type;
    mi_optimum optimum;
    const mi_param_info *params; /* n_params of them */
    size_t n_params;
    int y_offset; /* needs a critic with a learned function of y subtracted (TUBA) */

    /* What depends on the parameters; NULL: type, optimum and the identity. */
    mi_objective_type (*type_of)(const mi_objective_params *params);
    mi_optimum (*optimum_of)(const mi_objective_params *params);
    /* Output minus log r where they differ by a constant. */
    double (*offset)(const mi_objective_params *params);
    /* log r of an output where they differ by more (native forms). */
    double (*log_ratio)(double output, const mi_objective_params *params);
    /* Combinations of parameters that mean nothing: MI_INVALID naming the field below "/objective". */
    mi_status (*check)(const mi_objective_params *params, uint32_t batch, mi_error *err);

    /* The rest is NULL for a method without a critic. */

    /* Bytes of scratch that loss_and_grad needs for a B x B matrix (alignment 64). */
    size_t (*scratch_bytes)(size_t batch);

    /*
     * scores   (B, B) in
     * grad     (B, B) out: d loss / d scores; NULL: the loss alone
     * loss     out, nats, not finite when the scores are not
     * scratch  scratch_bytes(B), content irrelevant
     * Thread: any, with its own scratch. B >= 2.
     */
    void (*loss_and_grad)(const float *scores, size_t batch, const mi_objective_params *params, float *grad,
                          double *loss, void *scratch);
    /* The naive twin in double, O(B^3) allowed, allocates nothing. grad may be NULL. */
    void (*reference)(const double *scores, size_t batch, const mi_objective_params *params, double *grad,
                      double *loss);
    /* MI in nats from held-out scores (B, B): the bound itself for type 1, the plug-in mean for type 3. */
    double (*estimate)(const float *scores, size_t batch, const mi_objective_params *params);
    /* What an objective carries from batch to batch, brought up to date before the loss; NULL: nothing. */
    void (*observe)(const float *scores, size_t batch, mi_objective_params *params);
} mi_objective;

struct mi_objective_spec {
    const mi_objective *entry; /* from the table */
    mi_objective_params params;
};

/* Look an objective up by name; NULL when there is none. Thread: any. */
const mi_objective *mi_objective_find(const char *name);
/* Entry `index` of the table, NULL past its end. Thread: any. */
const mi_objective *mi_objective_at(size_t index);

/* All parameters at their defaults; paper: those of the paper's recipe. */
void mi_objective_defaults(mi_objective_spec *spec, const mi_objective *entry, int paper);
double mi_param_get(const mi_objective_params *params, const mi_param_info *info);
void mi_param_set(mi_objective_params *params, const mi_param_info *info, double value);

mi_objective_type mi_objective_type_of(const mi_objective_spec *spec);
/* Whether the estimate is the mean PMI: type 3, and methods without a critic. */
int mi_objective_plugs_in(const mi_objective_spec *spec);
mi_optimum mi_objective_optimum(const mi_objective_spec *spec);
/* What to subtract from the network's output to get log r, where that is all there is between them. */
double mi_objective_offset(const mi_objective_spec *spec);
/* Whether output and log r differ by a constant at most, so that a log ratio can be added to the output. */
int mi_objective_is_shift(const mi_objective_spec *spec);
/* log r of an output, up to what mi_objective_optimum leaves open. */
double mi_objective_log_ratio(const mi_objective_spec *spec, double output);
/* Parameters against each other and against the batch. MI_INVALID with the field's pointer. */
mi_status mi_objective_check(const mi_objective_spec *spec, uint32_t batch, mi_error *err);

#endif
