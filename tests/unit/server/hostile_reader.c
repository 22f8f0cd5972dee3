/*
 * A program in place of mutuald-hdf5 that does what a broken or conquered one might; its key says what.
 */
#include "hdf5/hdf5.h"
#include "proto/hdf5.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void put(const void *bytes, size_t n)
{
    if (write(STDOUT_FILENO, bytes, n) != (ssize_t)n)
        _exit(EXIT_FAILURE);
}

static void frame(uint32_t type, const void *payload, uint64_t n)
{
    const proto_hdf5_frame f = {.type = type, .bytes = n};
    put(&f, sizeof f);
    put(payload, (size_t)n);
}

static void shape(uint64_t rows, uint64_t cols, uint32_t has_ids)
{
    const proto_hdf5_shape s = {.rows = rows, .cols = cols, .has_ids = has_ids};
    frame(PROTO_HDF5_SHAPE, &s, sizeof s);
}

static void good(void)
{
    const float rows[2][2] = {{1, 2}, {3, 4}};
    shape(2, 2, 1);
    frame(PROTO_HDF5_IDS,
          "\x01\x00"
          "a"
          "\x01\x00"
          "b",
          6);
    frame(PROTO_HDF5_ROWS, rows, sizeof rows);
    frame(PROTO_HDF5_END, NULL, 0);
}

/* What it was given, as the ids of one column: nothing else is open, no variable set, the file at its start.
 */
static void inherited(void)
{
    extern char **environ;
    char text[64];
    int open_fds = 0;
    char first[5] = "";
    for (int fd = 4; fd < 1024; fd++)
        open_fds += lseek(fd, 0, SEEK_CUR) >= 0 || getpgid(0) < 0;
    const bool ok = read(HDF5_FILE_FD, first, 4) == 4 && write(HDF5_FILE_FD, "x", 1) < 0;
    const int n = snprintf(text + 2, sizeof text - 2, "%d %d %s %d", environ[0] != NULL, open_fds, first, ok);
    const float value = 0;
    text[0] = (char)n;
    text[1] = 0;
    shape(1, 1, 1);
    frame(PROTO_HDF5_IDS, text, (uint64_t)n + 2);
    frame(PROTO_HDF5_ROWS, &value, sizeof value);
    frame(PROTO_HDF5_END, NULL, 0);
}

static void spin(uint64_t cpu_s)
{
    const struct rlimit cpu = {cpu_s, cpu_s + 1};
    volatile unsigned turns = 0;
    setrlimit(RLIMIT_CPU, &cpu);
    for (;;)
        turns++;
}

/* The daemon may be gone or may hang: a test must not leave a process behind. */
#define PATIENCE_S 60

int main(int argc, char **argv)
{
    if (argc != HDF5_ARGUMENT_COUNT)
        return EXIT_FAILURE;
    const char *what = argv[HDF5_ARGUMENT_KEY];
    alarm(PATIENCE_S);
    if (strcmp(what, "good") == 0)
        good();
    else if (strcmp(what, "inherited") == 0)
        inherited();
    else if (strcmp(what, "good, then hang") == 0)
        good(), pause();
    else if (strcmp(what, "hang") == 0)
        pause();
    else if (strcmp(what, "hang closed") == 0)
        close(STDOUT_FILENO), pause();
    else if (strcmp(what, "trickle") == 0)
        for (;; usleep(20000))
            put("\x01", 1);
    else if (strcmp(what, "crash") == 0)
        shape(2, 2, 0), signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
    else if (strcmp(what, "no sandbox") == 0)
        return HDF5_EXIT_SANDBOX;
    else if (strcmp(what, "leave") == 0)
        shape(2, 2, 0);
    else if (strcmp(what, "spin") == 0)
        spin(strtoull(argv[HDF5_ARGUMENT_CPU], NULL, 10));
    else if (strcmp(what, "flood") == 0)
        for (shape(1u << 20, 1, 0);;)
            frame(PROTO_HDF5_ROWS, (const float[256]){0}, 1024);
    return EXIT_SUCCESS;
}
