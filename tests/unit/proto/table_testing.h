/*
 * Data files in memory, and what proto_table_read makes of them.
 */
#ifndef PROTO_TABLE_TESTING_H
#define PROTO_TABLE_TESTING_H

#include "proto/table.h"
#include "testing.h"

typedef struct memory_file {
    const unsigned char *bytes;
    size_t n;
} memory_file;

static inline mi_status memory_read_at(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    const memory_file *file = ctx;
    (void)err;
    ck_assert_uint_le(offset, file->n);
    ck_assert_uint_le(n, file->n - offset);
    if (n > 0)
        memcpy(buffer, file->bytes + offset, n);
    return MI_OK;
}

/* malloc aligns as a mapping does, so that the blob can be opened in place. */
static inline mi_status memory_write(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, bytes, n);
    return MI_OK;
}

/* A file that was read: its status, and on success its record and blob. */
typedef struct reading {
    mi_status status;
    mi_error err;
    proto_dataset_record record;
    proto_text blob;
    proto_matrix_view view;
} reading;

static inline proto_table_options default_options(void)
{
    return (proto_table_options){.format = PROTO_FORMAT_AUTO};
}

/* A copy of exactly n bytes is read, so that a sanitizer sees a read beyond them. */
static inline reading *read_limited(const void *bytes, size_t n, proto_table_options options,
                                    const proto_limits *limits)
{
    reading *r = calloc(1, sizeof *r);
    unsigned char *copy = malloc(n > 0 ? n : 1);
    ck_assert(r && copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    memory_file file = {copy, n};
    const proto_source source = {memory_read_at, &file, n};
    proto_text_init(&r->blob, 64u << 20);
    const proto_output output = {memory_write, &r->blob};
    r->status = proto_table_read(&source, &options, limits, &output, &r->record, &r->err);
    if (r->status == MI_OK) {
        ck_assert(proto_text_ok(&r->blob));
        mi_error err = {0};
        ck_assert_msg(proto_matrix_open(&r->view, r->blob.data, r->blob.length, &err) == MI_OK, "%s",
                      err.message);
        ck_assert_uint_eq(r->view.matrix.rows, r->record.rows);
        ck_assert_uint_eq(r->view.matrix.cols, r->record.cols);
        ck_assert(r->view.has_ids == r->record.has_ids);
        ck_assert_ptr_nonnull(r->record.columns);
    } else {
        ck_assert_int_eq(r->err.code, r->status);
        ck_assert_ptr_null(r->record.columns);
    }
    free(copy);
    return r;
}

static inline reading *read_bytes(const void *bytes, size_t n, proto_table_options options)
{
    proto_limits limits;
    proto_limits_default(&limits);
    return read_limited(bytes, n, options, &limits);
}

static inline void reading_free(reading *r)
{
    proto_dataset_record_fini(&r->record);
    proto_text_fini(&r->blob);
    free(r);
}

/* The file is refused with this status, and the message holds `part`. */
static inline void refused(reading *r, mi_status status, const char *part)
{
    ck_assert_msg(r->status == status, "status %d (%s); expected %d (%s)", r->status, r->err.message, status,
                  part);
    ck_assert_msg(strstr(r->err.message, part) != NULL, "\"%s\" lacks \"%s\"", r->err.message, part);
    reading_free(r);
}

/* The file is read as rows x cols with these values; the reading is the caller's. */
static inline reading *holds(reading *r, uint64_t rows, uint64_t cols, const float *values)
{
    ck_assert_msg(r->status == MI_OK, "refused: %s", r->err.message);
    ck_assert_uint_eq(r->record.rows, rows);
    ck_assert_uint_eq(r->record.cols, cols);
    if (memcmp(r->view.matrix.data, values, rows * cols * sizeof *values) == 0)
        return r;
    for (uint64_t i = 0; i < rows * cols; i++)
        ck_assert_msg(memcmp(&r->view.matrix.data[i], &values[i], sizeof *values) == 0,
                      "value %llu: %.9g, not %.9g", (unsigned long long)i, (double)r->view.matrix.data[i],
                      (double)values[i]);
    return r;
}

#endif
