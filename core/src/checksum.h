/*
 * A 64-bit checksum against damage on disk and on the wire. Not against an adversary: whoever can write the
 * bytes can write their checksum.
 *
 * Each step is a bijection of the state for a fixed word and of the word for a fixed state, so that any
 * change confined to one 8-byte word is always seen; the finaliser is that of SplitMix64 (Steele, Lea, Flood,
 * OOPSLA 2014). The same on every machine: words are read little-endian.
 */
#ifndef MI_CHECKSUM_H
#define MI_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t mi_checksum_mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t mi_checksum_word(const unsigned char *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static inline uint64_t mi_checksum(const void *bytes, size_t n_bytes)
{
    const unsigned char *at = bytes;
    uint64_t state = mi_checksum_mix((uint64_t)n_bytes + UINT64_C(0x9e3779b97f4a7c15));
    for (; n_bytes >= 8; at += 8, n_bytes -= 8)
        state = mi_checksum_mix((state ^ mi_checksum_word(at, 8)) + UINT64_C(0x9e3779b97f4a7c15));
    if (n_bytes > 0)
        state = mi_checksum_mix((state ^ mi_checksum_word(at, n_bytes)) + UINT64_C(0x9e3779b97f4a7c15));
    return state;
}

#endif
