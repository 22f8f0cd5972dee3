/*
 * The table of objectives: what a critic is trained on, and what turns its scores into MI.
 *
 * Scores are a B x B row-major matrix s with s[i*B + j] = c(x_i, y_j): row = x, column = y, the diagonal
 * holds the joint pairs. Units: nats. Each objective has a float implementation (the one that trains) and a
 * double twin (the one that tests and small evaluations use), both from the same formula.
 */
#ifndef MI_OBJECTIVE_H
#define MI_OBJECTIVE_H

#include "mi/status.h"

#include <stddef.h>

/* Type 1 trains and reports one bound; type 2 trains one functional and reports another; type 3 learns the
 * density ratio and plugs it in (Ryu et al., ICLR 2026, table 1). */
typedef enum mi_objective_type {
    MI_TYPE_BOUND = 1,
    MI_TYPE_MIXED = 2,
    MI_TYPE_PLUG_IN = 3
} mi_objective_type;

/* What the network's output is at the optimum, with r = p(x,y)/(p(x)p(y)). */
typedef enum mi_optimum {
    MI_OPT_LOG_RATIO,          /* log r */
    MI_OPT_ONE_PLUS_LOG_RATIO, /* 1 + log r */
    MI_OPT_LOG_RATIO_UP_TO_Y,  /* log r + C(y): no PMI can be read off */
} mi_optimum;

typedef enum mi_directions {
    MI_DIRECTIONS_BOTH,    /* rows and columns averaged */
    MI_DIRECTIONS_COLUMNS, /* for each y_j, candidates are the x_i (the paper's form) */
} mi_directions;

/* Parameters of every objective; each reads those it declares in its table entry. */
typedef struct mi_objective_params {
    double nu;                /* anchor weight */
    mi_directions directions; /* of the contrast */
} mi_objective_params;

typedef struct mi_param_info {
    const char *name; /* the job's field below /objective */
    const char *help;
    double min, max, fallback; /* for directions: 0 both, 1 columns */
} mi_param_info;

typedef struct mi_objective {
    const char *name; /* "infonce-anchor" */
    const char *help; /* one line for people */
    mi_objective_type type;
    mi_optimum optimum;
    const mi_param_info *params; /* n_params of them */
    size_t n_params;

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
} mi_objective;

/* Look an objective up by name; NULL when there is none. Thread: any. */
const mi_objective *mi_objective_find(const char *name);
/* Entry `index` of the table, NULL past its end. Thread: any. */
const mi_objective *mi_objective_at(size_t index);
/* What to subtract from the network's output to get log r: 0 or 1. Only where a PMI exists. */
double mi_objective_offset(const mi_objective *objective);
/* Whether log r can be read off the output. */
int mi_objective_has_pmi(const mi_objective *objective);

#endif
