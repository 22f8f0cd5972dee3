#include "child.h"

#include "base/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FREE_FD 10 /* above all that the child gets, so that no dup2 hits the source of another */
#define PIPE_BYTES    (1 << 20)
#define GRACE_MS      2000 /* for a child that closed its pipe to be gone */

static mi_status failed(mi_error *err, const char *what, int why)
{
    return mi_fail(err, MI_INTERNAL, "starting the HDF5 reader: %s: %s", what, strerror(why));
}

/* Above the low numbers; closes `fd`. -1 with errno. */
static int lifted(int fd)
{
    if (fd < 0)
        return -1;
    const int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD), why = errno;
    close(fd);
    errno = why;
    return high;
}

/* The same file, opened again to read only: what is shared with the parent is the file, not the descriptor.
 */
static int reopened(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return lifted(open(path, O_RDONLY | O_CLOEXEC));
}

/* Signals as a fresh program expects them, but those that end a daemon's whole group wait: a stop of the
 * daemon drains its requests first, and its own end ends the child. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t defaults, blocked;
    sigfillset(&defaults);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    int failure = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (failure == 0)
        failure = posix_spawnattr_setsigmask(attributes, &blocked);
    return failure ? failure
                   : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int set_files(posix_spawn_file_actions_t *actions, int file, int writer)
{
    int failure = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, writer, STDOUT_FILENO);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, file, HDF5_FILE_FD);
    /* Whatever somebody forgot to mark close-on-exec. */
    return failure ? failure : posix_spawn_file_actions_addclosefrom_np(actions, HDF5_FILE_FD + 1);
}

/* 0 or an errno. posix_spawn shares the parent's memory until the exec, and runs no handler of ours. */
static int spawn(pid_t *pid, const char *program, char *const *argv, int file, int writer)
{
    char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0)
        return failure;
    if ((failure = posix_spawnattr_init(&attributes)) == 0) {
        failure = set_signals(&attributes);
        if (failure == 0)
            failure = set_files(&actions, file, writer);
        if (failure == 0)
            failure = posix_spawn(pid, program, &actions, &attributes, argv, no_environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

mi_status hdf5_child_start(hdf5_child *child, const char *program, char *const *argv, int fd, uint32_t wall_s,
                           mi_error *err)
{
    int ends[2];
    const int file = reopened(fd);
    if (file < 0)
        return failed(err, "opening the file", errno);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        const int why = errno;
        close(file);
        return failed(err, "pipe", why);
    }
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; the usual 64 KiB do as well */
    const int writer = lifted(ends[1]);
    const int failure = writer < 0 ? errno : spawn(&child->pid, program, argv, file, writer);
    close(file);
    if (writer >= 0)
        close(writer);
    if (failure != 0) {
        close(ends[0]);
        if (failure == ENOENT || failure == EACCES)
            return mi_fail(err, MI_NOT_FOUND, "%s: %s", program, strerror(failure));
        return failed(err, program, failure);
    }
    child->pipe = ends[0];
    child->deadline_ms = clock_monotonic_ms() + (int64_t)wall_s * 1000;
    child->state = HDF5_PIPE_OPEN;
    return MI_OK;
}

static mi_status stopped(hdf5_child *child, hdf5_pipe_state state, mi_status status, const char *why,
                         mi_error *err)
{
    child->state = state;
    return mi_fail(err, status, "the HDF5 reader: %s", why);
}

mi_status hdf5_child_read(void *ctx, void *buffer, size_t n, mi_error *err)
{
    hdf5_child *child = ctx;
    for (char *to = buffer; n > 0;) {
        struct pollfd ready = {.fd = child->pipe, .events = POLLIN};
        const int64_t left = child->deadline_ms - clock_monotonic_ms();
        if (left <= 0)
            return stopped(child, HDF5_PIPE_LATE, MI_TIMEOUT, "out of time", err);
        const int found = poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX);
        if (found == 0 || (found < 0 && errno == EINTR))
            continue;
        const ssize_t got = found < 0 ? -1 : read(child->pipe, to, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return stopped(child, HDF5_PIPE_FAILED, MI_IO, strerror(errno), err);
        if (got == 0)
            return stopped(child, HDF5_PIPE_ENDED, MI_CORRUPT, "ended early", err);
        to += got;
        n -= (size_t)got;
    }
    return MI_OK;
}

static bool reaped(pid_t pid, int *status, int flags)
{
    pid_t found;
    while ((found = waitpid(pid, status, flags)) < 0 && errno == EINTR)
        ;
    return found != 0;
}

void hdf5_child_end(hdf5_child *child, int *status)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    close(child->pipe);
    *status = 0;
    if (child->state == HDF5_PIPE_ENDED) /* dead or about to be: how it went is worth waiting for */
        for (int waited = 0; waited < GRACE_MS; waited += 5) {
            if (reaped(child->pid, status, WNOHANG))
                return;
            nanosleep(&pause, NULL);
        }
    kill(child->pid, SIGKILL);
    reaped(child->pid, status, 0);
}
