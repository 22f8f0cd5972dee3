#include "store_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROBE_BYTES 4096

mi_status store_files_fail(mi_error *err, const char *what)
{
    int code = errno;
    mi_status status = MI_IO;
    if (code == ENOSPC || code == EDQUOT)
        status = MI_NO_SPACE;
    else if (code == ENOMEM)
        status = MI_MEMORY;
    char text[128];
    return mi_fail(err, status, "%s: %s", what, strerror_r(code, text, sizeof text));
}

mi_status store_files_write(int fd, const void *bytes, size_t n, mi_error *err)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return store_files_fail(err, "writing to the data folder");
        p += written;
        n -= (size_t)written;
    }
    return MI_OK;
}

mi_status store_files_sync(int fd, mi_error *err)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return store_files_fail(err, "syncing the data folder");
    return MI_OK;
}

/* mkdir -p; only folders made here get our mode. */
static mi_status make_folders(const char *path, mi_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return mi_fail(err, MI_MEMORY, "out of memory");
    int failed = 0;
    for (char *slash = copy + 1; *copy && !failed && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        failed = mkdir(copy, 0700) != 0 && errno != EEXIST;
        *slash = '/';
    }
    if (!failed)
        failed = mkdir(copy, 0700) != 0 && errno != EEXIST;
    mi_status status = failed ? store_files_fail(err, path) : MI_OK;
    free(copy);
    return status;
}

static mi_status take_lock(store_files *f, const char *data_dir, mi_error *err)
{
    char pid[32] = "";
    f->lock = openat(f->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock < 0)
        return store_files_fail(err, "opening the data folder's lock");
    if (flock(f->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return store_files_fail(err, "locking the data folder");
        ssize_t n = pread(f->lock, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        return mi_fail(err, MI_CONFLICT, "the data folder %s is in use by process %s", data_dir,
                       *pid ? pid : "(unknown)");
    }
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(f->lock, 0) != 0 || pwrite(f->lock, pid, (size_t)n, 0) != n)
        return store_files_fail(err, "writing the data folder's lock");
    return MI_OK;
}

static mi_status open_folder(int parent, const char *name, int *fd, mi_error *err)
{
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return store_files_fail(err, name);
    *fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? store_files_fail(err, name) : MI_OK;
}

/* The names of the folder and of what it holds are on disk before anything is promised. */
static mi_status sync_names(store_files *f, mi_error *err)
{
    mi_status status = store_files_sync(f->dir, err);
    int parent = openat(f->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return status; /* not ours to open: then it was not made by us either */
    if (!status)
        status = store_files_sync(parent, err);
    close(parent);
    return status;
}

mi_status store_files_open(store_files *f, const char *data_dir, mi_error *err)
{
    memset(f, 0, sizeof *f);
    f->dir = f->lock = f->tmp = f->blobs = f->checkpoints = -1;
    pthread_mutex_init(&f->blob_lock, NULL);
    mi_status status = make_folders(data_dir, err);
    if (status)
        goto out;
    f->dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0) {
        status = store_files_fail(err, data_dir);
        goto out;
    }
    if ((status = take_lock(f, data_dir, err)) || (status = open_folder(f->dir, "tmp", &f->tmp, err)) ||
        (status = open_folder(f->dir, "blobs", &f->blobs, err)) ||
        (status = open_folder(f->dir, "checkpoints", &f->checkpoints, err)) ||
        (status = sync_names(f, err)) || (status = store_files_clean_temp(f, -1, err)))
        goto out;
    status = store_blob_count(f, err);
out:
    if (status)
        store_files_close(f);
    return status;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void store_files_close(store_files *f)
{
    close_fd(&f->checkpoints);
    close_fd(&f->blobs);
    close_fd(&f->tmp);
    close_fd(&f->lock);
    close_fd(&f->dir);
    pthread_mutex_destroy(&f->blob_lock);
}

mi_status store_files_temp(store_files *f, char name[STORE_TEMP_NAME], int *fd, mi_error *err)
{
    uint64_t number = atomic_fetch_add(&f->next_temp, 1);
    snprintf(name, STORE_TEMP_NAME, "%" PRIu64, number);
    *fd = openat(f->tmp, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *fd < 0 ? store_files_fail(err, "making a temporary file") : MI_OK;
}

void store_files_temp_drop(store_files *f, const char *name)
{
    unlinkat(f->tmp, name, 0);
}

mi_status store_files_scratch(store_files *f, int *fd, mi_error *err)
{
    *fd = openat(f->tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return MI_OK;
    /* Not every file system knows nameless files. */
    char name[STORE_TEMP_NAME];
    mi_status status = store_files_temp(f, name, fd, err);
    if (!status)
        store_files_temp_drop(f, name);
    return status;
}

mi_status store_files_probe(store_files *f, mi_error *err)
{
    static const char page[PROBE_BYTES];
    int fd;
    mi_status status = store_files_scratch(f, &fd, err);
    if (status)
        return status;
    status = store_files_write(fd, page, sizeof page, err);
    close(fd);
    return status;
}

mi_status store_files_each(int dir, store_files_visitor *visit, void *ctx, mi_error *err)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a reading position of our own */
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    mi_status status = MI_OK;
    if (!stream) {
        status = store_files_fail(err, "listing the data folder");
        close_fd(&fd);
        return status;
    }
    struct dirent *entry;
    while (!status && (entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            status = visit(ctx, fd, entry->d_name, err);
    closedir(stream);
    return status;
}

bool store_files_older(int dir, const char *name, int64_t age_s)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > age_s;
}

static mi_status drop_if_older(void *ctx, int dir, const char *name, mi_error *err)
{
    const int64_t *age_s = ctx;
    (void)err;
    if (*age_s < 0 || store_files_older(dir, name, *age_s))
        unlinkat(dir, name, 0);
    return MI_OK;
}

mi_status store_files_clean_temp(store_files *f, int64_t age_s, mi_error *err)
{
    return store_files_each(f->tmp, drop_if_older, &age_s, err);
}
