/*
 * npz: which array is read, its ids, and archives that are damaged or lie about themselves.
 */
#include "table_testing.h"
#include "zip_testing.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static bytes matrix(void)
{
    return npy_of("<f4", "(3, 2)", false, six, sizeof six);
}

/* Ids of fixed width from words: UTF-32 of either order. */
static bytes text_array(const char *descr, const char *shape, const char *const *words, size_t n,
                        size_t width)
{
    unsigned char *data = calloc(n, 4 * width);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; words[i][c]; c++)
            data[4 * (i * width + c) + (descr[0] == '>' ? 3 : 0)] = (unsigned char)words[i][c];
    bytes b = npy_of(descr, shape, false, data, 4 * n * width);
    free(data);
    return b;
}

static bytes ids_array(const char *descr)
{
    static const char *const words[] = {"P1", "P22", "Q"};
    return text_array(descr, "(3,)", words, 3, 3);
}

static reading *read_zip(zip_entry *entries, size_t n, const char *key, const char *ids_key)
{
    bytes b = zip_of(entries, n);
    proto_table_options options = default_options();
    strcpy(options.key, key);
    strcpy(options.ids_key, ids_key);
    reading *r = read_bytes(b.at, b.n, options);
    free(b.at);
    return r;
}

static void has_id(const reading *r, uint64_t row, const char *id)
{
    size_t n;
    const char *found = proto_matrix_id(&r->view, row, &n);
    ck_assert(found && n == strlen(id) && memcmp(found, id, n) == 0);
}

START_TEST(test_the_only_matrix_is_read_with_the_only_fitting_ids)
{
    for (int mode = 0; mode < 4; mode++) {
        zip_entry entries[] = {
            {.name = "names.npy", .content = ids_array(mode & 1 ? ">U3" : "<U3"), .deflate = mode & 2},
            {.name = "x.npy", .content = matrix(), .deflate = mode & 2, .extra64 = mode & 1},
            {.name = "readme.txt", .content = npy_of("<f4", "(1,)", false, six, 4)}};
        reading *r = holds(read_zip(entries, 3, "", ""), 3, 2, six);
        ck_assert_str_eq(r->record.format, "npz");
        ck_assert(r->record.has_ids);
        has_id(r, 0, "P1");
        has_id(r, 1, "P22");
        has_id(r, 2, "Q");
        reading_free(r);
    }
}
END_TEST

START_TEST(test_arrays_are_chosen_by_name)
{
    for (int mode = 0; mode < 2; mode++) {
        zip_entry entries[] = {
            {.name = "a.npy", .content = npy_of("<f8", "(1, 1)", false, "\0\0\0\0\0\0\0\0", 8)},
            {.name = "b.npy", .content = matrix()},
            {.name = "i.npy", .content = npy_of("|S2", "(3,)", false, "AAB\0CC", 6)},
            {.name = "k.npy", .content = ids_array("<U3")}};
        reading *r = holds(read_zip(entries, 4, mode ? "b.npy" : "b", mode ? "i.npy" : "i"), 3, 2, six);
        has_id(r, 0, "AA");
        has_id(r, 1, "B");
        reading_free(r);
    }
    /* Two that would do as ids: none is taken. */
    zip_entry entries[] = {{.name = "b.npy", .content = matrix()},
                           {.name = "i.npy", .content = npy_of("|S2", "(3,)", false, "AAB\0CC", 6)},
                           {.name = "k.npy", .content = ids_array("<U3")}};
    reading *r = holds(read_zip(entries, 3, "", ""), 3, 2, six);
    ck_assert(!r->record.has_ids);
    reading_free(r);
    /* No matrix, but one array of numbers. */
    zip_entry vector[] = {
        {.name = "v.npy", .content = npy_of("<f4", "(6,)", false, six, sizeof six), .deflate = true}};
    reading_free(holds(read_zip(vector, 1, "", ""), 6, 1, six));
}
END_TEST

START_TEST(test_fortran_order_is_turned)
{
    static const float turned[] = {1, 3, 5, 2, 4, 6};
    for (int deflate = 0; deflate < 2; deflate++) {
        zip_entry e = {.name = "x.npy",
                       .content = npy_of("<f4", "(3, 2)", true, turned, sizeof turned),
                       .deflate = deflate};
        reading_free(holds(read_zip(&e, 1, "", ""), 3, 2, six));
    }
}
END_TEST

START_TEST(test_what_is_not_there_is_listed)
{
    zip_entry two[] = {{.name = "a.npy", .content = matrix()}, {.name = "b.npy", .content = matrix()}};
    refused(read_zip(two, 2, "", ""), MI_INVALID,
            "more than one matrix: say which with key; it holds \"a\" (3 x 2, <f4), \"b\" (3 x 2, <f4)");
    zip_entry a[] = {{.name = "a.npy", .content = matrix()}};
    refused(read_zip(a, 1, "c", ""), MI_INVALID, "no array \"c\" (key); it holds \"a\" (3 x 2, <f4)");
    zip_entry b[] = {{.name = "a.npy", .content = matrix()}};
    refused(read_zip(b, 1, "", "c"), MI_INVALID, "no array \"c\" (ids_key)");
    zip_entry c[] = {{.name = "a.npy", .content = matrix()},
                     {.name = "b.npy", .content = npy_of("|S1", "(2,)", false, "AB", 2)}};
    refused(read_zip(c, 2, "a", "b"), MI_INVALID, "\"b\" (ids_key) has another length");
    zip_entry d[] = {{.name = "a.npy", .content = matrix()}};
    refused(read_zip(d, 1, "a", "a"), MI_INVALID, "is no 1-D array of text");
    zip_entry e[] = {{.name = "o.npy", .content = npy_of("|O", "(3,)", false, "", 0)}};
    refused(read_zip(e, 1, "", ""), MI_INVALID, "no array of numbers of one or two dimensions");
    zip_entry f[] = {{.name = "o.npy", .content = npy_of("|O", "(3,)", false, "", 0)}};
    refused(read_zip(f, 1, "o", ""), MI_UNSUPPORTED, "Python objects");
    zip_entry g[] = {{.name = "sheet.xml", .content = matrix()}};
    refused(read_zip(g, 1, "", ""), MI_UNSUPPORTED, "without npy files");
    zip_entry h[] = {{.name = "a.npy", .content = npy_of("<f4", "(3, 2)", false, six, 20)}};
    refused(read_zip(h, 1, "", ""), MI_INVALID, "4 bytes are missing");
}
END_TEST

START_TEST(test_bad_ids_are_named)
{
    static const char *const same[] = {"P1", "P1", "Q"}, *const empty[] = {"P1", "", "Q"};
    zip_entry a[] = {{.name = "x.npy", .content = matrix()},
                     {.name = "i.npy", .content = text_array("<U2", "(3,)", same, 3, 2)}};
    refused(read_zip(a, 2, "", ""), MI_INVALID, "row 1 (from 0): the id \"P1\" is already in row 0");
    zip_entry b[] = {{.name = "x.npy", .content = matrix()},
                     {.name = "i.npy", .content = text_array("<U2", "(3,)", empty, 3, 2)}};
    refused(read_zip(b, 2, "", ""), MI_INVALID, "the id of row 1 (from 0): empty");
    zip_entry c[] = {
        {.name = "x.npy", .content = matrix()},
        {.name = "i.npy", .content = npy_of("<U1", "(3,)", false, "A\0\0\0\0\xd8\0\0C\0\0\0", 12)}};
    refused(read_zip(c, 2, "", ""), MI_INVALID, "the id of row 1 (from 0): not text");
    zip_entry d[] = {{.name = "x.npy", .content = matrix()},
                     {.name = "i.npy",
                      .content = npy_of("|S1", "(3,)", false,
                                        "A\xff"
                                        "C",
                                        3)}};
    refused(read_zip(d, 2, "", ""), MI_INVALID, "not UTF-8");
}
END_TEST

static void lies(zip_entry e, mi_status status, const char *part)
{
    e.name = e.name ? e.name : "x.npy";
    e.content = matrix();
    refused(read_zip(&e, 1, "", ""), status, part);
}

START_TEST(test_archives_that_lie_are_refused)
{
    lies((zip_entry){.flags = 1}, MI_UNSUPPORTED, "encrypted");
    lies((zip_entry){.method = 12}, MI_UNSUPPORTED, "compressed by method 12");
    lies((zip_entry){.size = 1000}, MI_INVALID, "no sizes that make sense");
    lies((zip_entry){.crc = 7}, MI_INVALID, "check sum");
    lies((zip_entry){.deflate = true, .crc = 7}, MI_INVALID, "check sum");
    lies((zip_entry){.deflate = true, .size = 140}, MI_INVALID, "12 bytes are missing");
    lies((zip_entry){.deflate = true, .compressed = 5}, MI_INVALID, "");
    lies((zip_entry){.compressed = 1u << 20, .size = 1u << 20}, MI_INVALID, "not within the archive");
    lies((zip_entry){.extra64 = true, .deflate = true, .compressed = UINT64_MAX - 10}, MI_INVALID,
         "not within the archive");
    lies((zip_entry){.local_name = "y.npy"}, MI_INVALID, "another name in its own header");
    lies((zip_entry){.local_at = 100}, MI_INVALID, "another one in its own header");
    lies((zip_entry){.name = "\xff.npy"}, MI_INVALID, "not UTF-8");

    zip_entry same[] = {{.name = "x.npy", .content = matrix()}, {.name = "x.npy", .content = matrix()}};
    refused(read_zip(same, 2, "x", ""), MI_INVALID, "two members are named");
    zip_entry shared[] = {{.name = "x.npy", .content = matrix()},
                          {.name = "x.npy", .content = matrix(), .local_at = 1}};
    refused(read_zip(shared, 2, "x", ""), MI_INVALID, "overlap");
}
END_TEST

/* More in the deflated data than the archive says is found when it is read to its end. */
START_TEST(test_a_member_that_inflates_to_more_is_refused)
{
    bytes longer = npy_of("<f4", "(3, 2)", false, six, sizeof six);
    const uint64_t said = longer.n;
    const uint32_t crc = (uint32_t)crc32(0, longer.at, (uInt)longer.n);
    put(&longer, "more", 4);
    zip_entry e = {.name = "x.npy", .content = longer, .deflate = true, .size = said, .crc = crc};
    refused(read_zip(&e, 1, "", ""), MI_INVALID, "inflates to more bytes");
}
END_TEST

START_TEST(test_every_cut_and_flip_ends_with_a_reason)
{
    zip_entry entries[] = {{.name = "x.npy", .content = matrix(), .deflate = true},
                           {.name = "ids.npy", .content = ids_array("<U3")}};
    bytes b = zip_of(entries, 2);
    for (size_t n = 4; n < b.n; n++)
        refused(read_bytes(b.at, n, default_options()), MI_INVALID, "");
    for (size_t bit = 8 * 4; bit < 8 * b.n; bit++) {
        b.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
        reading *r = read_bytes(b.at, b.n, default_options());
        if (r->status == MI_OK) /* what means nothing here: versions, times; or the name of the ids */
            holds(r, 3, 2, six);
        else
            ck_assert(r->err.message[0] != '\0' && r->status != MI_IO && r->status != MI_MEMORY);
        reading_free(r);
        b.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(b.at);
}
END_TEST

/* 40 GB of zeros in 40 MB would be made of this; here the shape is over the limits before anything is
 * inflated. */
START_TEST(test_shapes_over_the_limits_are_refused_unread)
{
    bytes head = npy_of("<f4", "(30000, 30000)", false, "", 0);
    zip_entry packed = {
        .name = "x.npy", .content = head, .deflate = true, .size = head.n + UINT64_C(4) * 30000 * 30000};
    refused(read_zip(&packed, 1, "", ""), MI_LIMIT, "more than 200-fold");
    head = npy_of("<f4", "(100000, 65536)", false, "", 0);
    zip_entry e = {.name = "x.npy",
                   .content = head,
                   .deflate = true,
                   .size = head.n + UINT64_C(4) * 100000 * 65536,
                   .extra64 = true};
    refused(read_zip(&e, 1, "", ""), MI_LIMIT, "100000 x 65536 values; this server takes up to");
    head = npy_of("|u1", "(16384, 16000)", true, "", 0);
    zip_entry f = {
        .name = "x.npy", .content = head, .deflate = true, .size = head.n + UINT64_C(16384) * 16000};
    refused(read_zip(&f, 1, "", ""), MI_LIMIT, "Fortran order are too many");
}
END_TEST

int main(void)
{
    RUN_TESTS("npz", test_the_only_matrix_is_read_with_the_only_fitting_ids, test_arrays_are_chosen_by_name,
              test_fortran_order_is_turned, test_what_is_not_there_is_listed, test_bad_ids_are_named,
              test_archives_that_lie_are_refused, test_a_member_that_inflates_to_more_is_refused,
              test_every_cut_and_flip_ends_with_a_reason, test_shapes_over_the_limits_are_refused_unread);
}
