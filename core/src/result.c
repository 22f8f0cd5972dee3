/*
 * A run's result as bytes.
 *
 *     magic | version | n_bytes | numbers: counts, words, doubles | arrays | curve | checksum
 *
 * Little-endian, doubles by their bits (NaN payloads survive), no padding. What is read back is believed only
 * where it cannot hurt: sizes follow from four counts that have to add up to the bytes at hand.
 */
#include "checksum.h"
#include "mi/run.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC       UINT32_C(0x3152494d) /* "MIR1" */
#define VERSION     UINT32_C(2)
#define POINT_BYTES (sizeof(uint32_t) + 4 * sizeof(double))

/* X(field); counts first, for they say how long the rest is */
#define COUNTS(X) X(n_test) X(n_null) X(n_permutations) X(n_curve)
#define WORDS(X)  \
    X(replicate)  \
    X(fold)       \
    X(steps)      \
    X(best_step)  \
    X(diverged)   \
    X(dims_x)     \
    X(dims_y)     \
    X(constant_x) \
    X(constant_y)
#define DOUBLES(X)        \
    X(estimate)           \
    X(train_mi)           \
    X(slope)              \
    X(log_scale)          \
    X(infonce)            \
    X(nwj)                \
    X(dv)                 \
    X(infonce_ceiling)    \
    X(baseline_shrinkage) \
    X(baseline_mi)

#define ONE(field) +1
enum {
    HEADER_BYTES = 2 * 4 + 8,
    NUMBER_BYTES = 4 * (0 COUNTS(ONE) WORDS(ONE)) + 8 * (0 DOUBLES(ONE)),
    FIXED_BYTES = HEADER_BYTES + NUMBER_BYTES + 8 /* checksum */
};
#undef ONE

static void put_u32(unsigned char **at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *(*at)++ = (unsigned char)(value >> (8 * i));
}

static void put_u64(unsigned char **at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32(at, (uint32_t)(value >> 32));
}

static void put_double(unsigned char **at, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put_u64(at, bits);
}

static void put_u32s(unsigned char **at, const uint32_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        put_u32(at, values[i]);
}

static void put_doubles(unsigned char **at, const double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        put_double(at, values[i]);
}

static uint32_t get_u32(const unsigned char **at)
{
    const uint32_t value = (uint32_t)mi_checksum_word(*at, 4);
    *at += 4;
    return value;
}

static uint64_t get_u64(const unsigned char **at)
{
    const uint64_t value = mi_checksum_word(*at, 8);
    *at += 8;
    return value;
}

static double get_double(const unsigned char **at)
{
    const uint64_t bits = get_u64(at);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static const uint32_t *get_u32s(const unsigned char **at, uint32_t **memory, uint32_t n)
{
    uint32_t *values = *memory;
    for (uint32_t i = 0; i < n; i++)
        values[i] = get_u32(at);
    *memory += n;
    return values;
}

static const double *get_doubles(const unsigned char **at, double **memory, uint32_t n)
{
    double *values = *memory;
    for (uint32_t i = 0; i < n; i++)
        values[i] = get_double(at);
    *memory += n;
    return values;
}

/* Counts are 32-bit and items a few dozen bytes: the sum cannot wrap 64 bits. */
static uint64_t packed_bytes(const mi_run_result *r)
{
    return (uint64_t)FIXED_BYTES + (uint64_t)r->n_test * (4 + 8) + (uint64_t)r->n_null * (4 + 4 + 8) +
           (uint64_t)r->n_permutations * 8 + (uint64_t)r->n_curve * POINT_BYTES;
}

size_t mi_run_result_pack(const mi_run_result *r, void *buffer, size_t capacity)
{
    const uint64_t n_bytes = packed_bytes(r);
    if (!buffer || n_bytes > capacity)
        return n_bytes;
    unsigned char *at = buffer;
    put_u32(&at, MAGIC);
    put_u32(&at, VERSION);
    put_u64(&at, n_bytes);
#define PUT_U32(field)    put_u32(&at, r->field);
#define PUT_DOUBLE(field) put_double(&at, r->field);
    COUNTS(PUT_U32)
    WORDS(PUT_U32)
    DOUBLES(PUT_DOUBLE)
#undef PUT_U32
#undef PUT_DOUBLE
    put_u32s(&at, r->test_row, r->n_test);
    put_u32s(&at, r->null_x, r->n_null);
    put_u32s(&at, r->null_y, r->n_null);
    put_doubles(&at, r->pmi, r->n_test);
    put_doubles(&at, r->null_pmi, r->n_null);
    put_doubles(&at, r->permuted_mean, r->n_permutations);
    for (uint32_t i = 0; i < r->n_curve; i++) {
        const mi_curve_point *p = &r->curve[i];
        put_u32(&at, p->step);
        put_double(&at, p->train_loss);
        put_double(&at, p->val_loss);
        put_double(&at, p->train_mi);
        put_double(&at, p->val_mi);
    }
    put_u64(&at, mi_checksum(buffer, n_bytes - 8));
    return n_bytes;
}

/* The numbers into `r`; 0 when the bytes are not those of a whole, undamaged result of this version. */
static int read_numbers(mi_run_result *r, const unsigned char *bytes, size_t n_bytes)
{
    if (n_bytes < FIXED_BYTES)
        return 0;
    const unsigned char *at = bytes, *end = bytes + n_bytes - 8;
    if (get_u32(&at) != MAGIC || get_u32(&at) != VERSION || get_u64(&at) != n_bytes ||
        get_u64(&end) != mi_checksum(bytes, n_bytes - 8))
        return 0;
    *r = (mi_run_result){0};
#define GET_U32(field)    r->field = get_u32(&at);
#define GET_DOUBLE(field) r->field = get_double(&at);
    COUNTS(GET_U32)
    WORDS(GET_U32)
    DOUBLES(GET_DOUBLE)
#undef GET_U32
#undef GET_DOUBLE
    return packed_bytes(r) == n_bytes;
}

/* One block: the struct, then 8-byte items, then 4-byte ones. No more than twice the bytes that were read. */
static mi_run_result *allocate(const mi_run_result *r, mi_curve_point **curve, double **doubles,
                               uint32_t **words)
{
    const size_t n_doubles = (size_t)r->n_test + r->n_null + r->n_permutations,
                 n_words = (size_t)r->n_test + 2 * (size_t)r->n_null;
    _Static_assert(sizeof(mi_run_result) % _Alignof(mi_curve_point) == 0 &&
                       sizeof(mi_curve_point) % _Alignof(double) == 0,
                   "arrays follow each other without padding");
    mi_run_result *out = malloc(sizeof *out + r->n_curve * sizeof **curve + n_doubles * sizeof **doubles +
                                n_words * sizeof **words);
    if (!out)
        return NULL;
    *out = *r;
    *curve = (mi_curve_point *)(out + 1);
    *doubles = (double *)(*curve + r->n_curve);
    *words = (uint32_t *)(*doubles + n_doubles);
    return out;
}

mi_status mi_run_result_unpack(mi_run_result **out, const void *bytes, size_t n_bytes, mi_error *err)
{
    *out = NULL;
    mi_run_result numbers;
    if (!read_numbers(&numbers, bytes, n_bytes))
        return mi_fail(err, MI_CORRUPT, "the result of a run is damaged or of another version");
    mi_curve_point *curve = NULL;
    double *doubles = NULL;
    uint32_t *words = NULL;
    mi_run_result *r = allocate(&numbers, &curve, &doubles, &words);
    if (!r)
        return mi_fail(err, MI_MEMORY, "no memory for a result of %zu bytes", n_bytes);
    const unsigned char *at = (const unsigned char *)bytes + HEADER_BYTES + NUMBER_BYTES;
    r->test_row = get_u32s(&at, &words, r->n_test);
    r->null_x = get_u32s(&at, &words, r->n_null);
    r->null_y = get_u32s(&at, &words, r->n_null);
    r->pmi = get_doubles(&at, &doubles, r->n_test);
    r->null_pmi = get_doubles(&at, &doubles, r->n_null);
    r->permuted_mean = get_doubles(&at, &doubles, r->n_permutations);
    for (uint32_t i = 0; i < r->n_curve; i++) {
        curve[i].step = get_u32(&at);
        curve[i].train_loss = get_double(&at);
        curve[i].val_loss = get_double(&at);
        curve[i].train_mi = get_double(&at);
        curve[i].val_mi = get_double(&at);
    }
    r->curve = curve;
    *out = r;
    return MI_OK;
}

void mi_run_result_free(mi_run_result *result)
{
    free(result);
}
