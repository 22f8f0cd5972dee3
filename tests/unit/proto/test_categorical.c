/*
 * Categorical columns: from the strings of a text file or the codes of an npy to the blob, and back.
 */
#include "levels.h"
#include "matrix_writer.h"
#include "table_testing.h"

#include <stdio.h>

static reading *read_listed(const char *text, const char *categorical)
{
    proto_table_options options = {.categorical = categorical};
    return read_bytes(text, strlen(text), options);
}

static reading *read_text(const char *text)
{
    return read_listed(text, NULL);
}

/* The column's levels are these, separated by '|'; "" for none. */
static void has_levels(const reading *r, uint64_t col, const char *expected)
{
    char found[1024] = "";
    size_t used = 0, n;
    for (uint64_t code = 0;; code++) {
        const char *name = proto_matrix_level(&r->view, col, code, &n);
        if (!name)
            break;
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", code ? "|" : "", (int)n, name);
    }
    ck_assert_str_eq(found, expected);
}

static int is_categorical(const reading *r, uint64_t col)
{
    return r->view.matrix.categorical ? r->view.matrix.categorical[col] : 0;
}

START_TEST(test_strings_become_codes_in_bytewise_order)
{
    reading *r = holds(read_text("id,colour,size,mass\nP1,green,b,1.5\nP2,red,B,2.5\nP3,\xc3\xa4,a,3.5\n"
                                 "P4,red,\" b\",4.5\n"),
                       4, 3, (const float[]){0, 3, 1.5f, 1, 1, 2.5f, 2, 2, 3.5f, 1, 0, 4.5f});
    has_levels(r, 0, "green|red|\xc3\xa4");
    has_levels(r, 1, " b|B|a|b");
    has_levels(r, 2, "");
    ck_assert(is_categorical(r, 0) && is_categorical(r, 1) && !is_categorical(r, 2));
    ck_assert(r->record.has_ids && r->view.has_names);
    ck_assert_ptr_nonnull(strstr(r->record.columns,
                                 "[{\"name\":\"colour\",\"kind\":\"categorical\","
                                 "\"n_levels\":3,\"levels\":[\"green\",\"red\",\"\xc3\xa4\"]},"
                                 "{\"name\":\"size\",\"kind\":\"categorical\","));
    ck_assert_ptr_nonnull(strstr(r->record.columns, "{\"name\":\"mass\",\"kind\":\"number\",\"min\":1.5,"));
    reading_free(r);
}
END_TEST

START_TEST(test_order_of_the_rows_does_not_change_the_codes)
{
    reading *a = holds(read_text("v,c\n1,x\n2,y\n"), 2, 2, (const float[]){1, 0, 2, 1}),
            *b = holds(read_text("v,c\n2,y\n1,x\n"), 2, 2, (const float[]){2, 1, 1, 0});
    has_levels(a, 1, "x|y");
    has_levels(b, 1, "x|y");
    reading_free(a);
    reading_free(b);
}
END_TEST

START_TEST(test_blanks_around_a_level_count_only_in_quotes)
{
    reading *r = holds(read_text("v,c\n1, a\n2,a \n3,\"a\"\n4,\ta\n5,\" a\"\n"), 5, 2,
                       (const float[]){1, 1, 2, 1, 3, 1, 4, 1, 5, 0});
    has_levels(r, 1, " a|a");
    reading_free(r);
}
END_TEST

START_TEST(test_numbers_in_a_categorical_column_are_levels)
{
    reading *r = holds(read_text("v,chromosome\n1,X\n2,10\n3,Y\n4,2\n5,nan\n"), 5, 2,
                       (const float[]){1, 2, 2, 0, 3, 3, 4, 1, 5, 4});
    has_levels(r, 1, "10|2|X|Y|nan");
    reading_free(r);
    r = holds(read_text("v,c\n1,only\n2,only\n"), 2, 2, (const float[]){1, 0, 2, 0});
    has_levels(r, 1, "only");
    reading_free(r);
}
END_TEST

START_TEST(test_a_slip_in_a_column_of_numbers_stays_an_error)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"a,b\n1,2\n3,x\n", "line 3, row 2, column 2 (\"b\"): found \"x\"; expected a number"},
        {"a,b\n1,2\n3,\n", "line 3, row 2, column 2 (\"b\"): empty; expected a number"},
        {"a,b\n1,\n3,2\n", "line 2, row 1, column 2 (\"b\"): empty; expected a number"},
        {"a,b\n1,NA\n3,2\n4,5\n",
         "line 2, row 1, column 2 (\"b\"): found \"NA\"; expected a number, as in other rows"},
        {"a,b\n1,1.2.3\n3,2\n", "column 2 (\"b\"): found \"1.2.3\"; expected a number, as in other rows"},
        {"a,b\n1,nan\n3,2\n", "line 2, row 1, column 2 (\"b\"): NaN"},
        {"a,b\n1,x\n3,\n", "line 3, row 2, column 2 (\"b\"): empty; expected a category"},
        {"a,b\n1,x\n3,  \n", "line 3, row 2, column 2 (\"b\"): empty; expected a category"},
        {"a,b\n1,x\n3,\"\"\n", "line 3, row 2, column 2 (\"b\"): empty; expected a category"},
        {"a,b\n1,x\n3,y\xff\n", "line 3, row 2, column 2 (\"b\"): not UTF-8"},
        {"a,b\n1,x\n3\n", "line 3, row 2: 1 fields; expected 2"},
        {"c,v\nx,1\ny,2\nx,3\n", "set ids to no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(read_text(cases[i].text), MI_INVALID, cases[i].part);
}
END_TEST

START_TEST(test_columns_can_be_said_to_be_categorical)
{
    static const char text[] = "label,v,group\n3,1,0\n10,2,0\n3,3,1\n";
    reading *r = holds(read_listed(text, "label,2"), 3, 3, (const float[]){1, 1, 0, 0, 2, 0, 1, 3, 1});
    has_levels(r, 0, "10|3");
    has_levels(r, 2, "0|1");
    ck_assert(!is_categorical(r, 1));
    reading_free(r);
    r = holds(read_listed(text, "all"), 3, 3, (const float[]){1, 0, 0, 0, 1, 0, 1, 2, 1});
    reading_free(r);
    /* One string among numbers is what the user says it is. */
    r = holds(read_listed("v,c\n1,none\n2,7\n", "c"), 2, 2, (const float[]){1, 1, 2, 0});
    has_levels(r, 1, "7|none");
    reading_free(r);
    /* A first column that is named is no column of ids; numbers do not count the ids' column. */
    r = holds(read_listed("c,v\nx,1\ny,2\nx,3\n", "c"), 3, 2, (const float[]){0, 1, 1, 2, 0, 3});
    ck_assert(!r->record.has_ids && is_categorical(r, 0));
    reading_free(r);
    r = holds(read_listed("id,v,c\nP1,1,5\nP2,2,4\n", "1"), 2, 2, (const float[]){1, 1, 2, 0});
    ck_assert(r->record.has_ids && is_categorical(r, 1) && !is_categorical(r, 0));
    reading_free(r);

    refused(read_listed(text, "labels"), MI_INVALID, "categorical lists \"labels\"");
    refused(read_listed(text, "3"), MI_INVALID, "numbers from 0 to 2");
    refused(read_listed(text, "label,"), MI_INVALID, "categorical lists \"\"");
    refused(read_listed(text, "18446744073709551616"), MI_INVALID, "categorical lists");
    refused(read_listed("a,a\n1,2\n", "a"), MI_INVALID, "more than one column is named \"a\"");
}
END_TEST

START_TEST(test_a_column_has_256_categories_at_most)
{
    proto_text text;
    proto_text_init(&text, 1u << 20);
    proto_text_puts(&text, "v,c\n");
    for (int i = 0; i < 600; i++)
        proto_text_printf(&text, "%d,c%d\n", i, i % 256);
    reading *r = read_bytes(text.data, text.length, default_options());
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    ck_assert_ptr_nonnull(strstr(r->record.columns, "\"n_levels\":256,"));
    ck_assert_ptr_nonnull(strstr(r->record.columns, "\"c126\"")); /* the 32nd in bytewise order */
    ck_assert_ptr_null(strstr(r->record.columns, "\"c127\""));
    uint64_t width = 0;
    ck_assert_int_eq(mi_matrix_width(r->view.matrix, &width, NULL), MI_OK);
    ck_assert_uint_eq(width, 257);
    reading_free(r);
    proto_text_puts(&text, "600,more\n");
    refused(read_bytes(text.data, text.length, default_options()), MI_INVALID,
            "line 602, row 601, column 2 (\"c\"): \"more\" is one category more than the 256");
    proto_text_fini(&text);
}
END_TEST

/* Escapes make six bytes of one: 256 columns of the longest names have to fit. */
START_TEST(test_the_largest_summary_fits)
{
    char name[257];
    proto_text text;
    proto_text_init(&text, 64u << 20);
    memset(name, 1, 256);
    name[256] = '\0';
    for (int i = 0; i < 300; i++)
        proto_text_printf(&text, "%s\"%s\"", i ? "," : "", name);
    for (int row = 0; row < 40; row++)
        for (int i = 0; i < 300; i++)
            proto_text_printf(&text, "%s%.*s%c", i ? "," : "\n", 255, name, 'A' + row);
    proto_table_options options = {.ids = PROTO_CHOICE_NO};
    reading *r = read_bytes(text.data, text.length, options);
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    reading_free(r);
    proto_text_fini(&text);
}
END_TEST

static reading *read_npy(const float *values, int rows, int cols, const char *categorical)
{
    unsigned char file[128 + 64 * sizeof *values] = "\x93NUMPY\x01\x00\x76\x00";
    char *header = (char *)file + 10;
    int n =
        snprintf(header, 118, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, cols);
    memset(header + n, ' ', (size_t)(118 - n));
    header[117] = '\n';
    memcpy(file + 128, values, (size_t)(rows * cols) * sizeof *values);
    proto_table_options options = {.categorical = categorical};
    return read_bytes(file, 128 + (size_t)(rows * cols) * sizeof *values, options);
}

START_TEST(test_codes_of_an_npy_stay_as_they_are)
{
    static const float codes[] = {7, 0.5f, 0, 1.5f, 65535, 2.5f};
    reading *r = holds(read_npy(codes, 3, 2, "0"), 3, 2, codes);
    ck_assert(is_categorical(r, 0) && !is_categorical(r, 1));
    has_levels(r, 0, "");
    ck_assert_ptr_nonnull(
        strstr(r->record.columns, "[{\"name\":null,\"kind\":\"categorical\",\"min\":0,\"max\":65535},"));
    reading_free(r);
    r = holds(read_npy(codes, 3, 2, NULL), 3, 2, codes);
    ck_assert_ptr_null(r->view.matrix.categorical);
    reading_free(r);
    refused(read_npy(codes, 3, 2, "all"), MI_INVALID,
            "row 0, column 1 (from 0): 0.5 in a categorical column");
    refused(read_npy((const float[]){0, -1}, 2, 1, "0"), MI_INVALID, "row 1, column 0 (from 0): -1 in a");
    refused(read_npy((const float[]){65536}, 1, 1, "0"), MI_INVALID, "from 0 to 65535");
    refused(read_npy(codes, 3, 2, "2"), MI_INVALID, "numbers from 0 to 1");
    refused(read_npy(codes, 3, 2, "colour"), MI_INVALID, "categorical lists \"colour\"");
}
END_TEST

START_TEST(test_a_blob_without_categories_is_what_it_always_was)
{
    /* 1 x 1, no parts: the value, padding, the footer. */
    static const unsigned char expected[] = {0,   0,   0x80, 0x3f, 0,   0, 0, 0, 'M', 'I', 'M',
                                             'A', 'T', 'R',  'X',  '1', 1, 0, 0, 0,   0,   0,
                                             0,   0,   1,    0,    0,   0, 0, 0, 0,   0};
    reading *r = holds(read_listed("1\n", NULL), 1, 1, (const float[]){1});
    ck_assert_uint_eq(r->blob.length, 8 + 64);
    ck_assert_mem_eq(r->blob.data, expected, sizeof expected);
    for (size_t i = sizeof expected; i < r->blob.length; i++)
        ck_assert_int_eq(r->blob.data[i], 0);
    reading_free(r);
}
END_TEST

/* Cut anywhere, or any word set to a hostile value: refused, or every level lies inside. */
START_TEST(test_damaged_levels_are_refused_or_stay_inside)
{
    static const uint64_t hostile[] = {0, 1, 2, 3, 7, 8, 0x0101, 1000, UINT32_MAX, INT64_MAX, UINT64_MAX};
    reading *r = read_text("id,a,b,c\nP1,x,1,u\nP2,y,2,v\nP3,z,3,u\n");
    ck_assert_int_eq(r->status, MI_OK);
    proto_text *blob = &r->blob;
    proto_matrix_view view;
    mi_error err;
    for (size_t n = 0; n < blob->length; n++) {
        char *cut = malloc(n + 8);
        memcpy(cut, blob->data, n);
        ck_assert_int_eq(proto_matrix_open(&view, cut, n, &err), MI_CORRUPT);
        free(cut);
    }
    int n_refused = 0;
    for (size_t at = 36; at + 8 <= blob->length; at += 4)
        for (size_t h = 0; h < sizeof hostile / sizeof *hostile; h++) {
            char kept[8];
            memcpy(kept, blob->data + at, 8);
            memcpy(blob->data + at, &hostile[h], 8);
            if (proto_matrix_open(&view, blob->data, blob->length, NULL) != MI_OK) {
                n_refused++;
            } else if (view.matrix.categorical) {
                const char *flags = (const char *)view.matrix.categorical;
                ck_assert(flags >= blob->data && flags + view.matrix.cols <= blob->data + blob->length);
                for (uint64_t col = 0; col < view.matrix.cols; col++)
                    for (uint64_t code = 0;; code++) {
                        size_t n;
                        const char *name = proto_matrix_level(&view, col, code, &n);
                        if (!name)
                            break;
                        ck_assert(name >= blob->data && name + n <= blob->data + blob->length);
                    }
            }
            memcpy(blob->data + at, kept, 8);
        }
    ck_assert_int_gt(n_refused, 100);
    reading_free(r);
}
END_TEST

/* Against a search through all strings. */
START_TEST(test_levels_agree_with_a_naive_search)
{
    enum { N = 300 };
    proto_levels levels;
    char kept[N][8];
    int n_kept = 0;
    uint64_t state = 3;
    ck_assert_int_eq(proto_levels_init(&levels, 2, NULL), MI_OK);
    proto_levels_declare(&levels, 1);
    for (int i = 0; i < N; i++) {
        char s[8] = "";
        const int n = 1 + (int)(random_bits(&state) % 3);
        for (int k = 0; k < n; k++)
            s[k] = "a\xf0z"[random_bits(&state) % 3];
        int known = 0;
        for (int k = 0; k < n_kept; k++)
            known |= strcmp(kept[k], s) == 0;
        ck_assert_int_eq(proto_levels_find(&levels, 1, s, (size_t)n) >= 0, known);
        if (known)
            continue;
        memcpy(kept[n_kept++], s, sizeof s);
        ck_assert_int_eq(proto_levels_add(&levels, 1, s, (size_t)n, NULL), MI_OK);
    }
    ck_assert_int_gt(n_kept, 30);
    for (int k = 0; k < n_kept; k++) {
        int below = 0;
        for (int j = 0; j < n_kept; j++)
            below += strcmp(kept[j], kept[k]) < 0;
        ck_assert_int_eq(proto_levels_find(&levels, 1, kept[k], strlen(kept[k])), below);
    }
    proto_levels_fini(&levels);
}
END_TEST

START_TEST(test_every_cut_of_a_categorical_file_is_read_or_refused)
{
    static const char text[] = "id,a,\"b \"\"x\"\"\"\r\nP1,red,1\r\n\r\nP2,\"gr\"\"een\",2\nP3, red ,3\n";
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
    RUN_TESTS(
        "categorical", test_strings_become_codes_in_bytewise_order,
        test_order_of_the_rows_does_not_change_the_codes, test_blanks_around_a_level_count_only_in_quotes,
        test_numbers_in_a_categorical_column_are_levels, test_a_slip_in_a_column_of_numbers_stays_an_error,
        test_columns_can_be_said_to_be_categorical, test_a_column_has_256_categories_at_most,
        test_the_largest_summary_fits, test_codes_of_an_npy_stay_as_they_are,
        test_a_blob_without_categories_is_what_it_always_was, test_damaged_levels_are_refused_or_stay_inside,
        test_levels_agree_with_a_naive_search, test_every_cut_of_a_categorical_file_is_read_or_refused);
}
