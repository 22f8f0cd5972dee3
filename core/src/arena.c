#include "arena.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT 64u
#define HUGE_PAGE ((size_t)2 << 20)

void mi_arena_init(mi_arena *arena, void *base, size_t capacity)
{
    assert((uintptr_t)base % ALIGNMENT == 0);
    *arena = (mi_arena){.base = base, .capacity = base ? capacity : SIZE_MAX};
}

/*
 * In huge pages where the kernel gives them on request: the first touch of a small page costs microseconds in
 * a virtual machine, and a run touches thousands.
 */
void *mi_arena_memory(size_t bytes)
{
    const size_t unit = bytes < 2 * HUGE_PAGE ? ALIGNMENT : HUGE_PAGE;
    if (bytes > SIZE_MAX - unit)
        return NULL;
    void *memory = aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
#ifdef MADV_HUGEPAGE
    if (memory && unit == HUGE_PAGE) /* but not what was only rounded up; advice, so no harm if refused */
        madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return memory;
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
