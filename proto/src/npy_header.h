/*
 * The header of an npy file (NEP 1): magic, version, and a Python dict literal of three keys. Read by a
 * strict parser of ours, never evaluated.
 */
#ifndef PROTO_NPY_HEADER_H
#define PROTO_NPY_HEADER_H

#include "array.h"

#define PROTO_NPY_HEADER_MAX 65536

/* MI_INVALID names the byte (from 0); MI_UNSUPPORTED names a dtype that makes no matrix. The shape is not
 * checked. */
mi_status proto_npy_header_read(const proto_source *source, proto_array_header *out, mi_error *err);
/* The same, and fixed-width text (U, S) is a type as well. */
mi_status proto_npy_header_read_any(const proto_source *source, proto_array_header *out, mi_error *err);
/* A file of `size` bytes holds the shape's bytes, no fewer and no more; the shape is within the limits. */
mi_status proto_npy_check_size(const proto_array_header *header, uint64_t size, const proto_limits *limits,
                               mi_error *err);

#endif
