/*
 * The daemon's side of HDF5 uploads against a reader that crashes, hangs, floods or leaves.
 */
#include "../runner.h"
#include "hdf5/hdf5.h"
#include "proto/matrix.h"
#include "proto/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct outcome {
    mi_status status;
    mi_error err;
    proto_dataset_record record;
    proto_text blob;
} outcome;

static mi_status keep(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)err;
    proto_text_append(ctx, bytes, n);
    return MI_OK;
}

static mi_status refuse(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return mi_fail(err, MI_NO_SPACE, "full");
}

static int some_file(void)
{
    char path[] = "/tmp/test_hdf5.XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(write(fd, "HDF5", 4), 4);
    return fd; /* its offset is at the end, which must not matter */
}

/* No child of ours is left, dead or alive. */
static void check_no_child(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static outcome *run_program(const char *program, const char *what, uint32_t wall_s,
                            mi_status (*write)(void *, const void *, size_t, mi_error *))
{
    outcome *o = calloc(1, sizeof *o);
    proto_limits limits;
    proto_table_options options = {0};
    const hdf5_file file = {.program = program, .fd = some_file(), .bytes = 4, .cpu_s = 1, .wall_s = wall_s};
    ck_assert_ptr_nonnull(o);
    proto_text_init(&o->blob, 1u << 20);
    const proto_output out = {write, &o->blob};
    const unsigned before = open_descriptors();
    proto_limits_default(&limits);
    snprintf(options.key, sizeof options.key, "%s", what);
    o->status = hdf5_read(&file, &options, &limits, &out, &o->record, &o->err);
    ck_assert_uint_eq(open_descriptors(), before);
    close(file.fd);
    check_no_child();
    return o;
}

static outcome *run(const char *what, uint32_t wall_s)
{
    return run_program(HOSTILE_READER, what, wall_s, keep);
}

static void end(outcome *o)
{
    proto_dataset_record_fini(&o->record);
    proto_text_fini(&o->blob);
    free(o);
}

static void refused(outcome *o, mi_status status, const char *part)
{
    ck_assert_msg(o->status == status && o->err.code == status && strstr(o->err.message, part),
                  "status %d, \"%s\"; expected %d, \"%s\"", o->status, o->err.message, status, part);
    end(o);
}

/* The first id of the matrix. */
static void first_id(const outcome *o, char *out, size_t size)
{
    proto_matrix_view view;
    mi_error err = {0};
    size_t n;
    ck_assert_msg(proto_matrix_open(&view, o->blob.data, o->blob.length, &err) == MI_OK, "%s", err.message);
    const char *id = proto_matrix_id(&view, 0, &n);
    ck_assert_ptr_nonnull(id);
    snprintf(out, size, "%.*s", (int)n, id);
}

START_TEST(test_a_good_reader_is_believed)
{
    outcome *o = run("good", 30);
    char id[16];
    ck_assert_msg(o->status == MI_OK, "%s", o->err.message);
    ck_assert_uint_eq(o->record.rows, 2);
    ck_assert_uint_eq(o->record.cols, 2);
    ck_assert_str_eq(o->record.format, "hdf5");
    first_id(o, id, sizeof id);
    ck_assert_str_eq(id, "a");
    end(o);
    o = run("good, then hang", 30);
    ck_assert_msg(o->status == MI_OK, "%s", o->err.message);
    end(o);
}
END_TEST

START_TEST(test_it_inherits_the_file_and_nothing_else)
{
    outcome *o = run("inherited", 30);
    char id[64];
    ck_assert_msg(o->status == MI_OK, "%s", o->err.message);
    first_id(o, id, sizeof id);
    ck_assert_str_eq(id, "0 0 HDF5 1");
    end(o);
}
END_TEST

START_TEST(test_one_that_hangs_is_killed)
{
    refused(run("hang", 1), MI_INVALID, "more than 1 s to read");
    refused(run("hang closed", 1), MI_INVALID, "stopped");
    refused(run("trickle", 1), MI_CORRUPT, "damaged");
}
END_TEST

START_TEST(test_one_that_dies_is_said_to)
{
    refused(run("crash", 30), MI_INVALID, "crashed the HDF5 reader (SIGSEGV)");
    refused(run("leave", 30), MI_INVALID, "crashed the HDF5 reader (exit status 0)");
    refused(run("", 30), MI_INVALID, "crashed the HDF5 reader");
    refused(run("spin", 30), MI_INVALID, "1 s of processor time");
    refused(run("no sandbox", 30), MI_INTERNAL, "shut itself in");
}
END_TEST

START_TEST(test_one_that_says_more_than_its_shape_is_refused)
{
    refused(run("flood", 30), MI_CORRUPT, "more rows");
}
END_TEST

START_TEST(test_a_full_disk_stays_a_full_disk)
{
    refused(run_program(HOSTILE_READER, "good", 30, refuse), MI_NO_SPACE, "full");
}
END_TEST

START_TEST(test_a_program_that_is_not_there)
{
    refused(run_program("/nowhere/mutuald-hdf5", "", 30, keep), MI_UNSUPPORTED, "without its HDF5 reader");
    /* Beside this test there is none either. */
    refused(run_program("", "", 30, keep), MI_UNSUPPORTED, "without its HDF5 reader");
}
END_TEST

int main(void)
{
    RUN_TESTS("hdf5", test_a_good_reader_is_believed, test_it_inherits_the_file_and_nothing_else,
              test_one_that_hangs_is_killed, test_one_that_dies_is_said_to,
              test_one_that_says_more_than_its_shape_is_refused, test_a_full_disk_stays_a_full_disk,
              test_a_program_that_is_not_there);
}
