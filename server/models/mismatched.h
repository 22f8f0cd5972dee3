/*
 * Mismatched pairs: of the ids of a list of pairs, those that are neither in it nor among the pairs that the
 * model was trained on, and nobody with themselves. They stand in for negatives where nobody knows any.
 */
#ifndef MODELS_MISMATCHED_H
#define MODELS_MISMATCHED_H

#include "models/models.h"

#define MISMATCHED_MAX 1000000u

typedef struct mismatched {
    uint32_t n;
    uint32_t *x, *y; /* (n) rows of the matrices; y is in x's memory */
    bool sampled;    /* there are more than MISMATCHED_MAX: about as many were drawn, none twice */
} mismatched;

/* All of them, or a sample by the seed. MI_MEMORY. Free with mismatched_fini. */
mi_status mismatched_find(mismatched *out, const models_model *model, const models_matrix *x,
                          const models_matrix *y, const proto_pairs *pairs, bool symmetric, uint64_t seed,
                          mi_error *err);
void mismatched_fini(mismatched *m);

#endif
