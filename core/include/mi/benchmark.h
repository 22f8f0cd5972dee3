/*
 * One cell of a benchmark: an estimator on a law of known MI, from drawing the data to what was found.
 *
 * finite  n pairs are all there is: one data set, all runs of the spec on it, one estimate, as a job would.
 * fresh   every training step sees new pairs. A cell climbs a staircase of levels of MI; at each level,
 *         preparation, baseline, calibration and the estimate use `sample` pairs of that level, in disjoint
 *         parts that no training step sees; training takes `steps` minibatches. Weights and optimiser go on
 *         to the next level, as in published staircases, or start anew (`reset`).
 *
 * In both, a cell is a list of levels (one when finite), a level a list of runs (see mi/run.h; one when
 * fresh) and then mi_estimate_combine. The caller steps it, and decides in between when to cancel, report or
 * save:
 *
 *     DRAW --> RUN --> COMBINE --> DONE
 *      ^        |^        |
 *      |        ++ runs   |
 *      +--- next level ---+
 *
 * A cell's result depends on (spec, build, CPU kernel) alone. Restored from a checkpoint it gives the same
 * bytes as if it had never stopped.
 */
#ifndef MI_BENCHMARK_H
#define MI_BENCHMARK_H

#include "mi/estimate.h"
#include "mi/law.h"
#include "mi/run.h"
#include "mi/spec.h"

#define MI_BENCHMARK_MAX_LEVELS 32u
#define MI_BENCHMARK_MAX_CURVE  512u /* points of all levels together */

typedef enum mi_benchmark_kind { MI_BENCHMARK_FINITE, MI_BENCHMARK_FRESH } mi_benchmark_kind;

typedef struct mi_benchmark_spec {
    mi_benchmark_kind kind;
    mi_law_spec law;   /* fresh with levels: mi_nats and parameter are taken from each level instead */
    mi_spec estimator; /* its seed is replaced. Fresh: one hold-out, no replicates, permutations, debiasing */
    uint64_t seed;     /* of data and training alike: seed + repetition */
    uint32_t repetition;
    uint32_t n_pairs; /* finite */

    uint32_t n_levels; /* fresh; 0: one level, of the law as it is */
    double level_nats[MI_BENCHMARK_MAX_LEVELS];
    uint32_t steps; /* of training per level */
    int reset;
    uint32_t
        sample; /* pairs per level outside of training: a fifth is scored, at most
                   estimator.split.validation_max select and calibrate, preparation is fitted to the rest */
} mi_benchmark_spec;

/* A finite cell of 4,000 pairs or a staircase of 10,000 fresh batches a level, everything else at the default
 * recipe; the law is left open. */
void mi_benchmark_defaults(mi_benchmark_spec *spec, mi_benchmark_kind kind);

typedef struct mi_benchmark_plan {
    uint32_t n_levels, n_runs;                             /* runs of one level */
    uint64_t memory_bytes, checkpoint_bytes, result_bytes; /* at most */
} mi_benchmark_plan;

/*
 * Checks everything and measures; of the law it fills in dim.
 * Errors: MI_INVALID and MI_LIMIT naming the field: "/law/dim", "/levels/2", "/n", "/steps", "/sample", or
 * those of the estimator ("/train/batch"); MI_UNSUPPORTED. Thread: any.
 */
mi_status mi_benchmark_plan_make(mi_benchmark_plan *out, mi_benchmark_spec *spec, mi_error *err);

typedef enum mi_benchmark_phase {
    MI_BENCHMARK_DRAW,
    MI_BENCHMARK_RUN,
    MI_BENCHMARK_COMBINE,
    MI_BENCHMARK_DONE
} mi_benchmark_phase;

typedef struct mi_benchmark_progress {
    mi_benchmark_phase phase;
    uint32_t level, n_levels;
    uint32_t run, n_runs; /* of the level */
    mi_progress inside;   /* of the run at work, when there is one */
    double fraction;      /* 0..1 */
} mi_benchmark_progress;

typedef struct mi_benchmark mi_benchmark;

/* spec is copied. Errors as for the plan, MI_MEMORY. Thread: a cell belongs to one thread at a time. */
mi_status mi_benchmark_new(mi_benchmark **out, const mi_benchmark_spec *spec, mi_error *err);
void mi_benchmark_free(mi_benchmark *cell);

/* One bounded piece of work. Errors are those of runs, MI_NUMERIC for one; the cell is then of no more use.
 * Stepping a cell that is done is a no-op. */
mi_status mi_benchmark_step(mi_benchmark *cell, mi_benchmark_progress *out, mi_error *err);

/*
 * What is done of levels and runs, and the run at work as mi_run_checkpoint has it. Write returns its size
 * (with buffer NULL, that alone). Restore is for a new cell of the same spec; MI_CORRUPT leaves it new,
 * except that a spec which differs in settings of the estimator may be noticed late: then the cell is of no
 * more use.
 */
size_t mi_benchmark_checkpoint(mi_benchmark *cell, void *buffer, size_t capacity);
mi_status mi_benchmark_restore(mi_benchmark *cell, const void *bytes, size_t n_bytes, mi_error *err);

/* What was found at one level. NaN where the objective gives no such thing. Nats. */
typedef struct mi_benchmark_level {
    double truth_nats;
    double mi_nats, std_err; /* as mi_estimate has it */
    double held_out_nats, train_nats;
    double sampling95_nats[2], interval_nats[2]; /* likewise */
    double batch_sd; /* spread of the mean PMI over batches of held-out pairs, as many as a training batch */
    double oracle_nats; /* mean true log ratio of the pairs that were scored: truth plus the luck of this
                           sample */
    double pmi_rmse;    /* of the PMI against the true log ratio, over those pairs */
    double null_mean_ratio;
    double infonce, nwj, dv, infonce_ceiling;
    double slope, log_scale;
    uint64_t n_scored, steps;
    uint64_t best_step; /* whose weights scored, of the level's steps, mean over its runs rounded down; 0 with
                           a baseline: the baseline alone, training added nothing */
    uint32_t warnings;  /* bit 1 << mi_warning_code; STEP_LIMIT is no warning in a fresh cell */
} mi_benchmark_level;

/* A point of the training curve of a level's first run. */
typedef struct mi_benchmark_point {
    uint32_t level;
    mi_curve_point at;
} mi_benchmark_point;

/* Points of the runs that are done so far: as the result will have them. Borrowed until the next step; *n. */
const mi_benchmark_point *mi_benchmark_curve(const mi_benchmark *cell, uint32_t *n);

/* One block. */
typedef struct mi_benchmark_result {
    mi_benchmark_kind kind;
    uint32_t dim_x, dim_y;
    uint32_t n_levels, n_curve;
    const mi_benchmark_level *levels; /* (n_levels) */
    const mi_benchmark_point *curve;  /* (n_curve) thinned, by level and step */
} mi_benchmark_result;

/* The result of a cell that is done. MI_MEMORY. Free with mi_benchmark_result_free. */
mi_status mi_benchmark_finish(const mi_benchmark *cell, mi_benchmark_result **out, mi_error *err);
void mi_benchmark_result_free(mi_benchmark_result *result);

/* To bytes and back: little-endian, checksummed, versioned. pack returns the size; buffer NULL measures. */
size_t mi_benchmark_result_pack(const mi_benchmark_result *result, void *buffer, size_t capacity);
mi_status mi_benchmark_result_unpack(mi_benchmark_result **out, const void *bytes, size_t n_bytes,
                                     mi_error *err);

/* An estimator on one law at one level, over repetitions. Nats; NaN where there is nothing to take it from.
 */
typedef struct mi_benchmark_stats {
    uint32_t n; /* repetitions with a finite estimate: what all below is over */
    double truth, mean;
    double bias, sd, rmse; /* mean - truth; spread of repetitions (n - 1), NaN for one; both together */
    double mean_abs_error;
    double sampling95_coverage, interval_coverage; /* share of repetitions whose interval holds the truth,
                                                      of those that have one */
    double null_mean_ratio, batch_sd, pmi_rmse;    /* means */
    uint32_t warnings;                             /* of any repetition */
} mi_benchmark_stats;

/* levels  (n) of n repetitions, the same level; copies. Thread: any. */
void mi_benchmark_stats_of(mi_benchmark_stats *out, const mi_benchmark_level *levels, uint32_t n);

/* The same over laws and levels. */
typedef struct mi_benchmark_summary {
    uint32_t n;                                    /* laws and levels with an estimate */
    double bias, rmse, mean_abs_error;             /* means; rmse of squares */
    double sampling95_coverage, interval_coverage; /* of all repetitions with an interval */
    uint32_t worst;                                /* index of the largest |bias|; n_stats: none */
} mi_benchmark_summary;
void mi_benchmark_summarise(mi_benchmark_summary *out, const mi_benchmark_stats *stats, uint32_t n_stats);

#endif
