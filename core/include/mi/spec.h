/*
 * The resolved settings of an estimate: plain data, every field a field of the job.
 */
#ifndef MI_SPEC_H
#define MI_SPEC_H

#include "mi/objective.h"
#include "mi/status.h"

#include <stdint.h>

#define MI_MAX_HIDDEN 8 /* hidden layers of a tower */

typedef enum mi_recipe { MI_RECIPE_DEFAULT, MI_RECIPE_PAPER } mi_recipe;
typedef enum mi_transform { MI_TRANSFORM_RANK_GAUSSIAN, MI_TRANSFORM_ZSCORE, MI_TRANSFORM_NONE } mi_transform;
typedef enum mi_critic_type {
    MI_CRITIC_SEPARABLE, /* f(x).g(y) */
    MI_CRITIC_JOINT,     /* MLP([x;y]) */
    MI_CRITIC_BILINEAR,  /* x' W y */
    MI_CRITIC_COSINE     /* cos(f(x), g(y)) / temperature */
} mi_critic_type;
/* Of the products between hidden layers: weights, sums and all else are in single precision anyway. */
typedef enum mi_precision { MI_PRECISION_FP32, MI_PRECISION_BF16 } mi_precision;
typedef enum mi_baseline { MI_BASELINE_NONE, MI_BASELINE_GAUSSIAN } mi_baseline;

/*
 * What is done about the bias of a held-out estimate. A critic fitted to n pairs is off by some error; held
 * out it makes the mean log r too low, on the pairs that it was fitted to it makes it too high, and to first
 * order by the same amount (the optimism of Akaike 1974, Efron 1983). The mean of both is free of it. It
 * needs early stopping: far into overfitting the two are no longer alike. For the same reason the correction
 * is at most half of the held-out value, so that independent data stay at zero.
 */
typedef enum mi_debias { MI_DEBIAS_NONE, MI_DEBIAS_OPTIMISM } mi_debias;

#define MI_PCA_OFF  0u
#define MI_PCA_AUTO UINT32_MAX

typedef struct mi_prepare_spec {
    mi_transform transform;
    uint32_t
        pca; /* components kept per side; MI_PCA_OFF, or MI_PCA_AUTO: when columns are many for the rows */
    double clip; /* z-scores are held within +-clip */
} mi_prepare_spec;

typedef struct mi_critic_spec {
    mi_critic_type type;
    uint32_t n_hidden;
    uint32_t hidden[MI_MAX_HIDDEN];
    uint32_t embed; /* separable and cosine */
    mi_baseline baseline;
    double ridge;           /* of the Gaussian baseline, added to unit variances */
    double spectral_ridge;  /* the same for the first principal component, and for another one as much more
                               as its variance is less */
    double temperature;     /* of cosine */
    int learn_temperature;  /* then temperature is where training starts */
    int y_offset;           /* subtract a learned a(y), which some objectives need; no field of a job */
    mi_precision precision; /* that of training; no field of a critic */
    const struct mi_kernels *kernels; /* NULL: the fastest of this machine; no field of a job */
} mi_critic_spec;

typedef struct mi_train_spec {
    mi_precision precision;
    uint32_t batch;
    uint32_t max_steps;
    double learning_rate;
    uint32_t warmup_steps;
    double ema;              /* decay of the weight average, 0: none; ramp (1+t)/(10+t) */
    double gradient_clip;    /* global norm; 0: none */
    double weight_decay;     /* decoupled */
    double dropout;          /* of the units of towers */
    int early_stopping;      /* 0: train max_steps and keep the last weights */
    uint32_t patience_steps; /* stop after patience_steps + patience_fraction*t_best without progress */
    double patience_fraction;
    uint32_t evaluate_every; /* at least; grows as t*evaluate_fraction */
    double evaluate_fraction;
} mi_train_spec;

/* What a fold holds out: pairs; all pairs of an x or of a y; or pairs of which neither occurs in training. */
typedef enum mi_split_by { MI_SPLIT_PAIR, MI_SPLIT_X, MI_SPLIT_Y, MI_SPLIT_ENTITY } mi_split_by;

typedef struct mi_split_spec {
    uint32_t folds; /* 1: one 80/20 hold-out */
    mi_split_by by;
    double validation;       /* share of a fold's training part */
    uint32_t validation_max; /* rows */
} mi_split_spec;

typedef struct mi_spec {
    mi_recipe recipe;
    mi_prepare_spec prepare;
    mi_objective_spec objective;
    mi_critic_spec critic;
    mi_train_spec train;
    mi_split_spec split;
    int calibrate; /* fit the log-scale on validation pairs */
    mi_debias debias;
    uint32_t replicates;
    uint32_t permutations;
    uint32_t null_pairs; /* mismatched pairs scored in all, spread over folds */
    uint64_t seed;
} mi_spec;

/* Fill every field from a recipe. Thread: any. */
void mi_spec_from_recipe(mi_spec *spec, mi_recipe recipe);
/* Another objective with its recipe's defaults; all else stays. */
void mi_spec_set_objective(mi_spec *spec, const mi_objective *entry);
/* Whether a PMI comes out: the objective tells log r, or does so up to a constant that calibration fixes. */
int mi_spec_has_pmi(const mi_spec *spec);
/* Why not, for people; NULL when it does. */
const char *mi_spec_no_pmi_reason(const mi_spec *spec);
/* Whether a critic scores the pairs, a network or the Gaussian baseline: its bounds bracket the estimate, and
 * its scale can be calibrated. */
int mi_spec_has_critic(const mi_spec *spec);
/* Whether the estimate is the mean of held-out and training PMI: asked for, plug-in, early stopping. */
int mi_spec_debiases(const mi_spec *spec);

/*
 * What a spec asks for on n pairs of dim_x and dim_y columns (see mi_matrix_width), before anything is
 * allocated.
 * Errors: MI_INVALID naming the field (err->pointer, below the job: "/train/batch", "/split/folds", "/x")
 * when the data are too few for the settings. Thread: any.
 */
typedef struct mi_plan {
    uint32_t n_runs;           /* replicates x folds: run r is replicate r / folds, fold r % folds */
    uint64_t workspace_bytes;  /* of one run, all of it */
    uint64_t checkpoint_bytes; /* at most, of one run */
    uint64_t result_bytes;     /* at most, of one run */
    uint64_t member_bytes;     /* at most, of one run's tensors, packed (mi/model.h); 0: it leaves none */
} mi_plan;
mi_status
mi_plan_make(mi_plan *out, const mi_spec *spec, uint64_t n, uint64_t dim_x, uint64_t dim_y,
             mi_error *err); /* mi/run.h has mi_plan_pairs for pairs of which somebody may be in several */

#define MI_MIN_ROWS 40u /* fewer pairs than this are refused */

#endif
