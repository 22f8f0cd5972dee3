/*
 * csv and tsv as people's programs write them, and the ways in which they are broken.
 */
#include "csv_scan.h"
#include "table_testing.h"

#include <stdio.h>

static reading *read_text(const char *text)
{
    return read_bytes(text, strlen(text), default_options());
}

static reading *read_with(const char *text, proto_choice header, proto_choice ids, const char *id_column)
{
    proto_table_options options = {.header = header, .ids = ids};
    strcpy(options.id_column, id_column);
    return read_bytes(text, strlen(text), options);
}

/* The reading has this id in this row; frees nothing. */
static void has_id(const reading *r, uint64_t row, const char *id)
{
    size_t n;
    const char *found = proto_matrix_id(&r->view, row, &n);
    ck_assert_ptr_nonnull(found);
    ck_assert_msg(n == strlen(id) && memcmp(found, id, n) == 0, "id '%.*s', not '%s'", (int)n, found, id);
}

static void has_name(const reading *r, uint64_t col, const char *name)
{
    ck_assert(r->view.has_names);
    uint64_t begin = r->view.name_offsets[col], n = r->view.name_offsets[col + 1] - begin;
    ck_assert_msg(n == strlen(name) && memcmp(r->view.name_bytes + begin, name, n) == 0,
                  "name '%.*s', not '%s'", (int)n, r->view.name_bytes + begin, name);
}

static const float four[] = {1, 2, 3, 4};

START_TEST(test_plain_numbers_are_read)
{
    static const char *const files[] = {
        "1,2\n3,4\n",           "1,2\n3,4",
        "1,2\r\n3,4\r\n",       "\n\n1,2\n\r\n  \n3,4\n\n\n",
        "1\t2\n3\t4\n",         "\357\273\2771,2\n3,4", /* octal: a hexadecimal escape would swallow the 1 */
        "\"1\",2\n3,\"4\"\r\n", " 1 , 2\n+3,4.\n",
        "1e0,.2e1\n3,0.04E+2",  "\"1\"\t\"2\"\r\n3\t\"4\"",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        reading *r = holds(read_text(files[i]), 2, 2, four);
        ck_assert_str_eq(r->record.format, strchr(files[i], '\t') ? "tsv" : "csv");
        ck_assert(!r->record.has_ids && !r->view.has_names);
        reading_free(r);
    }
}
END_TEST

START_TEST(test_a_header_is_told_by_a_field_that_is_no_number)
{
    reading *r = holds(read_text("age,height\n1,2\n3,4\n"), 2, 2, four);
    has_name(r, 0, "age");
    has_name(r, 1, "height");
    ck_assert_ptr_nonnull(
        strstr(r->record.columns,
               "{\"name\":\"age\",\"kind\":\"number\",\"min\":1,\"max\":3,\"mean\":2,\"sd\":1.4142135"));
    reading_free(r);

    r = holds(read_text("1,height\n1,2\n3,4\n"), 2, 2, four);
    has_name(r, 0, "1");
    reading_free(r);

    r = holds(read_text("\"a \"\"b\"\", c\",\"two\nlines\"\r\n1,2\r\n3,4\r\n"), 2, 2, four);
    has_name(r, 0, "a \"b\", c");
    has_name(r, 1, "two\nlines");
    reading_free(r);
}
END_TEST

START_TEST(test_header_can_be_said)
{
    reading *r = holds(read_with("5,6\n1,2\n3,4\n", PROTO_CHOICE_YES, PROTO_CHOICE_AUTO, ""), 2, 2, four);
    has_name(r, 1, "6");
    reading_free(r);
    refused(read_with("a,b\n1,2\n", PROTO_CHOICE_NO, PROTO_CHOICE_NO, ""), MI_INVALID,
            "line 1, row 1, column 1: found \"a\"; expected a number");
}
END_TEST

START_TEST(test_ids_stand_in_the_first_column)
{
    static const char *const files[] = {"id,a,b\nP1,1,2\nP2,3,4\n", "P1,1,2\nP2,3,4\n",
                                        ",a,b\nP1,1,2\nP2,3,4\n", "id\ta\tb\nP1\t1\t2\n\nP2\t3\t4\n"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        reading *r = holds(read_text(files[i]), 2, 2, four);
        ck_assert(r->record.has_ids);
        has_id(r, 0, "P1");
        has_id(r, 1, "P2");
        ck_assert(r->view.has_names == (i != 1));
        if (i != 1)
            has_name(r, 1, "b");
        reading_free(r);
    }
}
END_TEST

START_TEST(test_numeric_ids_can_be_said)
{
    reading *r = holds(read_with("17,1,2\n018,3,4\n", PROTO_CHOICE_AUTO, PROTO_CHOICE_YES, ""), 2, 2, four);
    has_id(r, 0, "17");
    has_id(r, 1, "018");
    reading_free(r);
    refused(read_with("1,1,2\nP1,3,4\n", PROTO_CHOICE_NO, PROTO_CHOICE_NO, ""), MI_INVALID,
            "row 2, column 1: found \"P1\"; expected a number (if this column holds ids");
    refused(read_text("1,1,2\nP1,3,4\n"), MI_INVALID, "line 2, row 2, column 1: found \"P1\"");
}
END_TEST

START_TEST(test_ids_are_found_by_the_name_of_their_column)
{
    const char *text = "a,accession,b\n1,\"Q,1\",2\n3,Q2,4\n";
    reading *r = holds(read_with(text, PROTO_CHOICE_AUTO, PROTO_CHOICE_AUTO, "accession"), 2, 2, four);
    has_id(r, 0, "Q,1");
    has_name(r, 0, "a");
    has_name(r, 1, "b");
    reading_free(r);
    refused(read_with(text, PROTO_CHOICE_AUTO, PROTO_CHOICE_AUTO, "acc"), MI_INVALID,
            "no column of the header is named \"acc\"");
    refused(read_with("i,i,b\nx,y,2\n", PROTO_CHOICE_AUTO, PROTO_CHOICE_AUTO, "i"), MI_INVALID,
            "more than one column");
    refused(read_with(text, PROTO_CHOICE_NO, PROTO_CHOICE_AUTO, "accession"), MI_INVALID,
            "a header is declined");
    refused(read_with(text, PROTO_CHOICE_AUTO, PROTO_CHOICE_NO, "accession"), MI_INVALID, "ids are declined");
}
END_TEST

START_TEST(test_repeated_ids_are_refused_with_both_lines)
{
    refused(read_text("id,a\nP1,1\n\nP2,2\nP3,3\nP2,4\nP1,5\n"), MI_INVALID,
            "line 6, row 4: the id \"P2\" is already on line 4, row 2");
    refused(read_text("P1,1\nP1,2\n"), MI_INVALID,
            "line 2, row 2: the id \"P1\" is already on line 1, row 1");
}
END_TEST

START_TEST(test_one_column_is_a_matrix)
{
    const float three[] = {1, 2, 3};
    reading_free(holds(read_text("1\n2\n3\n"), 3, 1, three));
    reading *r = holds(read_text("height\n1\n\n2\n3"), 3, 1, three);
    has_name(r, 0, "height");
    reading_free(r);
    refused(read_text("height\n1\nP1\n"), MI_INVALID, "line 3, row 2, column 1 (\"height\"): found \"P1\"");
    refused(read_with("P1\nP2\n", PROTO_CHOICE_NO, PROTO_CHOICE_YES, ""), MI_INVALID, "no other columns");
}
END_TEST

START_TEST(test_bad_cells_are_refused_by_place)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"a,b\n1,2\n3,nan\n", "line 3, row 2, column 2 (\"b\"): NaN; expected a finite number"},
        {"a,b\n1,2\n-Inf,2\n", "line 3, row 2, column 1 (\"a\"): infinity"},
        {"1,2\n3,1e999\n", "line 2, row 2, column 2: 1e999 is over float32's range"},
        {"1,2\n3,-4e38\n", "line 2, row 2, column 2: -4e38 is over float32's range"},
        {"1,2\n\n3,\n", "line 3, row 2, column 2: empty; expected a number"},
        {"1,2\n,3\n", "line 2, row 2, column 1: empty"},
        {"1,2\n3,  \n", "line 2, row 2, column 2: empty"},
        {"1,2\n3,\"\"\n", "line 2, row 2, column 2: empty"},
        {"1,2\n3,4x\n", "found \"4x\"; expected a number"},
        {"1,2\n3,0x10\n", "found \"0x10\"; expected a number"},
        {"1,2\n3,1_000\n", "found \"1_000\""},
        {"1,2\n3,\x01\xff\n", "found \"\?\?\""},
        {"id,\"x\ny\",z\nP1,1,2\nP2,1,oops\n", "line 4, row 2, column 3 (\"z\"): found \"oops\""},
        {"id,a\nP1,1\n,2\n", "line 3, row 2, column 1 (the ids): empty; expected an id"},
        {"id,a\nP1,1\nP\xff,2\n", "line 3, row 2, column 1 (the ids): not UTF-8"},
        {"id,\xc0\x80\nP1,1\n", "line 1, the name of column 2: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(read_text(cases[i].text), MI_INVALID, cases[i].part);
}
END_TEST

START_TEST(test_ragged_rows_are_refused_by_line)
{
    refused(read_text("1,2\n3,4,5\n"), MI_INVALID, "line 2, row 2: 3 fields; expected 2");
    refused(read_text("a,b,c\n1,2,3\n\n1,2\n"), MI_INVALID, "line 4, row 2: 2 fields; expected 3");
    refused(read_text("a,b\n1,2,3,4,5\n"), MI_INVALID, "line 2, row 1: 5 fields; expected 2");
    refused(read_text("1,2\n3,4,\n"), MI_INVALID, "line 2, row 2: 3 fields; expected 2");
}
END_TEST

START_TEST(test_broken_quotes_and_lines_are_refused_by_line)
{
    refused(read_text("1,2\n3,\"4\n5,6\n"), MI_INVALID, "line 2: the quote that opens here is never closed");
    refused(read_text("1,2\n3,\""), MI_INVALID, "line 2: the quote that opens here is never closed");
    refused(read_text("1,2\n3,\"4\"5\n"), MI_INVALID, "line 2: text after a closing quote");
    refused(read_text("1,2\n3,4\"5\n"), MI_INVALID, "line 2: quote inside a field");
    refused(read_text("1,2\r3,4\n"), MI_INVALID, "line 1: carriage return without line feed");
    refused(read_text("1,2\n3,4\r"), MI_INVALID, "line 2: carriage return without line feed");
    proto_table_options csv = {.format = PROTO_FORMAT_CSV};
    refused(read_bytes("1,2\n3,\0004\n", 10, csv), MI_INVALID, "line 2: NUL byte");
    refused(read_bytes("1,2\n3,\"\0\"\n", 11, csv), MI_INVALID, "line 2: NUL byte");
}
END_TEST

START_TEST(test_files_without_data_are_refused)
{
    refused(read_text(""), MI_INVALID, "the file is empty");
    refused(read_text("\n \r\n\n"), MI_INVALID, "all its lines are blank");
    refused(read_text("\xef\xbb\xbf"), MI_INVALID, "all its lines are blank");
    refused(read_text("a,b\n"), MI_INVALID, "a header and no rows");
    refused(read_text("id,b"), MI_INVALID, "a header and no rows");
    refused(read_with("a,b\n", PROTO_CHOICE_YES, PROTO_CHOICE_NO, ""), MI_INVALID, "a header and no rows");
    refused(read_with("a,b\n", PROTO_CHOICE_AUTO, PROTO_CHOICE_AUTO, "a"), MI_INVALID,
            "a header and no rows");
}
END_TEST

START_TEST(test_other_formats_are_named)
{
    refused(read_bytes("PK\x03\x04zip", 7, default_options()), MI_INVALID, "zip");
    refused(read_bytes("\x89HDF\r\n\x1a\n....", 12, default_options()), MI_UNSUPPORTED, "HDF5");
    refused(read_bytes("\x1f\x8b\x08", 3, default_options()), MI_INVALID, "gzip");
    refused(read_bytes("1,2\n\0", 5, default_options()), MI_UNSUPPORTED, "byte 4: NUL");
    proto_table_options npy = {.format = PROTO_FORMAT_NPY};
    refused(read_bytes("1,2\n", 4, npy), MI_INVALID, "byte 0: not the npy magic");
}
END_TEST

START_TEST(test_a_very_long_field_is_refused_and_a_long_line_is_not)
{
    enum { N = 400000 };
    char *text = malloc(N + 64);
    memset(text, '1', N);
    strcpy(text + N, "\n");
    refused(read_text(text), MI_INVALID, "line 1: a field of more than 16384 bytes");
    text[0] = '"';
    refused(read_text(text), MI_INVALID, "line 1: a field of more than 16384 bytes");
    text[0] = '1';
    text[PROTO_CSV_FIELD_MAX + 1] = '\n';
    refused(read_text(text), MI_INVALID, "a field of more than 16384 bytes");
    /* 16384 digits are a number, too large for a float */
    memcpy(text, "0.", 2);
    text[PROTO_CSV_FIELD_MAX] = '\n';
    text[PROTO_CSV_FIELD_MAX + 1] = '\0';
    const float ninth = 1.0f / 9;
    reading_free(holds(read_text(text), 1, 1, &ninth));
    /* 50,000 columns of "7.500," in one line that is longer than the buffer */
    for (int i = 0; i < 50000; i++)
        memcpy(text + 6 * (size_t)i, "7.500,", 6);
    text[300000 - 1] = '\0';
    reading *r = read_text(text);
    ck_assert_int_eq(r->status, MI_OK);
    ck_assert_uint_eq(r->record.cols, 50000);
    ck_assert_double_eq((double)r->view.matrix.data[49999], 7.5);
    reading_free(r);
    free(text);
}
END_TEST

START_TEST(test_ids_and_names_have_a_cap)
{
    char text[1024] = "", id[300];
    memset(id, 'x', sizeof id);
    snprintf(text, sizeof text, "id,a\n%.256s,1\n", id);
    reading *r = read_text(text);
    ck_assert_int_eq(r->status, MI_OK);
    reading_free(r);
    snprintf(text, sizeof text, "id,a\n%.257s,1\n", id);
    refused(read_text(text), MI_INVALID, "line 2, row 1, column 1 (the ids): too long");
    snprintf(text, sizeof text, "id,%.257s\nP,1\n", id);
    refused(read_text(text), MI_INVALID, "line 1, the name of column 2: too long");
}
END_TEST

START_TEST(test_limits_hold)
{
    proto_limits limits;
    proto_limits_default(&limits);
    limits.max_rows = 2;
    limits.max_columns = 3;
    limits.max_cells = 5;
    refused(read_limited("1\n2\n3\n", 6, default_options(), &limits), MI_LIMIT,
            "3 rows; this server takes up to 2");
    refused(read_limited("1,2,3,4\n", 8, default_options(), &limits), MI_LIMIT, "4 columns");
    refused(read_limited("1,2,3,4,5\n", 10, default_options(), &limits), MI_LIMIT, "more than 3 columns");
    refused(read_limited("1,2,3\n4,5,6\n", 12, default_options(), &limits), MI_LIMIT, "2 x 3 values");
    reading *r = read_limited("P,1,2,3\n", 8, default_options(), &limits);
    ck_assert_int_eq(r->status, MI_OK);
    reading_free(r);
}
END_TEST

/* Lengths that vary, so that fields, CRLFs and doubled quotes fall on every side of the buffer's end. */
START_TEST(test_a_hundred_thousand_rows_are_read_exactly)
{
    enum { N = 100000 };
    proto_text text;
    float *values = malloc(2 * N * sizeof *values);
    uint64_t state = 7;
    proto_text_init(&text, 64u << 20);
    proto_text_puts(&text, "id,a,b\r\n");
    for (int i = 0; i < N; i++) {
        values[2 * i] = (float)((double)(random_bits(&state) >> 40) * 1e-3 - 7e3);
        values[2 * i + 1] = (float)(random_bits(&state) >> (random_bits(&state) % 40 + 20));
        proto_text_printf(&text, i % 3 ? "\"row \"\"%d\"\"\",%.9g,%.9g\r\n" : "r%d,%.9g,\"%.9g\"\n", i,
                          (double)values[2 * i], (double)values[2 * i + 1]);
    }
    ck_assert(proto_text_ok(&text));
    reading *r = holds(read_bytes(text.data, text.length, default_options()), N, 2, values);
    has_id(r, 1, "row \"1\"");
    has_id(r, 99999, "r99999");
    reading_free(r);
    proto_text_fini(&text);
    free(values);
}
END_TEST

/* Every cut either reads as fewer rows or is refused: nothing else, and no read outside the bytes. */
START_TEST(test_every_cut_is_read_or_refused)
{
    static const char text[] =
        "\xef\xbb\xbfid,\"a \"\"x\"\"\",b\r\nP1,1.5,\"2\"\r\n\r\n\"P\"\"2\",-3e2,4\nP3,5,6\n";
    for (size_t n = 0; n < sizeof text; n++) {
        reading *r = read_bytes(text, n, default_options());
        if (r->status == MI_OK)
            ck_assert(r->record.rows >= 1 && r->record.rows <= 3);
        else
            ck_assert_str_ne(r->err.message, "");
        reading_free(r);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("csv", test_plain_numbers_are_read, test_a_header_is_told_by_a_field_that_is_no_number,
              test_header_can_be_said, test_ids_stand_in_the_first_column, test_numeric_ids_can_be_said,
              test_ids_are_found_by_the_name_of_their_column, test_repeated_ids_are_refused_with_both_lines,
              test_one_column_is_a_matrix, test_bad_cells_are_refused_by_place,
              test_ragged_rows_are_refused_by_line, test_broken_quotes_and_lines_are_refused_by_line,
              test_files_without_data_are_refused, test_other_formats_are_named,
              test_a_very_long_field_is_refused_and_a_long_line_is_not, test_ids_and_names_have_a_cap,
              test_limits_hold, test_a_hundred_thousand_rows_are_read_exactly,
              test_every_cut_is_read_or_refused);
}
