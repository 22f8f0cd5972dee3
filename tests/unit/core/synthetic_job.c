#include "synthetic_job.h"

#include "rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static void fill_result(synthetic_job *job, uint32_t i, mi_rng *rng, double mean, double sd)
{
    const uint32_t folds = job->spec.split.folds, fold = i % folds;
    uint32_t *rows = job->rows + (size_t)i * job->n_rows;
    double *pmi = job->pmi + (size_t)i * job->n_rows, *null = job->null_pmi + (size_t)i * job->n_null,
           *permuted = job->permuted + (size_t)i * job->n_permutations;
    mi_run_result *r = calloc(1, sizeof *r);
    for (uint32_t row = 0; row < job->n_rows; row++) {
        /* One fold holds out every fifth row, as the hold-out does. */
        if (folds == 1 ? row % 5 != i % 5 : row % folds != fold)
            continue;
        rows[r->n_test] = row;
        pmi[r->n_test++] = mean + sd * mi_rng_normal(rng);
    }
    for (uint32_t k = 0; k < job->n_null; k++)
        null[k] = -0.5 + mi_rng_normal(rng);
    for (uint32_t k = 0; k < job->n_permutations; k++)
        permuted[k] = -0.5 + 0.05 * mi_rng_normal(rng);
    r->replicate = i / folds;
    r->fold = fold;
    r->test_row = rows;
    r->pmi = pmi;
    r->n_null = job->n_null;
    r->null_x = r->null_y = rows; /* not looked at */
    r->null_pmi = null;
    r->n_permutations = job->n_permutations;
    r->permuted_mean = permuted;
    for (uint32_t k = 0; k < r->n_test; k++)
        r->estimate += pmi[k] / r->n_test;
    r->train_mi = r->estimate + 0.05;
    r->infonce = mean - 0.1;
    r->nwj = mean - 0.05;
    r->dv = mean;
    r->infonce_ceiling = log(128);
    r->log_scale = 0.01 * (fold + 1.0);
    r->slope = 0.4 + 0.1 * (fold + 1.0);
    r->steps = 500;
    r->best_step = 300;
    job->results[i] = r;
}

synthetic_job *synthetic_job_new(uint32_t n_rows, uint32_t folds, uint32_t replicates, uint32_t n_null,
                                 uint32_t n_permutations, double mean, double sd)
{
    synthetic_job *job = calloc(1, sizeof *job);
    mi_spec_from_recipe(&job->spec, MI_RECIPE_DEFAULT);
    job->spec.debias = MI_DEBIAS_NONE;
    job->spec.split.folds = folds;
    job->spec.replicates = replicates;
    job->n_rows = n_rows;
    job->n_results = folds * replicates;
    job->n_null = n_null;
    job->n_permutations = n_permutations;
    job->results = calloc(job->n_results, sizeof(mi_run_result *));
    job->pmi = calloc((size_t)job->n_results * n_rows, sizeof *job->pmi);
    job->rows = calloc((size_t)job->n_results * n_rows, sizeof *job->rows);
    job->null_pmi = calloc((size_t)job->n_results * n_null + 1, sizeof *job->null_pmi);
    job->permuted = calloc((size_t)job->n_results * n_permutations + 1, sizeof *job->permuted);
    for (uint32_t i = 0; i < job->n_results; i++) {
        mi_rng rng;
        mi_rng_init(&rng, 11, 0, 0, MI_PURPOSE_TEST, i);
        fill_result(job, i, &rng, mean, sd);
    }
    return job;
}

void synthetic_job_free(synthetic_job *job)
{
    for (uint32_t i = 0; i < job->n_results; i++)
        free(job->results[i]);
    free(job->results);
    free(job->pmi);
    free(job->rows);
    free(job->null_pmi);
    free(job->permuted);
    free(job);
}

mi_estimate *synthetic_job_combine(const synthetic_job *job)
{
    mi_estimate *e = NULL;
    mi_error err = {0};
    const mi_matrix shape = {NULL, job->n_rows, 1};
    ck_assert_msg(mi_estimate_combine(&e, &job->spec, job->results, job->n_results, shape, shape, &err) ==
                      MI_OK,
                  "%s", err.message);
    return e;
}

int has_warning(const mi_estimate *e, mi_warning_code code)
{
    for (uint32_t i = 0; i < e->n_warnings; i++)
        if (e->warnings[i].code == code)
            return 1;
    return 0;
}
