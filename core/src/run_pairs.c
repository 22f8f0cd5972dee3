/*
 * The pairs that a run reports on, whatever scores them: the held-out ones and the mismatched ones.
 */
#include "run_internal.h"
#include "sort.h"

#define TRIES     64u /* for a null pair, on average, before fewer of them have to do */
#define LOOK_OVER 16u /* times as many candidates as null pairs are looked at one by one */

static int by_index(const mi_run *run)
{
    return run->data[MI_SIDE_X].index || run->data[MI_SIDE_Y].index || run->data[MI_SIDE_X].mirrored;
}

static int is_mirrored(const mi_run *run)
{
    return run->data[MI_SIDE_X].mirrored != 0;
}

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
    const uint64_t both = 2 * (uint64_t)s->n_null; /* orders: at most every ordered pair */
    if (is_mirrored(run))
        s->n_null = (uint32_t)(both < all ? both : all);
    s->n_permutations = run->spec.permutations;
    for (int side = 0; side < 2; side++)
        s->null_index[side] = MI_TAKE(arena, uint32_t, s->n_null);
    s->known = by_index(run) && s->n_null > 0 ? MI_TAKE(arena, uint64_t, run->n_rows) : NULL;
    s->pmi = MI_TAKE(arena, double, n_test);
    s->null_pmi = MI_TAKE(arena, double, s->n_null);
    s->permuted_mean = MI_TAKE(arena, double, s->n_permutations);
}

static int less_key(uint64_t a, uint64_t b, const void *context)
{
    (void)context;
    return a < b;
}
MI_DEFINE_SORT(sort_keys, uint64_t, less_key)

/* The x of one pair with the y of another one. */
static uint64_t key_of(const mi_run *run, uint32_t of_x, uint32_t of_y)
{
    const uint32_t *x = run->data[MI_SIDE_X].index, *y = run->data[MI_SIDE_Y].index;
    return (uint64_t)(x ? x[of_x] : of_x) << 32 | (y ? y[of_y] : of_y);
}

static void learn_known(mi_run *run)
{
    uint64_t *known = run->scoring.known;
    for (uint32_t i = 0; i < run->n_rows; i++)
        known[i] = key_of(run, i, i);
    sort_keys(known, run->n_rows, NULL);
}

static int is_known(const mi_run *run, uint64_t key)
{
    const uint64_t *known = run->scoring.known;
    uint32_t low = 0, high = run->n_rows;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (known[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run->n_rows && known[low] == key;
}

/* Whether the x of test pair i and the y of test pair j are a null pair. */
static int is_mismatched(const mi_run *run, uint32_t i, uint32_t j)
{
    const uint32_t of_x = run->split.test[i], of_y = run->split.test[j], *x = run->data[MI_SIDE_X].entity,
                   *y = run->data[MI_SIDE_Y].entity;
    return !(x && y && x[of_x] == y[of_y]) && !is_known(run, key_of(run, of_x, of_y));
}

static void take_null_pair(mi_run *run, uint32_t k, uint32_t i, uint32_t j)
{
    run->scoring.null_index[MI_SIDE_X][k] = i;
    run->scoring.null_index[MI_SIDE_Y][k] = j;
}

/* Of mirrored pairs: the test pair with its sides exchanged. */
static uint32_t mirror(const mi_run *run, uint32_t i)
{
    const uint32_t half = run->split.n_test / 2;
    return i < half ? i + half : i - half;
}

/* Whether (i, j) stands for itself, not for what (mirror of j, mirror of i) stands for: of the pairs of an x
 * and a y those within the first half, of two x and of two y those in ascending order. */
static int is_first_order(const mi_run *run, uint32_t i, uint32_t j)
{
    const uint32_t half = run->split.n_test / 2;
    if (!is_mirrored(run))
        return 1;
    return i < half ? j < half || i <= j - half : j < half && i - half <= j;
}

/* All there are, up to `most` of them in *taken; 0: they are more. */
static int take_every_mismatched(mi_run *run, uint32_t most, uint32_t *taken)
{
    const uint32_t n = run->split.n_test;
    *taken = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            if (i == j || !is_first_order(run, i, j) || !is_mismatched(run, i, j))
                continue;
            if (*taken == most)
                return 0;
            take_null_pair(run, (*taken)++, i, j);
        }
    return 1;
}

static uint32_t draw_at_most(mi_run *run, uint32_t most)
{
    const uint32_t n = run->split.n_test;
    mi_rng rng;
    uint32_t k = 0;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_NULL, 0);
    for (uint64_t left = (uint64_t)TRIES * most; k < most && left > 0; left--) {
        const uint32_t i = mi_rng_below(&rng, n), j = mi_rng_below(&rng, n - 1), other = j < i ? j : j + 1;
        if (is_mismatched(run, i, other))
            take_null_pair(run, k++, i, other);
    }
    return k;
}

/* Of pairs by index a mismatched one may be among the data, or somebody with themselves: drawn until it is
 * not. Of mirrored ones the second half is the first in the other order. */
static void draw_mismatched(mi_run *run)
{
    scoring *s = &run->scoring;
    const uint32_t n = run->split.n_test, most = is_mirrored(run) ? s->n_null / 2 : s->n_null;
    uint32_t taken = 0;
    learn_known(run);
    if ((uint64_t)n * (n - 1) > (uint64_t)LOOK_OVER * s->n_null || !take_every_mismatched(run, most, &taken))
        taken = draw_at_most(run, most);
    s->n_null = taken;
    if (!is_mirrored(run))
        return;
    s->n_null = 2 * taken;
    for (uint32_t k = 0; k < taken; k++)
        take_null_pair(run, taken + k, mirror(run, s->null_index[MI_SIDE_Y][k]),
                       mirror(run, s->null_index[MI_SIDE_X][k]));
}

void mi_run_draw_null_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    const uint32_t n = run->split.n_test;
    if (s->known) {
        draw_mismatched(run);
        return;
    }
    if (s->n_null == (uint64_t)n * (n - 1)) {
        for (uint32_t i = 0, k = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (i != j)
                    take_null_pair(run, k++, i, j);
        return;
    }
    mi_rng rng;
    mi_rng_init(&rng, run->spec.seed, run->replicate, run->fold, MI_PURPOSE_NULL, 0);
    for (uint32_t k = 0; k < s->n_null; k++) {
        const uint32_t i = mi_rng_below(&rng, n), j = mi_rng_below(&rng, n - 1);
        take_null_pair(run, k, i, j < i ? j : j + 1);
    }
}

/* The second half of mirrored figures is of the same pairs as the first. */
static void merge_halves(double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n / 2; i++)
        values[i] = 0.5 * (values[i] + values[n / 2 + i]);
}

void mi_run_settle_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    if (is_mirrored(run)) {
        merge_halves(s->pmi, run->split.n_test);
        merge_halves(s->null_pmi, s->n_null);
        s->n_null /= 2;
    }
    for (int side = 0; side < 2; side++)
        for (uint32_t k = 0; k < s->n_null; k++)
            s->null_index[side][k] = run->split.test[s->null_index[side][k]];
}

void mi_run_permute(const mi_run *run, uint32_t fold, uint32_t permutation, uint32_t *order, uint32_t n)
{
    mi_rng rng;
    const uint32_t half = n / 2, units = is_mirrored(run) ? half : n;
    mi_rng_init(&rng, run->spec.seed, run->replicate, fold, MI_PURPOSE_PERMUTATION, permutation);
    for (uint32_t i = 0; i < units; i++)
        order[i] = i;
    mi_rng_permute(&rng, order, units);
    for (uint32_t i = 0; units < n && i < half; i++)
        order[half + order[i]] = half + i;
}

uint32_t mi_run_pairs_of(const mi_run *run, uint32_t rows)
{
    return is_mirrored(run) ? rows / 2 : rows;
}

uint32_t mi_run_reported(const mi_run *run)
{
    return mi_run_pairs_of(run, run->split.n_test);
}

double mi_run_mean_pmi(const mi_run *run)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < run->split.n_test; i++)
        sum += run->scoring.pmi[i];
    return sum / run->split.n_test;
}
