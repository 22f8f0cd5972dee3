/*
 * The pair table's footer, shared by its writer and its reader.
 */
#ifndef PROTO_PAIR_TABLE_LAYOUT_H
#define PROTO_PAIR_TABLE_LAYOUT_H

#include "matrix_layout.h"

#define PROTO_PAIR_MAGIC "MIPAIRS1"

typedef struct proto_pair_footer {
    char magic[8];
    uint64_t rows, cols;
    uint64_t cells_at, names_at; /* their offset tables */
    uint64_t reserved[3];        /* 0 */
} proto_pair_footer;

_Static_assert(sizeof(proto_pair_footer) == 64, "the footer is 64 bytes");

#endif
