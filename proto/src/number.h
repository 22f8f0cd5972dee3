/*
 * Decimal text to double: exact (the nearest double, ties to even), of any length, without copying or
 * NUL-termination.
 *
 * Most numbers of a data file have few digits: mantissa <= 2^53 and |exponent| <= 22 are both exact doubles,
 * so that one multiplication or division rounds correctly (Clinger 1990). All others go to strtod. LC_NUMERIC
 * must be "C", which it is in a program that does not call setlocale.
 */
#ifndef PROTO_NUMBER_H
#define PROTO_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum proto_number_kind {
    PROTO_NUMBER_FINITE,
    PROTO_NUMBER_NONE,     /* not a number: other characters, or none */
    PROTO_NUMBER_RANGE,    /* a number, but larger than any double */
    PROTO_NUMBER_NAN,      /* "nan" by name */
    PROTO_NUMBER_INFINITE, /* "inf" or "infinity" by name, with or without a sign */
} proto_number_kind;

/*
 * The number that starts at s, JSON's grammar (RFC 8259 section 6).
 * used  out: bytes of the number; 0 for NONE, the others are at *used onwards
 * out   out: its value, +-INFINITY for RANGE
 * Never NAN or INFINITE.
 */
proto_number_kind proto_scan_number(const char *s, size_t n, size_t *used, double *out);

/* Whether all of s is one finite JSON number. */
bool proto_parse_number(const char *s, size_t n, double *out);

/*
 * All of s as people write numbers in a csv: JSON's grammar, and also blanks around, a leading '+', "5." and
 * ".5", leading zeros, and nan and inf by name (any case), which are told apart so that they can be refused
 * by name.
 */
proto_number_kind proto_parse_csv_number(const char *s, size_t n, double *out);

#endif
