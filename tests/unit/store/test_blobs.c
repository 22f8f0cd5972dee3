#include "fixture.h"

#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static fixture f;

START_TEST(test_a_blob_reads_back_under_its_sha256)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX], expected[PROTO_SHA_HEX];
    store_mapping m;
    put_blob(&f, "some bytes", 10, sha256);
    sha256_of("some bytes", 10, expected);
    ck_assert_str_eq(sha256, expected);
    ck_ok(&f, store_blob_map(f.store, sha256, &m, &f.err));
    ck_assert_uint_eq(m.n, 10);
    ck_assert_mem_eq(m.bytes, "some bytes", 10);
    ck_assert_uint_eq((uintptr_t)m.bytes % 4096, 0);
    store_blob_unmap(f.store, &m);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_blob_written_in_pieces_of_any_size_is_whole)
{
    fixture_setup(&f, _i);
    size_t n = 3000000, done = 0, piece = 1;
    unsigned char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    char sha256[PROTO_SHA_HEX], expected[PROTO_SHA_HEX];
    store_blob_writer *w;
    ck_ok(&f, store_blob_begin(f.store, &w, &f.err));
    proto_output out = store_blob_output(w);
    for (; done < n; done += piece, piece = piece * 3 + 1) {
        if (piece > n - done)
            piece = n - done;
        ck_ok(&f, out.write(out.ctx, bytes + done, piece, &f.err));
    }
    ck_ok(&f, store_blob_write(w, bytes, 0, &f.err));
    ck_ok(&f, store_blob_commit(w, sha256, &f.err));
    sha256_of(bytes, n, expected);
    ck_assert_str_eq(sha256, expected);
    store_mapping m;
    ck_ok(&f, store_blob_map(f.store, sha256, &m, &f.err));
    ck_assert_uint_eq(m.n, n);
    ck_assert(memcmp(m.bytes, bytes, n) == 0);
    store_blob_unmap(f.store, &m);
    free(bytes);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_empty_blob_is_a_blob)
{
    fixture_setup(&f, _i);
    char sha256[PROTO_SHA_HEX];
    store_mapping m;
    put_blob(&f, "", 0, sha256);
    ck_ok(&f, store_blob_map(f.store, sha256, &m, &f.err));
    ck_assert_uint_eq(m.n, 0);
    ck_assert_ptr_nonnull(m.bytes);
    store_blob_unmap(f.store, &m);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_the_same_bytes_are_kept_once)
{
    fixture_setup(&f, _i);
    char first[PROTO_SHA_HEX], second[PROTO_SHA_HEX];
    store_queue_stats stats;
    put_blob(&f, "twice", 5, first);
    store_mapping m;
    ck_ok(&f, store_blob_map(f.store, first, &m, &f.err));
    put_blob(&f, "twice", 5, second);
    ck_assert_str_eq(first, second);
    ck_assert_mem_eq(m.bytes, "twice", 5); /* a mapping outlives the second coming */
    store_blob_unmap(f.store, &m);
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.blob_bytes, 5);
    ck_assert_uint_eq(fixture_count_files(&f, "blobs"), 1);
    fixture_close(&f);
    ck_ok(&f, fixture_open(&f, _i));
    ck_ok(&f, store_stats(f.store, &stats, &f.err));
    ck_assert_uint_eq(stats.blob_bytes, 5);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_names_that_are_no_hash_find_nothing)
{
    fixture_setup(&f, _i);
    static const char *const names[] = {
        "",
        "abc",
        "../lock",
        "../../../../../../../../../../../../../../../../../../../etc/passwd",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        store_mapping m;
        ck_assert_int_eq(store_blob_map(f.store, names[i], &m, &f.err), MI_NOT_FOUND);
    }
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_an_abandoned_upload_leaves_nothing)
{
    fixture_setup(&f, _i);
    store_blob_writer *w;
    char byte = 'x';
    ck_ok(&f, store_blob_begin(f.store, &w, &f.err));
    mi_status status = MI_OK;
    for (int i = 0; i < 1000000 && !status; i++)
        status = store_blob_write(w, &byte, 1, &f.err);
    ck_assert_int_eq(status, MI_OK);
    store_blob_abort(w);
    store_blob_abort(NULL);
    ck_assert_uint_eq(fixture_count_files(&f, "tmp"), 0);
    ck_assert_uint_eq(fixture_count_files(&f, "blobs"), 0);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_a_scratch_file_has_no_name)
{
    fixture_setup(&f, _i);
    int fd;
    char byte = 0;
    ck_ok(&f, store_scratch_open(f.store, &fd, &f.err));
    ck_assert_int_eq(write(fd, "x", 1), 1);
    ck_assert_int_eq(pread(fd, &byte, 1, 0), 1);
    ck_assert_int_eq(byte, 'x');
    ck_assert_uint_eq(fixture_count_files(&f, "tmp"), 0);
    close(fd);
    fixture_teardown(&f);
}
END_TEST

START_TEST(test_others_cannot_read_the_data_folder)
{
    fixture_setup(&f, _i);
    struct stat st;
    ck_assert_int_eq(stat(f.dir, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
    ck_ok(&f, store_ready(f.store, &f.err));
    fixture_teardown(&f);
}
END_TEST

int main(void)
{
    return RUN_CONTRACT("store blobs", {test_a_blob_reads_back_under_its_sha256},
                        {test_a_blob_written_in_pieces_of_any_size_is_whole}, {test_an_empty_blob_is_a_blob},
                        {test_the_same_bytes_are_kept_once}, {test_names_that_are_no_hash_find_nothing},
                        {test_an_abandoned_upload_leaves_nothing}, {test_a_scratch_file_has_no_name},
                        {test_others_cannot_read_the_data_folder});
}
