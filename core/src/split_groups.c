#include "split_groups.h"

#include "rng.h"

#include <assert.h>
#include <math.h>

#define HOLD_OUT_GROUPS 5u /* of a single hold-out, of which the first is held out */

/* Steps of the streams that name an entity begin behind those that a split by pair draws from. */
#define FIRST_STEP 2u

int mi_split_has_groups(const mi_split_spec *how, const mi_split_pairs *pairs)
{
    return how->by != MI_SPLIT_PAIR && pairs->entity[0] && pairs->entity[1];
}

typedef enum role { ROLE_TEST, ROLE_VALIDATION, ROLE_TRAIN, ROLE_NONE } role;

typedef struct grouping {
    const mi_spec *spec;
    uint32_t replicate, fold, groups;
    double validation; /* share of the pairs outside of the test fold */
} grouping;

static int in_fold(const grouping *g, uint32_t entity)
{
    mi_rng rng;
    mi_rng_init(&rng, g->spec->seed, g->replicate, 0, MI_PURPOSE_FOLDS, FIRST_STEP + entity);
    return mi_rng_below(&rng, g->groups) == g->fold;
}

/* Drawn for an entity of the grouped side; by entity for the pair, as that of its number. */
static int validates(const grouping *g, uint32_t number)
{
    mi_rng rng;
    mi_rng_init(&rng, g->spec->seed, g->replicate, g->fold, MI_PURPOSE_VALIDATION, FIRST_STEP + number);
    return mi_rng_uniform(&rng) < g->validation;
}

/*
 * The validation slice is of the same kind as the test fold where that costs no training pairs. By entity it
 * would: of a slice of 15 % of the pairs within 39 % of the entities, another 48 % of the pairs cross into
 * it. There it is drawn by pair.
 */
static role role_of(const grouping *g, const mi_split_pairs *pairs, uint32_t i)
{
    const uint32_t x = pairs->entity[0][i], y = pairs->entity[1][i];
    const mi_split_by by = g->spec->split.by;
    int held_out = 0, validation = 0;
    if (by == MI_SPLIT_ENTITY) {
        const int x_is = in_fold(g, x), y_is = in_fold(g, y);
        if (x_is != y_is)
            return ROLE_NONE;
        held_out = x_is;
        validation = validates(g, i);
    } else {
        const uint32_t entity = by == MI_SPLIT_X ? x : y;
        held_out = in_fold(g, entity);
        validation = validates(g, entity);
    }
    return held_out ? ROLE_TEST : validation ? ROLE_VALIDATION : ROLE_TRAIN;
}

/* The share of validation is lowered where it would pass the most rows that there may be of them. */
static grouping grouping_of(const mi_spec *spec, uint32_t replicate, uint32_t fold,
                            const mi_split_pairs *pairs)
{
    const mi_split_spec *how = &spec->split;
    const double most = pairs->n ? (double)how->validation_max / pairs->n : 1.0;
    return (grouping){.spec = spec,
                      .replicate = replicate,
                      .fold = fold,
                      .groups = how->folds > 1 ? how->folds : HOLD_OUT_GROUPS,
                      .validation = fmin(fmax(how->validation, 0.0), fmin(most, 1.0))};
}

void mi_split_groups_size(mi_split *out, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n)
{
    const grouping g = grouping_of(spec, replicate, fold, pairs);
    *out = (mi_split){.n_test = 0};
    for (uint32_t i = 0; i < n; i++) {
        const role r = role_of(&g, pairs, i);
        out->n_test += r == ROLE_TEST;
        out->n_validation += r == ROLE_VALIDATION;
        out->n_train += r == ROLE_TRAIN;
    }
    out->n_fit = out->n_validation + out->n_train;
}

void mi_split_groups_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n)
{
    const grouping g = grouping_of(spec, replicate, fold, pairs);
    uint32_t n_test = 0, n_validation = 0, n_train = 0, n_fit = 0;
    for (uint32_t i = 0; i < n; i++) {
        const role r = role_of(&g, pairs, i);
        if (r == ROLE_TEST)
            split->test[n_test++] = i;
        else if (r == ROLE_VALIDATION)
            split->validation[n_validation++] = i;
        else if (r == ROLE_TRAIN)
            split->train[n_train++] = i;
        if (r == ROLE_VALIDATION || r == ROLE_TRAIN)
            split->fit[n_fit++] = i;
    }
    assert(n_test == split->n_test && n_fit == split->n_fit);
    assert(n_validation == split->n_validation && n_train == split->n_train);
}
