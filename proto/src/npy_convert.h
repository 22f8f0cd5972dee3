/*
 * Values of an array to float32, the nearest one, ties to even.
 */
#ifndef PROTO_NPY_CONVERT_H
#define PROTO_NPY_CONVERT_H

#include <stddef.h>
#include <stdint.h>

/* values: n as they lie in the file, any alignment. out must not overlap. */
typedef void (*proto_npy_convert)(const unsigned char *values, size_t n, float *out);

/* kind and item as in proto_array_header (array.h). NULL: no such type. */
proto_npy_convert proto_npy_converter(char kind, unsigned item);
/* Reverse the bytes of each of n values of `item` bytes, in place. */
void proto_npy_swap(unsigned char *values, size_t n, unsigned item);
/* IEEE 754 binary16 to binary32, exact. */
float proto_half_to_float(uint16_t half);

#endif
