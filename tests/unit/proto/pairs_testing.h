/*
 * Pair tables from text in memory, and matrices with ids.
 */
#ifndef PROTO_PAIRS_TESTING_H
#define PROTO_PAIRS_TESTING_H

#include "matrix_writer.h"
#include "proto/pairs.h"
#include "table_testing.h"

/* A pair table that was read: its status, and on success its record and blob. */
typedef struct pair_reading {
    mi_status status;
    mi_error err;
    proto_dataset_record record;
    proto_text blob;
    proto_pair_table_view view;
} pair_reading;

static inline pair_reading *read_pairs_limited(const void *bytes, size_t n, proto_table_options options,
                                               const proto_limits *limits)
{
    pair_reading *r = calloc(1, sizeof *r);
    unsigned char *copy = malloc(n > 0 ? n : 1);
    ck_assert(r && copy);
    memcpy(copy, bytes, n);
    memory_file file = {copy, n};
    const proto_source source = {memory_read_at, &file, n};
    proto_text_init(&r->blob, 256u << 20);
    const proto_output output = {memory_write, &r->blob};
    r->status = proto_pair_table_read(&source, &options, limits, &output, &r->record, &r->err);
    if (r->status == MI_OK) {
        mi_error err = {0};
        ck_assert_msg(proto_pair_table_open(&r->view, r->blob.data, r->blob.length, &err) == MI_OK, "%s",
                      err.message);
        ck_assert_uint_eq(r->view.rows, r->record.rows);
        ck_assert_uint_eq(r->view.cols, r->record.cols);
        ck_assert_str_eq(r->record.kind, "pairs");
    } else {
        ck_assert_int_eq(r->err.code, r->status);
        ck_assert_ptr_null(r->record.columns);
    }
    free(copy);
    return r;
}

static inline pair_reading *read_pairs(const char *text, proto_table_options options)
{
    proto_limits limits;
    proto_limits_default(&limits);
    return read_pairs_limited(text, strlen(text), options, &limits);
}

static inline void pair_reading_free(pair_reading *r)
{
    proto_dataset_record_fini(&r->record);
    proto_text_fini(&r->blob);
    free(r);
}

/* A matrix of one column with these ids, separated by spaces; free view->matrix.data. */
static inline proto_matrix_view matrix_with_ids(const char *ids)
{
    proto_text blob;
    proto_string_list list;
    proto_matrix_writer *writer;
    proto_text_init(&blob, 64u << 20);
    proto_string_list_init(&list, 64u << 20);
    const proto_output output = {memory_write, &blob};
    const float value = 0;
    ck_assert_int_eq(proto_matrix_writer_new(&writer, &output, 1, NULL), MI_OK);
    while (*ids) {
        const size_t n = strcspn(ids, " ");
        ck_assert_int_eq(proto_string_list_append(&list, ids, n, NULL), MI_OK);
        ck_assert_int_eq(proto_matrix_writer_rows(writer, &value, 1, NULL), MI_OK);
        ids += n + (ids[n] == ' ');
    }
    ck_assert_int_eq(proto_matrix_writer_finish(writer, &list, NULL, NULL, NULL), MI_OK);
    proto_matrix_writer_free(writer);
    proto_string_list_fini(&list);
    size_t n;
    char *bytes = proto_text_take(&blob, &n);
    proto_matrix_view view;
    ck_assert_int_eq(proto_matrix_open(&view, bytes, n, NULL), MI_OK);
    return view;
}

static inline void matrix_free(proto_matrix_view *view)
{
    free((void *)view->matrix.data);
}

#endif
