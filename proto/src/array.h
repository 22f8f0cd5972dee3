/*
 * A numeric array somewhere in a file: how its values lie there, and the way from them to a canonical matrix.
 * What npy, npz and safetensors have in common.
 */
#ifndef PROTO_ARRAY_H
#define PROTO_ARRAY_H

#include "proto/string_list.h"
#include "proto/table.h"

typedef struct proto_array_header {
    char descr[8]; /* as the file calls the type: "<f4" */
    char kind;     /* 'f', 'i', 'u', 'b', 'B' (bfloat16); text: 'U' (UTF-32), 'S' (bytes) */
    unsigned item; /* bytes of a value: 1, 2, 4, 8; of text, up to PROTO_ARRAY_TEXT_MAX */
    bool swapped;  /* big-endian */
    bool fortran;
    unsigned dims; /* 1 or 2; a 1-D array is one column */
    uint64_t rows, cols;
    uint64_t data_at; /* offset of the first value */
} proto_array_header;

#define PROTO_ARRAY_TEXT_MAX 4096

typedef struct proto_array {
    const proto_source *source;
    proto_array_header header;
    bool forward; /* the source is only read forwards cheaply: to read back it begins at its front */
} proto_array;

/*
 * Values to `out`, description to `record`. The header is of numbers, its shape within the limits and its
 * bytes within the source. ids: one per row, or NULL. Errors as proto_table_read's; MI_LIMIT for a large
 * array in Fortran order that is only read forwards.
 */
mi_status proto_array_read(const proto_array *array, const proto_string_list *ids,
                           const proto_table_options *options, const proto_output *out,
                           proto_dataset_record *record, mi_error *err);

/*
 * A 1-D array of text as the ids of rows: UTF-8, without the NULs that fill each up. MI_INVALID names the row
 * (from 0) of one that is empty, too long, no text, or there twice. The array's bytes lie within the source.
 */
mi_status proto_array_read_ids(const proto_array *array, proto_string_list *out, mi_error *err);
/* The same checks of ids from elsewhere: not empty, not too long, UTF-8. NULL when all is well. */
const char *proto_id_fault(const char *id, size_t n);
/* MI_INVALID names the rows (from 0) of an id that is there twice. */
mi_status proto_ids_unique(const proto_string_list *ids, mi_error *err);

#endif
