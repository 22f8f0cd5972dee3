/*
 * Figures for people. Programs read json and csv, which carry every digit.
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_SIZE 32 /* of every buffer below */

/* Four significant digits: "1.432", "0.0021", "1.2e+09"; "-" when not finite. */
const char *format_number(char buffer[FORMAT_SIZE], double value);
/* A fixed number of decimals; "-" when not finite; never "-0.00". */
const char *format_fixed(char buffer[FORMAT_SIZE], double value, int decimals);
/* "0.4 s", "12 s", "3 min 05 s", "2 h 04 min"; "-" when negative or not finite. */
const char *format_duration(char buffer[FORMAT_SIZE], double seconds);
/* "812 B", "12.3 MB" (powers of 1000). */
const char *format_bytes(char buffer[FORMAT_SIZE], double bytes);

#endif
