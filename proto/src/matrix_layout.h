/*
 * The canonical matrix's footer and alignment, shared by its writer and its reader.
 */
#ifndef PROTO_MATRIX_LAYOUT_H
#define PROTO_MATRIX_LAYOUT_H

#include <stdint.h>

#define PROTO_MATRIX_MAGIC  "MIMATRX1"
#define PROTO_MATRIX_IDS    1u
#define PROTO_MATRIX_NAMES  2u
#define PROTO_MATRIX_LEVELS 4u /* a blob without categorical columns is as it was before there were any */

typedef struct proto_matrix_footer {
    char magic[8];
    uint64_t rows, cols, flags;
    uint64_t ids_at, names_at, levels_at; /* 0: none */
    uint64_t reserved;                    /* 0 */
} proto_matrix_footer;

_Static_assert(sizeof(proto_matrix_footer) == 64, "the footer is 64 bytes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a mapping of the blob is the array");

static inline uint64_t proto_matrix_align(uint64_t offset)
{
    return (offset + 7) & ~UINT64_C(7);
}

#endif
