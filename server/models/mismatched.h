/*
 * Mismatched pairs: of the ids of a list of pairs, those that are neither in it nor among the pairs that the
 * model was trained on, and nobody with themselves. They stand in for negatives where nobody knows any.
 */
#ifndef MODELS_MISMATCHED_H
#define MODELS_MISMATCHED_H

#include "models/models.h"

#define MISMATCHED_MAX 1000000u /* where a pair costs a product; see mismatched_most */

typedef struct mismatched {
    uint32_t n;
    uint32_t *x, *y; /* (n) rows of the matrices; y is in x's memory */
    bool sampled;    /* there are more than `most`: about as many were drawn, none twice */
} mismatched;

/* How many a model scores in some seconds: a million products, or so many passes through its critics. */
uint64_t mismatched_most(bool is_dot, uint32_t n_members);
/* All of them, or about `most` by the seed. MI_MEMORY. Free with mismatched_fini. */
mi_status mismatched_find(mismatched *out, const models_model *model, const models_matrix *x,
                          const models_matrix *y, const proto_pairs *pairs, bool symmetric, uint64_t most,
                          uint64_t seed, mi_error *err);
void mismatched_fini(mismatched *m);

#endif
