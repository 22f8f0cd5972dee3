/*
 * What the unit tests of core share: a runner over a list of tests, workspaces, random matrices.
 */
#ifndef CORE_TESTING_H
#define CORE_TESTING_H

#include "arena.h"
#include "rng.h"

#include "../runner.h"

#include <check.h>
#include <stdlib.h>

/* An arena with memory of what `measured` counted. Release with free(arena.base). */
static inline mi_arena arena_like(const mi_arena *measured)
{
    mi_arena arena;
    const size_t bytes = measured->peak + 64;
    void *base = aligned_alloc(64, bytes / 64 * 64);
    ck_assert(!measured->overflow && base != NULL);
    mi_arena_init(&arena, base, measured->peak);
    return arena;
}

static inline mi_rng test_rng(uint32_t stream)
{
    mi_rng rng;
    mi_rng_init(&rng, 7, 0, 0, MI_PURPOSE_TEST, stream);
    return rng;
}

static inline void fill_normal(float *out, size_t n, uint32_t stream)
{
    mi_rng rng = test_rng(stream);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mi_rng_normal(&rng);
}

#endif
