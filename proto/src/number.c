#include "number.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A halfway case between two doubles has at most 767 significant digits; one more says on which side of it
 * the rest lies. */
#define EXACT_DIGITS 768
/* Beyond this a decimal exponent is an overflow or a zero, whatever the digits. */
#define EXPONENT_CAP 1000000000

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* What the grammar found: where the digits are and what they are worth. */
typedef struct decimal {
    const char *whole, *part; /* digits before and after the point */
    size_t n_whole, n_part;
    uint64_t mantissa; /* all of them as one number, modulo 2^64 */
    int64_t exponent;  /* written after 'e' */
    bool negative;
} decimal;

static size_t take_digits(const char *s, size_t n, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    size_t i = 0;
    for (unsigned digit; i < n && (digit = (unsigned)(unsigned char)s[i] - '0') <= 9; i++)
        value = value * 10 + digit;
    *mantissa = value;
    return i;
}

/* The exponent part at s, if there is one; returns its bytes. */
static size_t scan_exponent(const char *s, size_t n, int64_t *exponent)
{
    size_t i = 1;
    if (n < 2 || (s[0] != 'e' && s[0] != 'E'))
        return 0;
    bool negative = s[i] == '-';
    if (s[i] == '-' || s[i] == '+')
        i++;
    int64_t value = 0;
    size_t first = i;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
        if (value < EXPONENT_CAP)
            value = value * 10 + (s[i] - '0');
    *exponent = negative ? -value : value;
    return i > first ? i : 0;
}

/* Both grammars; returns the bytes of the number, 0 when there is none. */
static size_t scan_decimal(const char *s, size_t n, bool lenient, decimal *d)
{
    size_t i = 0;
    *d = (decimal){0};
    if (n > 0 && (s[0] == '-' || (lenient && s[0] == '+')))
        d->negative = s[i++] == '-';
    d->whole = s + i;
    d->n_whole = take_digits(s + i, n - i, &d->mantissa);
    if (!lenient && d->n_whole > 1 && d->whole[0] == '0')
        return 0;
    i += d->n_whole;
    if (i < n && s[i] == '.') {
        d->part = s + i + 1;
        d->n_part = take_digits(s + i + 1, n - i - 1, &d->mantissa);
        if (!lenient && d->n_part == 0)
            return 0;
        i += 1 + d->n_part;
    }
    if (d->n_whole + d->n_part == 0 || (!lenient && d->n_whole == 0))
        return 0;
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        size_t exponent = scan_exponent(s + i, n - i, &d->exponent);
        if (exponent == 0)
            return 0;
        i += exponent;
    }
    return i;
}

static char digit_at(const decimal *d, size_t i)
{
    return i < d->n_whole ? d->whole[i] : d->part[i - d->n_whole];
}

/* The general case: significant digits, cut where they cannot matter, then the exponent, to strtod. */
static double slow_value(const decimal *d)
{
    char buffer[EXACT_DIGITS + 32];
    size_t total = d->n_whole + d->n_part, first = 0;
    while (first < total && digit_at(d, first) == '0')
        first++;
    if (first == total)
        return 0.0;
    size_t kept = total - first < EXACT_DIGITS ? total - first : EXACT_DIGITS;
    int64_t exponent = d->exponent - (int64_t)d->n_part + (int64_t)(total - first - kept);
    for (size_t k = 0; k < kept; k++)
        buffer[k] = digit_at(d, first + k);
    size_t length = kept;
    for (size_t k = first + kept; k < total; k++)
        if (digit_at(d, k) != '0') {
            buffer[length++] = '1';
            exponent--;
            break;
        }
    if (exponent > EXPONENT_CAP)
        exponent = EXPONENT_CAP;
    if (exponent < -EXPONENT_CAP)
        exponent = -EXPONENT_CAP;
    buffer[length++] = 'e';
    if (exponent < 0)
        buffer[length++] = '-';
    char reversed[16];
    size_t n_reversed = 0;
    for (int64_t left = exponent < 0 ? -exponent : exponent; left > 0 || n_reversed == 0; left /= 10)
        reversed[n_reversed++] = (char)('0' + left % 10);
    while (n_reversed > 0)
        buffer[length++] = reversed[--n_reversed];
    buffer[length] = '\0';
    return strtod(buffer, NULL);
}

static double decimal_value(const decimal *d)
{
    double value;
    int64_t exponent = d->exponent - (int64_t)d->n_part;
    bool exact = d->n_whole + d->n_part <= 19 && d->mantissa <= UINT64_C(1) << 53;
    if (exact && exponent >= 0 && exponent <= 22)
        value = (double)d->mantissa * power_of_ten[exponent];
    else if (exact && exponent < 0 && exponent >= -22)
        value = (double)d->mantissa / power_of_ten[-exponent];
    else
        value = slow_value(d);
    return d->negative ? -value : value;
}

proto_number_kind proto_scan_number(const char *s, size_t n, size_t *used, double *out)
{
    decimal d;
    *used = scan_decimal(s, n, false, &d);
    if (*used == 0)
        return PROTO_NUMBER_NONE;
    *out = decimal_value(&d);
    return isfinite(*out) ? PROTO_NUMBER_FINITE : PROTO_NUMBER_RANGE;
}

bool proto_parse_number(const char *s, size_t n, double *out)
{
    size_t used;
    return proto_scan_number(s, n, &used, out) == PROTO_NUMBER_FINITE && used == n;
}

/* ASCII letters of any case against a lower-case word. */
static bool same_word(const char *s, size_t n, const char *word)
{
    if (strlen(word) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
        if (c != word[i])
            return false;
    }
    return true;
}

proto_number_kind proto_parse_csv_number(const char *s, size_t n, double *out)
{
    while (n > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        n--;
    }
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    decimal d;
    if (n > 0 && scan_decimal(s, n, true, &d) == n) {
        *out = decimal_value(&d);
        return isfinite(*out) ? PROTO_NUMBER_FINITE : PROTO_NUMBER_RANGE;
    }
    bool negative = n > 0 && *s == '-';
    if (n > 0 && (*s == '-' || *s == '+')) {
        s++;
        n--;
    }
    if (same_word(s, n, "nan")) {
        *out = (double)NAN;
        return PROTO_NUMBER_NAN;
    }
    if (same_word(s, n, "inf") || same_word(s, n, "infinity")) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return PROTO_NUMBER_INFINITE;
    }
    return PROTO_NUMBER_NONE;
}
