/*
 * The best pairs of all, which come in any order: a pool (screen_pool.h) whose ties are told apart by pair.
 */
#ifndef MI_SCREEN_BEST_H
#define MI_SCREEN_BEST_H

#include "arena.h"
#include "mi/screen.h"

typedef struct mi_best {
    size_t keep, capacity, used;
    float *output;     /* (capacity) */
    uint64_t *pair;    /* (capacity) row of x above row of y */
    float floor;       /* the worst output kept; NaN until there are `keep` */
    uint32_t last_tie; /* the highest row of x among those kept with that output */
} mi_best;

/* keep may be 0: no memory then. */
void mi_best_layout(mi_best *best, mi_arena *arena, size_t keep);
void mi_best_clear(mi_best *best);

/* What a pair of row x has to be above (screen_pool.h). */
float mi_best_floor(const mi_best *best, uint32_t x);
/* One that passes the floor, neither NaN nor -0. */
void mi_best_append(mi_best *best, uint32_t x, uint32_t y, float output);
/* The best, in order, into out (keep); how many they are. */
size_t mi_best_list(mi_best *best, mi_screen_pair *out);

/* Best first. */
void mi_sort_pairs(mi_screen_pair *pairs, size_t n);

#endif
