/*
 * A method of estimation, seen from a run: what it does in each phase of the state machine that all of them
 * share (see mi/run.h), with the split, the preparation, the results and the checkpoints.
 */
#ifndef MI_RUN_METHOD_H
#define MI_RUN_METHOD_H

#include "mi/run.h"
#include "mi/spec.h"

typedef struct mi_run_method {
    int trains;        /* on a training part, stopped by a validation part; otherwise it goes on to score */
    int fits_all_rows; /* preparation is fitted on all rows instead of those outside of the test fold */
    int start_stages;  /* of start */

    /* Settings that the method rules out, fixed in a run's own copy of them. */
    void (*settle)(mi_spec *spec);
    /* What else the method asks of the settings and the size of a test fold. */
    mi_status (*check)(const mi_spec *spec, uint64_t n_rows, uint32_t n_test, mi_error *err);
    /* Everything behind preparation, for its columns: their upper bounds first, to measure; then as fitted.
     */
    mi_status (*layout)(mi_run *run, mi_error *err);
    /* What start and the phases after it borrow on top of that; only its peak counts. */
    void (*measure_scratch)(mi_run *run);
    /* From fitted preparation to the first step of training: stages 0 .. start_stages - 1. Stage 0 begins
     * with the layout. */
    mi_status (*start)(mi_run *run, int stage, mi_error *err);
    /* One bounded piece of scoring; *done with the last one. */
    mi_status (*score)(mi_run *run, int *done, mi_error *err);

    /* Of a method that trains: loss of weights on the validation part, with its mean log r (NaN: none), and
     * one optimiser step on the run's minibatch, with its loss and mean log r. */
    double (*validation_loss)(mi_run *run, const float *weights, double *mean_log_ratio);
    mi_status (*learn)(mi_run *run, double *loss, double *mean_log_ratio, mi_error *err);
} mi_run_method;

extern const mi_run_method mi_run_critic;     /* a critic on a loss */
extern const mi_run_method mi_run_baseline;   /* the same without a network */
extern const mi_run_method mi_run_neighbours; /* KSG */
extern const mi_run_method mi_run_latent;     /* LMI: KSG of learned codes */

const mi_run_method *mi_run_method_of(const mi_spec *spec);

#endif
