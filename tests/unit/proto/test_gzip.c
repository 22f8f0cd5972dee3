/*
 * gzipped text is read as the text is, in as little memory; what is damaged, cut short or too large is
 * refused.
 */
#include "inflater.h"
#include "pairs_testing.h"
#include "zlib_testing.h"

#include <stdio.h>

static const char text[] = "\xef\xbb\xbfid,a,b\nP1,1,2\nP2,3,4\n";
static const float four[] = {1, 2, 3, 4};

static reading *read_gzip(const char *string, const proto_limits *limits)
{
    size_t n;
    unsigned char *bytes = deflated(string, strlen(string), 31, &n);
    reading *r = read_limited(bytes, n, default_options(), limits);
    free(bytes);
    return r;
}

static proto_limits usual(void)
{
    proto_limits limits;
    proto_limits_default(&limits);
    return limits;
}

START_TEST(test_gzipped_text_is_read_as_text)
{
    const proto_limits limits = usual();
    reading *r = holds(read_gzip(text, &limits), 2, 2, four);
    ck_assert_str_eq(r->record.format, "csv");
    ck_assert(r->record.has_ids);
    reading_free(r);
    r = holds(read_gzip("1\t2\n3\t4\n", &limits), 2, 2, four);
    ck_assert_str_eq(r->record.format, "tsv");
    reading_free(r);
    /* Categories are found in a pass of their own, a repeated id in one more. */
    r = holds(read_gzip("v,c\n2,b\n4,a\n1,b\n", &limits), 3, 2, (const float[]){2, 1, 4, 0, 1, 1});
    reading_free(r);
}
END_TEST

START_TEST(test_later_passes_begin_at_the_front)
{
    proto_limits limits = usual();
    proto_table_options options = {.ids = PROTO_CHOICE_NO};
    size_t n;
    unsigned char *bytes = deflated("c,v\nb,2\na,4\n", 12, 31, &n);
    reading_free(holds(read_limited(bytes, n, options, &limits), 2, 2, (const float[]){1, 2, 0, 4}));
    free(bytes);
    refused(read_gzip("i,v\nP,2\nQ,4\nP,1\n", &limits), MI_INVALID,
            "line 4, row 3: the id \"P\" is already on line 2");

    bytes = deflated("a,b\nP1,Q22\nP,\n", 14, 31, &n);
    pair_reading *r = read_pairs_limited(bytes, n, default_options(), &limits);
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_uint_eq(r->record.rows, 2);
    const char *cell = proto_pair_table_cell(&r->view, 1, 0, &n);
    ck_assert(n == 3 && memcmp(cell, "Q22", 3) == 0);
    pair_reading_free(r);
    free(bytes);
}
END_TEST

START_TEST(test_a_long_text_of_several_members_is_read_whole)
{
    enum { ROWS = 60000 };
    char *rows = malloc(ROWS * 32);
    size_t used = 0, half = 0, n_first, n_second;
    for (int i = 0; i < ROWS; i++) {
        used += (size_t)sprintf(rows + used, "%d,%d.5\n", i, (i * 7919) % 1000);
        half = i == ROWS / 2 ? used - 3 : half; /* members part in the middle of a number */
    }
    unsigned char *first = deflated(rows, half, 31, &n_first),
                  *second = deflated(rows + half, used - half, 31, &n_second);
    first = realloc(first, n_first + n_second);
    memcpy(first + n_first, second, n_second);
    reading *r = read_bytes(first, n_first + n_second, default_options());
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_uint_eq(r->record.rows, ROWS);
    for (int i = 0; i < ROWS; i++)
        ck_assert(r->view.matrix.data[2 * i] == (float)i &&
                  r->view.matrix.data[2 * i + 1] == (float)((i * 7919) % 1000) + 0.5f);
    reading_free(r);
    free(first);
    free(second);
    free(rows);
}
END_TEST

START_TEST(test_damage_is_refused)
{
    size_t n;
    unsigned char *bytes = deflated(text, sizeof text - 1, 31, &n);
    for (size_t cut = 3; cut < n; cut++)
        refused(read_bytes(bytes, cut, default_options()), MI_INVALID, "ends inside its gzip data");
    unsigned char *more = malloc(n + 4);
    memcpy(more, bytes, n);
    memcpy(more + n, "\0\0\0\0", 4);
    refused(read_bytes(more, n + 4, default_options()), MI_INVALID, "the file goes on");
    memcpy(more + n, "\x1f\x8b\x08\0", 4);
    refused(read_bytes(more, n + 4, default_options()), MI_INVALID, "ends inside its gzip data");
    /* Flags, time and system of the header mean nothing here; all else is under the check sum. */
    for (size_t bit = 80; bit < 8 * n; bit++) {
        memcpy(more, bytes, n);
        more[bit / 8] ^= (unsigned char)(1 << bit % 8);
        reading *r = read_bytes(more, n, default_options());
        if (r->status == MI_OK) /* a bit that fills up a byte */
            holds(r, 2, 2, four);
        else
            ck_assert_int_eq(r->status == MI_UNSUPPORTED ? MI_INVALID : r->status, MI_INVALID);
        reading_free(r);
    }
    free(more);
    free(bytes);
}
END_TEST

START_TEST(test_bombs_end_early)
{
    proto_limits limits = usual();
    char *many = malloc((4u << 20) + 1);
    memset(many, '\n', 4u << 20);
    many[4u << 20] = '\0';
    limits.max_body_bytes = 1u << 20;
    refused(read_gzip(many, &limits), MI_LIMIT, "inflates to more than 1048576 bytes");
    limits = usual();
    for (size_t i = 0; i < 4u << 20; i += 2)
        many[i] = '1';
    limits.max_rows = 1000;
    refused(read_gzip(many, &limits), MI_LIMIT, "1001 rows");
    memset(many, '1', 4u << 20);
    refused(read_gzip(many, &limits), MI_INVALID, "a field of more than 16384 bytes");
    free(many);
    ck_assert_uint_eq(proto_inflate_limit(1000), PROTO_INFLATE_FREE);
    ck_assert_uint_eq(proto_inflate_limit(1u << 30), UINT64_C(200) << 30);
    ck_assert_uint_eq(proto_inflate_limit(UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(test_other_files_in_gzip_are_named)
{
    const proto_limits limits = usual();
    refused(read_gzip("\x93NUMPY\x01", &limits), MI_UNSUPPORTED, "gzip of npy");
    refused(read_gzip("\x1f\x8b\x08", &limits), MI_UNSUPPORTED, "gzip of gzip");
    refused(read_gzip("", &limits), MI_INVALID, "the gzipped file is empty");
    size_t n;
    unsigned char *bytes = deflated("1,2\0003", 5, 31, &n);
    refused(read_bytes(bytes, n, default_options()), MI_UNSUPPORTED, "NUL");
    free(bytes);
}
END_TEST

int main(void)
{
    RUN_TESTS("gzip", test_gzipped_text_is_read_as_text, test_later_passes_begin_at_the_front,
              test_a_long_text_of_several_members_is_read_whole, test_damage_is_refused, test_bombs_end_early,
              test_other_files_in_gzip_are_named);
}
