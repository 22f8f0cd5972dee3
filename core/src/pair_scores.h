/*
 * Dot products of listed pairs of rows.
 */
#ifndef MI_PAIR_SCORES_H
#define MI_PAIR_SCORES_H

#include <stddef.h>
#include <stdint.h>

/*
 * scores[p] = x[index_x[p]] . y[index_y[p]] of rows of `width` floats, one after the other; an index that is
 * NULL is p itself. The bits of mi_vec_dot, sixteen pairs at a time where the CPU has AVX-512.
 */
void mi_pair_scores(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                    size_t n_pairs, size_t width, float *scores);

/* The same without vectors that wide: for any machine, and the reference in tests. */
void mi_pair_scores_portable(const float *x, const uint32_t *index_x, const float *y, const uint32_t *index_y,
                             size_t n_pairs, size_t width, float *scores);

#endif
