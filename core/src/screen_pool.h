/*
 * Pools of candidates: for each of n places, the `keep` best of the outputs offered so far and some more.
 *
 * A candidate is appended; when a pool is full it falls back to its `keep` best, and its floor rises to the
 * worst of them. A heap would know the floor sooner, at the price of a walk with unpredictable branches for
 * every candidate.
 *
 * Candidates of a place come with rising rows. So a later one has to be above the floor: an equal output has
 * a higher row, which is worse.
 */
#ifndef MI_SCREEN_POOL_H
#define MI_SCREEN_POOL_H

#include "arena.h"

typedef struct mi_pools {
    uint32_t n, keep, limit, capacity; /* falls back when there are `limit`; keep < limit <= capacity */
    int avx512;
    float *output;  /* (n, capacity) */
    uint32_t *row;  /* (n, capacity) */
    uint32_t *used; /* (n) */
    float *floor;   /* (n, rounded up) NaN, below everything, until `keep` were there */
} mi_pools;

/* Entries of a pool's memory behind its last one, for vectors that are written whole. */
#define MI_POOL_SLACK 16u

/* A floor for everything to pass, and one for nothing. What passes a floor is !(output <= floor). */
#define MI_FLOOR_NONE __builtin_nanf("")
#define MI_FLOOR_ALL  __builtin_inff()

/* The lower of two floors. */
static inline float mi_floor_lower(float a, float b)
{
    return a != a || a < b ? a : b;
}

/* room: candidates above `keep` that make a pool fall back. batch: the most that are appended at once. floors
 * is the length of `floor`, at least n. keep may be 0: no memory then. */
void mi_pools_layout(mi_pools *pools, mi_arena *arena, uint32_t n, uint32_t floors, uint32_t keep,
                     uint32_t room, uint32_t batch, int avx512);
static inline void mi_pools_clear(mi_pools *pools, uint32_t place)
{
    pools->used[place] = 0;
    pools->floor[place] = MI_FLOOR_NONE;
}

/* Back to `keep`. */
void mi_pools_shrink(mi_pools *pools, uint32_t place);

/* One that passes the floor, neither NaN nor -0. */
static inline void mi_pools_append(mi_pools *pools, uint32_t place, float output, uint32_t row)
{
    const size_t at = (size_t)place * pools->capacity + pools->used[place]++;
    pools->output[at] = output;
    pools->row[at] = row;
    if (pools->used[place] >= pools->limit)
        mi_pools_shrink(pools, place);
}

/* screen_pool_avx512.c: those of 64 outputs, of rows from `first` on, that pass the floor, as if appended one
 * by one; and what equals or exceeds v, of n, to the front, in order. */
void mi_pools_append_avx512(mi_pools *pools, uint32_t place, uint32_t first, const float *outputs,
                            uint64_t mask);
uint32_t mi_pools_keep_avx512(float *output, uint32_t *row, uint32_t n, float v);
/* A pool's n candidates, best first. The work is quadratic: for MI_POOL_RANK at most. */
#define MI_POOL_RANK 256u
void mi_pools_rank_avx512(const float *output, const uint32_t *row, uint32_t n, uint32_t *rows,
                          float *outputs);

/* Scratch of mi_pools_list, of pools that keep as many. */
typedef struct mi_pool_keys {
    uint64_t *keys, *scratch;
} mi_pool_keys;
void mi_pool_keys_layout(mi_pool_keys *keys, mi_arena *arena, uint32_t keep);

/* The best of a place, best first: rows (keep) and outputs, MI_SCREEN_NOBODY and NaN after the last. */
void mi_pools_list(mi_pools *pools, uint32_t place, mi_pool_keys keys, uint32_t *rows, float *outputs);

#endif
