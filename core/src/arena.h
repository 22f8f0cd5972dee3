/*
 * A run's workspace: one block, cut into 64-byte aligned pieces.
 *
 * A layout function takes its pieces from an arena and touches none of them. Run on an arena without memory
 * it measures (every piece is NULL, `peak` counts); run again on one with memory it hands out the same
 * pieces. So the size that a job was accepted with and the size that it takes cannot differ.
 */
#ifndef MI_ARENA_H
#define MI_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct mi_arena {
    unsigned char *base; /* NULL: measuring */
    size_t capacity;
    size_t used, peak;
    int overflow; /* a size computation wrapped, or the capacity was passed */
} mi_arena;

void mi_arena_init(mi_arena *arena, void *base, size_t capacity);

/* Memory for an arena; NULL when there is none. The caller frees it. */
void *mi_arena_memory(size_t bytes);

/* count * size bytes; NULL while measuring. An arena with memory asserts that the piece fits. */
void *mi_arena_take(mi_arena *arena, size_t count, size_t size);

/* Scratch that is given back: pieces taken after the mark are free again once it is released. */
static inline size_t mi_arena_mark(const mi_arena *arena)
{
    return arena->used;
}
static inline void mi_arena_release(mi_arena *arena, size_t mark)
{
    arena->used = mark;
}

#define MI_TAKE(arena, type, count) ((type *)mi_arena_take((arena), (count), sizeof(type)))

#endif
