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

typedef enum role { ROLE_TEST, ROLE_VALIDATION, ROLE_TRAIN, ROLE_NONE, ROLES } role;

typedef struct grouping {
    const mi_spec *spec;
    uint32_t replicate, fold, groups;
    double validation; /* share of the pairs outside of the test fold, or of those who occur in them */
    uint32_t validation_max;
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
    const uint32_t grouped = by == MI_SPLIT_Y ? y : x;
    const int held_out = in_fold(g, grouped);
    if (by == MI_SPLIT_ENTITY && in_fold(g, y) != held_out)
        return ROLE_NONE;
    if (held_out)
        return ROLE_TEST;
    return validates(g, by == MI_SPLIT_ENTITY ? i : grouped) ? ROLE_VALIDATION : ROLE_TRAIN;
}

static void count_roles(const grouping *g, const mi_split_pairs *pairs, uint32_t n, uint32_t count[ROLES])
{
    for (int r = 0; r < ROLES; r++)
        count[r] = 0;
    for (uint32_t i = 0; i < n; i++)
        count[role_of(g, pairs, i)]++;
}

/* Whether the k-th of so many pairs that would validate does: as many as there may be, evenly spread. The
 * others do nothing, for training must not see who is in them. */
static int is_kept(const grouping *g, uint32_t k, uint32_t among)
{
    const uint64_t most = g->validation_max;
    return among <= most || (k + 1) * most / among > k * most / among;
}

/* Of pairs drawn one by one the share is lowered where it would pass the most that there may be of them. Of
 * ids drawn it is not: there may be few of them, and a lower share of few is nobody. */
static grouping grouping_of(const mi_spec *spec, uint32_t replicate, uint32_t fold,
                            const mi_split_pairs *pairs)
{
    const mi_split_spec *how = &spec->split;
    const uint32_t n = pairs->mirrored ? pairs->n / 2 : pairs->n,
                   validation_max = pairs->mirrored ? how->validation_max / 2 : how->validation_max;
    const double most = how->by == MI_SPLIT_ENTITY && n > 0 ? (double)validation_max / n : 1.0;
    return (grouping){.spec = spec,
                      .replicate = replicate,
                      .fold = fold,
                      .groups = how->folds > 1 ? how->folds : HOLD_OUT_GROUPS,
                      .validation = fmin(fmax(how->validation, 0.0), fmin(most, 1.0)),
                      .validation_max = validation_max};
}

void mi_split_groups_size(mi_split *out, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n)
{
    const grouping g = grouping_of(spec, replicate, fold, pairs);
    uint32_t count[ROLES];
    count_roles(&g, pairs, n, count);
    *out = (mi_split){.n_test = count[ROLE_TEST], .n_train = count[ROLE_TRAIN]};
    out->n_validation = count[ROLE_VALIDATION] < g.validation_max ? count[ROLE_VALIDATION] : g.validation_max;
    out->n_fit = out->n_validation + out->n_train;
}

void mi_split_groups_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n)
{
    const grouping g = grouping_of(spec, replicate, fold, pairs);
    uint32_t count[ROLES], validating = 0, n_test = 0, n_validation = 0, n_train = 0, n_fit = 0;
    count_roles(&g, pairs, n, count);
    for (uint32_t i = 0; i < n; i++) {
        const role r = role_of(&g, pairs, i);
        if (r == ROLE_TEST)
            split->test[n_test++] = i;
        else if (r == ROLE_VALIDATION && is_kept(&g, validating++, count[ROLE_VALIDATION]))
            split->fit[n_fit++] = split->validation[n_validation++] = i;
        else if (r == ROLE_TRAIN)
            split->fit[n_fit++] = split->train[n_train++] = i;
    }
    assert(n_test == split->n_test && n_fit == split->n_fit);
    assert(n_validation == split->n_validation && n_train == split->n_train);
}
