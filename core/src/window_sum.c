/*
 * The circle is cut into blocks of the window's width (van Herk 1992, Gil and Werman 1993, there for maxima).
 * A window is the end of one block and the beginning of the next: running sums from the block's end
 * backwards, then from the next block's start forwards.
 */
#include "window_sum.h"

#include "vector_clones.h"

#include <assert.h>

static inline size_t around(size_t index, size_t n)
{
    return index < n ? index : index - n;
}

MI_VECTOR_CLONES
void mi_window_sums(mi_lanes *out, const mi_lanes *in, size_t n, size_t width)
{
    assert(width >= 1 && width <= n);
    for (size_t block = 0; block < n; block += width) {
        mi_lanes running = {0};
        for (size_t k = width; k-- > 0;) {
            const double *term = in[around(block + k, n)];
#pragma omp simd
            for (size_t l = 0; l < MI_LANES; l++)
                running[l] += term[l];
            if (block + k < n) {
                double *sum = out[block + k];
#pragma omp simd
                for (size_t l = 0; l < MI_LANES; l++)
                    sum[l] = running[l];
            }
        }
        for (size_t l = 0; l < MI_LANES; l++)
            running[l] = 0;
        for (size_t k = 1; k < width && block + k < n; k++) {
            const double *term = in[around(block + width + k - 1, n)];
            double *sum = out[block + k];
#pragma omp simd
            for (size_t l = 0; l < MI_LANES; l++) {
                running[l] += term[l];
                sum[l] += running[l];
            }
        }
    }
}
