/*
 * Folds of those who occur in the pairs: a held-out pair has nobody on its grouped side, or on either, whom
 * training has seen.
 *
 * By x or y, a fold holds out the pairs whose x (y) is in its group: every pair is held out once. By entity,
 * it holds out the pairs with both in its group and trains on those with neither; a pair across two groups is
 * never held out, and no fold that holds out one of its two trains on it.
 *
 * Who is in which group depends on (seed, replicate, entity) alone, so that nothing has to be sorted or kept.
 */
#ifndef MI_SPLIT_GROUPS_H
#define MI_SPLIT_GROUPS_H

#include "split.h"

int mi_split_has_groups(const mi_split_spec *how, const mi_split_pairs *pairs);
/* Of the first n pairs: all of them, or of mirrored ones the half that says where the other half goes. */
void mi_split_groups_size(mi_split *out, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n);
void mi_split_groups_fill(mi_split *split, const mi_spec *spec, uint32_t replicate, uint32_t fold,
                          const mi_split_pairs *pairs, uint32_t n);

#endif
