#include "split.h"

#include "rng.h"
#include "split_groups.h"

#include <assert.h>
#include <math.h>

#define HOLD_OUT_SHARE 5u /* one row in five */

mi_split_pairs mi_split_pairs_of(const mi_matrix *x, const mi_matrix *y)
{
    return (mi_split_pairs){(uint32_t)x->rows, {x->entity, y->entity}, x->mirrored};
}

/* Mirrored pairs are split by their first half; the second one doubles each list. */
static uint32_t n_units(const mi_split_pairs *pairs)
{
    return pairs->mirrored ? pairs->n / 2 : pairs->n;
}

static void scale_sizes(mi_split *split, uint32_t times, uint32_t over)
{
    split->n_test = split->n_test * times / over;
    split->n_validation = split->n_validation * times / over;
    split->n_train = split->n_train * times / over;
    split->n_fit = split->n_fit * times / over;
}

static void mirror_list(uint32_t *rows, uint32_t n, uint32_t by)
{
    for (uint32_t i = 0; i < n; i++)
        rows[n + i] = rows[i] + by;
}

/* Positions of the shuffled pairs that a fold holds out: [start, start + n_test). */
static uint32_t fold_start(uint32_t folds, uint32_t fold, uint32_t n_rows)
{
    if (folds <= 1)
        return 0;
    const uint32_t longer = n_rows % folds; /* the first folds take the rows that do not divide */
    return fold * (n_rows / folds) + (fold < longer ? fold : longer);
}

static uint32_t fold_size(uint32_t folds, uint32_t fold, uint32_t n_rows)
{
    if (folds <= 1)
        return n_rows / HOLD_OUT_SHARE;
    return n_rows / folds + (fold < n_rows % folds);
}

void mi_split_size(mi_split *out, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                   const mi_split_pairs *pairs)
{
    const mi_split_spec *how = &spec->split;
    assert(fold == 0 || fold < how->folds);
    const uint32_t n = n_units(pairs), most = pairs->mirrored ? how->validation_max / 2 : how->validation_max;
    if (mi_split_has_groups(how, pairs)) {
        mi_split_groups_size(out, spec, replicate, fold, pairs, n);
    } else {
        *out = (mi_split){.n_test = fold_size(how->folds, fold, n)};
        out->n_fit = n - out->n_test;
        const double share = fmin(fmax(how->validation, 0.0), 1.0) * out->n_fit;
        out->n_validation = (uint32_t)fmin(floor(share + 0.5), most);
        out->n_train = out->n_fit - out->n_validation;
    }
    if (pairs->mirrored)
        scale_sizes(out, 2, 1);
}

void mi_split_layout(mi_split *split, mi_arena *arena)
{
    split->test = MI_TAKE(arena, uint32_t, split->n_test);
    split->validation = MI_TAKE(arena, uint32_t, split->n_validation);
    split->train = MI_TAKE(arena, uint32_t, split->n_train);
    split->fit = MI_TAKE(arena, uint32_t, split->n_fit);
}

/* position[i]: where item i stands after the shuffle. Scanning items in order then yields ascending lists. */
static void shuffle_positions(mi_rng *rng, uint32_t *position, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        position[i] = i;
    mi_rng_permute(rng, position, n);
}

static void fill_by_pair(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold, uint32_t n,
                         uint32_t *order)
{
    assert(split->n_test + split->n_fit == n);
    mi_rng rng;
    /* Not keyed by fold: every fold of a replicate must see the same shuffle, or they would not partition. */
    mi_rng_init(&rng, spec->seed, replicate, 0, MI_PURPOSE_FOLDS, 0);
    shuffle_positions(&rng, order, n);
    const uint32_t start = fold_start(spec->split.folds, fold, n);
    uint32_t n_test = 0, n_fit = 0;
    for (uint32_t row = 0; row < n; row++) {
        if (order[row] - start < split->n_test) /* unsigned: below start wraps far above */
            split->test[n_test++] = row;
        else
            split->fit[n_fit++] = row;
    }
    assert(n_test == split->n_test && n_fit == split->n_fit);

    mi_rng_init(&rng, spec->seed, replicate, fold, MI_PURPOSE_VALIDATION, 0);
    shuffle_positions(&rng, order, n_fit);
    uint32_t n_validation = 0, n_train = 0;
    for (uint32_t i = 0; i < n_fit; i++) {
        if (order[i] < split->n_validation)
            split->validation[n_validation++] = split->fit[i];
        else
            split->train[n_train++] = split->fit[i];
    }
    assert(n_validation == split->n_validation && n_train == split->n_train);
}

void mi_split_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                   const mi_split_pairs *pairs, uint32_t *order)
{
    const uint32_t n = n_units(pairs);
    mi_split units = *split;
    if (pairs->mirrored)
        scale_sizes(&units, 1, 2);
    if (mi_split_has_groups(&spec->split, pairs))
        mi_split_groups_fill(&units, spec, replicate, fold, pairs, n);
    else
        fill_by_pair(&units, spec, replicate, fold, n, order);
    if (!pairs->mirrored)
        return;
    mirror_list(units.test, units.n_test, n);
    mirror_list(units.validation, units.n_validation, n);
    mirror_list(units.train, units.n_train, n);
    mirror_list(units.fit, units.n_fit, n);
}
