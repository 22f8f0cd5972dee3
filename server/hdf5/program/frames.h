/*
 * The stream of proto/hdf5.h, written. The process ends when nobody reads.
 */
#ifndef HDF5_FRAMES_H
#define HDF5_FRAMES_H

#include "proto/hdf5.h"

typedef struct frame_buffer { /* ids, gathered to a frame */
    unsigned char bytes[PROTO_HDF5_PAYLOAD];
    size_t fill;
} frame_buffer;

void frames_shape(uint64_t rows, uint64_t cols, bool has_ids);
/* One id of up to 65535 bytes; goes out with its frame. */
void frames_id(frame_buffer *ids, const char *id, size_t n);
void frames_flush_ids(frame_buffer *ids);
/* values: (rows, cols); any number of rows. */
void frames_rows(const float *values, uint64_t rows, uint64_t cols);
void frames_end(void);
void frames_error(const mi_error *err);

#endif
