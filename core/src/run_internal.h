/*
 * Inside of a run, shared by run.c (life cycle, preparation), run_train.c, run_score.c and run_checkpoint.c.
 *
 * Dimension letters: D columns of a prepared side, G baseline columns, S feature width, B batch, V validation
 * rows, T test rows.
 */
#ifndef MI_RUN_INTERNAL_H
#define MI_RUN_INTERNAL_H

#include "arena.h"
#include "calibrate.h"
#include "critic.h"
#include "gaussian.h"
#include "mi/run.h"
#include "prepare.h"
#include "split.h"
#include "trainer.h"

/* Prepared rows of one part of the split, both sides, with their baseline columns. Indexed by mi_side. */
typedef struct part {
    uint32_t n;
    float *rows[2]; /* (n, D) */
    float *base[2]; /* (n, G); NULL without a baseline */
} part;

/* What training has reached; with the trainer's state and the best weights this is all that a checkpoint
 * saves. */
typedef struct train_progress {
    uint32_t n_curve;
    uint32_t next_evaluation; /* at this step */
    uint32_t best_step;
    uint32_t batches; /* since the last curve point */
    int finished;     /* training is over */
    double best_loss;
    double loss_sum, diagonal_sum; /* over those batches */
} train_progress;

/* Scratch and findings of the scoring phase. */
typedef struct scoring {
    uint32_t batch, n_blocks; /* of the bracket */
    uint32_t n_null, n_permutations, permutations_done;
    float *features[2];      /* (T, S) of test rows, then reused for the training sample */
    float *block[2];         /* (B, S) gathered */
    float *block_scores;     /* (B, B) */
    float *pair_scores;      /* (max(T, n_null)) */
    uint32_t *order;         /* (max(T, n_train)) */
    uint32_t *null_index[2]; /* (n_null) positions in the test list */
    double *pmi, *null_pmi, *permuted_mean;
    mi_calibration calibration;
    double estimate, train_mi, infonce, nwj, dv;
} scoring;

struct mi_run {
    mi_spec spec;
    uint32_t replicate, fold;
    mi_matrix data[2];
    uint64_t width[2]; /* see mi_matrix_width */
    uint32_t n_rows;
    mi_arena arena;
    mi_phase phase;
    int stage; /* within PREPARE and SCORE: one per mi_run_step */
    double fraction;

    mi_split split;
    uint32_t *order; /* (n_rows) scratch */
    mi_prepare prepare[2];
    mi_gaussian gaussian;
    double shrinkage;
    part train, validation, test;

    uint32_t batch; /* B: what was asked for, or all training rows when they are fewer */
    mi_critic critic;
    mi_trainer trainer;
    part minibatch;
    uint32_t *epoch_order; /* (n_train) */
    uint32_t epoch;        /* whose order it is; UINT32_MAX: none yet */
    float *best;           /* (n_params) */
    train_progress progress;
    mi_curve_point *curve; /* (max_curve) */
    uint32_t max_curve;

    uint32_t validation_block;     /* rows of one validation score matrix */
    float *validation_features[2]; /* (V, S) */
    float *validation_scores;      /* (V, V) */
    float *validation_work;        /* (V, V) */
    void *validation_scratch;

    scoring scoring;
};

/* run.c */
uint32_t mi_run_base_width(const mi_run *run);
/* order[0..n) = a permutation of 0..n-1 drawn from the run's stream of that purpose and step. */
void mi_run_shuffle(const mi_run *run, mi_purpose purpose, uint32_t step, uint32_t *order, uint32_t n);

/* run_train.c: training and what decides when it ends */
mi_status mi_run_train_layout(mi_run *run, mi_error *err);
uint32_t mi_run_max_curve(const mi_train_spec *spec);
/* Loss that selects shrinkage and checkpoint, one that sees the scale of r, averaged over
 * validation blocks. */
double mi_run_validation_loss(mi_run *run, const float *weights, double *mean_diagonal);
void mi_run_train_start(mi_run *run);
mi_status mi_run_train_step(mi_run *run, mi_error *err);
/* Outputs of the network become log ratios, in place. */
void mi_run_log_ratios(const mi_run *run, float *scores, size_t n);
/* The minibatch becomes these n <= B rows of the training part. */
void mi_run_gather(mi_run *run, const uint32_t *rows, uint32_t n);
/* The weights that score: the best ones, or the last evaluated without early stopping. */
const float *mi_run_final_weights(const mi_run *run);

/* run_checkpoint.c */
uint64_t mi_run_checkpoint_bytes(const mi_run *run); /* at most */

/* run_score.c */
void mi_run_score_layout(mi_run *run);
/* One stage; *done when there is none left. */
void mi_run_score_step(mi_run *run, int *done);

#endif
