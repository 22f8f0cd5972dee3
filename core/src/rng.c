#include "rng.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>

#define TWO_PI 6.283185307179586476925286766559

void mi_rng_init(mi_rng *rng, uint64_t seed, uint32_t replicate, uint32_t fold, mi_purpose purpose,
                 uint32_t step)
{
    assert(fold < 0x10000 && (unsigned)purpose < 0x10000);
    *rng = (mi_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, step, replicate, fold << 16 | (uint32_t)purpose},
        .used = 4,
    };
}

uint32_t mi_rng_u32(mi_rng *rng)
{
    if (rng->used == 4) {
        const philox4x32_ctr_t counter = {
            {rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]}};
        const philox4x32_key_t key = {{rng->key[0], rng->key[1]}};
        const philox4x32_ctr_t block = philox4x32(counter, key);
        for (int i = 0; i < 4; i++)
            rng->buffer[i] = block.v[i];
        rng->counter[0]++;
        assert(rng->counter[0] != 0 && "a stream holds 2^34 numbers");
        rng->used = 0;
    }
    return rng->buffer[rng->used++];
}

double mi_rng_uniform(mi_rng *rng)
{
    const uint64_t high = mi_rng_u32(rng) >> 5, low = mi_rng_u32(rng) >> 6;
    return ((double)(high << 26 | low) + 0.5) * 0x1p-53;
}

double mi_rng_normal(mi_rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = 0;
        return rng->spare;
    }
    const double radius = sqrt(-2.0 * log(mi_rng_uniform(rng)));
    const double angle = TWO_PI * mi_rng_uniform(rng);
    rng->spare = radius * sin(angle);
    rng->has_spare = 1;
    return radius * cos(angle);
}

uint32_t mi_rng_below(mi_rng *rng, uint32_t bound)
{
    assert(bound > 0);
    const uint32_t reject_below = (0u - bound) % bound;
    for (;;) {
        const uint64_t product = (uint64_t)mi_rng_u32(rng) * bound;
        if ((uint32_t)product >= reject_below)
            return (uint32_t)(product >> 32);
    }
}

void mi_rng_permute(mi_rng *rng, uint32_t *items, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = mi_rng_below(rng, i), swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}
