/*
 * A cell's result as bytes.
 *
 *     magic | version | n_bytes | kind, dim_x, dim_y, n_levels, n_curve | levels | curve | checksum
 *
 * Little-endian, doubles by their bits, no padding.
 */
#include "benchmark_internal.h"
#include "checksum.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC   UINT32_C(0x3142494d) /* "MIB1" */
#define VERSION UINT32_C(2)

/* X(field) */
#define DOUBLES(X)        \
    X(truth_nats)         \
    X(mi_nats)            \
    X(std_err)            \
    X(held_out_nats)      \
    X(train_nats)         \
    X(sampling95_nats[0]) \
    X(sampling95_nats[1]) \
    X(interval_nats[0])   \
    X(interval_nats[1])   \
    X(batch_sd)           \
    X(oracle_nats)        \
    X(pmi_rmse)           \
    X(null_mean_ratio)    \
    X(infonce)            \
    X(nwj)                \
    X(dv)                 \
    X(infonce_ceiling)    \
    X(slope)              \
    X(log_scale)

#define ONE(field) +1
enum {
    HEADER_BYTES = 4 + 4 + 8 + 5 * 4,
    LEVEL_BYTES = 8 * (0 DOUBLES(ONE)) + 3 * 8 + 4,
    POINT_BYTES = 2 * 4 + 4 * 8,
};
#undef ONE

static void put(unsigned char **at, uint64_t value, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++)
        *(*at)++ = (unsigned char)(value >> (8 * i));
}

static void put_double(unsigned char **at, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put(at, bits, 8);
}

static uint64_t get(const unsigned char **at, int n_bytes)
{
    const uint64_t value = mi_checksum_word(*at, (size_t)n_bytes);
    *at += n_bytes;
    return value;
}

static double get_double(const unsigned char **at)
{
    const uint64_t bits = get(at, 8);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t packed_bytes(uint64_t n_levels, uint64_t n_curve)
{
    return HEADER_BYTES + n_levels * LEVEL_BYTES + n_curve * POINT_BYTES + 8;
}

static void put_level(unsigned char **at, const mi_benchmark_level *level)
{
#define PUT(field) put_double(at, level->field);
    DOUBLES(PUT)
#undef PUT
    put(at, level->n_scored, 8);
    put(at, level->steps, 8);
    put(at, level->best_step, 8);
    put(at, level->warnings, 4);
}

static void put_point(unsigned char **at, const mi_benchmark_point *point)
{
    put(at, point->level, 4);
    put(at, point->at.step, 4);
    put_double(at, point->at.train_loss);
    put_double(at, point->at.val_loss);
    put_double(at, point->at.train_mi);
    put_double(at, point->at.val_mi);
}

size_t mi_benchmark_result_pack(const mi_benchmark_result *r, void *buffer, size_t capacity)
{
    const size_t n_bytes = packed_bytes(r->n_levels, r->n_curve);
    if (!buffer || capacity < n_bytes)
        return n_bytes;
    unsigned char *at = buffer;
    put(&at, MAGIC, 4);
    put(&at, VERSION, 4);
    put(&at, n_bytes, 8);
    put(&at, (uint64_t)r->kind, 4);
    put(&at, r->dim_x, 4);
    put(&at, r->dim_y, 4);
    put(&at, r->n_levels, 4);
    put(&at, r->n_curve, 4);
    for (uint32_t i = 0; i < r->n_levels; i++)
        put_level(&at, &r->levels[i]);
    for (uint32_t i = 0; i < r->n_curve; i++)
        put_point(&at, &r->curve[i]);
    put(&at, mi_checksum(buffer, n_bytes - 8), 8);
    return n_bytes;
}

/* 0 when the bytes are not those of a whole, undamaged result of this version. */
static int read_header(mi_benchmark_result *r, const unsigned char *bytes, size_t n_bytes)
{
    if (n_bytes < packed_bytes(0, 0))
        return 0;
    const unsigned char *at = bytes, *end = bytes + n_bytes - 8;
    if (get(&at, 4) != MAGIC || get(&at, 4) != VERSION || get(&at, 8) != n_bytes ||
        get(&end, 8) != mi_checksum(bytes, n_bytes - 8))
        return 0;
    *r = (mi_benchmark_result){.kind = get(&at, 4) == MI_BENCHMARK_FRESH ? MI_BENCHMARK_FRESH
                                                                         : MI_BENCHMARK_FINITE};
    r->dim_x = (uint32_t)get(&at, 4);
    r->dim_y = (uint32_t)get(&at, 4);
    r->n_levels = (uint32_t)get(&at, 4);
    r->n_curve = (uint32_t)get(&at, 4);
    return r->n_levels <= MI_BENCHMARK_MAX_LEVELS && r->n_curve <= MI_BENCHMARK_MAX_CURVE &&
           packed_bytes(r->n_levels, r->n_curve) == n_bytes;
}

mi_status mi_benchmark_result_unpack(mi_benchmark_result **out, const void *bytes, size_t n_bytes,
                                     mi_error *err)
{
    *out = NULL;
    mi_benchmark_result header;
    if (!read_header(&header, bytes, n_bytes))
        return mi_fail(err, MI_CORRUPT, "the result of a benchmark is damaged or of another version");
    mi_benchmark_result *r = malloc(sizeof *r + header.n_levels * sizeof(mi_benchmark_level) +
                                    header.n_curve * sizeof(mi_benchmark_point));
    if (!r)
        return mi_fail(err, MI_MEMORY, "no memory for a result of %zu bytes", n_bytes);
    *r = header;
    _Static_assert(sizeof(mi_benchmark_result) % _Alignof(mi_benchmark_level) == 0 &&
                       sizeof(mi_benchmark_level) % _Alignof(mi_benchmark_point) == 0,
                   "arrays follow each other without padding");
    mi_benchmark_level *levels = (mi_benchmark_level *)(r + 1);
    mi_benchmark_point *curve = (mi_benchmark_point *)(levels + r->n_levels);
    const unsigned char *at = (const unsigned char *)bytes + HEADER_BYTES;
    for (uint32_t i = 0; i < r->n_levels; i++) {
#define GET(field) levels[i].field = get_double(&at);
        DOUBLES(GET)
#undef GET
        levels[i].n_scored = get(&at, 8);
        levels[i].steps = get(&at, 8);
        levels[i].best_step = get(&at, 8);
        levels[i].warnings = (uint32_t)get(&at, 4);
    }
    for (uint32_t i = 0; i < r->n_curve; i++) {
        curve[i].level = (uint32_t)get(&at, 4);
        curve[i].at.step = (uint32_t)get(&at, 4);
        curve[i].at.train_loss = get_double(&at);
        curve[i].at.val_loss = get_double(&at);
        curve[i].at.train_mi = get_double(&at);
        curve[i].at.val_mi = get_double(&at);
    }
    r->levels = levels;
    r->curve = curve;
    *out = r;
    return MI_OK;
}

mi_benchmark_result mi_benchmark_view(const mi_benchmark *cell)
{
    return (mi_benchmark_result){.kind = cell->spec.kind,
                                 .dim_x = cell->shape.dim_x,
                                 .dim_y = cell->shape.dim_y,
                                 .n_levels = cell->level,
                                 .n_curve = cell->n_curve,
                                 .levels = cell->levels,
                                 .curve = cell->curve};
}

const mi_benchmark_point *mi_benchmark_curve(const mi_benchmark *cell, uint32_t *n)
{
    *n = cell->n_curve;
    return cell->curve;
}

mi_status mi_benchmark_finish(const mi_benchmark *cell, mi_benchmark_result **out, mi_error *err)
{
    *out = NULL;
    if (cell->phase != MI_BENCHMARK_DONE)
        return mi_fail(err, MI_INVALID, "the cell is not done");
    const mi_benchmark_result view = mi_benchmark_view(cell);
    const size_t n_bytes = mi_benchmark_result_pack(&view, NULL, 0);
    void *bytes = malloc(n_bytes);
    if (!bytes)
        return mi_fail(err, MI_MEMORY, "no memory for a result of %zu bytes", n_bytes);
    mi_benchmark_result_pack(&view, bytes, n_bytes);
    const mi_status status = mi_benchmark_result_unpack(out, bytes, n_bytes, err);
    free(bytes);
    return status;
}

void mi_benchmark_result_free(mi_benchmark_result *result)
{
    free(result);
}
