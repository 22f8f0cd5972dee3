#include "estimating.h"

#include <check.h>
#include <stdlib.h>

mi_run_result *run_to_end(const mi_spec *spec, uint32_t replicate, uint32_t fold, mi_matrix x, mi_matrix y)
{
    mi_run *run = NULL;
    mi_run_result *result = NULL;
    mi_progress progress = {0};
    mi_error err = {0};
    ck_assert_msg(mi_run_new(&run, spec, replicate, fold, x, y, &err) == MI_OK, "%s: %s", err.pointer,
                  err.message);
    while (progress.phase != MI_PHASE_DONE)
        ck_assert_msg(mi_run_step(run, &progress, &err) == MI_OK, "%s: %s", err.pointer, err.message);
    ck_assert_msg(mi_run_finish(run, &result, &err) == MI_OK, "%s", err.message);
    mi_run_free(run);
    return result;
}

mi_estimate *estimate_all(const mi_spec *spec, mi_matrix x, mi_matrix y)
{
    const uint32_t n_runs = spec->replicates * spec->split.folds;
    mi_run_result **results = calloc(n_runs, sizeof *results);
    mi_estimate *estimate = NULL;
    mi_error err = {0};
    for (uint32_t r = 0; r < n_runs; r++)
        results[r] = run_to_end(spec, r / spec->split.folds, r % spec->split.folds, x, y);
    ck_assert_msg(mi_estimate_combine(&estimate, spec, results, n_runs, x, y, &err) == MI_OK, "%s",
                  err.message);
    for (uint32_t r = 0; r < n_runs; r++)
        mi_run_result_free(results[r]);
    free(results);
    return estimate;
}
