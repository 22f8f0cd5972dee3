/*
 * Eight doubles, or sixteen floats, as one value, for the machine that the including file is compiled for:
 * AVX-512, AVX2 with FMA, or any. The first two agree on every bit; plain C rounds a product and a sum apart.
 *
 * d_ for doubles, f_ for floats:
 *   d_splat(x), d_load(p), d_store(p, v), d_add(a, b), d_subtract, d_multiply, d_divide
 *   d_low(f), d_high(f)            the first and the last eight of sixteen floats; d_to_floats(p, v) stores
 *   d_multiply_add(a, b, c)        a b + c;   d_less_product(a, b, c)   c - a b
 *   d_choose_unless_equal(x, y, a, b)   a where x != y, else b;   d_unless_equal(x, y, a)   ... else 0
 *   d_add_unless_equal(x, y, a, sum)    sum + a where x != y, else sum
 *   d_sum(v), d_product(v)         lane l with l + 4, then l + 2, then l + 1
 *   d_scale(p, k)                  p 2^(k/8), the integer k in the low bits of a double
 *   f_load_some(p, n, rest)        the first n from memory
 *   f_if_greater(x, y, a, b), f_if_equal   a where x > y, x = y, else b
 *   f_largest(v), f_smallest(v)
 */
#ifndef MI_LANES_H
#define MI_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DOUBLES 8u
#define FLOATS  16u

/* Bits of 2^(j/8), less those that j in the last bits of an exponent times 8 would add. */
static const int64_t mi_roots[8] = {0x3ff0000000000000, 0x3fef72b83c7d517b, 0x3fef06fe0a31b715,
                                    0x3feebfdad5362a27, 0x3feea09e667f3bcd, 0x3feeace5422aa0db,
                                    0x3feee89f995ad3ad, 0x3fef5818dcfba487};

#if defined(__AVX512F__)
#include "lanes_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "lanes_avx2.h"
#else
#include "lanes_portable.h"
#endif

#define D_EIGHTH  (0.69314718055994531 / 8)
#define D_EIGHTHS (8 * 1.4426950408889634)
#define D_ROUNDER 0x1.8p52 /* adding it rounds to the nearest integer, which then sits in the low bits */

/*
 * e^(x - shift) for |x - shift| <= 708, shift = s D_EIGHTH with a whole s, rounder = D_ROUNDER - s: 2^(k/8)
 * from a table, and the rest, |r| <= log(2)/16, by the minimax polynomial of degree 5; relative error below
 * 4e-13. Two at a time and in short chains: the machine waits for results, not for arithmetic.
 */
static inline void d_exp_two(doubles x, doubles y, doubles rounder, doubles out[2])
{
    const doubles eighth = d_splat(D_EIGHTH), eighths = d_splat(D_EIGHTHS);
    const doubles kx = d_multiply_add(x, eighths, rounder), ky = d_multiply_add(y, eighths, rounder);
    const doubles rx = d_less_product(d_subtract(kx, rounder), eighth, x),
                  ry = d_less_product(d_subtract(ky, rounder), eighth, y);
    const doubles c0 = d_splat(1.0000000000002867), c1 = d_splat(0.9999999999988116),
                  c2 = d_splat(0.4999999972490729), c3 = d_splat(0.1666666688941241),
                  c4 = d_splat(0.0416705762312511), c5 = d_splat(0.0083327747870643);
    const doubles sx = d_multiply(rx, rx), sy = d_multiply(ry, ry);
    const doubles ax = d_multiply_add(c5, rx, c4), ay = d_multiply_add(c5, ry, c4);
    const doubles bx = d_multiply_add(c3, rx, c2), by = d_multiply_add(c3, ry, c2);
    const doubles cx = d_multiply_add(c1, rx, c0), cy = d_multiply_add(c1, ry, c0);
    const doubles dx = d_multiply_add(ax, sx, bx), dy = d_multiply_add(ay, sy, by);
    out[0] = d_scale(d_multiply_add(dx, sx, cx), kx);
    out[1] = d_scale(d_multiply_add(dy, sy, cy), ky);
}

#endif
