/*
 * A screen's result as bytes.
 *
 *     magic | version | n_bytes | numbers of the spec and of the summary | arrays | checksum
 *
 * Little-endian, doubles and floats by their bits, no padding. Sizes of arrays follow from the numbers, and
 * have to add up to the bytes at hand before anything is allocated, which is as much: a result that is read
 * back has no room for more of a top list than it has.
 */
#include "checksum.h"
#include "screen_impl.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are their bytes");
_Static_assert(sizeof(mi_screen_pair) == 12, "a pair has no padding");

#define MAGIC   UINT32_C(0x3153494d) /* "MIS1" */
#define VERSION UINT32_C(1)

/* Everything but the arrays. */
typedef struct numbers {
    uint32_t magic, version;
    uint64_t n_bytes;
    uint32_t first_x, n_x, n_y, width, top_per_x, top_per_y, top, above, skip_same, symmetric, summarise,
        n_bins;
    uint32_t every, unused;
    double slope, log_scale, threshold, low, high;
    uint64_t max_above, n_top, n_above, n_scored, n_nan, n_binned;
    double mean, max;
} numbers;

_Static_assert(sizeof(numbers) == 16 + 14 * 4 + 13 * 8, "numbers have no padding");

/* How many items each array has. */
typedef struct extents {
    uint64_t x, y, top, bins, bands;
} extents;

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static extents extents_of(const numbers *n)
{
    return (extents){
        .x = (uint64_t)n->n_x * smaller(n->top_per_x, n->n_y),
        .y = (uint64_t)n->n_y * smaller(n->top_per_y, n->n_x),
        .top = n->n_top,
        .bins = n->n_bins > 0 ? (uint64_t)n->n_bins + 2 : 0,
        .bands = n->n_x / MI_SCREEN_BAND + (n->n_x % MI_SCREEN_BAND != 0),
    };
}

/* 0: they wrap. */
static uint64_t bytes_of(const extents *e)
{
    const uint64_t most = UINT64_MAX / 64;
    if (e->x > most || e->y > most || e->top > most)
        return 0;
    return sizeof(numbers) + 8 * (e->x + e->y + e->bins + e->bands) + sizeof(mi_screen_pair) * e->top + 8;
}

static numbers numbers_of(const mi_screen_result *r)
{
    const mi_screen_spec *s = &r->spec;
    const mi_screen_summary *m = &r->summary;
    return (numbers){
        .magic = MAGIC,
        .version = VERSION,
        .first_x = s->first_x,
        .n_x = s->n_x,
        .n_y = s->n_y,
        .width = s->width,
        .top_per_x = s->top_per_x,
        .top_per_y = s->top_per_y,
        .top = s->top,
        .above = s->above != 0,
        .skip_same = s->skip_same != 0,
        .symmetric = s->symmetric != 0,
        .summarise = s->summarise != 0,
        .n_bins = s->n_bins,
        .every = s->every,
        .slope = s->slope,
        .log_scale = s->log_scale,
        .threshold = s->threshold,
        .low = s->low,
        .high = s->high,
        .max_above = s->max_above,
        .n_top = r->n_top,
        .n_above = r->n_above,
        .n_scored = m->n_scored,
        .n_nan = m->n_nan,
        .n_binned = m->n_binned,
        .mean = m->mean,
        .max = m->max,
    };
}

static mi_screen_spec spec_of(const numbers *n)
{
    return (mi_screen_spec){
        .first_x = n->first_x,
        .n_x = n->n_x,
        .n_y = n->n_y,
        .width = n->width,
        .slope = n->slope,
        .log_scale = n->log_scale,
        .top_per_x = n->top_per_x,
        .top_per_y = n->top_per_y,
        .top = n->top,
        .above = (int)n->above,
        .threshold = n->threshold,
        .max_above = n->max_above,
        .skip_same = (int)n->skip_same,
        .symmetric = (int)n->symmetric,
        .summarise = (int)n->summarise,
        .n_bins = n->n_bins,
        .low = n->low,
        .high = n->high,
        .every = n->every,
    };
}

static void put(unsigned char **at, const void *from, uint64_t n)
{
    if (n > 0)
        memcpy(*at, from, n);
    *at += n;
}

/* The arrays of a result are its own; const is for readers. */
static void get(const void *to, const unsigned char **at, uint64_t n)
{
    if (n > 0)
        memcpy((void *)(uintptr_t)to, *at, n);
    *at += n;
}

size_t mi_screen_result_pack(const mi_screen_result *r, void *buffer, size_t capacity)
{
    numbers n = numbers_of(r);
    const extents e = extents_of(&n);
    n.n_bytes = bytes_of(&e);
    if (!buffer || n.n_bytes > capacity)
        return n.n_bytes;
    unsigned char *at = buffer;
    put(&at, &n, sizeof n);
    put(&at, r->summary.bins, e.bins * sizeof *r->summary.bins);
    put(&at, r->band_sum, e.bands * sizeof *r->band_sum);
    put(&at, r->x_best, e.x * sizeof *r->x_best);
    put(&at, r->x_output, e.x * sizeof *r->x_output);
    put(&at, r->y_best, e.y * sizeof *r->y_best);
    put(&at, r->y_output, e.y * sizeof *r->y_output);
    put(&at, r->top, e.top * sizeof *r->top);
    const uint64_t checksum = mi_checksum(buffer, n.n_bytes - 8);
    put(&at, &checksum, sizeof checksum);
    return n.n_bytes;
}

/* 0 when the bytes are not those of a whole, undamaged result of this version. */
static int read_numbers(numbers *n, const unsigned char *bytes, size_t n_bytes)
{
    uint64_t checksum = 0;
    if (n_bytes < sizeof *n + 8)
        return 0;
    memcpy(n, bytes, sizeof *n);
    memcpy(&checksum, bytes + n_bytes - 8, sizeof checksum);
    if (n->magic != MAGIC || n->version != VERSION || n->n_bytes != n_bytes ||
        checksum != mi_checksum(bytes, n_bytes - 8))
        return 0;
    const mi_screen_spec spec = spec_of(n);
    const extents e = extents_of(n);
    return mi_screen_check(&spec, NULL) == MI_OK && bytes_of(&e) == n_bytes &&
           n->n_top <= smaller(n->top, (uint64_t)n->n_x * n->n_y);
}

/* Lists hold rows that there are. */
static int rows_fit(const mi_screen_result *r, const extents *e)
{
    const uint64_t end_x = (uint64_t)r->spec.first_x + r->spec.n_x;
    for (uint64_t i = 0; i < e->x; i++)
        if (r->x_best[i] >= r->spec.n_y && r->x_best[i] != MI_SCREEN_NOBODY)
            return 0;
    for (uint64_t i = 0; i < e->y; i++)
        if ((r->y_best[i] < r->spec.first_x || r->y_best[i] >= end_x) && r->y_best[i] != MI_SCREEN_NOBODY)
            return 0;
    for (uint64_t i = 0; i < e->top; i++)
        if (r->top[i].x < r->spec.first_x || r->top[i].x >= end_x || r->top[i].y >= r->spec.n_y)
            return 0;
    return 1;
}

mi_status mi_screen_result_unpack(mi_screen_result **out, const void *bytes, size_t n_bytes, mi_error *err)
{
    numbers n;
    mi_arena arena;
    *out = NULL;
    if (!read_numbers(&n, bytes, n_bytes))
        return mi_fail(err, MI_CORRUPT, "a part of a screen is damaged or of another version");
    mi_screen_spec held = spec_of(&n);
    const extents e = extents_of(&n);
    held.top = (uint32_t)n.n_top; /* of as many as were asked for */
    mi_arena_init(&arena, NULL, 0);
    mi_screen_result_layout(&arena, &held);
    void *const memory = arena.overflow ? NULL : mi_arena_memory(arena.peak);
    if (!memory)
        return mi_fail(err, MI_MEMORY, "no memory for a part of a screen");
    mi_arena_init(&arena, memory, arena.peak);
    mi_screen_result *const r = mi_screen_result_layout(&arena, &held);
    const unsigned char *at = (const unsigned char *)bytes + sizeof n;
    r->spec.top = n.top;
    r->n_top = n.n_top;
    r->n_above = n.n_above;
    r->summary.n_scored = n.n_scored;
    r->summary.n_nan = n.n_nan;
    r->summary.n_binned = n.n_binned;
    r->summary.mean = n.mean;
    r->summary.max = n.max;
    get(r->summary.bins, &at, e.bins * sizeof *r->summary.bins);
    get(r->band_sum, &at, e.bands * sizeof *r->band_sum);
    get(r->x_best, &at, e.x * sizeof *r->x_best);
    get(r->x_output, &at, e.x * sizeof *r->x_output);
    get(r->y_best, &at, e.y * sizeof *r->y_best);
    get(r->y_output, &at, e.y * sizeof *r->y_output);
    get(r->top, &at, e.top * sizeof *r->top);
    if (!rows_fit(r, &e)) {
        mi_screen_result_free(r);
        return mi_fail(err, MI_CORRUPT, "a part of a screen names rows that there are not");
    }
    *out = r;
    return MI_OK;
}
