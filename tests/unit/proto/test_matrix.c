/*
 * The canonical matrix blob: what is written opens again, what is damaged does not.
 */
#include "matrix_writer.h"
#include "table_testing.h"

#include <math.h>
#include <stdio.h>

static const float cells[] = {1.5f, -2.0f, 3.25f, 0.0f, 5.0f, -6.5f};

/* 3 x 2, with or without ids and names. */
static void write_blob(proto_text *blob, bool ids, bool names, proto_dataset_record *record)
{
    proto_string_list id_list, name_list;
    proto_string_list_init(&id_list, 100);
    proto_string_list_init(&name_list, 100);
    for (int i = 0; i < 3 && ids; i++)
        ck_assert_int_eq(proto_string_list_append(&id_list, &"P12Q9"[i], (size_t)i, NULL), MI_OK);
    for (int i = 0; i < 2 && names; i++)
        ck_assert_int_eq(proto_string_list_append(&name_list, &"ab"[i], 1, NULL), MI_OK);
    proto_text_init(blob, 1u << 20);
    const proto_output output = {memory_write, blob};
    proto_matrix_writer *writer;
    ck_assert_int_eq(proto_matrix_writer_new(&writer, &output, 2, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_writer_rows(writer, cells, 1, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_writer_rows(writer, cells + 2, 2, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_writer_finish(writer, &id_list, &name_list, record, NULL), MI_OK);
    proto_matrix_writer_free(writer);
    proto_string_list_fini(&id_list);
    proto_string_list_fini(&name_list);
}

START_TEST(test_what_is_written_opens_again)
{
    for (int mode = 0; mode < 4; mode++) {
        proto_text blob;
        proto_matrix_view view;
        proto_dataset_record record = {0};
        write_blob(&blob, mode & 1, mode & 2, &record);
        ck_assert_int_eq(proto_matrix_open(&view, blob.data, blob.length, NULL), MI_OK);
        ck_assert_uint_eq(view.matrix.rows, 3);
        ck_assert_uint_eq(view.matrix.cols, 2);
        ck_assert_ptr_eq(view.matrix.data, blob.data);
        ck_assert_mem_eq(view.matrix.data, cells, sizeof cells);
        ck_assert(view.has_ids == ((mode & 1) != 0) && view.has_names == ((mode & 2) != 0));
        ck_assert(record.has_ids == view.has_ids);
        size_t n = 99;
        const char *id = proto_matrix_id(&view, 2, &n);
        if (mode & 1) {
            ck_assert_uint_eq(n, 2);
            ck_assert_mem_eq(id, "2Q", 2);
        } else {
            ck_assert_ptr_null(id);
            ck_assert_uint_eq(n, 0);
        }
        if (mode & 2)
            ck_assert_mem_eq(view.name_bytes + view.name_offsets[1], "b", 1);
        proto_dataset_record_fini(&record);
        proto_text_fini(&blob);
    }
}
END_TEST

START_TEST(test_every_cut_of_a_blob_is_corrupt)
{
    proto_text blob;
    proto_matrix_view view;
    mi_error err;
    write_blob(&blob, true, true, NULL);
    for (size_t n = 0; n < blob.length; n++) {
        char *cut = malloc(n + 8);
        memcpy(cut, blob.data, n);
        ck_assert_int_eq(proto_matrix_open(&view, cut, n, &err), MI_CORRUPT);
        free(cut);
    }
    proto_text_append(&blob, "\0\0\0\0\0\0\0", 8);
    ck_assert_int_eq(proto_matrix_open(&view, blob.data, blob.length, &err), MI_CORRUPT);
    proto_text_fini(&blob);
}
END_TEST

/* Offsets and the footer, each word set to hostile values: refused, or every string lies inside. */
START_TEST(test_hostile_words_are_refused_or_stay_inside)
{
    static const uint64_t hostile[] = {1,         2, 3, 7, 8, 1000, UINT32_MAX, INT64_MAX, UINT64_MAX - 7,
                                       UINT64_MAX};
    proto_text blob;
    write_blob(&blob, true, true, NULL);
    for (size_t at = sizeof cells; at + 8 <= blob.length; at += 8)
        for (size_t h = 0; h < sizeof hostile / sizeof *hostile; h++) {
            char kept[8];
            proto_matrix_view view;
            memcpy(kept, blob.data + at, 8);
            memcpy(blob.data + at, &hostile[h], 8);
            if (proto_matrix_open(&view, blob.data, blob.length, NULL) == MI_OK)
                for (uint64_t row = 0; row < view.matrix.rows && view.has_ids; row++) {
                    size_t n;
                    const char *id = proto_matrix_id(&view, row, &n);
                    ck_assert(id >= blob.data && id + n <= blob.data + blob.length);
                }
            memcpy(blob.data + at, kept, 8);
        }
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_an_array_in_memory_becomes_a_blob)
{
    proto_text blob;
    proto_matrix_view view;
    proto_text_init(&blob, 1u << 20);
    const proto_output output = {memory_write, &blob};
    ck_assert_int_eq(proto_matrix_write((mi_matrix){cells, 2, 3}, &output, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_open(&view, blob.data, blob.length, NULL), MI_OK);
    ck_assert_uint_eq(view.matrix.cols, 3);
    ck_assert_mem_eq(view.matrix.data, cells, sizeof cells);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_not_finite_is_refused_with_row_and_column)
{
    float *values = calloc(1000, sizeof *values);
    proto_text blob;
    mi_error err;
    proto_text_init(&blob, 1u << 20);
    const proto_output output = {memory_write, &blob};
    values[707] = NAN;
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, 100, 10}, &output, &err), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "row 70, column 7 (from 0): NaN"));
    values[3] = -INFINITY;
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, 100, 10}, &output, &err), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "row 0, column 3 (from 0): infinity"));
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, 0, 10}, &output, &err), MI_INVALID);
    ck_assert_uint_eq(blob.length, 0);
    proto_text_fini(&blob);
    free(values);
}
END_TEST

static mi_status full_disk(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)ctx, (void)bytes, (void)n;
    return mi_fail(err, MI_NO_SPACE, "disk full");
}

START_TEST(test_a_full_disk_is_reported)
{
    float *values = calloc(100000, sizeof *values);
    mi_error err;
    const proto_output output = {full_disk, NULL};
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, 1, 1}, &output, &err), MI_NO_SPACE);
    ck_assert_int_eq(proto_matrix_write((mi_matrix){values, 100000, 1}, &output, &err), MI_NO_SPACE);
    free(values);
}
END_TEST

/* mean 1e8 with sd of the order of 1: a sum of squares in doubles would keep few digits of it. */
START_TEST(test_the_summary_is_stable_for_a_large_mean)
{
    enum { N = 100000 };
    float *values = malloc(2 * N * sizeof *values);
    for (int i = 0; i < N; i++) {
        values[2 * i] = 1e8f + 8.0f * (float)(i % 3);
        values[2 * i + 1] = -2.5f;
    }
    proto_text blob;
    proto_dataset_record record = {0};
    proto_text_init(&blob, 1u << 24);
    const proto_output output = {memory_write, &blob};
    proto_matrix_writer *writer;
    ck_assert_int_eq(proto_matrix_writer_new(&writer, &output, 2, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_writer_rows(writer, values, N, NULL), MI_OK);
    ck_assert_int_eq(proto_matrix_writer_finish(writer, NULL, NULL, &record, NULL), MI_OK);
    double low, high, mean, sd;
    int end = 0;
    sscanf(record.columns,
           "[{\"name\":null,\"kind\":\"number\",\"min\":%lf,\"max\":%lf,\"mean\":%lf,\"sd\":%lf},%n", &low,
           &high, &mean, &sd, &end);
    ck_assert_int_gt(end, 0);
    ck_assert_double_eq(low, 1e8);
    ck_assert_double_eq(high, 1e8 + 16);
    ck_assert_double_eq_tol(mean, 1e8 + 8.0 * 99999 / 100000, 1e-3);
    ck_assert_double_eq_tol(sd, sqrt(4266687.99936 / 99999),
                            1e-6); /* sum of squared deviations of {0, 8, 16} */
    ck_assert_str_eq(record.columns + end,
                     "{\"name\":null,\"kind\":\"number\",\"min\":-2.5,\"max\":-2.5,\"mean\":-2.5,\"sd\":0}]");
    proto_matrix_writer_free(writer);
    proto_dataset_record_fini(&record);
    proto_text_fini(&blob);
    free(values);
}
END_TEST

START_TEST(test_a_repeated_string_is_found_by_its_first_repetition)
{
    proto_string_list list;
    bool repeated;
    uint64_t first = 0, second = 0;
    char text[16];
    proto_string_list_init(&list, 1u << 20);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "id%u", i * 2654435761u);
        ck_assert_int_eq(proto_string_list_append(&list, text, strlen(text), NULL), MI_OK);
    }
    ck_assert_int_eq(proto_string_list_repeated(&list, &repeated, &first, &second, NULL), MI_OK);
    ck_assert(!repeated);
    static const unsigned again[] = {4000, 17, 17, 4000};
    for (size_t k = 0; k < 4; k++) {
        snprintf(text, sizeof text, "id%u", again[k] * 2654435761u);
        ck_assert_int_eq(proto_string_list_append(&list, text, strlen(text), NULL), MI_OK);
    }
    ck_assert_int_eq(proto_string_list_repeated(&list, &repeated, &first, &second, NULL), MI_OK);
    ck_assert(repeated);
    ck_assert_uint_eq(first, 4000);
    ck_assert_uint_eq(second, 5000);
    proto_string_list_fini(&list);
}
END_TEST

START_TEST(test_a_string_list_keeps_its_cap)
{
    proto_string_list list;
    mi_error err;
    proto_string_list_init(&list, 10);
    ck_assert_int_eq(proto_string_list_append(&list, "12345678", 8, &err), MI_OK);
    ck_assert_int_eq(proto_string_list_append(&list, "901", 3, &err), MI_LIMIT);
    ck_assert_int_eq(proto_string_list_append(&list, "90", 2, &err), MI_OK);
    ck_assert_uint_eq(list.n, 2);
    proto_string_list_fini(&list);
}
END_TEST

int main(void)
{
    RUN_TESTS("matrix", test_what_is_written_opens_again, test_every_cut_of_a_blob_is_corrupt,
              test_hostile_words_are_refused_or_stay_inside, test_an_array_in_memory_becomes_a_blob,
              test_not_finite_is_refused_with_row_and_column, test_a_full_disk_is_reported,
              test_the_summary_is_stable_for_a_large_mean,
              test_a_repeated_string_is_found_by_its_first_repetition, test_a_string_list_keeps_its_cap);
}
