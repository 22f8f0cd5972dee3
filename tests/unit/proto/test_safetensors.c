/*
 * safetensors: which tensor is read, its ids, and headers that do not hold.
 */
#include "table_testing.h"
#include "zip_testing.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static bytes tensors_of(const char *header, const void *data, size_t n)
{
    bytes b = {0};
    put_le(&b, strlen(header), 8);
    put(&b, header, strlen(header));
    put(&b, data, n);
    return b;
}

static reading *read_keyed(const char *header, const void *data, size_t n, const char *key,
                           const char *ids_key)
{
    bytes b = tensors_of(header, data, n);
    proto_table_options options = default_options();
    strcpy(options.key, key);
    strcpy(options.ids_key, ids_key);
    reading *r = read_bytes(b.at, b.n, options);
    free(b.at);
    return r;
}

static reading *read_six(const char *header)
{
    return read_keyed(header, six, sizeof six, "", "");
}

static void has_id(const reading *r, uint64_t row, const char *id)
{
    size_t n;
    const char *found = proto_matrix_id(&r->view, row, &n);
    ck_assert(found && n == strlen(id) && memcmp(found, id, n) == 0);
}

#define X32 "\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}"

START_TEST(test_a_tensor_is_read_with_its_ids)
{
    reading *r = holds(read_six("{" X32 "}   "), 3, 2, six);
    ck_assert_str_eq(r->record.format, "safetensors");
    ck_assert(!r->record.has_ids);
    reading_free(r);
    r = holds(read_six("{\"__metadata__\":{\"ids\":\"P1\\nP22\\r\\nQ\\n\"}," X32 "}"), 3, 2, six);
    has_id(r, 1, "P22");
    reading_free(r);
    r = holds(read_six("{\"__metadata__\":{\"ids\":\"[\\\"P1\\\",\\\"P2\\\",\\\"Q\\\"]\"}," X32 "}"), 3, 2,
              six);
    has_id(r, 2, "Q");
    reading_free(r);
    /* Of another number: they are of something else. */
    r = holds(read_six("{\"__metadata__\":{\"ids\":\"P1\"}," X32 "}"), 3, 2, six);
    ck_assert(!r->record.has_ids);
    reading_free(r);
    r = holds(read_keyed("{\"__metadata__\":{\"rows\":\"a\\nb\\nc\"}," X32 "}", six, sizeof six, "x", "rows"),
              3, 2, six);
    has_id(r, 0, "a");
    reading_free(r);
}
END_TEST

START_TEST(test_every_type_of_numbers_is_read)
{
    static const struct {
        const char *dtype;
        unsigned size;
        const char *bytes; /* 1 and 2 */
    } types[] = {
        {"F16", 2, "\x00\x3c\x00\x40"},
        {"BF16", 2, "\x80\x3f\x00\x40"},
        {"F32", 4, "\0\0\x80\x3f\0\0\0\x40"},
        {"F64", 8, "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40"},
        {"I8", 1, "\1\2"},
        {"U8", 1, "\1\2"},
        {"I16", 2, "\1\0\2\0"},
        {"U16", 2, "\1\0\2\0"},
        {"I32", 4, "\1\0\0\0\2\0\0\0"},
        {"U32", 4, "\1\0\0\0\2\0\0\0"},
        {"I64", 8, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"},
        {"U64", 8, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"v\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%u]}}",
                 types[i].dtype, 2 * types[i].size);
        reading_free(holds(read_keyed(header, types[i].bytes, (size_t)2 * types[i].size, "", ""), 2, 1, six));
    }
    reading_free(holds(
        read_keyed("{\"v\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}", "\0\1", 2, "", ""), 2,
        1, (const float[]){0, 1}));
}
END_TEST

START_TEST(test_tensors_are_chosen_by_name)
{
    static const char two[] = "{\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[16,24]},"
                              "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}";
    reading_free(holds(read_keyed(two, six, sizeof six, "b", ""), 1, 2, six + 4));
    reading_free(holds(read_keyed(two, six, sizeof six, "a", ""), 2, 2, six));
    refused(read_six(two), MI_INVALID,
            "more than one matrix: say which with key; it holds \"b\" (1 x 2, F32), \"a\"");
    refused(read_keyed(two, six, sizeof six, "c", ""), MI_INVALID, "no array \"c\" (key)");
    refused(read_keyed(two, six, sizeof six, "a", "names"), MI_INVALID, "has no \"names\" (ids_key)");
    /* A vector beside a matrix is no candidate. */
    reading_free(holds(read_six("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                                "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}"),
                       2, 2, six));
    static const char odd[] = "{\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[24,1],\"data_offsets\":[0,24]}}";
    refused(read_keyed(odd, six, sizeof six, "q", ""), MI_INVALID, "dtype F8_E4M3; expected F16");
    refused(read_keyed("{\"q\":{\"dtype\":\"F32\",\"shape\":[1,2,3],\"data_offsets\":[0,24]}}", six,
                       sizeof six, "q", ""),
            MI_INVALID, "3 dimensions; expected one or two");
}
END_TEST

START_TEST(test_headers_that_do_not_hold_are_refused)
{
    static const struct {
        const char *header, *part;
    } bad[] = {
        {"{}", "take 0 bytes; found 24"},
        {"{\"x\":1}", "expected an object"},
        {"{" X32, "not valid JSON"},
        {"{" X32 "," X32 "}", "not valid JSON"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,20]}}",
         "do not hold its shape's bytes"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[4,28]}}", "overlap, or leave a gap"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", "take 16 bytes; found 24"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4,2],\"data_offsets\":[0,32]}}", "take 32 bytes; found 24"},
        {"{" X32 ",\"y\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}", "overlap"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[24,0]}}", "bad data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24,48]}}", "bad data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2]}}", "bad data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[-3,2],\"data_offsets\":[0,24]}}", "a shape that is none"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1.5,4],\"data_offsets\":[0,24]}}", "a shape that is none"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
         "a shape that is none"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,1],\"data_offsets\":[0,0]}}",
         "a shape that is none"},
        {"{\"x\":{\"dtype\":4,\"shape\":[3,2],\"data_offsets\":[0,24]}}", "no dtype"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":6,\"data_offsets\":[0,24]}}", "no shape"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24],\"more\":1}}",
         "a key other than"},
        {"{\"__metadata__\":[]," X32 "}", "is no object"},
        {"{\"__metadata__\":{\"ids\":3}," X32 "}", "is no string"},
        {"{\"__metadata__\":{\"ids\":\"P\\nP\\nQ\"}," X32 "}", "the id \"P\" is already in row 0"},
        {"{\"__metadata__\":{\"ids\":\"P\\n\\nQ\"}," X32 "}", "the id of row 1 (from 0): empty"},
        {"{\"__metadata__\":{\"ids\":\"[1,2,3]\"}," X32 "}", "the id of row 0 (from 0) is no string"},
        {"{\"__metadata__\":{\"ids\":\"[\"}," X32 "}", "no JSON array of strings"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(read_six(bad[i].header), MI_INVALID, bad[i].part);
    refused(read_bytes("\xff\0\0\0\0\0\0\0{\"a\":1}", 15, default_options()), MI_INVALID,
            "inside its header of 255");
    proto_table_options forced = {.format = PROTO_FORMAT_SAFETENSORS};
    refused(read_bytes("\2\0\0", 3, forced), MI_INVALID, "inside the length");
    static const float nan_at_2[] = {1, 2, 0.0f / 0.0f, 4, 5, 6};
    refused(read_keyed("{" X32 "}", nan_at_2, sizeof nan_at_2, "", ""), MI_INVALID,
            "row 1, column 0 (from 0): NaN");
}
END_TEST

START_TEST(test_every_cut_and_flip_ends_with_a_reason)
{
    bytes b = tensors_of("{\"__metadata__\":{\"ids\":\"P1\\nP2\\nQ\"}," X32 "}", six, sizeof six);
    for (size_t n = 9; n < b.n; n++)
        refused(read_bytes(b.at, n, default_options()), MI_INVALID, "");
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
        reading *r = read_bytes(b.at, b.n, default_options());
        ck_assert(r->status == MI_OK || r->err.message[0] != '\0');
        reading_free(r);
        b.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(b.at);
}
END_TEST

int main(void)
{
    RUN_TESTS("safetensors", test_a_tensor_is_read_with_its_ids, test_every_type_of_numbers_is_read,
              test_tensors_are_chosen_by_name, test_headers_that_do_not_hold_are_refused,
              test_every_cut_and_flip_ends_with_a_reason);
}
