/*
 * The runs of a job become its estimate.
 *
 * Standard error. Two sources of spread: which pairs were sampled, and how training went (split, weights,
 * batches).
 *
 *     se^2 = max(S, F - T) + T / R
 *
 *   S  variance of the mean of the pairs' PMIs over n: sampling, if every critic were the same function
 *   F  variance of the mean of K folds, from how their means spread: sampling plus what differs from critic
 * to critic T  variance of a replicate's mean between the R replicates, which share their pairs: training
 * alone; 0 for R = 1, where it is still inside F
 *
 * F has few degrees of freedom, so it may raise the error and never lowers it. Neither sees the critic's
 * bias.
 */
#include "duplicates.h"
#include "mi/estimate.h"
#include "mi/null.h"
#include "proportion.h"
#include "stats.h"
#include "warnings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static mi_status check_results(const mi_spec *spec, mi_run_result *const *results, uint32_t n_results,
                               mi_matrix x, mi_matrix y, mi_error *err)
{
    if (x.rows != y.rows || x.rows == 0)
        return mi_fail(err, MI_INVALID, "x has %llu rows, y %llu", (unsigned long long)x.rows,
                       (unsigned long long)y.rows);
    if (n_results == 0 || n_results != (uint64_t)spec->replicates * spec->split.folds)
        return mi_fail(err, MI_INVALID, "%u results; expected one for each of %u replicates and %u folds",
                       n_results, spec->replicates, spec->split.folds);
    for (uint32_t i = 0; i < n_results; i++) {
        const mi_run_result *r = results[i];
        if (r->replicate != i / spec->split.folds || r->fold != i % spec->split.folds)
            return mi_fail(err, MI_INVALID, "result %u is of replicate %u, fold %u", i, r->replicate,
                           r->fold);
        if (r->n_permutations != results[0]->n_permutations)
            return mi_fail(err, MI_INVALID, "result %u has %u permutations; expected %u", i,
                           r->n_permutations, results[0]->n_permutations);
        for (uint32_t k = 0; k < r->n_test; k++)
            if (r->test_row[k] >= x.rows || (k > 0 && r->test_row[k] <= r->test_row[k - 1]))
                return mi_fail(err, MI_INVALID, "result %u names row %u; expected ascending rows below %llu",
                               i, r->test_row[k], (unsigned long long)x.rows);
        if (r->n_test == 0)
            return mi_fail(err, MI_INVALID, "result %u has no test pairs", i);
    }
    return MI_OK;
}

/* One block: the struct and its arrays. */
static mi_estimate *allocate(uint32_t n_runs, uint64_t n_pairs)
{
    size_t count = 0, bytes = 0;
    if (__builtin_mul_overflow((size_t)n_pairs, 4, &count) || __builtin_add_overflow(count, n_runs, &count) ||
        __builtin_mul_overflow(count, sizeof(double), &bytes) ||
        __builtin_add_overflow(bytes, sizeof(mi_estimate), &bytes))
        return NULL;
    mi_estimate *e = malloc(bytes);
    if (!e)
        return NULL;
    memset(e, 0, sizeof *e);
    e->n_runs = n_runs;
    e->n_pairs = n_pairs;
    e->pmi = (double *)(e + 1);
    e->percentile = e->pmi + n_pairs;
    e->p_value = e->percentile + n_pairs;
    e->q_value = e->p_value + n_pairs;
    e->per_run = e->q_value + n_pairs;
    return e;
}

/* Everything a combination works with. scratch (n_pairs) doubles, order (n_pairs). */
typedef struct job {
    mi_estimate *e;
    mi_evidence evidence;
    const mi_spec *spec;
    mi_run_result *const *results;
    uint32_t n_results, folds, replicates;
    int has_pmi, plug_in;
    double *scratch, *replicate_mean; /* (n_pairs), (replicates) */
    uint32_t *order;                  /* (n_pairs) */
    double *null;                     /* (sum of n_null) */
} job;

/* pmi of each pair: the mean over the replicates that held it out, in the order of replicates. */
static void average_pmi(job *c)
{
    mi_estimate *e = c->e;
    uint32_t *times = c->order;
    memset(times, 0, e->n_pairs * sizeof *times);
    memset(e->pmi, 0, e->n_pairs * sizeof *e->pmi);
    for (uint32_t i = 0; i < c->n_results; i++) {
        const mi_run_result *r = c->results[i];
        for (uint32_t k = 0; k < r->n_test; k++) {
            e->pmi[r->test_row[k]] += r->pmi[k];
            times[r->test_row[k]]++;
        }
    }
    for (uint64_t row = 0; row < e->n_pairs; row++) {
        e->n_held_out += times[row] > 0;
        e->pmi[row] = c->has_pmi && times[row] ? e->pmi[row] / times[row] : (double)NAN;
    }
    e->n_scored = c->has_pmi ? e->n_held_out : 0;
}

/* The pairs with a PMI, in the order of rows, into scratch. */
static size_t gather_scored(job *c, const double *by_row)
{
    size_t n = 0;
    for (uint64_t row = 0; row < c->e->n_pairs; row++)
        if (!isnan(by_row[row]))
            c->scratch[n++] = by_row[row];
    return n;
}

/* Mean PMI of a replicate over all its folds, summed in the order of rows whatever fold they fell in. */
static double replicate_pmi(job *c, uint32_t replicate)
{
    double *by_row = c->e->percentile; /* not filled yet */
    for (uint64_t row = 0; row < c->e->n_pairs; row++)
        by_row[row] = (double)NAN;
    size_t n_test = 0;
    for (uint32_t fold = 0; fold < c->folds; fold++) {
        const mi_run_result *r = c->results[replicate * c->folds + fold];
        n_test += r->n_test;
        for (uint32_t k = 0; k < r->n_test; k++)
            by_row[r->test_row[k]] = r->pmi[k];
    }
    const size_t n = gather_scored(c, by_row);
    return n == n_test ? mi_mean(c->scratch, n) : (double)NAN; /* a PMI that is NaN must stay visible */
}

static void per_run_and_replicate(job *c)
{
    for (uint32_t i = 0; i < c->n_results; i++) {
        const mi_run_result *r = c->results[i];
        c->e->per_run[i] = c->plug_in ? mi_mean(r->pmi, r->n_test) : r->estimate;
    }
    for (uint32_t i = 0; i < c->replicates; i++)
        c->replicate_mean[i] =
            c->plug_in ? replicate_pmi(c, i) : mi_mean(c->e->per_run + i * c->folds, c->folds);
    c->e->held_out_nats = mi_mean(c->replicate_mean, c->replicates);
}

/* How the means of folds spread, against what their pairs' spread explains. */
static void compare_folds(job *c)
{
    mi_evidence *v = &c->evidence;
    double seen = 0.0, expected = 0.0;
    if (c->folds < 2 || !c->plug_in)
        return;
    for (uint32_t i = 0; i < c->replicates; i++) {
        const double *mean = c->e->per_run + (size_t)i * c->folds;
        double weights = 0.0, weighted = 0.0, squares = 0.0;
        for (uint32_t fold = 0; fold < c->folds; fold++) {
            const mi_run_result *r = c->results[i * c->folds + fold];
            const double sd = mi_sd(r->pmi, r->n_test, mean[fold]), variance = sd * sd / r->n_test;
            if (!(variance > 0.0))
                return; /* constant or unknown PMIs: nothing to compare with */
            weights += 1.0 / variance;
            weighted += mean[fold] / variance;
            squares += mean[fold] * mean[fold] / variance;
            expected += variance;
        }
        const double sd = mi_sd(mean, c->folds, mi_mean(mean, c->folds));
        seen += sd * sd;
        v->fold_chi2 += squares - weighted * weighted / weights;
    }
    v->fold_dof = c->replicates * (c->folds - 1);
    v->fold_sd = sqrt(seen / c->replicates);
    v->fold_sd_expected = sqrt(expected / c->n_results);
}

static void standard_error(job *c)
{
    mi_estimate *e = c->e;
    double sampling = 0.0, by_folds = 0.0, training = 0.0;
    const int known = c->plug_in || c->folds > 1 || c->replicates > 1;
    if (c->plug_in) {
        const size_t n = gather_scored(c, e->pmi);
        const double sd = mi_sd(c->scratch, n, mi_mean(c->scratch, n));
        sampling = sd * sd / (double)n;
    }
    for (uint32_t i = 0; i < c->replicates; i++) {
        const double *run = e->per_run + (size_t)i * c->folds;
        const double sd = mi_sd(run, c->folds, mi_mean(run, c->folds));
        by_folds += sd * sd / c->folds / c->replicates;
    }
    if (c->replicates > 1) {
        const double sd = mi_sd(c->replicate_mean, c->replicates, e->held_out_nats);
        training = sd * sd;
    }
    e->std_err = known ? sqrt(fmax(sampling, by_folds - training) + training / c->replicates) : (double)NAN;
}

/* Half of the optimism, and no more than half of what was found held out: a critic that finds nothing there
 * has only memorised, and then the two errors are not alike (see mi_debias). */
static double debiased(double held_out, double train)
{
    const double gap = train - held_out, most = held_out > 0.0 ? held_out : 0.0;
    return held_out + 0.5 * (gap > most ? most : gap); /* a NaN has to stay one */
}

static void settle_estimate(job *c)
{
    mi_estimate *e = c->e;
    const int debiases = mi_spec_debiases(c->spec);
    for (uint32_t i = 0; debiases && i < c->n_results; i++)
        e->per_run[i] = debiased(e->per_run[i], c->results[i]->train_mi);
    e->mi_nats = debiases ? debiased(e->held_out_nats, e->train_nats) : e->held_out_nats;
    e->sampling95_nats[0] = e->mi_nats - MI_NORMAL_QUANTILE_975 * e->std_err;
    e->sampling95_nats[1] = e->mi_nats + MI_NORMAL_QUANTILE_975 * e->std_err;
    const int encloses = c->has_pmi && c->plug_in && isfinite(e->train_nats);
    const double low = fmin(e->held_out_nats, e->train_nats), high = fmax(e->held_out_nats, e->train_nats);
    e->interval_nats[0] = encloses ? low - MI_NORMAL_QUANTILE_975 * e->std_err : (double)NAN;
    e->interval_nats[1] = encloses ? high + MI_NORMAL_QUANTILE_975 * e->std_err : (double)NAN;
}

/* Mean of exp over log ratios, and its standard error, without overflow on the way. */
static void mean_ratio(const double *log_ratio, size_t n, double *scratch, double *mean, double *error)
{
    double top = (double)-INFINITY;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, log_ratio[k]);
    for (size_t k = 0; k < n; k++)
        scratch[k] = exp(log_ratio[k] - top);
    const double scaled = mi_mean(scratch, n);
    *mean = exp(top + log(scaled));
    *error = exp(top) * mi_sd(scratch, n, scaled) / sqrt((double)n);
}

/* Where each pair stands among the mismatched ones. */
static void place_pairs(job *c, const mi_null *null)
{
    mi_estimate *e = c->e;
    for (uint64_t row = 0; row < e->n_pairs; row++) {
        e->percentile[row] = mi_null_percentile(null, e->pmi[row]);
        e->p_value[row] = mi_null_p_value(null, e->pmi[row]);
    }
    mi_q_values(e->p_value, e->n_pairs, 1.0, e->q_value, c->order);
}

/* Mismatched pairs of all runs together. With replicates, a pair's mean PMI is compared with PMIs of single
 * critics, which spread more: its p value is then on the safe side. */
static void compare_with_null(job *c, size_t n_null)
{
    mi_estimate *e = c->e;
    double *null = c->null, *scratch = null + n_null;
    e->has_null = c->has_pmi && n_null > 0;
    if (!e->has_null) {
        place_pairs(c, &(mi_null){NULL, 0});
        return;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < c->n_results; i++) {
        memcpy(null + n, c->results[i]->null_pmi, c->results[i]->n_null * sizeof *null);
        n += c->results[i]->n_null;
    }
    e->n_null = (uint32_t)n;
    e->null_mean = mi_mean(null, n);
    mean_ratio(null, n, scratch, &e->null_mean_ratio, &c->evidence.null_ratio_error);
    const size_t ordered =
        mi_sort_numbers(null, n); /* a NaN has no place in an order; it shows in the mean */
    e->null_q95 = mi_quantile_sorted(null, ordered, 0.95);
    e->null_q99 = mi_quantile_sorted(null, ordered, 0.99);
    e->auroc = mi_auroc(c->scratch, gather_scored(c, e->pmi), null, ordered);
    place_pairs(c, &(mi_null){null, ordered});
}

/* Permutation p of the whole job: the same permutation index in every run, weighted by test pairs. */
static void permutation_test(job *c)
{
    mi_estimate *e = c->e;
    double observed = 0.0, pairs = 0.0, sum = 0.0;
    uint32_t at_least = 0;
    e->n_permutations = c->has_pmi ? c->results[0]->n_permutations : 0;
    e->permutation_mean = e->permutation_p = (double)NAN;
    if (e->n_permutations == 0)
        return;
    for (uint32_t i = 0; i < c->n_results; i++) {
        observed += mi_sum(c->results[i]->pmi, c->results[i]->n_test);
        pairs += c->results[i]->n_test;
    }
    observed /= pairs;
    for (uint32_t p = 0; p < e->n_permutations; p++) {
        double permuted = 0.0;
        for (uint32_t i = 0; i < c->n_results; i++)
            permuted += c->results[i]->permuted_mean[p] * c->results[i]->n_test / pairs;
        at_least += !(permuted < observed); /* NaN counts against the pair */
        sum += permuted;
    }
    e->permutation_mean = sum / e->n_permutations;
    e->permutation_p = (1.0 + at_least) / (1.0 + e->n_permutations);
}

static void average_diagnostics(job *c)
{
    mi_estimate *e = c->e;
    for (uint32_t i = 0; i < c->n_results; i++) {
        const mi_run_result *r = c->results[i];
        e->infonce += r->infonce / c->n_results;
        e->nwj += r->nwj / c->n_results;
        e->dv += r->dv / c->n_results;
        e->infonce_ceiling += r->infonce_ceiling / c->n_results;
        e->slope += r->slope / c->n_results;
        e->log_scale += r->log_scale / c->n_results;
        e->steps += r->steps;
        e->train_nats += r->train_mi / c->n_results;
    }
}

static mi_status take_scratch(job *c, size_t n_null, mi_error *err)
{
    const size_t n = c->e->n_pairs;
    c->scratch = calloc(n, sizeof *c->scratch);
    c->replicate_mean = calloc(c->replicates, sizeof *c->replicate_mean);
    c->order = calloc(n, sizeof *c->order);
    c->null = calloc(n_null + 1, 2 * sizeof *c->null);
    if (!c->scratch || !c->replicate_mean || !c->order || !c->null)
        return mi_fail(err, MI_MEMORY, "no memory to combine %zu pairs", n);
    return MI_OK;
}

static mi_status count_repeats(job *c, mi_matrix x, mi_matrix y, mi_error *err)
{
    mi_evidence *v = &c->evidence;
    const mi_method method = c->spec->objective.entry->method;
    const int neighbours = method == MI_METHOD_NEIGHBOURS || method == MI_METHOD_LATENT;
    mi_status status = mi_count_duplicates(&v->n_duplicates, x, y, err);
    if (status == MI_OK && neighbours)
        status = mi_count_duplicates(&v->n_tied[0], x, x, err);
    if (status == MI_OK && neighbours)
        status = mi_count_duplicates(&v->n_tied[1], y, y, err);
    return status;
}

mi_status mi_estimate_combine(mi_estimate **out, const mi_spec *spec, mi_run_result *const *results,
                              uint32_t n_results, mi_matrix x, mi_matrix y, mi_error *err)
{
    *out = NULL;
    if (x.mirrored) { /* a result is of pairs, which is half of the rows */
        x.rows /= 2;
        y.rows /= 2;
    }
    mi_status status = check_results(spec, results, n_results, x, y, err);
    if (status != MI_OK)
        return status;
    size_t n_null = 0;
    for (uint32_t i = 0; i < n_results; i++)
        n_null += results[i]->n_null;
    job c = {.e = allocate(n_results, x.rows),
             .evidence = {.spec = spec,
                          .results = results,
                          .n_results = n_results,
                          .null_excludes_pairs = x.index || y.index},
             .spec = spec,
             .results = results,
             .n_results = n_results,
             .folds = spec->split.folds,
             .replicates = spec->replicates,
             .has_pmi = mi_spec_has_pmi(spec),
             .plug_in = mi_objective_plugs_in(&spec->objective)};
    if (!c.e)
        return mi_fail(err, MI_MEMORY, "no memory for an estimate of %llu pairs", (unsigned long long)x.rows);
    if ((status = take_scratch(&c, n_null, err)) != MI_OK)
        goto out;
    if (x.data && y.data && (status = count_repeats(&c, x, y, err)) != MI_OK)
        goto out;
    average_pmi(&c);
    per_run_and_replicate(&c);
    compare_folds(&c);
    standard_error(&c);
    compare_with_null(&c, n_null);
    permutation_test(&c);
    average_diagnostics(&c);
    settle_estimate(&c);
    mi_estimate_warn(c.e, &c.evidence);
    *out = c.e;
    c.e = NULL;
out:
    free(c.scratch);
    free(c.replicate_mean);
    free(c.order);
    free(c.null);
    mi_estimate_free(c.e);
    return status;
}

void mi_estimate_free(mi_estimate *estimate)
{
    free(estimate);
}
