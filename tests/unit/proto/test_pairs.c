/*
 * The join of a table of pairs with matrices by id.
 */
#include "pairs_testing.h"

#include <stdio.h>

#define NONE PROTO_PAIR_NO_COLUMN

static proto_pair_source table_source(const pair_reading *r, const char *label)
{
    ck_assert_msg(r->status == MI_OK, "%s", r->err.message);
    return (proto_pair_source){.table = &r->view,
                               .x_column = 0,
                               .y_column = 1,
                               .label_column = label ? proto_pair_table_find(&r->view, label) : NONE};
}

static void equal(const char *what, const uint32_t *found, uint32_t n, const uint32_t *expected)
{
    for (uint32_t i = 0; i < n; i++)
        ck_assert_msg(found[i] == expected[i], "%s %u: %u, not %u", what, i, found[i], expected[i]);
}

static void lists(const proto_string_list *list, const char *joined)
{
    char text[256] = "";
    for (uint64_t i = 0; i < list->n; i++) {
        size_t n;
        const char *s = proto_string_list_at(list, i, &n);
        sprintf(text + strlen(text), "%s%.*s", i ? " " : "", (int)n, s);
    }
    ck_assert_str_eq(text, joined);
}

static const char known[] = "ligand,receptor,known\n"
                            "A,P,1\n" /* x 0, y 1 */
                            "B,Q,1\n" /* x 1, y 0 */
                            "A,P,1\n" /* again */
                            "Z,P,1\n" /* no Z */
                            "A,Q,0\n" /* negative */
                            "Z,W,0\n" /* neither */
                            "Y,Q,yes\n"
                            "A,Q,0\n"
                            "B,B,TRUE\n"; /* the same id on both sides */

START_TEST(test_rows_are_joined_and_counted)
{
    proto_matrix_view x = matrix_with_ids("A B C"), y = matrix_with_ids("Q P B");
    pair_reading *r = read_pairs(known, default_options());
    const proto_pair_source source = table_source(r, "known");
    proto_pairs p;
    mi_error err = {0};
    ck_assert_msg(proto_pairs_join(&p, &source, &x, &y, &err) == MI_OK, "%s", err.message);
    ck_assert_uint_eq(p.n, 3);
    equal("x", p.x, 3, (const uint32_t[]){0, 1, 1});
    equal("y", p.y, 3, (const uint32_t[]){1, 0, 2});
    equal("entity x", p.entity_x, 3, (const uint32_t[]){0, 2, 2});
    equal("entity y", p.entity_y, 3, (const uint32_t[]){1, 3, 2});
    ck_assert_uint_eq(p.entities, 4);
    ck_assert_uint_eq(p.entities_x, 2);
    ck_assert_uint_eq(p.entities_y, 3);
    ck_assert_uint_eq(p.n_negative, 1);
    equal("negative x", p.negative_x, 1, (const uint32_t[]){0});
    equal("negative y", p.negative_y, 1, (const uint32_t[]){0});
    ck_assert_uint_eq(p.rows, 9);
    ck_assert_uint_eq(p.duplicates, 1);
    ck_assert_uint_eq(p.negatives, 2);
    ck_assert_uint_eq(p.without_embedding, 3);
    lists(&p.missing_x, "Z Y");
    lists(&p.missing_y, "W");
    proto_pairs_fini(&p);
    pair_reading_free(r);
    matrix_free(&x);
    matrix_free(&y);
}
END_TEST

START_TEST(test_one_matrix_on_both_sides_with_order_or_without)
{
    proto_matrix_view x = matrix_with_ids("A B C");
    pair_reading *r = read_pairs("a,b\nB,A\nA,B\nC,C\nB,A\n", default_options());
    proto_pair_source source = table_source(r, NULL);
    proto_pairs p;
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, NULL), MI_OK);
    ck_assert_uint_eq(p.n, 3);
    ck_assert_uint_eq(p.duplicates, 1);
    equal("entity x", p.entity_x, 3, (const uint32_t[]){0, 1, 2});
    equal("entity y", p.entity_y, 3, (const uint32_t[]){1, 0, 2});
    ck_assert_uint_eq(p.entities, 3);
    proto_pairs_fini(&p);

    source.symmetric = true;
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, NULL), MI_OK);
    ck_assert_uint_eq(p.n, 2);
    ck_assert_uint_eq(p.duplicates, 2);
    /* Both orders: the pairs as they came, then the other way round. */
    ck_assert(p.mirrored);
    equal("x", p.x, 4, (const uint32_t[]){1, 2, 0, 2});
    equal("y", p.y, 4, (const uint32_t[]){0, 2, 1, 2});
    equal("entity x", p.entity_x, 4, (const uint32_t[]){0, 2, 1, 2});
    equal("entity y", p.entity_y, 4, (const uint32_t[]){1, 2, 0, 2});
    proto_pairs_fini(&p);

    /* The same ids in another matrix. */
    proto_matrix_view y = matrix_with_ids("C B A");
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &y, NULL), MI_OK);
    ck_assert_uint_eq(p.n, 2);
    ck_assert(!p.mirrored);
    equal("y", p.y, 2, (const uint32_t[]){2, 0});
    ck_assert_uint_eq(p.entities, 3);
    proto_pairs_fini(&p);
    pair_reading_free(r);
    matrix_free(&x);
    matrix_free(&y);
}
END_TEST

static void refused_join(const char *text, bool symmetric, const char *part)
{
    proto_matrix_view x = matrix_with_ids("A B C");
    pair_reading *r = read_pairs(text, default_options());
    proto_pair_source source = table_source(r, "l");
    source.symmetric = symmetric;
    proto_pairs p;
    mi_error err = {0};
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, &err), MI_INVALID);
    ck_assert_msg(strstr(err.message, part) != NULL, "%s", err.message);
    ck_assert_ptr_null(p.x);
    proto_pairs_fini(&p);
    pair_reading_free(r);
    matrix_free(&x);
}

START_TEST(test_bad_rows_are_named)
{
    refused_join("a,b,l\nA,B,1\nA,C,maybe\n", false,
                 "row 2, column \"l\": the label is \"maybe\"; expected 0 or 1");
    refused_join("a,b,l\nA,B,\n", false, "row 1, column \"l\": the label is \"\"");
    refused_join("a,b,l\nA,B,1\nA,,1\n", false, "row 2, column \"b\": empty; expected an id");
    refused_join("a,b,l\nA,B,1\nB,A,0\nA,B,0\n", false,
                 "the pair \"A\", \"B\" has one label in row 1 and the other in row 3");
    refused_join("a,b,l\nA,B,1\nB,A,0\nA,B,0\n", true,
                 "the pair \"B\", \"A\" has one label in row 1 and the other in row 2");
    char text[400] = "a,b,l\n";
    memset(text + 6, 'x', 300);
    strcpy(text + 306, ",B,1\n");
    refused_join(text, false, "row 1, column \"a\": too long for an id");
}
END_TEST

START_TEST(test_pairs_in_a_list_are_joined_too)
{
    proto_matrix_view x = matrix_with_ids("A B C"), none = {.matrix = x.matrix};
    proto_string_list a, b;
    proto_string_list_init(&a, 100);
    proto_string_list_init(&b, 100);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(proto_string_list_append(&a, &"AABC"[i], 1, NULL), MI_OK);
        ck_assert_int_eq(proto_string_list_append(&b, &"BBCX"[i], 1, NULL), MI_OK);
    }
    uint8_t labels[] = {1, 1, 0, 1};
    proto_pair_source source = {.x = &a, .y = &b, .labels = labels};
    proto_pairs p;
    mi_error err = {0};
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, &err), MI_OK);
    ck_assert_uint_eq(p.n, 1);
    ck_assert_uint_eq(p.duplicates, 1);
    ck_assert_uint_eq(p.negatives, 1);
    ck_assert_uint_eq(p.without_embedding, 1);
    lists(&p.missing_y, "X");
    proto_pairs_fini(&p);

    labels[1] = 0;
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/data/1");
    proto_pairs_fini(&p);
    ck_assert_int_eq(proto_pairs_join(&p, &source, &none, &x, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/x");
    proto_pairs_fini(&p);

    ck_assert_int_eq(proto_string_list_append(&a, "", 0, NULL), MI_OK);
    ck_assert_int_eq(proto_string_list_append(&b, "A", 1, NULL), MI_OK);
    source.labels = NULL;
    ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &x, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/data/4/0");
    proto_pairs_fini(&p);
    proto_string_list_fini(&a);
    proto_string_list_fini(&b);
    matrix_free(&x);
}
END_TEST

/* Random tables against counting by comparison of all with all. */
START_TEST(test_random_joins_agree_with_a_naive_one)
{
    uint64_t state = 5;
    for (int trial = 0; trial < 50; trial++) {
        proto_matrix_view x = matrix_with_ids("a b c d e f"), y = matrix_with_ids("d e f g h");
        char text[4000] = "x,y\n";
        int n = 1 + (int)(random_bits(&state) % 200), distinct = 0, without = 0;
        char pairs[200][2];
        for (int i = 0; i < n; i++) {
            pairs[i][0] = (char)('a' + random_bits(&state) % 9);
            pairs[i][1] = (char)('a' + random_bits(&state) % 9);
            sprintf(text + strlen(text), "%c,%c\n", pairs[i][0], pairs[i][1]);
            bool found = pairs[i][0] <= 'f' && pairs[i][1] >= 'd' && pairs[i][1] <= 'h', seen = false;
            for (int k = 0; k < i; k++)
                seen = seen || memcmp(pairs[i], pairs[k], 2) == 0;
            without += !found;
            distinct += found && !seen;
        }
        pair_reading *r = read_pairs(text, default_options());
        const proto_pair_source source = table_source(r, NULL);
        proto_pairs p;
        ck_assert_int_eq(proto_pairs_join(&p, &source, &x, &y, NULL), MI_OK);
        ck_assert_uint_eq(p.n, (unsigned)distinct);
        ck_assert_uint_eq(p.without_embedding, (unsigned)without);
        ck_assert_uint_eq(p.rows, p.n + p.duplicates + p.without_embedding);
        for (uint32_t i = 0; i < p.n; i++)
            for (uint32_t k = 0; k < p.n; k++) {
                size_t one;
                const char *a = proto_matrix_id(&x, p.x[i], &one), *b = proto_matrix_id(&y, p.y[k], &one);
                ck_assert((*a == *b) == (p.entity_x[i] == p.entity_y[k]));
                ck_assert(i == k || p.x[i] != p.x[k] || p.y[i] != p.y[k]);
            }
        proto_pairs_fini(&p);
        pair_reading_free(r);
        matrix_free(&x);
        matrix_free(&y);
    }
}
END_TEST

START_TEST(test_every_id_is_found_where_it_is)
{
    enum { N = 20000 };
    char *ids = malloc(N * 11);
    size_t used = 0;
    for (int i = 0; i < N; i++)
        used += (size_t)sprintf(ids + used, "%sP%08x", i ? " " : "", (unsigned)i * 2654435761u);
    proto_matrix_view view = matrix_with_ids(ids);
    proto_id_index *index;
    ck_assert_int_eq(proto_id_index_new(&index, &view, NULL), MI_OK);
    for (uint32_t row = 0; row < N; row++) {
        size_t n;
        const char *id = proto_matrix_id(&view, row, &n);
        ck_assert_uint_eq(proto_id_index_find(index, id, n), row);
        ck_assert_uint_eq(proto_id_index_find(index, id, n - 1), PROTO_NO_ROW);
    }
    ck_assert_uint_eq(proto_id_index_find(index, "", 0), PROTO_NO_ROW);
    proto_id_index_free(index);
    matrix_free(&view);
    free(ids);

    view = matrix_with_ids("only");
    ck_assert_int_eq(proto_id_index_new(&index, &view, NULL), MI_OK);
    ck_assert_uint_eq(proto_id_index_find(index, "only", 4), 0);
    proto_id_index_free(index);
    view.has_ids = false;
    ck_assert_int_eq(proto_id_index_new(&index, &view, NULL), MI_INVALID);
    matrix_free(&view);
}
END_TEST

int main(void)
{
    RUN_TESTS("pairs", test_rows_are_joined_and_counted, test_one_matrix_on_both_sides_with_order_or_without,
              test_bad_rows_are_named, test_pairs_in_a_list_are_joined_too,
              test_random_joins_agree_with_a_naive_one, test_every_id_is_found_where_it_is);
}
