/*
 * Inside of a cell of a benchmark: benchmark.c has its life, benchmark_plan.c what a spec means and asks for,
 * benchmark_level.c the figures of a level, benchmark_checkpoint.c and benchmark_result.c its bytes.
 */
#ifndef MI_BENCHMARK_INTERNAL_H
#define MI_BENCHMARK_INTERNAL_H

#include "mi/benchmark.h"
#include "rng.h"
#include "run_internal.h"

#define MI_BENCHMARK_POINTS_PER_LEVEL 50u /* of the curve of a fresh cell */

/* What a spec comes down to. */
typedef struct mi_benchmark_shape {
    uint32_t n_levels, n_runs; /* runs of a level */
    uint32_t n;                /* pairs of a level's data */
    uint32_t dim_x, dim_y;
    uint64_t seed;
    mi_law_spec law[MI_BENCHMARK_MAX_LEVELS]; /* resolved */
} mi_benchmark_shape;

/* Trainer's state between levels. */
typedef struct mi_benchmark_carry {
    float *state; /* (4, n_params), owned; NULL: none */
    size_t n_params;
    uint32_t step;
    double log_partition;
} mi_benchmark_carry;

struct mi_benchmark {
    mi_benchmark_spec spec;
    mi_benchmark_shape shape;
    mi_spec estimator; /* of the level's runs */

    mi_benchmark_phase phase;
    uint32_t level, run_index;
    double fraction;

    mi_rng stream; /* of the data */
    uint32_t drawn;
    float *x, *y;    /* (n, dim_x), (n, dim_y) */
    float *batch[2]; /* (B, dim) of a fresh cell */
    mi_run *run;     /* at work; NULL between runs */
    mi_progress inside;
    mi_run_result **results; /* (n_runs) of the level, as far as they are there */
    mi_benchmark_carry carry;

    mi_benchmark_level levels[MI_BENCHMARK_MAX_LEVELS];
    uint32_t n_curve;
    mi_benchmark_point curve[MI_BENCHMARK_MAX_CURVE];
};

/* benchmark_plan.c */
/* By mi_law_resolve, or for a plan, which needs no parameter, by mi_law_check. */
typedef mi_status mi_law_settle(mi_law_spec *spec, const char *pointer, mi_error *err);
mi_status mi_benchmark_resolve(mi_benchmark_shape *out, mi_benchmark_spec *spec, mi_law_settle *settle,
                               mi_error *err);
/* The settings of a level's runs. */
mi_spec mi_benchmark_estimator(const mi_benchmark_spec *spec, const mi_benchmark_shape *shape,
                               uint32_t level);

/* benchmark.c */
/* All data of the level at once. */
void mi_benchmark_draw_all(mi_benchmark *cell);
/* The run of run_index, new. */
mi_status mi_benchmark_open_run(mi_benchmark *cell, mi_error *err);
/* Back to the first step. */
void mi_benchmark_clear(mi_benchmark *cell);

/* benchmark_level.c */
/* From the level's results to its figures. */
mi_status mi_benchmark_combine(mi_benchmark *cell, mi_error *err);
/* The curve of the level's first run joins that of the cell. */
void mi_benchmark_keep_curve(mi_benchmark *cell, const mi_run_result *result);

/* benchmark_result.c: what is done so far, as a borrowed view */
mi_benchmark_result mi_benchmark_view(const mi_benchmark *cell);

#endif
