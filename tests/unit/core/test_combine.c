#include "stats.h"
#include "synthetic_job.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* PMI of a row in the run of that replicate that tested it. */
static double pmi_of(const synthetic_job *job, uint32_t replicate, uint32_t row)
{
    const mi_run_result *r = job->results[replicate * job->spec.split.folds + row % job->spec.split.folds];
    for (uint32_t k = 0; k < r->n_test; k++)
        if (r->test_row[k] == row)
            return r->pmi[k];
    return (double)NAN;
}

START_TEST(test_mi_is_the_mean_of_all_out_of_fold_pmis)
{
    synthetic_job *job = synthetic_job_new(1003, 5, 1, 200, 0, 1.2, 0.9);
    mi_estimate *e = synthetic_job_combine(job);
    double sum = 0.0, squares = 0.0;
    for (uint32_t row = 0; row < 1003; row++) {
        ck_assert_double_eq(e->pmi[row], pmi_of(job, 0, row));
        sum += e->pmi[row];
    }
    for (uint32_t row = 0; row < 1003; row++)
        squares += pow(e->pmi[row] - sum / 1003, 2.0);
    ck_assert_double_eq_tol(e->mi_nats, sum / 1003, 1e-13);
    ck_assert_uint_eq(e->n_scored, 1003);
    ck_assert_uint_eq(e->n_runs, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_double_eq_tol(e->per_run[i], job->results[i]->estimate, 1e-13);
    ck_assert_double_ge(e->std_err, sqrt(squares / 1002 / 1003) - 1e-15);
    ck_assert_double_lt(e->std_err, 2.5 * sqrt(squares / 1002 / 1003));
    ck_assert_double_eq_tol(e->sampling95_nats[0], e->mi_nats - 1.959964 * e->std_err, 1e-6);
    ck_assert_double_eq_tol(e->sampling95_nats[1], e->mi_nats + 1.959964 * e->std_err, 1e-6);
    ck_assert_double_eq_tol(e->log_scale, 0.03, 1e-15);
    ck_assert_double_eq_tol(e->slope, 0.7, 1e-15);
    ck_assert_uint_eq(e->steps, 2500);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_debiasing_takes_the_mean_of_held_out_and_training)
{
    synthetic_job *job = synthetic_job_new(500, 5, 2, 100, 0, 1.0, 0.5);
    for (uint32_t i = 0; i < job->n_results; i++)
        job->results[i]->train_mi = job->results[i]->estimate + 0.1 * (i + 1); /* gaps .1 to 1: mean .55 */
    mi_estimate *raw = synthetic_job_combine(job);
    job->spec.debias = MI_DEBIAS_OPTIMISM;
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_double_eq(e->held_out_nats, raw->mi_nats);
    ck_assert_double_eq_tol(e->train_nats - raw->mi_nats, 0.55, 1e-12);
    ck_assert_double_eq_tol(e->mi_nats - raw->mi_nats, 0.275, 1e-12);
    ck_assert_double_eq_tol(e->per_run[3] - raw->per_run[3], 0.2, 1e-12);
    ck_assert_double_eq(e->std_err, raw->std_err);
    ck_assert_double_eq_tol(e->sampling95_nats[1] - raw->sampling95_nats[1], 0.275, 1e-12);
    ck_assert_double_eq(e->pmi[17], raw->pmi[17]); /* a PMI stays out of fold */
    const double margin = raw->sampling95_nats[1] - raw->mi_nats;
    ck_assert_double_eq_tol(e->interval_nats[0], e->held_out_nats - margin, 1e-12);
    ck_assert_double_eq_tol(e->interval_nats[1], e->train_nats + margin, 1e-12);
    mi_estimate_free(e);
    mi_estimate_free(raw);

    /* No more than half of what was found held out. */
    for (uint32_t i = 0; i < job->n_results; i++)
        job->results[i]->train_mi = job->results[i]->estimate + 10.0;
    e = synthetic_job_combine(job);
    ck_assert_double_eq_tol(e->mi_nats, 1.5 * e->held_out_nats, 1e-12);
    mi_estimate_free(e);
    job->results[0]->train_mi = (double)NAN;
    e = synthetic_job_combine(job);
    ck_assert(isnan(e->mi_nats) && has_warning(e, MI_WARN_NON_FINITE));
    mi_estimate_free(e);
    job->results[0]->train_mi = job->results[0]->estimate + 10.0;

    /* Without early stopping the two are not alike, and a bound has to stay one. */
    job->spec.train.early_stopping = 0;
    e = synthetic_job_combine(job);
    ck_assert_double_eq(e->mi_nats, e->held_out_nats);
    mi_estimate_free(e);
    job->spec.train.early_stopping = 1;
    mi_objective_defaults(&job->spec.objective, mi_objective_find("nwj"), 0);
    e = synthetic_job_combine(job);
    ck_assert_double_eq(e->mi_nats, e->held_out_nats);
    ck_assert(isnan(e->interval_nats[0]) && isnan(e->interval_nats[1]));
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_replicates_are_averaged_pair_by_pair)
{
    synthetic_job *job = synthetic_job_new(600, 5, 3, 50, 0, 0.8, 0.5);
    mi_estimate *e = synthetic_job_combine(job);
    double sum = 0.0;
    for (uint32_t row = 0; row < 600; row++) {
        const double mean = (pmi_of(job, 0, row) + pmi_of(job, 1, row) + pmi_of(job, 2, row)) / 3.0;
        ck_assert_double_eq_tol(e->pmi[row], mean, 1e-14);
        sum += mean;
    }
    ck_assert_double_eq_tol(e->mi_nats, sum / 600, 1e-13);
    ck_assert_uint_eq(e->n_null, 15 * 50);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_hold_out_leaves_the_other_pairs_without_pmi)
{
    synthetic_job *job = synthetic_job_new(1000, 1, 1, 300, 0, 0.7, 0.5);
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_uint_eq(e->n_scored, 200);
    for (uint32_t row = 0; row < 1000; row++) {
        ck_assert_int_eq(isnan(e->pmi[row]), row % 5 != 0);
        ck_assert_int_eq(isnan(e->percentile[row]), row % 5 != 0);
        ck_assert_int_eq(isnan(e->p_value[row]), row % 5 != 0);
        ck_assert_int_eq(isnan(e->q_value[row]), row % 5 != 0);
    }
    ck_assert_double_eq_tol(e->std_err, 0.5 / sqrt(200), 0.01);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_spread_of_folds_and_of_replicates_widens_the_error)
{
    synthetic_job *job = synthetic_job_new(2000, 5, 1, 0, 0, 1.0, 0.5);
    mi_estimate *even = synthetic_job_combine(job);
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t k = 0; k < job->results[i]->n_test; k++)
            job->pmi[(size_t)i * job->n_rows + k] += 0.3 * (i - 2.0);
    mi_estimate *uneven = synthetic_job_combine(job);
    const double spread = mi_sd(uneven->per_run, 5, mi_mean(uneven->per_run, 5)) / sqrt(5);
    ck_assert_double_eq_tol(uneven->std_err, spread, 1e-12);
    ck_assert_double_gt(uneven->std_err, 5.0 * even->std_err);
    mi_estimate_free(even);
    mi_estimate_free(uneven);
    synthetic_job_free(job);

    job = synthetic_job_new(2000, 5, 4, 0, 0, 1.0, 0.5);
    for (uint32_t i = 0; i < job->n_results; i++) /* replicates differ, folds of one do not */
        for (uint32_t k = 0; k < job->results[i]->n_test; k++)
            job->pmi[(size_t)i * job->n_rows + k] += 0.4 * (i / 5 - 1.5);
    mi_estimate *e = synthetic_job_combine(job);
    const double between = 0.4 * sqrt(5.0 / 3.0) / 2.0; /* sd of -1.5..1.5 over sqrt(4) */
    ck_assert_double_eq_tol(e->std_err, between, 0.05);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

/* Over many jobs whose PMIs are pure noise about the truth, the interval covers at least its nominal share.
 */
START_TEST(test_sampling_interval_covers_sampling_noise)
{
    int covered = 0;
    enum { JOBS = 300 };
    synthetic_job *job = synthetic_job_new(200, 5, 1, 0, 0, 0.0, 0.0);
    mi_rng rng = test_rng(5);
    for (int trial = 0; trial < JOBS; trial++) {
        for (size_t k = 0; k < (size_t)job->n_results * job->n_rows; k++)
            job->pmi[k] = 0.5 + mi_rng_normal(&rng);
        mi_estimate *e = synthetic_job_combine(job);
        covered += e->sampling95_nats[0] < 0.5 && 0.5 < e->sampling95_nats[1];
        mi_estimate_free(e);
    }
    ck_assert_int_gt(covered, JOBS * 92 / 100);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_null_places_every_pair)
{
    synthetic_job *job = synthetic_job_new(500, 5, 1, 400, 0, 1.0, 1.0);
    mi_estimate *e = synthetic_job_combine(job);
    const uint32_t n = 2000;
    double sum = 0.0, ratio = 0.0, wins = 0.0;
    for (uint32_t k = 0; k < n; k++) {
        sum += job->null_pmi[k];
        ratio += exp(job->null_pmi[k]);
    }
    ck_assert(e->has_null && e->n_null == n);
    ck_assert_double_eq_tol(e->null_mean, sum / n, 1e-12);
    ck_assert_double_eq_tol(e->null_mean_ratio, ratio / n, 1e-12);
    for (uint32_t row = 0; row < 500; row++) {
        uint32_t below = 0;
        for (uint32_t k = 0; k < n; k++)
            below += job->null_pmi[k] < e->pmi[row];
        wins += below;
        ck_assert_double_eq_tol(e->percentile[row], (double)below / n, 1e-15);
        ck_assert_double_eq_tol(e->p_value[row], (1.0 + n - below) / (1.0 + n), 1e-15);
        ck_assert_double_ge(e->q_value[row], e->p_value[row]);
    }
    ck_assert_double_eq_tol(e->auroc, wins / 500 / n, 1e-12);
    uint32_t above_q95 = 0;
    for (uint32_t k = 0; k < n; k++)
        above_q95 += job->null_pmi[k] > e->null_q95;
    ck_assert_uint_eq(above_q95, 100);
    ck_assert_double_gt(e->null_q99, e->null_q95);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_mean_ratio_survives_large_exponents)
{
    synthetic_job *job = synthetic_job_new(500, 5, 1, 10, 0, 1.0, 1.0);
    for (int k = 0; k < 50; k++)
        job->null_pmi[k] = -800.0;
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_double_eq(e->null_mean_ratio, 0.0);
    ck_assert_double_eq(e->auroc, 1.0);
    mi_estimate_free(e);
    for (int k = 0; k < 50; k++)
        job->null_pmi[k] = k ? 0.0 : 700.0;
    e = synthetic_job_combine(job);
    ck_assert_double_eq_tol(log(e->null_mean_ratio), 700.0 - log(50), 1e-9);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_permutation_p_counts_what_reaches_the_observed_value)
{
    synthetic_job *job = synthetic_job_new(503, 5, 1, 0, 99, 0.5, 0.1);
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_uint_eq(e->n_permutations, 99);
    ck_assert_double_eq_tol(e->permutation_p, 0.01, 1e-15);
    ck_assert_double_eq_tol(e->permutation_mean, -0.5, 0.02);
    mi_estimate_free(e);
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t p = 0; p < 9; p++)
            job->permuted[i * 99 + p] = 3.0; /* nine permutations reach it in every run */
    e = synthetic_job_combine(job);
    ck_assert_double_eq_tol(e->permutation_p, 0.1, 1e-15);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_a_bound_is_the_mean_of_its_folds_and_has_no_pmi)
{
    synthetic_job *job = synthetic_job_new(500, 5, 1, 0, 0, 1.0, 1.0);
    job->spec.objective.entry = mi_objective_find("infonce");
    for (uint32_t i = 0; i < 5; i++) {
        job->results[i]->estimate = 1.0 + 0.1 * i;
        for (uint32_t k = 0; k < job->n_rows; k++)
            job->pmi[(size_t)i * job->n_rows + k] = (double)NAN;
    }
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_double_eq_tol(e->mi_nats, 1.2, 1e-15);
    ck_assert_double_eq_tol(e->std_err, 0.1 * sqrt(2.5) / sqrt(5), 1e-12);
    ck_assert(!e->has_null && e->n_scored == 0 && isnan(e->pmi[3]) && isnan(e->q_value[3]));
    ck_assert(has_warning(e, MI_WARN_NO_PMI) && has_warning(e, MI_WARN_BOUND));
    ck_assert(!has_warning(e, MI_WARN_NON_FINITE));
    mi_estimate_free(e);
    job->spec.objective.entry = mi_objective_find("nwj");
    for (size_t k = 0; k < (size_t)job->n_results * job->n_rows; k++)
        job->pmi[k] = 0.25;
    e = synthetic_job_combine(job);
    ck_assert_double_eq_tol(e->mi_nats, 1.2, 1e-15); /* the bound, though PMIs exist */
    ck_assert_double_eq(e->pmi[3], 0.25);
    ck_assert(has_warning(e, MI_WARN_BOUND) && !has_warning(e, MI_WARN_NO_PMI));
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_a_lone_bound_has_no_error_and_says_so)
{
    synthetic_job *job = synthetic_job_new(500, 1, 1, 0, 0, 1.0, 1.0);
    job->spec.objective.entry = mi_objective_find("infonce");
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert(isnan(e->std_err) && has_warning(e, MI_WARN_NON_FINITE));
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

static void refused(const synthetic_job *job, uint32_t n_results, uint64_t n_rows)
{
    mi_estimate *e = NULL;
    mi_error err = {0};
    const mi_matrix shape = {NULL, n_rows, 1};
    ck_assert_int_eq(mi_estimate_combine(&e, &job->spec, job->results, n_results, shape, shape, &err),
                     MI_INVALID);
    ck_assert(e == NULL && err.message[0]);
}

START_TEST(test_results_of_another_job_are_refused)
{
    synthetic_job *job = synthetic_job_new(500, 5, 1, 0, 3, 1.0, 1.0);
    refused(job, 4, 500);
    refused(job, 5, 499); /* row 499 is not there */
    job->results[1]->fold = 2;
    refused(job, 5, 500);
    job->results[1]->fold = 1;
    job->results[2]->n_permutations = 2;
    refused(job, 5, 500);
    job->results[2]->n_permutations = 3;
    job->rows[0] = 5;
    refused(job, 5, 500); /* not ascending */
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_a_pmi_that_is_not_finite_is_shown)
{
    synthetic_job *job = synthetic_job_new(500, 5, 1, 20, 0, 1.0, 1.0);
    job->pmi[3] = (double)NAN;
    job->null_pmi[7] = (double)NAN;
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert(isnan(e->mi_nats) && isnan(e->null_mean));
    ck_assert(has_warning(e, MI_WARN_NON_FINITE));
    ck_assert(isfinite(e->null_q95));
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS(
        "combine", test_mi_is_the_mean_of_all_out_of_fold_pmis,
        test_debiasing_takes_the_mean_of_held_out_and_training, test_replicates_are_averaged_pair_by_pair,
        test_hold_out_leaves_the_other_pairs_without_pmi,
        test_spread_of_folds_and_of_replicates_widens_the_error, test_sampling_interval_covers_sampling_noise,
        test_null_places_every_pair, test_mean_ratio_survives_large_exponents,
        test_permutation_p_counts_what_reaches_the_observed_value,
        test_a_bound_is_the_mean_of_its_folds_and_has_no_pmi, test_a_lone_bound_has_no_error_and_says_so,
        test_results_of_another_job_are_refused, test_a_pmi_that_is_not_finite_is_shown);
}
