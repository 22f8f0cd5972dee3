/*
 * Who is held out: folds of the pairs, or of those who occur in them, and a validation slice of the rest.
 */
#ifndef MI_SPLIT_H
#define MI_SPLIT_H

#include "arena.h"
#include "mi/run.h"
#include "mi/spec.h"

/* What a split looks at: how many pairs, and who is in them on each side; NULL where nobody occurs twice. */
typedef struct mi_split_pairs {
    uint32_t n;
    const uint32_t *entity[2]; /* (n) */
    uint32_t mirrored;         /* 1: pair n/2 + i goes where pair i goes; n is even */
} mi_split_pairs;

mi_split_pairs mi_split_pairs_of(const mi_matrix *x, const mi_matrix *y);

/* Pairs of one fold, each list ascending. fit = train and validation together (what preparation is fitted
 * on). With a split by entity some pairs are in none of the lists. */
typedef struct mi_split {
    uint32_t n_test, n_validation, n_train, n_fit;
    uint32_t *test, *validation, *train, *fit;
} mi_split;

/* Sizes only. By pair, folds differ by at most one row; folds == 1 holds out 20 %. */
void mi_split_size(mi_split *out, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                   const mi_split_pairs *pairs);
void mi_split_layout(mi_split *split, mi_arena *arena);
/* Fill the lists; `order` is scratch for n. The folds of one (seed, replicate) partition the pairs by pair
 * and by side; by entity they hold out the pairs within a group. */
void mi_split_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                   const mi_split_pairs *pairs, uint32_t *order);

#endif
