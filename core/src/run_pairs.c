/*
 * The pairs that a run reports on, whatever scores them: the held-out ones and the mismatched ones.
 */
#include "run_internal.h"

void mi_run_pairs_layout(mi_run *run, uint64_t at_most)
{
    scoring *s = &run->scoring;
    mi_arena *arena = &run->arena;
    const uint32_t n_test = run->split.n_test;
    /* The run's share of the mismatched pairs; all of them when there are no more. */
    const uint64_t n_runs = (uint64_t)run->spec.split.folds * run->spec.replicates,
                   all = (uint64_t)n_test * (n_test - 1), most = all < at_most ? all : at_most;
    const uint64_t share = (run->spec.null_pairs + n_runs - 1) / n_runs;
    s->n_null = !mi_spec_has_pmi(&run->spec) ? 0 : (uint32_t)(share < most ? share : most);
    s->n_permutations = run->spec.permutations;
    for (int side = 0; side < 2; side++)
        s->null_index[side] = MI_TAKE(arena, uint32_t, s->n_null);
    s->pmi = MI_TAKE(arena, double, n_test);
    s->null_pmi = MI_TAKE(arena, double, s->n_null);
    s->permuted_mean = MI_TAKE(arena, double, s->n_permutations);
}

void mi_run_draw_null_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    const uint32_t n = run->split.n_test;
    if (s->n_null == (uint64_t)n * (n - 1)) {
        for (uint32_t i = 0, k = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (i != j) {
                    s->null_index[MI_SIDE_X][k] = i;
                    s->null_index[MI_SIDE_Y][k++] = j;
                }
        return;
    }
    mi_rng rng;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_NULL, 0);
    for (uint32_t k = 0; k < s->n_null; k++) {
        const uint32_t i = mi_rng_below(&rng, n), j = mi_rng_below(&rng, n - 1);
        s->null_index[MI_SIDE_X][k] = i;
        s->null_index[MI_SIDE_Y][k] = j < i ? j : j + 1;
    }
}

void mi_run_name_null_rows(mi_run *run)
{
    scoring *s = &run->scoring;
    for (int side = 0; side < 2; side++)
        for (uint32_t k = 0; k < s->n_null; k++)
            s->null_index[side][k] = run->split.test[s->null_index[side][k]];
}

double mi_run_mean_pmi(const mi_run *run)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < run->split.n_test; i++)
        sum += run->scoring.pmi[i];
    return sum / run->split.n_test;
}
