#include "arena.h"

#include <assert.h>

#define ALIGNMENT 64u

void mi_arena_init(mi_arena *arena, void *base, size_t capacity)
{
    assert((uintptr_t)base % ALIGNMENT == 0);
    *arena = (mi_arena){.base = base, .capacity = base ? capacity : SIZE_MAX};
}

void *mi_arena_take(mi_arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(bytes, ALIGNMENT - 1, &bytes)) {
        arena->overflow = 1;
        return NULL;
    }
    bytes &= ~(size_t)(ALIGNMENT - 1);
    size_t end = 0;
    if (__builtin_add_overflow(arena->used, bytes, &end) || end > arena->capacity) {
        arena->overflow = 1;
        assert(!arena->base && "the workspace was measured with another layout");
        return NULL;
    }
    unsigned char *piece = arena->base ? arena->base + arena->used : NULL;
    arena->used = end;
    if (end > arena->peak)
        arena->peak = end;
    return piece;
}
