/*
 * Sums over the windows of a circle, MI_LANES circles side by side.
 */
#ifndef MI_WINDOW_SUM_H
#define MI_WINDOW_SUM_H

#include "vecmath.h"

typedef double mi_lanes[MI_LANES];

/*
 * out[s] = in[s] + ... + in[s + width - 1], indices modulo n, in O(n) and by additions alone: a term that
 * dwarfs all others leaves no trace in the windows without it.
 *
 * out, in  (n, MI_LANES), not overlapping
 * width    1..n
 */
void mi_window_sums(mi_lanes *out, const mi_lanes *in, size_t n, size_t width);

#endif
