/*
 * The HDF5 reader's stream, from a reader that is not to be trusted.
 */
#include "proto/hdf5.h"
#include "proto/matrix.h"
#include "testing.h"

#include <math.h>
#include <string.h>

typedef struct bytes {
    unsigned char data[4096];
    size_t n, at;
} bytes;

static void add(bytes *b, const void *from, size_t n)
{
    ck_assert_uint_le(n, sizeof b->data - b->n);
    if (n > 0)
        memcpy(b->data + b->n, from, n);
    b->n += n;
}

static void frame(bytes *b, uint32_t type, const void *payload, uint64_t n)
{
    const proto_hdf5_frame f = {.type = type, .bytes = n};
    add(b, &f, sizeof f);
    add(b, payload, (size_t)n);
}

static void shape(bytes *b, uint64_t rows, uint64_t cols, uint32_t has_ids)
{
    const proto_hdf5_shape s = {.rows = rows, .cols = cols, .has_ids = has_ids};
    frame(b, PROTO_HDF5_SHAPE, &s, sizeof s);
}

static void error(bytes *b, int32_t code, const char *message, size_t n)
{
    unsigned char payload[1024];
    memcpy(payload, &code, sizeof code);
    memcpy(payload + sizeof code, message, n);
    frame(b, PROTO_HDF5_ERROR, payload, sizeof code + n);
}

static mi_status take(void *ctx, void *out, size_t n, mi_error *err)
{
    bytes *b = ctx;
    if (n > b->n - b->at)
        return mi_fail(err, MI_IO, "ended");
    memcpy(out, b->data + b->at, n);
    b->at += n;
    return MI_OK;
}

static mi_status keep(void *ctx, const void *from, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, from, n);
    return MI_OK;
}

static mi_status read_stream(bytes *b, const char *categorical, proto_text *blob, mi_error *err)
{
    const proto_hdf5_stream stream = {take, b};
    const proto_output out = {keep, blob};
    proto_table_options options = {.categorical = categorical};
    proto_dataset_record record = {0};
    proto_limits limits;
    proto_limits_default(&limits);
    limits.max_rows = 1000;
    limits.max_columns = 100;
    proto_text_init(blob, 1u << 20);
    b->at = 0;
    mi_status status = proto_hdf5_read(&stream, &options, &limits, &out, &record, err);
    if (status != MI_OK)
        ck_assert_int_eq(err->code, status);
    proto_dataset_record_fini(&record);
    return status;
}

static void refused(bytes *b, mi_status status, const char *part)
{
    proto_text blob;
    mi_error err = {0};
    mi_status found = read_stream(b, NULL, &blob, &err);
    ck_assert_msg(found == status && strstr(err.message, part), "status %d, \"%s\"; expected %d, \"%s\"",
                  found, err.message, status, part);
    proto_text_fini(&blob);
}

static const float ROWS[3][2] = {{1, 2}, {3, 4}, {5, 6}};
static const char IDS[] = "\x01\x00"
                          "a"
                          "\x02\x00"
                          "bc"
                          "\x01\x00"
                          "d";
#define N_IDS (sizeof IDS - 1)

static bytes whole(void)
{
    bytes b = {.n = 0};
    shape(&b, 3, 2, 1);
    frame(&b, PROTO_HDF5_IDS, IDS, 3);
    frame(&b, PROTO_HDF5_IDS, IDS + 3, N_IDS - 3);
    frame(&b, PROTO_HDF5_ROWS, ROWS, 8);
    frame(&b, PROTO_HDF5_ROWS, ROWS[1], 16);
    frame(&b, PROTO_HDF5_END, NULL, 0);
    return b;
}

START_TEST(test_a_stream_becomes_a_matrix)
{
    bytes b = whole();
    proto_text blob;
    proto_matrix_view view;
    mi_error err = {0};
    size_t n;
    ck_assert_msg(read_stream(&b, NULL, &blob, &err) == MI_OK, "%s", err.message);
    ck_assert_int_eq(proto_matrix_open(&view, blob.data, blob.length, &err), MI_OK);
    ck_assert_uint_eq(view.matrix.rows, 3);
    ck_assert_mem_eq(view.matrix.data, ROWS, sizeof ROWS);
    ck_assert_mem_eq(proto_matrix_id(&view, 1, &n), "bc", 2);
    ck_assert_uint_eq(n, 2);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_cut_anywhere_it_is_no_matrix)
{
    const bytes b = whole();
    for (size_t n = 0; n < b.n; n++) {
        bytes cut = b;
        cut.n = n;
        refused(&cut, MI_IO, "ended");
    }
}
END_TEST

START_TEST(test_any_byte_changed_harms_nothing)
{
    const bytes b = whole();
    static const unsigned char values[] = {0x01, 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < b.n; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            bytes changed = b;
            proto_text blob;
            mi_error err = {0};
            changed.data[at] ^= values[v];
            read_stream(&changed, NULL, &blob, &err);
            proto_text_fini(&blob);
        }
}
END_TEST

START_TEST(test_frames_out_of_place)
{
    bytes b = {.n = 0};
    frame(&b, PROTO_HDF5_ROWS, ROWS, 8);
    refused(&b, MI_CORRUPT, "rows out of place");
    b = (bytes){.n = 0};
    frame(&b, PROTO_HDF5_IDS, IDS, 3);
    refused(&b, MI_CORRUPT, "ids out of place");
    b = (bytes){.n = 0};
    frame(&b, PROTO_HDF5_END, NULL, 0);
    refused(&b, MI_CORRUPT, "last row");
    b = (bytes){.n = 0};
    frame(&b, 77, NULL, 0);
    refused(&b, MI_CORRUPT, "unknown type");
    b = (bytes){.n = 0};
    shape(&b, 3, 2, 0);
    bytes after_shape = b;
    shape(&b, 3, 2, 0);
    refused(&b, MI_CORRUPT, "shape out of place");
    b = after_shape;
    frame(&b, PROTO_HDF5_IDS, IDS, 3);
    refused(&b, MI_CORRUPT, "ids out of place");
    b = after_shape;
    frame(&b, PROTO_HDF5_ROWS, ROWS, 4);
    refused(&b, MI_CORRUPT, "part of a row");
    b = after_shape;
    frame(&b, PROTO_HDF5_ROWS, ROWS, 0);
    refused(&b, MI_CORRUPT, "part of a row");
    b = after_shape;
    frame(&b, PROTO_HDF5_ROWS, ROWS, sizeof ROWS);
    frame(&b, PROTO_HDF5_ROWS, ROWS, 8);
    refused(&b, MI_CORRUPT, "more rows");
    b = after_shape;
    frame(&b, PROTO_HDF5_ROWS, ROWS, 8);
    frame(&b, PROTO_HDF5_END, NULL, 0);
    refused(&b, MI_CORRUPT, "last row");
    b = (bytes){.n = 0};
    shape(&b, 3, 2, 1);
    frame(&b, PROTO_HDF5_IDS, IDS, 3);
    frame(&b, PROTO_HDF5_ROWS, ROWS, 8);
    refused(&b, MI_CORRUPT, "rows out of place");
}
END_TEST

START_TEST(test_sizes_that_lie)
{
    static const uint64_t sizes[] = {PROTO_HDF5_PAYLOAD + 8, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t type = PROTO_HDF5_SHAPE; type <= PROTO_HDF5_ERROR; type++) {
            bytes b = {.n = 0};
            const proto_hdf5_frame lie = {.type = type, .bytes = sizes[i]};
            if (type != PROTO_HDF5_SHAPE)
                shape(&b, 3, 2, type == PROTO_HDF5_IDS);
            add(&b, &lie, sizeof lie);
            refused(&b, MI_CORRUPT, "damaged");
        }
}
END_TEST

START_TEST(test_shapes_beyond_the_limits)
{
    bytes b = {.n = 0};
    shape(&b, 1001, 1, 0);
    refused(&b, MI_LIMIT, "1001 rows");
    b = (bytes){.n = 0};
    shape(&b, 1, 101, 0);
    refused(&b, MI_LIMIT, "101 columns");
    b = (bytes){.n = 0};
    shape(&b, UINT64_MAX, UINT64_MAX, 0);
    refused(&b, MI_LIMIT, "rows");
    b = (bytes){.n = 0};
    shape(&b, 0, 2, 0);
    refused(&b, MI_CORRUPT, "impossible shape");
    b = (bytes){.n = 0};
    shape(&b, 2, 2, 2);
    refused(&b, MI_CORRUPT, "impossible shape");
}
END_TEST

static void refused_ids(const char *ids, size_t n, mi_status status, const char *part)
{
    bytes b = {.n = 0};
    shape(&b, 3, 2, 1);
    frame(&b, PROTO_HDF5_IDS, ids, n);
    refused(&b, status, part);
}

START_TEST(test_ids_are_checked)
{
    static const char four[] = "\x01\x00"
                               "a"
                               "\x01\x00"
                               "b"
                               "\x01\x00"
                               "c"
                               "\x01\x00"
                               "d";
    static const char twice[] = "\x01\x00"
                                "a"
                                "\x01\x00"
                                "b"
                                "\x01\x00"
                                "a";
    refused_ids(four, sizeof four - 1, MI_CORRUPT, "more ids");
    refused_ids(twice, sizeof twice - 1, MI_INVALID, "already in row 0");
    refused_ids(IDS, 2, MI_CORRUPT, "cut off");
    refused_ids(IDS, 4, MI_CORRUPT, "cut off");
    refused_ids("\x00\x00", 2, MI_INVALID, "empty");
    refused_ids("\x02\x00\xff\xfe", 4, MI_INVALID, "UTF-8");
    refused_ids("\x02\x00"
                "a\0",
                4, MI_INVALID, "NUL");
    char wide[2 + 257];
    memset(wide, 'w', sizeof wide);
    wide[0] = 1;
    wide[1] = 1;
    refused_ids(wide, sizeof wide, MI_INVALID, "256 bytes");
}
END_TEST

START_TEST(test_values_are_checked)
{
    static const struct {
        float value;
        const char *what;
    } bad[] = {{NAN, "NaN"}, {INFINITY, "infinity"}, {-INFINITY, "-infinity"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bytes b = whole();
        memcpy(b.data + b.n - sizeof(proto_hdf5_frame) - sizeof(float), &bad[i].value, sizeof(float));
        refused(&b, MI_INVALID, bad[i].what);
        refused(&b, MI_INVALID, "row 2 (\"d\"), column 1");
    }
    bytes b = whole();
    proto_text blob;
    mi_error err = {0};
    const float half = 0.5f;
    ck_assert_int_eq(read_stream(&b, "1", &blob, &err), MI_OK);
    proto_text_fini(&blob);
    memcpy(b.data + b.n - sizeof(proto_hdf5_frame) - sizeof half, &half, sizeof half);
    ck_assert_int_eq(read_stream(&b, "1", &blob, &err), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "categorical"));
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_an_error_of_the_reader_is_passed_on)
{
    static const mi_status passed[] = {MI_INVALID, MI_UNSUPPORTED, MI_LIMIT};
    proto_text blob;
    mi_error err = {0};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        bytes b = {.n = 0};
        error(&b, passed[i], "caf\xc3\xa9", 5);
        ck_assert_int_eq(read_stream(&b, NULL, &blob, &err), passed[i]);
        ck_assert_str_eq(err.message, "caf\xc3\xa9");
        proto_text_fini(&blob);
    }
    bytes b = {.n = 0};
    error(&b, MI_INTERNAL, "x", 1);
    refused(&b, MI_CORRUPT, "unknown kind");
    b = (bytes){.n = 0};
    error(&b, MI_OK, "x", 1);
    refused(&b, MI_CORRUPT, "unknown kind");
    b = (bytes){.n = 0};
    error(&b, MI_INVALID, "a\nb", 3);
    refused(&b, MI_CORRUPT, "not text");
    b = (bytes){.n = 0};
    error(&b, MI_INVALID, "\xff", 1);
    refused(&b, MI_CORRUPT, "not text");
    b = (bytes){.n = 0};
    error(&b, MI_INVALID, "", 0);
    refused(&b, MI_CORRUPT, "length");
}
END_TEST

int main(void)
{
    RUN_TESTS("hdf5", test_a_stream_becomes_a_matrix, test_cut_anywhere_it_is_no_matrix,
              test_any_byte_changed_harms_nothing, test_frames_out_of_place, test_sizes_that_lie,
              test_shapes_beyond_the_limits, test_ids_are_checked, test_values_are_checked,
              test_an_error_of_the_reader_is_passed_on);
}
