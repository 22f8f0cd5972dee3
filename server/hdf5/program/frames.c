#include "frames.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const void *bytes, size_t n)
{
    for (const char *from = bytes; n > 0;) {
        const ssize_t written = write(STDOUT_FILENO, from, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            _exit(EXIT_FAILURE); /* whoever asked is gone */
        from += written;
        n -= (size_t)written;
    }
}

static void put_frame(proto_hdf5_frame_type type, const void *payload, size_t n)
{
    const proto_hdf5_frame frame = {.type = type, .bytes = n};
    put(&frame, sizeof frame);
    put(payload, n);
}

void frames_shape(uint64_t rows, uint64_t cols, bool has_ids)
{
    const proto_hdf5_shape shape = {.rows = rows, .cols = cols, .has_ids = has_ids};
    put_frame(PROTO_HDF5_SHAPE, &shape, sizeof shape);
}

void frames_flush_ids(frame_buffer *ids)
{
    if (ids->fill > 0)
        put_frame(PROTO_HDF5_IDS, ids->bytes, ids->fill);
    ids->fill = 0;
}

void frames_id(frame_buffer *ids, const char *id, size_t n)
{
    const uint16_t length = (uint16_t)n;
    assert(n <= UINT16_MAX);
    if (sizeof length + n > sizeof ids->bytes - ids->fill)
        frames_flush_ids(ids);
    memcpy(ids->bytes + ids->fill, &length, sizeof length);
    memcpy(ids->bytes + ids->fill + sizeof length, id, n);
    ids->fill += sizeof length + n;
}

void frames_rows(const float *values, uint64_t rows, uint64_t cols)
{
    const uint64_t row_bytes = cols * sizeof *values;
    const uint64_t at_once = row_bytes < PROTO_HDF5_PAYLOAD ? PROTO_HDF5_PAYLOAD / row_bytes : 1;
    for (uint64_t row = 0; row < rows; row += at_once) {
        const uint64_t n = rows - row < at_once ? rows - row : at_once;
        put_frame(PROTO_HDF5_ROWS, values + row * cols, (size_t)(n * row_bytes));
    }
}

void frames_end(void)
{
    put_frame(PROTO_HDF5_END, NULL, 0);
}

void frames_error(const mi_error *err)
{
    unsigned char payload[sizeof(int32_t) + PROTO_HDF5_MESSAGE];
    const int32_t code = err->code;
    size_t n = strnlen(err->message, PROTO_HDF5_MESSAGE);
    while (n > 0 && ((unsigned char)err->message[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    memcpy(payload, &code, sizeof code);
    memcpy(payload + sizeof code, err->message, n);
    put_frame(PROTO_HDF5_ERROR, payload, sizeof code + n);
}
