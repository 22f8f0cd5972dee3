#include "screen_pool.h"

#include "mi/screen.h"
#include "screen_order.h"
#include "vector_clones.h"

#include <assert.h>

void mi_pools_layout(mi_pools *pools, mi_arena *arena, uint32_t n, uint32_t floors, uint32_t keep,
                     uint32_t room, uint32_t batch, int avx512)
{
    *pools = (mi_pools){.n = n, .keep = keep, .avx512 = avx512};
    if (keep == 0)
        return;
    if (__builtin_add_overflow(keep, room, &pools->limit) ||
        __builtin_add_overflow(pools->limit, batch - 1 + MI_POOL_SLACK, &pools->capacity)) {
        arena->overflow = 1;
        return;
    }
    size_t all = 0;
    if (__builtin_mul_overflow((size_t)n, (size_t)pools->capacity, &all))
        arena->overflow = 1;
    pools->output = MI_TAKE(arena, float, all);
    pools->row = MI_TAKE(arena, uint32_t, all);
    pools->used = MI_TAKE(arena, uint32_t, n);
    pools->floor = MI_TAKE(arena, float, floors);
}

/* Keep what is above v, and the first `ties` of what equals it. Without a branch: which is which is random.
 */
static uint32_t keep_best(float *restrict output, uint32_t *restrict row, uint32_t n, float v, uint32_t ties)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float value = output[i];
        const uint32_t at = row[i], tie = (value == v) & (ties > 0);
        output[kept] = value;
        row[kept] = at;
        ties -= tie;
        kept += (uint32_t)(value > v) | tie;
    }
    return kept;
}

static uint32_t count_above(const float *output, uint32_t n, float v)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += output[i] > v;
    return count;
}

void mi_pools_shrink(mi_pools *pools, uint32_t place)
{
    const uint32_t n = pools->used[place];
    if (n < pools->keep)
        return;
    float *output = pools->output + (size_t)place * pools->capacity;
    uint32_t *row = pools->row + (size_t)place * pools->capacity;
    const float worst = pools->avx512 ? mi_kth_largest_avx512(output, n, pools->keep)
                                      : mi_kth_largest(output, n, pools->keep);
    if (pools->avx512 && mi_count_at_least(output, n, worst) == pools->keep)
        pools->used[place] = mi_pools_keep_avx512(output, row, n, worst);
    else
        pools->used[place] = keep_best(output, row, n, worst, pools->keep - count_above(output, n, worst));
    assert(pools->used[place] == pools->keep);
    pools->floor[place] = worst;
}

void mi_pool_keys_layout(mi_pool_keys *keys, mi_arena *arena, uint32_t keep)
{
    keys->keys = MI_TAKE(arena, uint64_t, keep);
    keys->scratch = MI_TAKE(arena, uint64_t, keep);
}

MI_VECTOR_CLONES
static void to_keys(uint64_t *restrict keys, const float *restrict output, const uint32_t *restrict row,
                    uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        keys[i] = mi_key_of(output[i], row[i]);
}

MI_VECTOR_CLONES
static void from_keys(float *restrict output, uint32_t *restrict row, const uint64_t *restrict keys,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        row[i] = mi_key_row(keys[i]);
        output[i] = mi_key_output(keys[i]);
    }
}

void mi_pools_list(mi_pools *pools, uint32_t place, mi_pool_keys keys, uint32_t *rows, float *outputs)
{
    mi_pools_shrink(pools, place);
    const uint32_t n = pools->used[place];
    const float *output = pools->output + (size_t)place * pools->capacity;
    const uint32_t *row = pools->row + (size_t)place * pools->capacity;
    if (pools->avx512 && n <= MI_POOL_RANK) {
        mi_pools_rank_avx512(output, row, n, rows, outputs);
    } else {
        to_keys(keys.keys, output, row, n);
        mi_sort_keys(keys.keys, keys.scratch, n);
        from_keys(outputs, rows, keys.keys, n);
    }
    for (uint32_t i = n; i < pools->keep; i++) {
        rows[i] = MI_SCREEN_NOBODY;
        outputs[i] = __builtin_nanf("");
    }
}
