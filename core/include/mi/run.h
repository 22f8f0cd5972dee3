/*
 * A run: one fold of one replicate, from raw rows to out-of-fold PMIs.
 *
 * A run is a state machine that its caller steps, so that the caller decides when to look for a cancel,
 * report progress or take a checkpoint:
 *
 *     PREPARE --> TRAIN --> SCORE --> DONE
 *                 ^   |
 *                 +---+ one optimiser step at a time, with an evaluation when one is due
 *
 * A run's result depends on (data, spec, key, build, CPU kernel) alone. Restored from a checkpoint it gives
 * the same bytes as if it had never stopped. All its memory is one workspace, taken at mi_run_new.
 */
#ifndef MI_RUN_H
#define MI_RUN_H

#include "mi/crew.h"
#include "mi/spec.h"
#include "mi/status.h"

#include <stdint.h>

/* One side of the pairs: n rows of d columns, row-major float32, finite, borrowed. */
typedef struct mi_matrix {
    const float *data;
    uint64_t rows, cols;        /* n, d */
    const uint8_t *categorical; /* (cols) 1: the column holds category codes, whole numbers 0 to 65535, and
                                   becomes one-hot; NULL: none does */
    const uint32_t *index;      /* (rows) which row of data each pair has here; NULL: its own */
    const uint32_t *entity;     /* (rows) the number of who that is, counted over both sides: somebody who
                                   occurs on both has one number; NULL: nobody occurs twice */
    uint32_t
        mirrored; /* 1: pairs without an order: row rows/2 + i is row i with its sides exchanged. Both rows
                     have one role in a split, and one PMI, their mean. Of x and y alike; rows is even */
} mi_matrix;

/* The columns of pair i. */
static inline const float *mi_matrix_row(const mi_matrix *m, uint64_t i)
{
    return m->data + (m->index ? m->index[i] : i) * m->cols;
}

#define MI_MAX_LEVELS   256u   /* of a categorical column */
#define MI_MAX_CATEGORY 65535u /* the largest code */

/* Whether a value is a category code: a whole number from 0 to MI_MAX_CATEGORY. */
static inline int mi_is_category(float value)
{
    return value >= 0.0f && value <= (float)MI_MAX_CATEGORY && value == (float)(uint32_t)value;
}

/*
 * Columns of a matrix once its categorical ones are one-hot over all of its rows: what mi_plan_make takes,
 * and the most that any fold's training part can have. Reads the categorical columns, and them alone.
 * MI_INVALID names row and column of a value that is no code; MI_LIMIT a column of more than MI_MAX_LEVELS;
 * MI_MEMORY. Thread: any.
 */
mi_status mi_matrix_width(mi_matrix matrix, uint64_t *width, mi_error *err);

/*
 * What a spec asks for on these pairs: as mi_plan_make (mi/spec.h), for a split by who is in them too.
 * x, y     without a look at their data: rows, index, entity, mirrored
 * width    (2) of x, of y: see mi_matrix_width
 * Such a split is counted pair by pair for every run: O(runs x pairs), at most MI_GROUPED_WORK. MI_MEMORY
 * too.
 */
#define MI_GROUPED_WORK 50000000u
mi_status mi_plan_pairs(mi_plan *out, const mi_spec *spec, mi_matrix x, mi_matrix y, const uint64_t width[2],
                        mi_error *err);

typedef struct mi_run mi_run;

typedef enum mi_phase { MI_PHASE_PREPARE, MI_PHASE_TRAIN, MI_PHASE_SCORE, MI_PHASE_DONE } mi_phase;

/* One point of the training curves. Losses and MI in nats; train_* are means over the batches since the last
 * point. */
typedef struct mi_curve_point {
    uint32_t step;
    double train_loss, val_loss, train_mi, val_mi;
} mi_curve_point;

typedef struct mi_progress {
    mi_phase phase;
    uint32_t step, max_steps;
    double fraction;             /* 0..1, an estimate of the run's share done */
    uint32_t n_curve;            /* points so far */
    const mi_curve_point *curve; /* borrowed, valid until the next step */
} mi_progress;

/*
 * x, y     borrowed for the run's life; x.rows == y.rows
 * returns  MI_MEMORY, MI_INVALID
 * Thread: a run belongs to one thread at a time.
 */
mi_status mi_run_new(mi_run **out, const mi_spec *spec, uint32_t replicate, uint32_t fold, mi_matrix x,
                     mi_matrix y, mi_error *err);
void mi_run_free(mi_run *run);

/*
 * Let a second thread help with this run whenever it is there (mi/crew.h). What the run finds does not depend
 * on it. crew outlives the run, or is taken back by NULL.
 * Thread: that of the run.
 */
void mi_run_set_crew(mi_run *run, mi_crew *crew);

/* Do one bounded piece of work and say where the run stands. MI_NUMERIC: the loss is not finite.
 * Stepping a run that is done is a no-op. */
mi_status mi_run_step(mi_run *run, mi_progress *out, mi_error *err);

/*
 * A checkpoint holds what training has changed (weights, moments, averages, best weights, curve),
 * little-endian with a header and a checksum. Write returns its size, or 0 while there is nothing to save
 * (before the first training step). Restore is for a fresh run with the same data, spec and key; MI_CORRUPT
 * leaves the run fresh.
 */
size_t mi_run_checkpoint(mi_run *run, void *buffer, size_t capacity);
mi_status mi_run_restore(mi_run *run, const void *bytes, size_t n_bytes, mi_error *err);

/* What one run found. Arrays are owned by the result (one block); rows are row numbers of the data set, where
 * it is mirrored those of its first half, but for null_x and null_y. */
typedef struct mi_run_result {
    uint32_t replicate, fold;
    uint32_t n_test;
    const uint32_t *test_row; /* (n_test) ascending */
    const double *pmi;        /* (n_test) nats, calibrated; all NaN when the objective gives none */
    uint32_t n_null;
    const uint32_t *null_x, *null_y; /* (n_null) rows of the mismatched pairs */
    const double *null_pmi;          /* (n_null) nats, calibrated */
    uint32_t n_permutations;
    const double *permuted_mean; /* (n_permutations) mean calibrated score of permuted test pairs */
    uint32_t n_curve;
    const mi_curve_point *curve;

    double estimate;           /* the objective's own MI on the test fold, nats */
    double train_mi;           /* the same on all training rows; NaN where nothing is fitted */
    double slope, log_scale;   /* log r = slope * output + log_scale, already inside pmi */
    double infonce, nwj, dv;   /* bounds by the same critic on test batches, nats */
    double infonce_ceiling;    /* log of their batch size */
    double baseline_shrinkage; /* chosen s; -1 without a baseline; INFINITY is written as 1e300 */
    double baseline_mi;        /* -1/2 sum log(1-rho^2) of the shrunk baseline, nats */
    uint32_t steps, best_step;
    uint32_t diverged;               /* 1: training ended by a loss that was not finite; best_step stands */
    uint32_t dims_x, dims_y;         /* after preparation: one-hot, without constant columns, projected */
    uint32_t constant_x, constant_y; /* columns dropped */
} mi_run_result;

/* The result of a run that is done. MI_MEMORY. Free with mi_run_result_free. */
mi_status mi_run_finish(mi_run *run, mi_run_result **out, mi_error *err);
void mi_run_result_free(mi_run_result *result);

/* To bytes and back: little-endian, checksummed, versioned. pack returns the size; buffer NULL measures. */
size_t mi_run_result_pack(const mi_run_result *result, void *buffer, size_t capacity);
mi_status mi_run_result_unpack(mi_run_result **out, const void *bytes, size_t n_bytes, mi_error *err);

#endif
