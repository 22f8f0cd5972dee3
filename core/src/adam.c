#include "adam.h"

#include "vector_clones.h"

#include <math.h>

/* The weight after the step; its moments move on. */
static inline float moved(const mi_adam_step *s, float gradient, float *moment1, float *moment2, float weight)
{
    const float g = gradient * s->scale;
    const float m = (float)MI_ADAM_BETA1 * *moment1 + (float)(1.0 - MI_ADAM_BETA1) * g;
    const float v = (float)MI_ADAM_BETA2 * *moment2 + (float)(1.0 - MI_ADAM_BETA2) * g * g;
    *moment1 = m;
    *moment2 = v;
    return weight - s->rate * m / (sqrtf(v) * s->second + s->epsilon) - s->decay * weight;
}

MI_VECTOR_CLONES
void mi_adam_exact(const mi_adam_step *step, const mi_adam_arrays *arrays, size_t begin, size_t end)
{
    float *restrict weights = arrays->weights, *restrict moment1 = arrays->moment1;
    float *restrict moment2 = arrays->moment2, *restrict average = arrays->average;
    const float *restrict gradient = arrays->gradient;
    const mi_adam_step s = *step;
    if (average) {
#pragma omp simd
        for (size_t i = begin; i < end; i++) {
            weights[i] = moved(&s, gradient[i], &moment1[i], &moment2[i], weights[i]);
            average[i] += s.average * (weights[i] - average[i]);
        }
    } else {
#pragma omp simd
        for (size_t i = begin; i < end; i++)
            weights[i] = moved(&s, gradient[i], &moment1[i], &moment2[i], weights[i]);
    }
}
