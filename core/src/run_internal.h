/*
 * Inside of a run. run.c has its life and the state machine, run_check.c what is refused before it,
 * run_checkpoint.c what outlives it; what a phase does is the method's (run_method.h): run_critic.c,
 * run_train.c and run_score.c for critics, run_neighbours.c for nearest neighbours, run_latent.c for those of
 * learned codes. run_feed.c is for those who train on an endless sample.
 *
 * Dimension letters: D columns of a prepared side, G baseline columns, S feature width, B batch, V validation
 * rows, T test rows.
 */
#ifndef MI_RUN_INTERNAL_H
#define MI_RUN_INTERNAL_H

#include "arena.h"
#include "autoencoder.h"
#include "calibrate.h"
#include "critic.h"
#include "gaussian.h"
#include "ksg.h"
#include "mi/run.h"
#include "prepare.h"
#include "run_method.h"
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
    int diverged;     /* it ended so; the best weights until then stand */
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
    double *block_work;      /* (3, B) */
    float *pair_scores;      /* (max(T, n_null)) */
    uint32_t *order;         /* (max(T, n_train)) */
    uint32_t *null_index[2]; /* (n_null) positions in the test list */
    uint64_t *known;         /* (n_rows) keys of all pairs, ascending; NULL: no pairs by index */
    double *pmi, *null_pmi, *permuted_mean;
    mi_calibration calibration;
    double estimate, train_mi, infonce, nwj, dv, infonce_ceiling;
    double share; /* of the scoring that is done, where it takes long */
} scoring;

/* Nearest neighbours of the held-out pairs: samples of the search, whose numbers are those of ksg. */
typedef struct neighbour_search {
    mi_ksg ksg;
    uint32_t *sample;  /* (T) of each test pair */
    uint32_t *visit;   /* (T) test pairs in the order in which they are asked for */
    uint32_t *partner; /* (n of ksg) of one permutation */
    int stage;         /* of scoring */
    uint32_t next;     /* pair of the stage */
    double sum;        /* over the pairs of a permutation */
} neighbour_search;

/* Minibatches that are drawn for each step instead of taken from the training rows: `fill` writes n pairs of
 * raw rows, as wide as the data, a function of step alone. */
typedef struct mi_run_feed {
    void (*fill)(void *context, uint32_t step, uint32_t n, float *x, float *y); /* NULL: no feed */
    void *context;
    float *rows[2]; /* (B, columns of the data), the feeder's */
} mi_run_feed;

struct mi_run {
    const mi_run_method *method;
    mi_spec spec; /* as asked for, but for what its method rules out */
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
    mi_crew *crew;  /* who helps; NULL: nobody */
    mi_critic critic;
    mi_trainer trainer;
    part minibatch;
    mi_run_feed feed;
    uint32_t *epoch_order; /* (n_train) */
    uint32_t epoch;        /* whose order it is; UINT32_MAX: none yet */
    float *best;           /* (n_params) */
    train_progress progress;
    mi_curve_point *curve; /* (max_curve) */
    uint32_t max_curve;

    uint32_t validation_block;     /* rows of one validation score matrix */
    float *validation_features[2]; /* (V, S) */
    float *validation_scores;      /* (V, V) */
    void *validation_scratch;

    scoring scoring;
    neighbour_search search;

    mi_autoencoder autoencoder;
    float *codes[2]; /* (T, code) of the test rows */
};

/* run.c */
/* order[0..n) = a permutation of 0..n-1 drawn from the run's stream of that purpose and step. */
void mi_run_shuffle(const mi_run *run, mi_purpose purpose, uint32_t step, uint32_t *order, uint32_t n);
void mi_run_part_layout(part *p, mi_arena *arena, uint32_t n, const mi_run *run, uint32_t base);
/* The part's rows of the data, prepared. */
void mi_run_prepare_rows(mi_run *run, part *p, const uint32_t *rows);

/* run_critic.c */
uint32_t mi_run_base_width(const mi_run *run);
/* The fixed columns (n, width) of prepared rows of a side, for the outputs of that objective's critic. */
void mi_baseline_columns(const mi_gaussian *g, const mi_objective_spec *objective, mi_side side,
                         const float *rows, uint32_t n, float *columns);
/* Those of both sides of a part; with a baseline. */
void mi_run_baseline_columns(mi_run *run, part *p);
/* Whether a side was reduced to principal components, of a run with a baseline: by default where rows are few
 * for the columns. */
int mi_run_refits_baseline(const mi_run *run);
/* The baseline fitted anew to all rows outside of the test fold, where rows are few. MI_NUMERIC. */
mi_status mi_run_refit_baseline(mi_run *run, mi_error *err);
/* Loss that selects shrinkage and checkpoint, one that sees the scale of r, averaged over
 * validation blocks. Weights NULL: of the baseline alone. */
double mi_run_validation_loss(mi_run *run, const float *weights, double *mean_diagonal);
/* Outputs of the network become log ratios, in place. */
void mi_run_log_ratios(const mi_run *run, float *scores, size_t n);

/* run_train.c: training and what decides when it ends */
void mi_run_train_layout(mi_run *run); /* once trainer.n_params is known */
uint32_t mi_run_max_curve(const mi_train_spec *spec);
void mi_run_train_start(mi_run *run);
mi_status mi_run_train_step(mi_run *run, mi_error *err);
/* The minibatch becomes these n <= B rows of the training part. */
void mi_run_gather(mi_run *run, const uint32_t *rows, uint32_t n);
/* The weights that score: the best ones, or the last evaluated without early stopping. */
const float *mi_run_final_weights(const mi_run *run);

/* member.c: bytes of its tensors, packed, at most; of a run that is laid out, be it without memory */
uint64_t mi_run_member_bytes(const mi_run *run);

/* run_feed.c: training on more pairs than the data have */
/* Before the first training step, of a method that trains a critic. Rows for the batch of the spec. */
void mi_run_set_feed(mi_run *run, const mi_run_feed *feed);
/* The minibatch becomes the feed's pairs of that step, prepared. */
void mi_run_feed_minibatch(mi_run *run, uint32_t step);
/* Training of a prepared run goes on from where another run of the same shape ended: its trainer's state (4,
 * n_params), its step. MI_UNSUPPORTED when the shape differs. */
mi_status mi_run_continue(mi_run *run, const float *state, size_t n_params, uint32_t step,
                          double log_partition, mi_error *err);

/* run_checkpoint.c */
uint64_t mi_run_checkpoint_bytes(const mi_run *run); /* at most */

/* run_score.c */
void mi_run_score_layout(mi_run *run);
/* One stage; *done when there is none left. */
mi_status mi_run_score_step(mi_run *run, int *done, mi_error *err);

/* run_pairs.c: what the scoring of every method shares */
/* Counts and arrays of what the run will report, null pairs `at_most`. */
void mi_run_pairs_layout(mi_run *run, uint64_t at_most);
/* Null pairs as positions in the test list: pairs that are not among the data, of whatever fold, and, by
 * index, nobody with themselves. They may be fewer than planned, down to none, where there are no more. */
void mi_run_draw_null_pairs(mi_run *run);
/* Positions in the test list become rows of the data, and both orders of a pair that has none become one, in
 * place: nothing scores after this. */
void mi_run_settle_pairs(mi_run *run);
/* Pairs that so many rows of a part are: of mirrored ones half as many. */
uint32_t mi_run_pairs_of(const mi_run *run, uint32_t rows);
/* order (n): which row's y each row's x has in that permutation, of mirrored rows in both orders. */
void mi_run_permute(const mi_run *run, uint32_t fold, uint32_t permutation, uint32_t *order, uint32_t n);
/* Held-out pairs that the run reports. */
uint32_t mi_run_reported(const mi_run *run);
double mi_run_mean_pmi(const mi_run *run);

/* run_neighbours.c: nearest neighbours of the test pairs among n samples */
mi_status mi_run_search_check(const mi_spec *spec, uint64_t n, mi_error *err);
void mi_run_search_layout(mi_run *run, uint32_t n, uint32_t dim_x, uint32_t dim_y);
/* search.sample filled before. Noise of the stream of `fold`. */
mi_status mi_run_search_fill(mi_run *run, const float *x, const float *y, uint32_t fold, mi_error *err);
/* A method's `score`. */
mi_status mi_run_search_step(mi_run *run, int *done, mi_error *err);

#endif
