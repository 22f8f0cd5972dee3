/*
 * The figures of one level, from the results of its runs and the truth.
 */
#include "benchmark_internal.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

/* Keeps every k-th point, and the last, so that all levels together have room. */
void mi_benchmark_keep_curve(mi_benchmark *cell, const mi_run_result *result)
{
    const uint32_t room = MI_BENCHMARK_MAX_CURVE / cell->shape.n_levels - 1;
    const uint32_t stride = result->n_curve > room ? (result->n_curve + room - 1) / room : 1;
    for (uint32_t i = 0; i < result->n_curve; i++)
        if (i % stride == 0 || i + 1 == result->n_curve)
            cell->curve[cell->n_curve++] = (mi_benchmark_point){cell->level, result->curve[i]};
}

/* Spread of the mean over blocks of `batch` values. */
static double spread_of_batches(const double *pmi, size_t n, size_t batch, double *means)
{
    const size_t n_blocks = n / batch;
    if (n_blocks < 2)
        return (double)NAN;
    for (size_t b = 0; b < n_blocks; b++)
        means[b] = mi_mean(pmi + b * batch, batch);
    return mi_sd(means, n_blocks, mi_mean(means, n_blocks));
}

/* PMI against the true log ratio, over the pairs that were scored. */
static mi_status compare_with_truth(const mi_benchmark *cell, const mi_estimate *e, mi_benchmark_level *out,
                                    mi_error *err)
{
    const mi_benchmark_shape *s = &cell->shape;
    const mi_law_spec *law = &s->law[cell->level];
    double *pmi = malloc(3 * e->n_pairs * sizeof *pmi);
    if (!pmi)
        return mi_fail(err, MI_MEMORY, "no memory to compare %llu pairs", (unsigned long long)e->n_pairs);
    double *truth = pmi + e->n_pairs, *squares = truth + e->n_pairs;
    size_t n = 0;
    for (uint64_t row = 0; row < e->n_pairs; row++) {
        if (isnan(e->pmi[row]))
            continue;
        pmi[n] = e->pmi[row];
        truth[n] = mi_law_log_ratio(law, cell->x + row * s->dim_x, cell->y + row * s->dim_y);
        squares[n] = (pmi[n] - truth[n]) * (pmi[n] - truth[n]);
        n++;
    }
    const size_t batch = cell->estimator.train.batch;
    out->oracle_nats = n ? mi_mean(truth, n) : (double)NAN;
    out->pmi_rmse = n ? sqrt(mi_mean(squares, n)) : (double)NAN;
    out->batch_sd = spread_of_batches(pmi, n, batch, squares);
    free(pmi);
    return MI_OK;
}

static uint32_t warning_bits(const mi_benchmark *cell, const mi_estimate *e)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < e->n_warnings; i++)
        bits |= UINT32_C(1) << e->warnings[i].code;
    if (cell->spec.kind == MI_BENCHMARK_FRESH)
        bits &= ~(UINT32_C(1) << MI_WARN_STEP_LIMIT); /* the steps are what was asked for */
    return bits;
}

mi_status mi_benchmark_combine(mi_benchmark *cell, mi_error *err)
{
    const mi_benchmark_shape *s = &cell->shape;
    /* Rows are looked at for duplicates as in a job; where all training is on others, they cannot matter. */
    const int finite = cell->spec.kind == MI_BENCHMARK_FINITE;
    const mi_matrix x = {.data = finite ? cell->x : NULL, .rows = s->n, .cols = s->dim_x},
                    y = {.data = finite ? cell->y : NULL, .rows = s->n, .cols = s->dim_y};
    mi_estimate *e = NULL;
    mi_status status =
        mi_estimate_combine(&e, &cell->estimator, cell->results, cell->shape.n_runs, x, y, err);
    if (status != MI_OK)
        return status;
    mi_benchmark_level level = {
        .truth_nats = s->law[cell->level].mi_nats,
        .mi_nats = e->mi_nats,
        .std_err = e->std_err,
        .held_out_nats = e->held_out_nats,
        .train_nats = e->train_nats,
        .sampling95_nats = {e->sampling95_nats[0], e->sampling95_nats[1]},
        .interval_nats = {e->interval_nats[0], e->interval_nats[1]},
        .null_mean_ratio = e->has_null ? e->null_mean_ratio : (double)NAN,
        .infonce = e->infonce,
        .nwj = e->nwj,
        .dv = e->dv,
        .infonce_ceiling = e->infonce_ceiling,
        .slope = e->slope,
        .log_scale = e->log_scale,
        .n_scored = e->n_scored,
        .steps = e->steps,
        .warnings = warning_bits(cell, e),
    };
    for (uint32_t r = 0; r < s->n_runs; r++)
        level.best_step += cell->results[r]->best_step;
    level.best_step /= s->n_runs;
    if (!finite && !cell->spec.reset) { /* the run counts from the first level on */
        level.steps -= (uint64_t)cell->spec.steps * cell->level;
        level.best_step -= (uint64_t)cell->spec.steps * cell->level;
    }
    status = compare_with_truth(cell, e, &level, err);
    mi_estimate_free(e);
    if (status == MI_OK)
        cell->levels[cell->level] = level;
    return status;
}
