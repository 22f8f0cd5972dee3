/*
 * Categorical columns as one-hot: a column of codes becomes one column of zeros and ones per level that
 * occurs in the rows of the fit, in ascending order of the codes. A code that does not occur there is in none
 * of them: all zeros.
 *
 * The zeros and ones are never stored. An expanded column is a pair (source column, level) of which a value
 * is read off the data, and a side costs what its data cost, however many levels it has.
 */
#ifndef MI_ONE_HOT_H
#define MI_ONE_HOT_H

#include "arena.h"
#include "mi/run.h"

#define MI_ONE_HOT_NUMBER -1.0f /* level of a column that is a number, and stays one */

/* What mi_one_hot_fit borrows. */
void mi_one_hot_fit_layout(mi_arena *arena);

/*
 * The expanded columns of n rows.
 * data        with codes that mi_matrix_width has accepted
 * rows        (n) of the data
 * source      out, with room for the width that mi_matrix_width gives: columns of the data, ascending
 * level       out, likewise: the code that is a one, or MI_ONE_HOT_NUMBER
 * n_constant  out: categorical columns of a single level, which have no expanded column
 * returns     how many expanded columns there are. Constant numbers are among them.
 */
uint32_t mi_one_hot_fit(mi_matrix data, const uint32_t *rows, uint32_t n, mi_arena *arena, uint32_t *source,
                        float *level, uint32_t *n_constant);

/* The value of an expanded column, of that of its source. */
static inline float mi_one_hot_value(float source, float level)
{
    return level < 0.0f ? source : (float)(source == level);
}

#endif
