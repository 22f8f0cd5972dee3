/*
 * Bytes of a blob on their way to a proto_output: small pieces are gathered, large ones go out as they are.
 */
#ifndef PROTO_BLOB_WRITER_H
#define PROTO_BLOB_WRITER_H

#include "proto/matrix.h"

#define PROTO_BLOB_GATHER (64u << 10)

typedef struct proto_blob_writer {
    const proto_output *output; /* borrowed */
    uint64_t written;           /* bytes, gathered ones included */
    size_t gathered;
    unsigned char gather[PROTO_BLOB_GATHER];
} proto_blob_writer;

/* All but `gather` begins as zero, and `output` is set. */
mi_status proto_blob_put(proto_blob_writer *writer, const void *bytes, size_t n, mi_error *err);
/* Zeros up to the next multiple of 8, so that offsets can be read in place. */
mi_status proto_blob_pad(proto_blob_writer *writer, mi_error *err);
mi_status proto_blob_flush(proto_blob_writer *writer, mi_error *err);

#endif
