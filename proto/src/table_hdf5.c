/*
 * The HDF5 reader's stream to the canonical matrix, a frame at a time. The stream is as untrusted as the
 * file.
 */
#include "array.h"
#include "matrix_writer.h"
#include "proto/hdf5.h"
#include "table_readers.h"
#include "utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS_MAX (512u << 20)

typedef struct stream_reader {
    const proto_hdf5_stream *stream;
    const proto_limits *limits;
    const char *categorical;
    const proto_output *out;
    proto_hdf5_shape shape; /* rows 0: not known yet */
    uint64_t rows;          /* written */
    size_t capacity;        /* of payload */
    unsigned char *payload; /* of one frame */
    proto_string_list ids;
    proto_levels levels;
    proto_matrix_writer *writer;
} stream_reader;

static mi_status broken(mi_error *err, const char *what)
{
    return mi_fail(err, MI_CORRUPT, "the HDF5 reader's answer is damaged: %s", what);
}

/* ---- ERROR ---- */

static mi_status take_error(const stream_reader *r, uint64_t bytes, mi_error *err)
{
    char message[PROTO_HDF5_MESSAGE + 1];
    int32_t code;
    if (bytes <= sizeof code || bytes > sizeof code + PROTO_HDF5_MESSAGE)
        return broken(err, "an error of that length");
    const size_t n = (size_t)bytes - sizeof code;
    mi_status status = r->stream->read(r->stream->ctx, &code, sizeof code, err);
    if (status == MI_OK)
        status = r->stream->read(r->stream->ctx, message, n, err);
    if (status != MI_OK)
        return status;
    if (code != MI_INVALID && code != MI_UNSUPPORTED && code != MI_LIMIT)
        return broken(err, "an error of an unknown kind");
    for (size_t i = 0; i < n;) {
        const size_t length = proto_utf8_next(message + i, n - i);
        if (length == 0 || (length == 1 && (message[i] < ' ' || message[i] == 0x7f)))
            return broken(err, "an error's message is not text");
        i += length;
    }
    message[n] = '\0';
    return mi_fail(err, (mi_status)code, "%s", message);
}

/* ---- SHAPE ---- */

static mi_status take_shape(stream_reader *r, uint64_t bytes, mi_error *err)
{
    const proto_string_list no_names = {0};
    proto_hdf5_shape shape;
    if (r->shape.rows > 0 || bytes != sizeof shape)
        return broken(err, "a shape out of place");
    mi_status status = r->stream->read(r->stream->ctx, &shape, sizeof shape, err);
    if (status != MI_OK)
        return status;
    if (shape.rows == 0 || shape.cols == 0 || shape.has_ids > 1)
        return broken(err, "an impossible shape");
    if ((status = proto_table_check_shape(shape.rows, shape.cols, r->limits, err)) != MI_OK)
        return status;
    r->shape = shape;
    r->capacity = PROTO_HDF5_PAYLOAD;
    if (r->capacity < shape.cols * sizeof(float))
        r->capacity = (size_t)shape.cols * sizeof(float);
    if (!(r->payload = malloc(r->capacity)))
        return mi_fail(err, MI_MEMORY, "no memory to read a matrix of %" PRIu64 " columns", shape.cols);
    if ((status = proto_levels_init(&r->levels, shape.cols, err)) != MI_OK ||
        (status = proto_levels_choose(&r->levels, r->categorical, &no_names, err)) != MI_OK)
        return status;
    return proto_matrix_writer_new(&r->writer, r->out, shape.cols, err);
}

/* ---- IDS ---- */

static mi_status take_id(stream_reader *r, const char *id, size_t n, mi_error *err)
{
    const char *fault = proto_id_fault(id, n);
    if (fault)
        return mi_fail(err, MI_INVALID, "the id of row %" PRIu64 " (from 0): %s", r->ids.n, fault);
    return proto_string_list_append(&r->ids, id, n, err);
}

static mi_status take_ids(stream_reader *r, uint64_t bytes, mi_error *err)
{
    if (!r->shape.has_ids || r->rows > 0 || bytes == 0 || bytes > PROTO_HDF5_PAYLOAD)
        return broken(err, "ids out of place");
    mi_status status = r->stream->read(r->stream->ctx, r->payload, (size_t)bytes, err);
    for (size_t at = 0; at < bytes && status == MI_OK;) {
        uint16_t n;
        if (r->ids.n == r->shape.rows)
            return broken(err, "more ids than rows");
        if (bytes - at < sizeof n)
            return broken(err, "an id is cut off");
        memcpy(&n, r->payload + at, sizeof n);
        at += sizeof n;
        if (bytes - at < n)
            return broken(err, "an id is cut off");
        status = take_id(r, (const char *)r->payload + at, n, err);
        at += n;
    }
    return status == MI_OK && r->ids.n == r->shape.rows ? proto_ids_unique(&r->ids, err) : status;
}

/* ---- ROWS ---- */

/* "row 17 (\"P01135\"), column 3 (both from 0)" */
static const char *place(const stream_reader *r, uint64_t row, uint64_t col, char buffer[160])
{
    char name[PROTO_EXCERPT + 6] = "";
    if (row < r->ids.n) {
        char excerpt[PROTO_EXCERPT];
        size_t n;
        const char *id = proto_string_list_at(&r->ids, row, &n);
        snprintf(name, sizeof name, " (\"%s\")", proto_excerpt(id, n, excerpt));
    }
    snprintf(buffer, 160, "row %" PRIu64 "%s, column %" PRIu64 " (both from 0)", row, name, col);
    return buffer;
}

static mi_status check_values(const stream_reader *r, const float *values, uint64_t rows, mi_error *err)
{
    const uint64_t cols = r->shape.cols;
    const size_t n = (size_t)(rows * cols), bad = proto_first_not_finite(values, n);
    char where[160];
    if (bad < n)
        return mi_fail(err, MI_INVALID, "%s: %s; expected a finite number",
                       place(r, r->rows + bad / cols, bad % cols, where),
                       isnan(values[bad])   ? "NaN"
                       : values[bad] < 0.0f ? "-infinity, or a number below float32's range"
                                            : "infinity, or a number over float32's range");
    for (size_t i = 0; i < n && r->levels.n_categorical > 0; i++)
        if (r->levels.categorical[i % cols] && !mi_is_category(values[i]))
            return mi_fail(err, MI_INVALID,
                           "%s: %.9g in a categorical column; expected a whole number from 0 to %u",
                           place(r, r->rows + i / cols, i % cols, where), (double)values[i], MI_MAX_CATEGORY);
    return MI_OK;
}

static mi_status take_rows(stream_reader *r, uint64_t bytes, mi_error *err)
{
    const uint64_t row_bytes = r->shape.cols * sizeof(float);
    if (r->shape.rows == 0 || (r->shape.has_ids && r->ids.n < r->shape.rows))
        return broken(err, "rows out of place");
    if (bytes == 0 || bytes > r->capacity || bytes % row_bytes != 0)
        return broken(err, "a part of a row");
    const uint64_t rows = bytes / row_bytes;
    if (rows > r->shape.rows - r->rows)
        return broken(err, "more rows than its shape says");
    mi_status status = r->stream->read(r->stream->ctx, r->payload, (size_t)bytes, err);
    const float *values = (const float *)r->payload;
    if (status == MI_OK)
        status = check_values(r, values, rows, err);
    if (status == MI_OK)
        status = proto_matrix_writer_rows(r->writer, values, rows, err);
    r->rows += rows;
    return status;
}

static mi_status take_end(stream_reader *r, uint64_t bytes, proto_dataset_record *record, mi_error *err)
{
    if (bytes != 0 || r->shape.rows == 0 || r->rows < r->shape.rows)
        return broken(err, "it ends before its last row");
    proto_matrix_writer_levels(r->writer, &r->levels);
    return proto_matrix_writer_finish(r->writer, r->shape.has_ids ? &r->ids : NULL, NULL, record, err);
}

static mi_status read_frames(stream_reader *r, proto_dataset_record *record, mi_error *err)
{
    for (;;) {
        proto_hdf5_frame frame;
        mi_status status = r->stream->read(r->stream->ctx, &frame, sizeof frame, err);
        if (status != MI_OK)
            return status;
        if (frame.zero != 0)
            return broken(err, "no frame");
        switch (frame.type) {
        case PROTO_HDF5_SHAPE:
            status = take_shape(r, frame.bytes, err);
            break;
        case PROTO_HDF5_IDS:
            status = take_ids(r, frame.bytes, err);
            break;
        case PROTO_HDF5_ROWS:
            status = take_rows(r, frame.bytes, err);
            break;
        case PROTO_HDF5_END:
            return take_end(r, frame.bytes, record, err);
        case PROTO_HDF5_ERROR:
            return take_error(r, frame.bytes, err);
        default:
            return broken(err, "a frame of an unknown type");
        }
        if (status != MI_OK)
            return status;
    }
}

mi_status proto_hdf5_read(const proto_hdf5_stream *stream, const proto_table_options *options,
                          const proto_limits *limits, const proto_output *out, proto_dataset_record *record,
                          mi_error *err)
{
    stream_reader r = {.stream = stream, .limits = limits, .categorical = options->categorical, .out = out};
    proto_string_list_init(&r.ids, IDS_MAX);
    mi_status status = read_frames(&r, record, err);
    if (status == MI_OK) {
        snprintf(record->kind, sizeof record->kind, "matrix");
        snprintf(record->format, sizeof record->format, "%s", proto_format_name(PROTO_FORMAT_HDF5));
    }
    proto_matrix_writer_free(r.writer);
    proto_levels_fini(&r.levels);
    proto_string_list_fini(&r.ids);
    free(r.payload);
    return status;
}
