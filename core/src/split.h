/*
 * Who is held out: folds by a seeded permutation of the pairs, a validation slice of the rest.
 */
#ifndef MI_SPLIT_H
#define MI_SPLIT_H

#include "arena.h"
#include "mi/spec.h"

/* Rows of one fold, each list ascending. fit = train and validation together (what preparation is fitted on).
 */
typedef struct mi_split {
    uint32_t n_test, n_validation, n_train, n_fit;
    uint32_t *test, *validation, *train, *fit;
} mi_split;

/* Sizes only. Folds differ by at most one row; folds == 1 holds out 20 %. */
void mi_split_size(mi_split *out, const mi_split_spec *spec, uint32_t fold, uint32_t n_rows);
void mi_split_layout(mi_split *split, mi_arena *arena);
/* Fill the lists; `order` is scratch for n_rows. The folds of one (seed, replicate) partition the rows. */
void mi_split_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold, uint32_t n_rows,
                   uint32_t *order);

#endif
