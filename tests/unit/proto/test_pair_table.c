/*
 * Pair tables: csv and tsv as text, what is refused, and blobs that are damaged.
 */
#include "pairs_testing.h"

#include <stdio.h>

static void has_cell(const pair_reading *r, uint32_t column, uint64_t row, const char *text)
{
    size_t n;
    const char *cell = proto_pair_table_cell(&r->view, column, row, &n);
    ck_assert_msg(n == strlen(text) && memcmp(cell, text, n) == 0, "'%.*s', not '%s'", (int)n, cell, text);
}

static void has_column(const pair_reading *r, uint32_t column, const char *name)
{
    size_t n;
    const char *found = proto_pair_table_name(&r->view, column, &n);
    ck_assert_msg(n == strlen(name) && memcmp(found, name, n) == 0, "'%.*s', not '%s'", (int)n, found, name);
    ck_assert_uint_eq(proto_pair_table_find(&r->view, name), column);
}

START_TEST(test_cells_are_kept_as_text)
{
    pair_reading *r = read_pairs(
        "ligand,receptor,known\nP01135,P00533,1\n\"a, \"\"b\"\"\", P2 ,\r\nP3,,007\n", default_options());
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_uint_eq(r->record.rows, 3);
    ck_assert_uint_eq(r->record.cols, 3);
    ck_assert_str_eq(r->record.format, "csv");
    ck_assert(!r->record.has_ids);
    has_column(r, 0, "ligand");
    has_column(r, 2, "known");
    ck_assert_uint_eq(proto_pair_table_find(&r->view, "Known"), PROTO_PAIR_NO_COLUMN);
    has_cell(r, 0, 0, "P01135");
    has_cell(r, 0, 1, "a, \"b\"");
    has_cell(r, 1, 1, "P2");
    has_cell(r, 2, 1, "");
    has_cell(r, 1, 2, "");
    has_cell(r, 2, 2, "007");
    ck_assert_str_eq(r->record.columns, "[{\"name\":\"ligand\",\"kind\":\"text\",\"empty\":0},"
                                        "{\"name\":\"receptor\",\"kind\":\"text\",\"empty\":1},"
                                        "{\"name\":\"known\",\"kind\":\"text\",\"empty\":1}]");
    pair_reading_free(r);
}
END_TEST

START_TEST(test_columns_without_a_header_are_numbered)
{
    proto_table_options options = {.header = PROTO_CHOICE_NO};
    pair_reading *r = read_pairs("a\tb\nc\td\n", options);
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_str_eq(r->record.format, "tsv");
    ck_assert_uint_eq(r->record.rows, 2);
    has_column(r, 1, "1");
    has_cell(r, 0, 0, "a");
    has_cell(r, 1, 1, "d");
    pair_reading_free(r);
}
END_TEST

/* Longer than any buffer of the writer. */
START_TEST(test_a_long_table_is_read_whole)
{
    enum { ROWS = 50000 };
    char *text = malloc(ROWS * 24);
    size_t n = (size_t)sprintf(text, "x,y\n");
    for (int i = 0; i < ROWS; i++)
        n += (size_t)sprintf(text + n, "P%d,Q%d\n", i, i * 7);
    pair_reading *r = read_pairs(text, default_options());
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_uint_eq(r->record.rows, ROWS);
    for (int i = 0; i < ROWS; i += 997) {
        char cell[16];
        sprintf(cell, "Q%d", i * 7);
        has_cell(r, 1, (uint64_t)i, cell);
    }
    pair_reading_free(r);
    free(text);
}
END_TEST

START_TEST(test_what_is_no_pair_table_is_refused)
{
    static const struct {
        const char *text, *part;
        mi_status status;
    } files[] = {
        {"", "the file is empty", MI_INVALID},
        {"\n\n", "all its lines are blank", MI_INVALID},
        {"a,b\n", "a header and no rows", MI_INVALID},
        {"a\n1\n", "one column; a pair table has at least two", MI_INVALID},
        {"a,b\n1,2\n1\n", "line 3, row 2: 1 fields; expected 2", MI_INVALID},
        {"a,b\n1,2\n1,2,3,4\n", "line 3, row 2: 4 fields; expected 2", MI_INVALID},
        {"a,b,a\n1,2,3\n", "line 1: columns 1 and 3 are both named \"a\"", MI_INVALID},
        {"a,b\n1,\xff\n", "line 2, row 1, column 2 (\"b\"): not UTF-8", MI_INVALID},
        {"a,b\xff\n1,2\n", "line 1, the name of column 2: not UTF-8", MI_INVALID},
        {"a,b\n1,\"2\n", "never closed", MI_INVALID},
        {"\x93NUMPY\x01", "a pair table is csv or tsv; the file is npy", MI_UNSUPPORTED},
        {"PAR1", "Parquet", MI_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        pair_reading *r = read_pairs(files[i].text, default_options());
        ck_assert_msg(r->status == files[i].status && strstr(r->err.message, files[i].part), "%d \"%s\": %s",
                      r->status, files[i].part, r->err.message);
        pair_reading_free(r);
    }
}
END_TEST

START_TEST(test_limits_are_named)
{
    char wide[2000] = "", name[400] = "";
    for (int i = 0; i < PROTO_PAIR_COLUMNS_MAX + 1; i++)
        sprintf(wide + strlen(wide), "%s%d", i ? "," : "", i);
    strcat(wide, "\n1,2\n");
    pair_reading *r = read_pairs(wide, default_options());
    ck_assert_int_eq(r->status, MI_LIMIT);
    ck_assert_ptr_nonnull(strstr(r->err.message, "more than 256 columns"));
    pair_reading_free(r);

    memset(name, 'n', 300);
    strcat(name, ",b\n1,2\n");
    r = read_pairs(name, default_options());
    ck_assert_int_eq(r->status, MI_INVALID);
    ck_assert_ptr_nonnull(strstr(r->err.message, "up to 256 bytes"));
    pair_reading_free(r);

    const proto_limits few = {.max_rows = 2, .max_columns = 2, .max_cells = 100};
    r = read_pairs_limited("a,b\n1,2\n3,4\n5,6\n", 16, default_options(), &few);
    ck_assert_int_eq(r->status, MI_LIMIT);
    ck_assert_ptr_nonnull(strstr(r->err.message, "3 rows"));
    pair_reading_free(r);
    r = read_pairs_limited("a,b,c\n1,2,3\n", 12, default_options(), &few);
    ck_assert_int_eq(r->status, MI_LIMIT);
    pair_reading_free(r);

    proto_table_options options = {.ids = PROTO_CHOICE_YES};
    r = read_pairs("a,b\n1,2\n", options);
    ck_assert_int_eq(r->status, MI_INVALID);
    ck_assert_ptr_nonnull(strstr(r->err.message, "leave ids and id_column out"));
    pair_reading_free(r);
}
END_TEST

START_TEST(test_a_damaged_blob_is_refused_or_harmless)
{
    pair_reading *r = read_pairs("a,b\nP1,Q22\nP,\n", default_options());
    ck_assert_int_eq(r->status, MI_OK);
    const size_t size = r->blob.length;
    unsigned refused = 0;
    for (size_t n = 0; n < size; n++)
        ck_assert_int_eq(proto_pair_table_open(&r->view, r->blob.data, n, NULL), MI_CORRUPT);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        char *bytes = malloc(size);
        memcpy(bytes, r->blob.data, size);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        proto_pair_table_view view;
        if (proto_pair_table_open(&view, bytes, size, NULL) != MI_OK) {
            refused++;
        } else {
            for (uint64_t row = 0; row < view.rows; row++)
                for (uint32_t column = 0; column < view.cols; column++) {
                    size_t length;
                    const char *cell = proto_pair_table_cell(&view, column, row, &length);
                    ck_assert(cell >= bytes && cell + length <= bytes + size);
                }
        }
        free(bytes);
    }
    ck_assert_uint_gt(refused, 8 * 64);
    pair_reading_free(r);
}
END_TEST

static void append_text(proto_string_list *list, const char *text)
{
    ck_assert_int_eq(proto_string_list_append(list, text, strlen(text), NULL), MI_OK);
}

/* Byte for byte, so that a list is the same content as the file that says the same. */
START_TEST(test_a_list_is_written_as_the_file_that_says_the_same)
{
    static const uint8_t labels[] = {1, 0};
    static const char *const files[] = {"x,y\nP1,Q1\nP2,a longer id\n",
                                        "x,y,label\nP1,Q1,1\nP2,a longer id,0\n"};
    proto_string_list x, y;
    proto_string_list_init(&x, 1 << 10);
    proto_string_list_init(&y, 1 << 10);
    append_text(&x, "P1");
    append_text(&x, "P2");
    append_text(&y, "Q1");
    append_text(&y, "a longer id");
    for (int labelled = 0; labelled < 2; labelled++) {
        pair_reading *r = read_pairs(files[labelled], default_options());
        proto_text written;
        proto_text_init(&written, 1 << 16);
        const proto_output output = {memory_write, &written};
        ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
        ck_assert_int_eq(proto_pair_table_write(&x, &y, labelled ? labels : NULL, &output, NULL), MI_OK);
        ck_assert_uint_eq(written.length, r->blob.length);
        ck_assert_mem_eq(written.data, r->blob.data, written.length);
        proto_text_fini(&written);
        pair_reading_free(r);
    }
    proto_string_list_fini(&x);
    proto_string_list_fini(&y);
}
END_TEST

int main(void)
{
    RUN_TESTS("pair_table", test_cells_are_kept_as_text,
              test_a_list_is_written_as_the_file_that_says_the_same,
              test_columns_without_a_header_are_numbered, test_a_long_table_is_read_whole,
              test_what_is_no_pair_table_is_refused, test_limits_are_named,
              test_a_damaged_blob_is_refused_or_harmless);
}
