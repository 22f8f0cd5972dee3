#include "npy_convert.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are converted from little-endian");

float proto_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu,
             bits;
    if (exponent == 0x1f) { /* infinity, NaN with its payload */
        bits = 0x7f800000u | fraction << 13;
    } else if (exponent > 0) {
        bits = (exponent + 127 - 15) << 23 | fraction << 13;
    } else if (fraction > 0) { /* subnormal: fraction * 2^-24, normal in binary32 */
        unsigned shift = (unsigned)__builtin_clz(fraction) - 21;
        bits = (127 - 14 - shift) << 23 | (fraction << shift & 0x3ffu) << 13;
    } else {
        bits = 0;
    }
    bits |= sign;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define CONVERTER(name, type, expression)                               \
    static void name(const unsigned char *values, size_t n, float *out) \
    {                                                                   \
        for (size_t i = 0; i < n; i++) {                                \
            type value;                                                 \
            memcpy(&value, values + i * sizeof value, sizeof value);    \
            out[i] = expression;                                        \
        }                                                               \
    }

/* bfloat16 is the upper half of a binary32. */
static float float_of_bf16(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

CONVERTER(from_bf16, uint16_t, float_of_bf16(value))
CONVERTER(from_f2, uint16_t, proto_half_to_float(value))
CONVERTER(from_f8, double, (float)value)
CONVERTER(from_i1, int8_t, (float)value)
CONVERTER(from_i2, int16_t, (float)value)
CONVERTER(from_i4, int32_t, (float)value)
CONVERTER(from_i8, int64_t, (float)value)
CONVERTER(from_u1, uint8_t, (float)value)
CONVERTER(from_u2, uint16_t, (float)value)
CONVERTER(from_u4, uint32_t, (float)value)
CONVERTER(from_u8, uint64_t, (float)value)
CONVERTER(from_b1, uint8_t, value ? 1.0f : 0.0f)

static void from_f4(const unsigned char *values, size_t n, float *out)
{
    memcpy(out, values, n * sizeof *out);
}

proto_npy_convert proto_npy_converter(char kind, unsigned item)
{
    static const struct {
        char kind;
        unsigned item;
        proto_npy_convert convert;
    } converters[] = {
        {'f', 2, from_f2}, {'f', 4, from_f4}, {'f', 8, from_f8},   {'i', 1, from_i1}, {'i', 2, from_i2},
        {'i', 4, from_i4}, {'i', 8, from_i8}, {'u', 1, from_u1},   {'u', 2, from_u2}, {'u', 4, from_u4},
        {'u', 8, from_u8}, {'b', 1, from_b1}, {'B', 2, from_bf16},
    };
    for (size_t k = 0; k < sizeof converters / sizeof *converters; k++)
        if (converters[k].kind == kind && converters[k].item == item)
            return converters[k].convert;
    return NULL;
}

#define SWAPPER(name, type, swap)                                    \
    static void name(unsigned char *values, size_t n)                \
    {                                                                \
        for (size_t i = 0; i < n; i++) {                             \
            type value;                                              \
            memcpy(&value, values + i * sizeof value, sizeof value); \
            value = swap(value);                                     \
            memcpy(values + i * sizeof value, &value, sizeof value); \
        }                                                            \
    }

SWAPPER(swap_2, uint16_t, __builtin_bswap16)
SWAPPER(swap_4, uint32_t, __builtin_bswap32)
SWAPPER(swap_8, uint64_t, __builtin_bswap64)

void proto_npy_swap(unsigned char *values, size_t n, unsigned item)
{
    if (item == 2)
        swap_2(values, n);
    else if (item == 4)
        swap_4(values, n);
    else if (item == 8)
        swap_8(values, n);
}
