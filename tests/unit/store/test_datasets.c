#include "fixture.h"

#include <stdio.h>
#include <string.h>

static fixture f;

START_TEST(test_a_data_set_reads_back_as_it_was_put)
{
    fixture_setup(&f, _i);
    proto_dataset_record d = {.name = "receptors",
                              .kind = "pairs",
                              .format = "csv",
                              .bytes = 77,
                              .rows = 5,
                              .cols = 3,
                              .has_ids = true,
                              .created_ms = 1700000000123,
                              .columns = "[{\"name\":\"a\"}]"};
    proto_dataset_record got;
    bool created;
    put_blob(&f, "m", 1, d.matrix_sha256);
    memset(d.sha256, 'a', PROTO_SHA_HEX - 1);
    ck_ok(&f, store_dataset_put(f.store, &d, &created, &f.err));
    ck_assert(created);
    ck_ok(&f, store_dataset_get(f.store, "receptors", &got, &f.err));
    ck_assert_str_eq(got.name, d.name);
    ck_assert_str_eq(got.sha256, d.sha256);
    ck_assert_str_eq(got.matrix_sha256, d.matrix_sha256);
    ck_assert_str_eq(got.kind, "pairs");
    ck_assert_str_eq(got.format, "csv");
    ck_assert_str_eq(got.columns, d.columns);
    ck_assert_uint_eq(got.bytes, 77);
    ck_assert_uint_eq(got.rows, 5);
    ck_assert_uint_eq(got.cols, 3);
    ck_assert(got.has_ids);
    ck_assert_int_eq(got.created_ms, d.created_ms);
    proto_dataset_record_fini(&got);
    ck_assert_int_eq(store_dataset_get(f.store, "nobody", &got, &f.err), MI_NOT_FOUND);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_name_keeps_its_bytes)
{
    fixture_setup(&f, _i);
    proto_dataset_record d = {.name = "x", .kind = "matrix", .format = "npy"};
    bool created;
    put_blob(&f, "m", 1, d.matrix_sha256);
    memset(d.sha256, 'a', PROTO_SHA_HEX - 1);
    ck_ok(&f, store_dataset_put(f.store, &d, &created, &f.err));
    ck_ok(&f, store_dataset_put(f.store, &d, &created, &f.err));
    ck_assert(!created);
    memset(d.sha256, 'b', PROTO_SHA_HEX - 1);
    ck_assert_int_eq(store_dataset_put(f.store, &d, &created, &f.err), MI_CONFLICT);
    ck_assert(!created);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_data_set_needs_its_matrix)
{
    fixture_setup(&f, _i);
    proto_dataset_record d = {.name = "x", .kind = "matrix", .format = "npy"};
    bool created;
    memset(d.matrix_sha256, 'a', PROTO_SHA_HEX - 1);
    ck_assert_int_eq(store_dataset_put(f.store, &d, &created, &f.err), MI_NOT_FOUND);
    ck_assert(!created);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_pages_of_the_list_join_without_gap_or_overlap)
{
    fixture_setup(&f, _i);
    char name[PROTO_NAME_MAX + 1], content[32], after[PROTO_NAME_MAX + 1] = "";
    for (int i = 6; i >= 0; i--) {
        snprintf(name, sizeof name, "set-%d", i);
        snprintf(content, sizeof content, "content %d", i);
        put_dataset(&f, name, content);
    }
    int seen = 0;
    for (size_t n = 3; n == 3;) {
        proto_dataset_record page[3];
        ck_ok(&f, store_dataset_list(f.store, after, page, &n, &f.err));
        for (size_t i = 0; i < n; i++) {
            snprintf(name, sizeof name, "set-%d", seen++);
            ck_assert_str_eq(page[i].name, name);
            strcpy(after, page[i].name);
            proto_dataset_record_fini(&page[i]);
        }
    }
    ck_assert_int_eq(seen, 7);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_data_set_stays_while_a_job_needs_it)
{
    fixture_setup(&f, _i);
    proto_dataset_record d;
    char id[PROTO_ID_MAX];
    put_dataset(&f, "x", "matrix x");
    put_dataset(&f, "y", "matrix y");
    put_dataset(&f, "z", "matrix z");
    proto_dataset_record y;
    ck_ok(&f, store_dataset_get(f.store, "x", &d, &f.err));
    ck_ok(&f, store_dataset_get(f.store, "y", &y, &f.err));
    store_submission s = submission_of(d.matrix_sha256);
    s.dataset_x = "x";
    s.dataset_y = "y";
    s.blob_y = y.matrix_sha256;
    submit(&f, &s, id);
    ck_assert_int_eq(store_dataset_delete(f.store, "x", &f.err), MI_CONFLICT);
    ck_assert_int_eq(store_dataset_delete(f.store, "y", &f.err), MI_CONFLICT);
    ck_ok(&f, store_dataset_delete(f.store, "z", &f.err));
    ck_assert_int_eq(store_dataset_delete(f.store, "z", &f.err), MI_NOT_FOUND);
    succeed_job(&f, "");
    ck_ok(&f, store_dataset_delete(f.store, "x", &f.err));
    ck_assert_int_eq(store_dataset_get(f.store, "x", &d, &f.err), MI_NOT_FOUND);
    put_dataset(&f, "x", "other bytes now");
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store data sets", {test_a_data_set_reads_back_as_it_was_put},
                        {test_a_name_keeps_its_bytes}, {test_a_data_set_needs_its_matrix},
                        {test_pages_of_the_list_join_without_gap_or_overlap},
                        {test_a_data_set_stays_while_a_job_needs_it});
}
