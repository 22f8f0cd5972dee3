#include "proto/result.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

#define ROWS 6

static double pmi[ROWS] = {0.5, (double)NAN, 2.0, -1.0, 2.0, 0.25};
static double percentile[ROWS] = {0.6, (double)NAN, 0.99, 0.1, 0.99, 0.5};
static double p_value[ROWS] = {0.4, (double)NAN, 0.01, 0.9, 0.01, 0.5};
static double q_value[ROWS] = {0.5, (double)NAN, 0.03, 0.9, 0.03, 0.6};

/* Ids "r0" to "r5" and a few that need quoting. */
static const char id_bytes[] = "r0r1a,b\"q\"r4r5";
static const uint64_t id_offsets[ROWS + 1] = {0, 2, 4, 7, 10, 12, 14};
static const proto_matrix_view with_ids = {
    .matrix = {.rows = ROWS, .cols = 1}, .has_ids = true, .id_offsets = id_offsets, .id_bytes = id_bytes};

static proto_text blob;

static proto_pmi_view a_view(void)
{
    const mi_estimate estimate = {
        .n_pairs = ROWS, .pmi = pmi, .percentile = percentile, .p_value = p_value, .q_value = q_value};
    proto_pmi_view view;
    proto_text_init(&blob, 1 << 16);
    ck_assert_int_eq(proto_pmi_pack(&estimate, NULL, &blob), MI_OK);
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, PROTO_PMI_FIRST, NULL), MI_OK);
    return view;
}

static void json_is(const proto_pmi_query *query, const proto_matrix_view *x, const char *expected)
{
    proto_pmi_view view = a_view();
    proto_text text;
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(proto_pmi_encode_json(&view, query, x, NULL, &text), MI_OK);
    ck_assert_str_eq(text.data, expected);
    proto_text_fini(&text);
    proto_text_fini(&blob);
}

static mi_status append(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    proto_text_append(ctx, bytes, n);
    return proto_text_ok(ctx) ? MI_OK : mi_fail(err, MI_MEMORY, "text");
}

START_TEST(test_the_blob_reads_back_bit_for_bit)
{
    proto_pmi_view view = a_view();
    ck_assert_uint_eq(view.rows, ROWS);
    ck_assert_mem_eq(view.pmi, pmi, sizeof pmi);
    ck_assert_mem_eq(view.percentile, percentile, sizeof percentile);
    ck_assert_mem_eq(view.p, p_value, sizeof p_value);
    ck_assert_mem_eq(view.q, q_value, sizeof q_value);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_a_damaged_blob_is_refused)
{
    proto_pmi_view view = a_view();
    for (size_t n = 0; n < blob.length; n++)
        ck_assert_int_eq(proto_pmi_open(&view, blob.data, n, PROTO_PMI_FIRST, NULL), MI_CORRUPT);
    blob.data[0] ^= 1;
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, PROTO_PMI_FIRST, NULL), MI_CORRUPT);
    blob.data[0] ^= 1;
    memset(blob.data + 8, 0xff, 8); /* 2^64 - 1 rows */
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, PROTO_PMI_FIRST, NULL), MI_CORRUPT);
    proto_text_fini(&blob);
}
END_TEST

/* Tables of variants 1 and 3; 0 has failed, 2 has no PMI. The second table is the first, negated. */
static void make_comparison(void)
{
    static double negated[ROWS];
    uint64_t offsets[4] = {PROTO_PMI_FAILED, 0, PROTO_PMI_NONE, 0};
    mi_estimate estimate = {
        .n_pairs = ROWS, .pmi = pmi, .percentile = percentile, .p_value = p_value, .q_value = q_value};
    proto_text_init(&blob, 1 << 16);
    ck_assert_int_eq(proto_pmi_pack(&estimate, NULL, &blob), MI_OK);
    for (int i = 0; i < ROWS; i++)
        negated[i] = -pmi[i];
    estimate.pmi = negated;
    offsets[3] = blob.length;
    ck_assert_int_eq(proto_pmi_pack(&estimate, NULL, &blob), MI_OK);
    proto_pmi_pack_index(offsets, 4, &blob);
}

START_TEST(test_a_comparison_has_a_table_per_objective)
{
    proto_pmi_view view;
    mi_error err = {0};
    make_comparison();
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 1, NULL), MI_OK);
    ck_assert_uint_eq(view.rows, ROWS);
    ck_assert_mem_eq(view.pmi, pmi, sizeof pmi);
    ck_assert_mem_eq(view.q, q_value, sizeof q_value);
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 3, NULL), MI_OK);
    ck_assert_double_eq(view.pmi[2], -2);
    ck_assert_mem_eq(view.q, q_value, sizeof q_value);
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, PROTO_PMI_FIRST, NULL), MI_OK);
    ck_assert_double_eq(view.pmi[2], 2);
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 0, &err), MI_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "failed"));
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 2, &err), MI_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "no PMI"));
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 4, NULL), MI_NOT_FOUND);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_a_damaged_comparison_is_refused)
{
    proto_pmi_view view;
    make_comparison();
    for (size_t n = 0; n < blob.length; n++) {
        /* Cut behind its first table, the blob is that of a job with one objective. */
        mi_status expected = n == 16 + 32 * ROWS ? MI_OK : MI_CORRUPT;
        ck_assert_int_eq(proto_pmi_open(&view, blob.data, n, PROTO_PMI_FIRST, NULL), expected);
    }
    char *offset = blob.data + blob.length - 16 - 3 * 8; /* of variant 1 */
    const uint64_t bad[] = {8, 4, blob.length, UINT64_MAX - 7};
    for (int i = 0; i < 4; i++) {
        memcpy(offset, &bad[i], sizeof bad[i]);
        ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 1, NULL), MI_CORRUPT);
    }
    memset(blob.data + blob.length - 16, 0xff, 8); /* 2^64 - 1 variants */
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, 1, NULL), MI_CORRUPT);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_pages_follow_the_rows_and_skip_pairs_that_were_not_held_out)
{
    json_is(&(proto_pmi_query){.min = -(double)INFINITY, .limit = 2}, &with_ids,
            "{\"object\":\"list\",\"unit\":\"nats\",\"data\":["
            "{\"row\":0,\"x_id\":\"r0\",\"pmi\":0.5,\"percentile\":0.6,\"p_value\":0.4,\"q_value\":0.5},"
            "{\"row\":2,\"x_id\":\"a,b\",\"pmi\":2,\"percentile\":0.99,\"p_value\":0.01,\"q_value\":0.03}],"
            "\"next\":\"2\",\"total\":5}");
    json_is(&(proto_pmi_query){.min = -(double)INFINITY, .limit = 2, .after = 4}, NULL,
            "{\"object\":\"list\",\"unit\":\"nats\",\"data\":["
            "{\"row\":5,\"pmi\":0.25,\"percentile\":0.5,\"p_value\":0.5,\"q_value\":0.6}],\"next\":null,"
            "\"total\":5}");
    json_is(&(proto_pmi_query){.min = 100, .limit = 2, .after = UINT64_MAX}, NULL,
            "{\"object\":\"list\",\"unit\":\"nats\",\"data\":[],\"next\":null,\"total\":0}");
}
END_TEST

START_TEST(test_the_highest_come_first_and_ties_by_row)
{
    json_is(&(proto_pmi_query){.min = 0, .top = 3, .limit = 10}, NULL,
            "{\"object\":\"list\",\"unit\":\"nats\",\"data\":["
            "{\"row\":2,\"pmi\":2,\"percentile\":0.99,\"p_value\":0.01,\"q_value\":0.03},"
            "{\"row\":4,\"pmi\":2,\"percentile\":0.99,\"p_value\":0.01,\"q_value\":0.03},"
            "{\"row\":0,\"pmi\":0.5,\"percentile\":0.6,\"p_value\":0.4,\"q_value\":0.5}],\"next\":null,"
            "\"total\":3}");
}
END_TEST

static const double *sorted_by;

static int descending(const void *a, const void *b)
{
    uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    return sorted_by[i] != sorted_by[j] ? (sorted_by[i] > sorted_by[j] ? -1 : 1) : i < j ? -1 : 1;
}

START_TEST(test_the_top_of_many_pairs_is_the_top_of_the_sorted_pairs)
{
    enum { N = 1000 };
    static double values[N];
    static uint64_t order[N];
    uint64_t state = 7;
    for (uint64_t i = 0; i < N; i++) {
        values[i] = (double)(random_bits(&state) % 100) / 8; /* with many ties */
        order[i] = i;
    }
    sorted_by = values;
    qsort(order, N, sizeof order[0], descending);
    const proto_pmi_view view = {N, values, values, values, values};
    static const uint64_t tops[] = {1, 2, 10, 999, 1000, 5000};
    for (size_t t = 0; t < sizeof tops / sizeof tops[0]; t++) {
        const proto_pmi_query query = {.min = -(double)INFINITY, .top = tops[t]};
        proto_text csv;
        proto_text_init(&csv, 1 << 20);
        ck_assert_int_eq(proto_pmi_write_csv(&view, &query, NULL, NULL, &(proto_output){append, &csv}, NULL),
                         MI_OK);
        char *line = strchr(csv.data, '\n') + 1;
        for (uint64_t i = 0; i < tops[t] && i < N; i++, line = strchr(line, '\n') + 1)
            ck_assert_uint_eq(strtoull(line, NULL, 10), order[i]);
        ck_assert_int_eq(*line, '\0');
        proto_text_fini(&csv);
    }
}
END_TEST

START_TEST(test_csv_has_ids_quoted_where_they_have_to_be)
{
    proto_pmi_view view = a_view();
    proto_text text;
    proto_text_init(&text, 1 << 16);
    const proto_pmi_query all = {.min = -(double)INFINITY};
    ck_assert_int_eq(
        proto_pmi_write_csv(&view, &all, &with_ids, &with_ids, &(proto_output){append, &text}, NULL), MI_OK);
    ck_assert_str_eq(text.data, "row,x_id,y_id,pmi,percentile,p_value,q_value\n"
                                "0,r0,r0,0.5,0.6,0.4,0.5\n"
                                "2,\"a,b\",\"a,b\",2,0.99,0.01,0.03\n"
                                "3,\"\"\"q\"\"\",\"\"\"q\"\"\",-1,0.1,0.9,0.9\n"
                                "4,r4,r4,2,0.99,0.01,0.03\n"
                                "5,r5,r5,0.25,0.5,0.5,0.6\n");
    proto_text_fini(&text);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_npy_has_all_rows_unless_filtered)
{
    proto_pmi_view view = a_view();
    proto_text text;
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(proto_pmi_write_npy(&view, &(proto_pmi_query){.min = -(double)INFINITY},
                                         &(proto_output){append, &text}, NULL),
                     MI_OK);
    ck_assert_uint_eq(text.length, 128 + ROWS * 4 * sizeof(double));
    ck_assert_ptr_nonnull(strstr(text.data + 10, "'shape': (6, 4)"));
    double row[4];
    memcpy(row, text.data + 128 + 4 * sizeof row, sizeof row);
    ck_assert_double_eq(row[0], 2.0);
    ck_assert_double_eq(row[3], 0.03);
    proto_text_fini(&text);
    ck_assert_int_eq(
        proto_pmi_write_npy(&view, &(proto_pmi_query){.min = 0.5}, &(proto_output){append, &text}, NULL),
        MI_OK);
    ck_assert_ptr_nonnull(strstr(text.data + 10, "'shape': (3, 4)"));
    proto_text_fini(&text);
    proto_text_fini(&blob);
}
END_TEST

START_TEST(test_an_answer_over_its_cap_fails)
{
    proto_pmi_view view = a_view();
    const proto_pmi_query query = {.min = -(double)INFINITY, .limit = 10};
    proto_text text;
    proto_text_init(&text, 200);
    ck_assert_int_eq(proto_pmi_encode_json(&view, &query, NULL, NULL, &text), MI_MEMORY);
    proto_text_fini(&text);
    ck_assert_int_eq(proto_pmi_write_npy(&view, &query, &(proto_output){append, &text}, NULL), MI_MEMORY);
    proto_text_fini(&text);
    proto_text_fini(&blob);
}
END_TEST

/* Pairs of two matrices of three rows, in the order of the table. */
START_TEST(test_pairs_by_id_are_shown_and_found_by_their_rows)
{
    static uint32_t x_row[ROWS] = {2, 0, 1, 2, 0, 1}, y_row[ROWS] = {0, 0, 0, 1, 1, 2};
    const proto_pairs pairs = {.n = ROWS, .x = x_row, .y = y_row};
    const mi_estimate estimate = {
        .n_pairs = ROWS, .pmi = pmi, .percentile = percentile, .p_value = p_value, .q_value = q_value};
    const proto_matrix_view of_three = {
        .matrix = {.rows = 3, .cols = 1}, .has_ids = true, .id_offsets = id_offsets, .id_bytes = id_bytes};
    const proto_pmi_query of_r0 = {.min = -(double)INFINITY, .limit = 10, .x_row = 1},
                          one = {.min = -(double)INFINITY, .limit = 10, .x_row = 3, .y_row = 2};
    proto_pmi_view view;
    proto_text text;
    proto_text_init(&blob, 1 << 16);
    proto_text_init(&text, 1 << 16);
    ck_assert_int_eq(proto_pmi_pack(&estimate, &pairs, &blob), MI_OK);
    ck_assert_uint_eq(blob.length, 16 + ROWS * PROTO_PMI_ROW_BYTES);
    for (size_t n = 0; n < blob.length; n++)
        ck_assert_int_eq(proto_pmi_open(&view, blob.data, n, PROTO_PMI_FIRST, NULL), MI_CORRUPT);
    ck_assert_int_eq(proto_pmi_open(&view, blob.data, blob.length, PROTO_PMI_FIRST, NULL), MI_OK);
    ck_assert_mem_eq(view.q, q_value, sizeof q_value);
    ck_assert_mem_eq(view.x_row, x_row, sizeof x_row);
    ck_assert_mem_eq(view.y_row, y_row, sizeof y_row);
    ck_assert_int_eq(proto_pmi_encode_json(&view, &of_r0, &of_three, &of_three, &text), MI_OK);
    ck_assert_str_eq(
        text.data,
        "{\"object\":\"list\",\"unit\":\"nats\",\"data\":[{\"row\":4,\"x_id\":\"r0\",\"y_id\":\"r1\","
        "\"pmi\":2,\"percentile\":0.99,\"p_value\":0.01,\"q_value\":0.03}],\"next\":null,\"total\":1}");
    text.length = 0;
    ck_assert_int_eq(
        proto_pmi_write_csv(&view, &one, &of_three, &of_three, &(proto_output){append, &text}, NULL), MI_OK);
    ck_assert_str_eq(text.data,
                     "row,x_id,y_id,pmi,percentile,p_value,q_value\n3,\"a,b\",r1,-1,0.1,0.9,0.9\n");
    proto_text_fini(&text);
    proto_text_fini(&blob);
}
END_TEST

int main(void)
{
    RUN_TESTS("pmi", test_the_blob_reads_back_bit_for_bit, test_a_comparison_has_a_table_per_objective,
              test_a_damaged_comparison_is_refused, test_a_damaged_blob_is_refused,
              test_pages_follow_the_rows_and_skip_pairs_that_were_not_held_out,
              test_the_highest_come_first_and_ties_by_row,
              test_the_top_of_many_pairs_is_the_top_of_the_sorted_pairs,
              test_csv_has_ids_quoted_where_they_have_to_be, test_npy_has_all_rows_unless_filtered,
              test_pairs_by_id_are_shown_and_found_by_their_rows, test_an_answer_over_its_cap_fails);
}
