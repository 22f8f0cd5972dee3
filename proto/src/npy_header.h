/*
 * The header of an npy file (NEP 1): magic, version, and a Python dict literal of three keys. Read by a
 * strict parser of ours, never evaluated.
 */
#ifndef PROTO_NPY_HEADER_H
#define PROTO_NPY_HEADER_H

#include "proto/table.h"

#define PROTO_NPY_HEADER_MAX 65536

typedef struct proto_npy_header {
    char descr[8]; /* "<f4" */
    char kind;     /* 'f', 'i', 'u', 'b' */
    unsigned item; /* bytes of a value: 1, 2, 4, 8 */
    bool swapped;  /* big-endian */
    bool fortran;
    uint64_t rows, cols;
    uint64_t data_at; /* offset of the first value */
} proto_npy_header;

/* MI_INVALID names the byte (from 0); MI_UNSUPPORTED names a dtype that makes no matrix. The shape is not
 * checked. */
mi_status proto_npy_header_read(const proto_source *source, proto_npy_header *out, mi_error *err);

#endif
