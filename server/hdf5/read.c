#include "base/log.h"
#include "child.h"
#include "hdf5/hdf5.h"
#include "proto/hdf5.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES   4096
#define MEMORY_BYTES (UINT64_C(512) << 20)
/* Processor time: inflating runs at 260 MB/s, small data sets at some 10,000 a second. */
#define CPU_S       20u
#define CPU_BYTES_S (UINT64_C(16) << 20) /* and one more second for each of these */
/* The other end may wait for our disk. */
#define WALL_S      40u
#define WALL_FACTOR 4u

/* The program beside ours. MI_INTERNAL. */
static mi_status find_program(char path[PATH_BYTES], mi_error *err)
{
    const ssize_t n = readlink("/proc/self/exe", path, PATH_BYTES);
    const char *slash = n > 0 && n < PATH_BYTES ? memrchr(path, '/', (size_t)n) : NULL;
    if (!slash || (size_t)(slash + 1 - path) + sizeof HDF5_PROGRAM > PATH_BYTES)
        return mi_fail(err, MI_INTERNAL, "finding the HDF5 reader: /proc/self/exe cannot be read");
    memcpy(path + (slash + 1 - path), HDF5_PROGRAM, sizeof HDF5_PROGRAM);
    return MI_OK;
}

static mi_status start(hdf5_child *child, const char *program, const hdf5_file *file, uint32_t cpu_s,
                       uint32_t wall_s, const proto_table_options *options, const proto_limits *limits,
                       mi_error *err)
{
    char parent[24], memory[24], cpu[24], rows[24], name[] = HDF5_PROGRAM;
    char key[sizeof options->key], ids_key[sizeof options->ids_key];
    snprintf(parent, sizeof parent, "%jd", (intmax_t)getpid());
    snprintf(memory, sizeof memory, "%" PRIu64, MEMORY_BYTES);
    snprintf(cpu, sizeof cpu, "%" PRIu32, cpu_s);
    snprintf(rows, sizeof rows, "%" PRIu64, limits->max_rows);
    snprintf(key, sizeof key, "%s", options->key);
    snprintf(ids_key, sizeof ids_key, "%s", options->ids_key);
    char *const argv[HDF5_ARGUMENT_COUNT + 1] = {
        [0] = name,
        [HDF5_ARGUMENT_PARENT] = parent,
        [HDF5_ARGUMENT_MEMORY] = memory,
        [HDF5_ARGUMENT_CPU] = cpu,
        [HDF5_ARGUMENT_ROWS] = rows,
        [HDF5_ARGUMENT_KEY] = key,
        [HDF5_ARGUMENT_IDS_KEY] = ids_key,
    };
    return hdf5_child_start(child, program, argv, file->fd, wall_s, err);
}

/* Its pipe ended in the middle: what its end says about the file. */
static mi_status refuse_dead(int how, uint32_t cpu_s, mi_error *err)
{
    if (WIFEXITED(how) && WEXITSTATUS(how) == HDF5_EXIT_SANDBOX)
        return mi_fail(err, MI_INTERNAL,
                       "the HDF5 reader cannot shut itself in: no seccomp, or limits refused");
    if (WIFSIGNALED(how) && (WTERMSIG(how) == SIGXCPU || WTERMSIG(how) == SIGKILL))
        return mi_fail(err, MI_INVALID,
                       "the HDF5 reader was stopped: the file takes more than %" PRIu32
                       " s of processor time, or more memory than there is, to read",
                       cpu_s);
    if (WIFSIGNALED(how))
        return mi_fail(err, MI_INVALID,
                       "the file crashed the HDF5 reader (SIG%s): it is damaged, or made to do that",
                       sigabbrev_np(WTERMSIG(how)) ? sigabbrev_np(WTERMSIG(how)) : "?");
    return mi_fail(err, MI_INVALID,
                   "the file crashed the HDF5 reader (exit status %d): it is damaged, or made to do that",
                   WIFEXITED(how) ? WEXITSTATUS(how) : -1);
}

static mi_status explain(mi_status status, const hdf5_child *child, int how, uint32_t cpu_s, uint32_t wall_s,
                         mi_error *err)
{
    if (child->state == HDF5_PIPE_ENDED)
        status = refuse_dead(how, cpu_s, err);
    else if (child->state == HDF5_PIPE_LATE)
        status =
            mi_fail(err, MI_INVALID,
                    "the HDF5 reader was stopped: the file takes more than %" PRIu32 " s to read", wall_s);
    else if (status != MI_CORRUPT)
        return status;
    log_warn("the HDF5 reader failed on an upload", "why", err->message, NULL);
    return status;
}

mi_status hdf5_read(const hdf5_file *file, const proto_table_options *options, const proto_limits *limits,
                    const proto_output *out, proto_dataset_record *record, mi_error *err)
{
    char beside[PATH_BYTES];
    const char *program = file->program;
    const uint32_t cpu_s = file->cpu_s ? file->cpu_s : CPU_S + (uint32_t)(file->bytes / CPU_BYTES_S);
    const uint32_t wall_s = file->wall_s ? file->wall_s : WALL_S + WALL_FACTOR * cpu_s;
    hdf5_child child;
    mi_error none = {0};
    if (!err)
        err = &none;
    mi_status status = MI_OK;
    if (program[0] == '\0') {
        status = find_program(beside, err);
        program = beside;
    }
    if (status == MI_OK)
        status = start(&child, program, file, cpu_s, wall_s, options, limits, err);
    if (status == MI_NOT_FOUND) {
        log_error("the HDF5 reader cannot be run", "why", err->message, NULL);
        return mi_fail(err, MI_UNSUPPORTED,
                       "the file is HDF5, and this server is installed without its HDF5 reader; send npy");
    }
    if (status != MI_OK)
        return status;
    const proto_hdf5_stream stream = {hdf5_child_read, &child};
    int how;
    status = proto_hdf5_read(&stream, options, limits, out, record, err);
    hdf5_child_end(&child, &how);
    return status == MI_OK ? MI_OK : explain(status, &child, how, cpu_s, wall_s, err);
}
