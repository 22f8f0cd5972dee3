#include "table.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static const char *const titles[] = {"NAME", "ROWS", "NOTE"};

static void check_table(table *t, unsigned indent, const char *expected)
{
    proto_text out;

    proto_text_init(&out, 4096);
    ck_assert(table_print(t, indent, &out));
    ck_assert_str_eq(out.data, expected);
    proto_text_fini(&out);
    table_fini(t);
}

START_TEST(test_columns_are_aligned_and_lines_do_not_end_in_blanks)
{
    table t;

    table_init(&t, "lrl", titles, false, true);
    table_text(&t, "receptors");
    table_count(&t, 12);
    table_text(&t, "x");
    table_text(&t, "l");
    table_count(&t, 12345);
    table_text(&t, "");
    check_table(&t, 2, "  NAME        ROWS  NOTE\n  receptors     12  x\n  l          12345  \n");
}
END_TEST

START_TEST(test_a_column_that_says_nothing_is_left_out)
{
    table t;

    table_init(&t, "lrl", titles, false, true);
    for (int i = 0; i < 2; i++) {
        table_text(&t, "a");
        table_count(&t, (double)NAN);
        table_text(&t, "b");
    }
    check_table(&t, 0, "NAME  NOTE\na     b\na     b\n");
}
END_TEST

START_TEST(test_an_empty_table_shows_its_titles)
{
    table t;

    table_init(&t, "lrl", titles, false, true);
    check_table(&t, 0, "NAME  ROWS  NOTE\n");
}
END_TEST

START_TEST(test_csv_has_every_digit_and_quotes_where_needed)
{
    table t;

    table_init(&t, "lrl", titles, true, true);
    table_text(&t, "a,\"b\"");
    table_fixed(&t, 0.1234567890123, 2);
    table_text(&t, NULL);
    table_text(&t, "c");
    table_number(&t, (double)NAN);
    table_text(&t, "d");
    check_table(&t, 0, "NAME,ROWS,NOTE\n\"a,\"\"b\"\"\",0.1234567890123,\nc,,d\n");
}
END_TEST

START_TEST(test_foreign_text_in_a_table_is_escaped)
{
    table t;

    table_init(&t, "l", NULL, false, true);
    table_text(&t, "\x1b[1mbold");
    check_table(&t, 0, "\\x1b[1mbold\n");
}
END_TEST

int main(void)
{
    RUN_TESTS("table", test_columns_are_aligned_and_lines_do_not_end_in_blanks,
              test_a_column_that_says_nothing_is_left_out, test_an_empty_table_shows_its_titles,
              test_csv_has_every_digit_and_quotes_where_needed, test_foreign_text_in_a_table_is_escaped);
}
