/*
 * Methods that count nearest neighbours, and how they score.
 *
 * KSG fits nothing: the folds of a replicate are one estimate over all rows, cut into the runs that workers
 * take. So preparation and noise are those of all rows, and a run answers for its own test rows: the PMI of a
 * row does not depend on the number of folds. Its permutation test is exact: the rows of y are permuted, all
 * of them and alike in every fold, and the estimate is made again.
 */
#include "run_internal.h"

#include <math.h>

#define QUERIES_PER_STEP 256u

void mi_run_search_layout(mi_run *run, uint32_t n, uint32_t dim_x, uint32_t dim_y)
{
    neighbour_search *search = &run->search;
    mi_arena *arena = &run->arena;
    const uint32_t n_test = run->split.n_test;
    mi_ksg_layout(&search->ksg, arena, n, dim_x, dim_y, run->spec.objective.params.neighbours);
    search->sample = MI_TAKE(arena, uint32_t, n_test);
    search->visit = MI_TAKE(arena, uint32_t, n_test);
    search->partner = MI_TAKE(arena, uint32_t, run->spec.permutations > 0 ? n : 0);
    mi_run_pairs_layout(run, n_test); /* a query each, as dear as that of a test pair */
}

mi_status mi_run_search_check(const mi_spec *spec, uint64_t n, mi_error *err)
{
    const uint32_t k = spec->objective.params.neighbours;
    if (k == 0 || n <= (uint64_t)k + 1)
        return mi_fail_at(err, MI_INVALID, "/objective/neighbors", "%u; expected 1 to %llu among %llu pairs",
                          k, (unsigned long long)(n - 2), (unsigned long long)n);
    return MI_OK;
}

mi_status mi_run_search_fill(mi_run *run, const float *x, const float *y, uint32_t fold, mi_error *err)
{
    neighbour_search *search = &run->search;
    mi_rng rng;
    mi_rng_init(&rng, run->spec.seed, run->replicate, fold, MI_PURPOSE_JITTER, 0);
    const mi_status status = mi_ksg_fill(&search->ksg, &run->arena, x, y, &rng, err);
    if (status != MI_OK)
        return status;
    mi_ksg_sort_near(&search->ksg, search->sample, run->split.n_test, search->visit);
    run->scoring.calibration = (mi_calibration){.slope = 1.0};
    return MI_OK;
}

/* Local values of the next test pairs; which, and how many. */
static uint32_t score_piece(mi_run *run, const uint32_t **pairs, double *pmi)
{
    neighbour_search *search = &run->search;
    const uint32_t left = run->split.n_test - search->next,
                   n = left < QUERIES_PER_STEP ? left : QUERIES_PER_STEP;
    uint32_t sample[QUERIES_PER_STEP] = {0};
    *pairs = search->visit + search->next;
    for (uint32_t a = 0; a < n; a++)
        sample[a] = search->sample[(*pairs)[a]];
    mi_ksg_local(&search->ksg, sample, n, pmi);
    search->next += n;
    return n;
}

static void score_test_pairs(mi_run *run)
{
    double pmi[QUERIES_PER_STEP];
    const uint32_t *pairs = NULL;
    const uint32_t n = score_piece(run, &pairs, pmi);
    for (uint32_t a = 0; a < n; a++)
        run->scoring.pmi[pairs[a]] = pmi[a];
}

static void score_null_pairs(mi_run *run)
{
    neighbour_search *search = &run->search;
    scoring *s = &run->scoring;
    if (search->next == 0)
        mi_run_draw_null_pairs(run);
    if (s->n_null == 0)
        return;
    const uint32_t left = s->n_null - search->next, n = left < QUERIES_PER_STEP ? left : QUERIES_PER_STEP;
    uint32_t sample[2][QUERIES_PER_STEP] = {{0}};
    for (int side = 0; side < 2; side++)
        for (uint32_t a = 0; a < n; a++)
            sample[side][a] = search->sample[s->null_index[side][search->next + a]];
    mi_ksg_mismatched(&search->ksg, sample[MI_SIDE_X], sample[MI_SIDE_Y], n, s->null_pmi + search->next);
    search->next += n;
}

/* Samples are paired anew before the first of them is asked for. */
static void score_permuted_pairs(mi_run *run)
{
    neighbour_search *search = &run->search;
    double pmi[QUERIES_PER_STEP];
    const uint32_t *pairs = NULL;
    if (search->next == 0) {
        mi_run_permute(run, run->method->fits_all_rows ? 0 : run->fold, run->scoring.permutations_done,
                       search->partner, search->ksg.n);
        mi_ksg_pair(&search->ksg, &run->arena, search->partner);
        search->sum = 0.0;
    }
    const uint32_t n = score_piece(run, &pairs, pmi);
    for (uint32_t a = 0; a < n; a++)
        search->sum += pmi[a];
}

static double share_done(const mi_run *run, uint64_t queries)
{
    const scoring *s = &run->scoring;
    const uint64_t n_test = run->split.n_test;
    return (double)queries / (double)(n_test + s->n_null + s->n_permutations * n_test);
}

enum { STAGE_TEST, STAGE_NULL, STAGE_PERMUTE };

mi_status mi_run_search_step(mi_run *run, int *done, mi_error *err)
{
    neighbour_search *search = &run->search;
    scoring *s = &run->scoring;
    const uint32_t n_test = run->split.n_test;
    uint64_t before = 0;
    int stage_done = 0;
    (void)err; /* nothing of it can fail */
    switch (search->stage) {
    case STAGE_TEST:
        score_test_pairs(run);
        stage_done = search->next == n_test;
        break;
    case STAGE_NULL:
        before = n_test;
        if (s->n_null > 0)
            score_null_pairs(run);
        stage_done = search->next == s->n_null;
        break;
    default:
        before = n_test + s->n_null + (uint64_t)s->permutations_done * n_test;
        if (s->permutations_done < s->n_permutations) {
            score_permuted_pairs(run);
            if (search->next == n_test) {
                s->permuted_mean[s->permutations_done++] = search->sum / n_test;
                search->next = 0;
            }
        }
        *done = s->permutations_done == s->n_permutations;
        break;
    }
    s->share = share_done(run, before + search->next);
    if (stage_done) {
        search->stage++;
        search->next = 0;
    }
    if (*done) {
        s->estimate = mi_run_mean_pmi(run);
        mi_run_settle_pairs(run);
    }
    return MI_OK;
}

/* KSG over all rows. */

static mi_status neighbours_check(const mi_spec *spec, uint64_t n_rows, uint32_t n_test, mi_error *err)
{
    (void)n_test;
    return mi_run_search_check(spec, n_rows, err);
}

/* No critic, nothing trained. */
static void neighbours_settle(mi_spec *spec)
{
    spec->critic.baseline = MI_BASELINE_NONE;
    spec->train.max_steps = 0;
    spec->calibrate = 0;
}

static mi_status neighbours_layout(mi_run *run, mi_error *err)
{
    (void)err;
    scoring *s = &run->scoring;
    mi_run_search_layout(run, run->n_rows, run->prepare[MI_SIDE_X].dim_out, run->prepare[MI_SIDE_Y].dim_out);
    s->train_mi = s->infonce = s->nwj = s->dv = s->infonce_ceiling = (double)NAN;
    return MI_OK;
}

static void neighbours_measure_scratch(mi_run *run)
{
    const size_t mark = mi_arena_mark(&run->arena);
    part all;
    mi_run_part_layout(&all, &run->arena, run->n_rows, run, 0);
    for (int side = 0; side < 2; side++)
        mi_prepare_apply_layout(&run->prepare[side], &run->arena);
    mi_ksg_fill_layout(&run->search.ksg, &run->arena);
    mi_arena_release(&run->arena, mark);
}

static mi_status neighbours_start(mi_run *run, int stage, mi_error *err)
{
    (void)stage;
    mi_status status = neighbours_layout(run, err);
    if (status != MI_OK)
        return status;
    const size_t mark = mi_arena_mark(&run->arena);
    part all;
    mi_run_part_layout(&all, &run->arena, run->n_rows, run, 0);
    mi_run_prepare_rows(run, &all, NULL);
    for (uint32_t i = 0; i < run->split.n_test; i++)
        run->search.sample[i] = run->split.test[i];
    status = mi_run_search_fill(run, all.rows[MI_SIDE_X], all.rows[MI_SIDE_Y], 0, err);
    mi_arena_release(&run->arena, mark);
    run->progress.finished = 1;
    return status;
}

const mi_run_method mi_run_neighbours = {
    .fits_all_rows = 1,
    .start_stages = 1,
    .settle = neighbours_settle,
    .check = neighbours_check,
    .layout = neighbours_layout,
    .measure_scratch = neighbours_measure_scratch,
    .start = neighbours_start,
    .score = mi_run_search_step,
};
