/*
 * Objectives that are two means over pairs:
 *
 *     loss = constant + w_joint mean_i P(f_joint (c_ii - shift)) + w_mismatch mean_{i != j} N(f_mismatch
 * (c_ij - shift))
 *
 * where P and N, the shape, tell the families apart and the rest tells the objectives of a family apart. Most
 * of what the literature names differently trains identically: that is one shape here.
 *
 * Thread: any.
 */
#ifndef MI_OBJECTIVE_PAIRS_H
#define MI_OBJECTIVE_PAIRS_H

#include "mi/objective.h"

/* A function at one point, with its derivative. */
typedef struct mi_term {
    double value, slope;
} mi_term;

typedef struct mi_pair_shape {
    mi_term (*joint)(double t);    /* P */
    mi_term (*mismatch)(double t); /* N */
    /* N of n points: value holds t on entry and N(t) on return, slope its derivative. */
    void (*mismatches)(double *value, double *slope, size_t n);
} mi_pair_shape;

/* The output is log r at the optimum, with weights equal: */
extern const mi_pair_shape mi_shape_logistic;   /* log(1+e^-t), log(1+e^t): NCE, Jensen-Shannon */
extern const mi_pair_shape mi_shape_kl;         /* -t, e^t: NWJ and its kin */
extern const mi_pair_shape mi_shape_square;     /* -e^t, e^2t/2: chi-squared */
extern const mi_pair_shape mi_shape_root;       /* e^-t/2, e^t/2: squared Hellinger */
extern const mi_pair_shape mi_shape_power;      /* -e^t, e^t: for factors beta and 1 + beta */
extern const mi_pair_shape mi_shape_reciprocal; /* e^-t, t: reverse KL */
extern const mi_pair_shape mi_shape_shared;     /* D, D - log D with D = 1/(1+e^t): shifted log */
/* Of a critic that puts out r, or a function of it: */
extern const mi_pair_shape mi_shape_linear;              /* -t, t^2/2: chi-squared, t = r */
extern const mi_pair_shape mi_shape_softplus_kl;         /* -log D, D with D = log(1+e^t) = r */
extern const mi_pair_shape mi_shape_softplus_root;       /* D, 1/D with D = r^-1/2 */
extern const mi_pair_shape mi_shape_softplus_reciprocal; /* 1/D, log D with D = r */

typedef struct mi_pair_loss {
    const mi_pair_shape *shape;
    double joint_factor, mismatch_factor, shift;
    double joint_weight, mismatch_weight, constant;
} mi_pair_loss;

/* log log(1 + e^t), t itself where that is all there is. */
double mi_log_softplus(double t);

/* The contracts of struct mi_objective; one row of values and one of slopes is all the scratch. */
size_t mi_pairs_scratch_bytes(size_t batch);
void mi_pairs_loss_and_grad(const mi_pair_loss *loss, const float *scores, size_t batch, float *grad,
                            double *out, void *scratch);
void mi_pairs_reference(const mi_pair_loss *loss, const double *scores, size_t batch, double *grad,
                        double *out);
/* The loss alone, in double and without scratch. */
double mi_pairs_value(const mi_pair_loss *loss, const float *scores, size_t batch);

#endif
