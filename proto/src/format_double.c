/*
 * A double as the shortest decimal of 15, 16 or 17 digits that reads back to it, as "%.*g" would write it.
 *
 * Of ordinary sizes the digits come from one product in extended precision, whose error is a hundredth of the
 * last digit at most; where that could decide about a digit, and elsewhere, the C library is asked, at ten
 * times the cost.
 */
#include "proto/text.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWEST  1e-4 /* below, "%g" writes an exponent */
#define HIGHEST 1e15
#define UNSURE  0.02L /* of a last digit */

#define MANTISSA UINT64_C(0xfffffffffffff)

/* Exact: 5^27 < 2^63. */
static const long double power[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                    1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                    1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};

static size_t write_slowly(double value, char *buffer)
{
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(buffer, 32, "%.*g", digits, value);
        if (digits == 17 || strtod(buffer, NULL) == value)
            break;
    }
    return (size_t)n;
}

/* floor(log10(value)) of LOWEST <= value < HIGHEST. */
static int exponent_of(double value)
{
    static const double bound[] = {1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,  1e3,  1e4,  1e5,
                                   1e6,  1e7,  1e8,  1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    int e = -4;
    while (e < 14 && value >= bound[e + 4])
        e++;
    return e;
}

/* Whether whole / 10^scale reads back to value: 1, 0, or -1 where that is too close to say. */
static int reads_back(unsigned long long whole, int scale, double value)
{
    uint64_t bits;
    double next;
    memcpy(&bits, &value, sizeof bits);
    const long double below =
        bits & MANTISSA ? 1.0L : 0.5L; /* of a power of two, how near the one below is */
    bits++;
    memcpy(&next, &bits, sizeof next);
    const long double off = fabsl((long double)whole / power[scale] - (long double)value),
                      half = 0.5L * ((long double)next - (long double)value);
    if (off < half * below * 0.99L)
        return 1;
    return off > half * 1.01L ? 0 : -1;
}

/* `digits` of whole, value 10^exponent times their first, without zeros at the end. */
static size_t put_digits(char *buffer, bool negative, unsigned long long whole, int digits, int exponent)
{
    char text[24], *at = buffer;
    while (digits > 1 && whole % 10 == 0) {
        whole /= 10;
        digits--;
    }
    for (int i = digits; i-- > 0; whole /= 10)
        text[i] = (char)('0' + whole % 10);
    if (negative)
        *at++ = '-';
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; i--)
            *at++ = '0';
    }
    for (int i = 0; i < digits || i <= exponent; i++) {
        *at++ = i < digits ? text[i] : '0';
        if (exponent >= 0 && i == exponent && i + 1 < digits)
            *at++ = '.';
    }
    *at = '\0';
    return (size_t)(at - buffer);
}

size_t proto_format_double(double value, char *buffer)
{
    if (!isfinite(value)) {
        memcpy(buffer, "null", 5);
        return 4;
    }
    const double size = fabs(value);
    if (!(size >= LOWEST && size < HIGHEST) || LDBL_MANT_DIG < 64)
        return write_slowly(value, buffer);
    const int exponent = exponent_of(size);
    for (int digits = 15; digits <= 17; digits++) {
        const int scale = digits - 1 - exponent;
        const long double exact = (long double)size * power[scale];
        const unsigned long long whole = (unsigned long long)(exact + 0.5L);
        if (fabsl(fabsl(exact - (long double)whole) - 0.5L) < UNSURE)
            break;
        const int good = digits == 17 ? 1 : reads_back(whole, scale, size);
        if (good < 0 || (long double)whole >= power[digits])
            break;
        if (good)
            return put_digits(buffer, value < 0, whole, digits, exponent);
    }
    return write_slowly(value, buffer);
}
