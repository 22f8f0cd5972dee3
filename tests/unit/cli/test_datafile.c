#include "datafile.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of "abc"; FIPS 180-4, appendix B.1. */
#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void check_name(const char *path, const char *expected)
{
    char name[DATAFILE_NAME_MAX + 1];

    datafile_name(name, path, SHA_ABC);
    ck_assert_str_eq(name, expected);
    ck_assert(datafile_name_valid(name));
}

START_TEST(test_a_name_is_made_of_the_file_name_and_the_hash)
{
    check_name("/data/receptors.npy", "receptors-ba7816bf8f01");
    check_name("gene expr (v2).csv", "gene-expr-v2-ba7816bf8f01");
    check_name("a.b_c.tsv", "a.b_c-ba7816bf8f01");
    check_name("lr/pairs.tsv.gz", "pairs-ba7816bf8f01");
    check_name(".gz", "gz-ba7816bf8f01");
    check_name("a.gz", "a-ba7816bf8f01");
}
END_TEST

START_TEST(test_any_file_name_gives_a_valid_name)
{
    char path[2000];

    check_name("....npy", "data-ba7816bf8f01");
    check_name(".npy", "npy-ba7816bf8f01");
    check_name("/tmp/", "data-ba7816bf8f01");
    check_name("\xc3\xa9\xc3\xa9", "data-ba7816bf8f01");
    check_name("-x", "x-ba7816bf8f01");
    check_name("caf\xc3\xa9 noir.npy", "caf-noir-ba7816bf8f01");
    memset(path, 'q', sizeof path);
    path[sizeof path - 1] = '\0';
    char name[DATAFILE_NAME_MAX + 1];
    datafile_name(name, path, SHA_ABC);
    ck_assert_uint_eq(strlen(name), DATAFILE_NAME_MAX);
    ck_assert(datafile_name_valid(name));
}
END_TEST

START_TEST(test_names_that_the_server_refuses_are_refused_here)
{
    static const char *const bad[] = {"", ".a", "-a", "a/b", "a b", "a\n", "\xc3\xa9"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!datafile_name_valid(bad[i]), "%s", bad[i]);
    ck_assert(datafile_name_valid("A9._-z"));
}
END_TEST

START_TEST(test_a_file_is_hashed_and_its_format_told_by_its_name)
{
    char path[] = MUTUALD_TEST_BINARY_DIR "/abcXXXXXX.CSV";
    int fd = mkstemps(path, 4);
    datafile file;
    mi_error err = {0};

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "abc", 3), 3);
    close(fd);
    ck_assert_int_eq(datafile_open(&file, path, &err), MI_OK);
    ck_assert_str_eq(file.sha256, SHA_ABC);
    ck_assert_uint_eq(file.size, 3);
    ck_assert_str_eq(file.format, "csv");
    datafile_close(&file);

    char zipped[] = MUTUALD_TEST_BINARY_DIR "/abcXXXXXX.tsv.gz";
    fd = mkstemps(zipped, 7);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "abc", 3), 3);
    close(fd);
    ck_assert_int_eq(datafile_open(&file, zipped, &err), MI_OK);
    ck_assert_str_eq(file.format, "tsv");
    datafile_close(&file);
    unlink(zipped);
    unlink(path);
    ck_assert_int_eq(datafile_open(&file, path, &err), MI_NOT_FOUND);
    ck_assert_int_eq(datafile_open(&file, MUTUALD_TEST_BINARY_DIR, &err), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "regular file"));
}
END_TEST

int main(void)
{
    RUN_TESTS("datafile", test_a_name_is_made_of_the_file_name_and_the_hash,
              test_any_file_name_gives_a_valid_name, test_names_that_the_server_refuses_are_refused_here,
              test_a_file_is_hashed_and_its_format_told_by_its_name);
}
