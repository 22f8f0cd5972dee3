/*
 * What the HDF5 reader (mutuald-hdf5, a program of its own) writes to its pipe, and reading that into the
 * canonical matrix.
 *
 *     frame   proto_hdf5_frame, then `bytes` bytes of payload
 *     stream  SHAPE  IDS...  ROWS...  END     ids, when there are any, all stand before the first row
 *             or anything of that, then ERROR
 *
 * Numbers are in the machine's own order: both ends run on it. The reader parsed a stranger's file and may be
 * in that stranger's hands, so nothing of the stream is believed: sizes, totals, ids and values are checked
 * here.
 */
#ifndef PROTO_HDF5_H
#define PROTO_HDF5_H

#include "proto/table.h"

typedef enum proto_hdf5_frame_type {
    PROTO_HDF5_SHAPE = 1, /* proto_hdf5_shape */
    PROTO_HDF5_IDS,       /* (u16 length, bytes)... whole ids */
    PROTO_HDF5_ROWS,      /* (k, cols) float32, k > 0 */
    PROTO_HDF5_END,       /* nothing */
    PROTO_HDF5_ERROR      /* int32 mi_status, then the message in UTF-8 */
} proto_hdf5_frame_type;

typedef struct proto_hdf5_frame {
    uint32_t type, zero;
    uint64_t bytes;
} proto_hdf5_frame;

typedef struct proto_hdf5_shape {
    uint64_t rows, cols;
    uint32_t has_ids, zero;
} proto_hdf5_shape;

/* Payload of IDS and ROWS, at most; ROWS: or one row, when that is larger. */
#define PROTO_HDF5_PAYLOAD ((size_t)1 << 20)
/* Bytes of an error's message. */
#define PROTO_HDF5_MESSAGE 360

/* The stream. read: exactly n bytes, or a failure that is passed on as it is. */
typedef struct proto_hdf5_stream {
    mi_status (*read)(void *ctx, void *buffer, size_t n, mi_error *err);
    void *ctx;
} proto_hdf5_stream;

/*
 * As proto_table_read: of the options, `categorical` counts (numbers from 0). MI_INVALID names row, id and
 * column of a value that is not finite; MI_CORRUPT: what came is no such stream; else what `read` or `out`
 * failed with, MI_LIMIT, MI_MEMORY, or the reader's own ERROR: MI_INVALID, MI_UNSUPPORTED or MI_LIMIT.
 * Thread: any.
 */
mi_status proto_hdf5_read(const proto_hdf5_stream *stream, const proto_table_options *options,
                          const proto_limits *limits, const proto_output *out, proto_dataset_record *record,
                          mi_error *err);

#endif
