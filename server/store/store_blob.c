/*
 * Blobs as files blobs/ab/cdef..., named by their SHA-256. The file system is the only book: a blob is there
 * when its file is, its age is the file's mtime.
 */
#include "base/sha256.h"
#include "store_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA_DIGITS   (PROTO_SHA_HEX - 1)
#define BLOB_PATH    (PROTO_SHA_HEX + 1) /* one slash more */
#define BUFFER_BYTES ((size_t)256 << 10)

struct store_blob_writer {
    store_files *files;
    int fd;
    char temp[STORE_TEMP_NAME];
    sha256_state sha;
    uint64_t bytes;
    size_t filled;
    mi_status failed; /* sticks: a blob with a hole must not be committed */
    unsigned char buffer[BUFFER_BYTES];
};

/* Whatever reaches a path is 64 lower-case hex digits. */
static bool path_of(const char *sha256, char path[BLOB_PATH])
{
    if (strlen(sha256) != SHA_DIGITS || strspn(sha256, "0123456789abcdef") != SHA_DIGITS)
        return false;
    snprintf(path, BLOB_PATH, "%.2s/%s", sha256, sha256 + 2);
    return true;
}

mi_status store_blob_begin(store *s, store_blob_writer **out, mi_error *err)
{
    store_blob_writer *w = malloc(sizeof *w);
    if (!w)
        return mi_fail(err, MI_MEMORY, "out of memory");
    w->files = &s->files;
    w->bytes = 0;
    w->filled = 0;
    w->failed = MI_OK;
    sha256_init(&w->sha);
    mi_status status = store_files_temp(w->files, w->temp, &w->fd, err);
    if (status) {
        free(w);
        return status;
    }
    *out = w;
    return MI_OK;
}

static mi_status put(store_blob_writer *w, const void *bytes, size_t n, mi_error *err)
{
    sha256_update(&w->sha, bytes, n);
    w->failed = store_files_write(w->fd, bytes, n, err);
    w->bytes += n;
    return w->failed;
}

static mi_status flush(store_blob_writer *w, mi_error *err)
{
    size_t n = w->filled;
    w->filled = 0;
    return n > 0 ? put(w, w->buffer, n, err) : MI_OK;
}

mi_status store_blob_write(store_blob_writer *w, const void *bytes, size_t n, mi_error *err)
{
    if (w->failed)
        return mi_fail(err, w->failed, "an earlier write of this blob failed");
    if (n == 0)
        return MI_OK;
    if (n > BUFFER_BYTES - w->filled) {
        mi_status status = flush(w, err);
        if (status)
            return status;
    }
    if (n >= BUFFER_BYTES)
        return put(w, bytes, n, err);
    memcpy(w->buffer + w->filled, bytes, n);
    w->filled += n;
    return MI_OK;
}

/* The folder blobs/ab, there for good. */
static mi_status open_binder(store_files *f, const char *sha256, int *fd, mi_error *err)
{
    char name[3] = {sha256[0], sha256[1], '\0'};
    mi_status status = MI_OK;
    if (mkdirat(f->blobs, name, 0700) == 0)
        status = store_files_sync(f->blobs, err);
    else if (errno != EEXIST)
        status = store_files_fail(err, "making a blob folder");
    if (status)
        return status;
    *fd = openat(f->blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? store_files_fail(err, "opening a blob folder") : MI_OK;
}

/*
 * Renamed even over a blob that is there: the new file makes it young again, so that the sweep leaves it to
 * its writer, and repairs one that was damaged. Mappings keep the old file.
 */
static mi_status publish(store_blob_writer *w, const char *sha256, mi_error *err)
{
    store_files *f = w->files;
    int binder;
    mi_status status = open_binder(f, sha256, &binder, err);
    if (status)
        return status;
    uint64_t replaced = 0;
    pthread_mutex_lock(&f->blob_lock);
    store_blob_size(f, sha256, &replaced);
    if (renameat(f->tmp, w->temp, binder, sha256 + 2) != 0) {
        status = store_files_fail(err, "keeping a blob");
    } else {
        atomic_fetch_add(&f->blob_bytes, w->bytes);
        atomic_fetch_sub(&f->blob_bytes, replaced);
        w->temp[0] = '\0';
    }
    pthread_mutex_unlock(&f->blob_lock);
    if (!status)
        status = store_files_sync(binder, err);
    close(binder);
    return status;
}

mi_status store_blob_commit(store_blob_writer *w, char sha256[PROTO_SHA_HEX], mi_error *err)
{
    mi_status status = w->failed;
    if (status) {
        mi_fail(err, status, "an earlier write of this blob failed");
        goto out;
    }
    if ((status = flush(w, err)) || (status = store_files_sync(w->fd, err)))
        goto out;
    sha256_hex(&w->sha, sha256);
    status = publish(w, sha256, err);
out:
    store_blob_abort(w);
    return status;
}

void store_blob_abort(store_blob_writer *w)
{
    if (!w)
        return;
    close(w->fd);
    if (w->temp[0])
        store_files_temp_drop(w->files, w->temp);
    free(w);
}

static mi_status write_through(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    return store_blob_write(ctx, bytes, n, err);
}

proto_output store_blob_output(store_blob_writer *w)
{
    return (proto_output){write_through, w};
}

mi_status store_blob_open(store *s, const char *sha256, int *fd, uint64_t *bytes, mi_error *err)
{
    char path[BLOB_PATH];
    struct stat st;
    errno = ENOENT;
    *fd = path_of(sha256, path) ? openat(s->files.blobs, path, O_RDONLY | O_CLOEXEC) : -1;
    if (*fd < 0)
        return errno == ENOENT ? mi_fail(err, MI_NOT_FOUND, "there is no blob %.64s", sha256)
                               : store_files_fail(err, "opening a blob");
    if (fstat(*fd, &st) != 0) {
        mi_status status = store_files_fail(err, "opening a blob");
        close(*fd);
        return status;
    }
    *bytes = (uint64_t)st.st_size;
    return MI_OK;
}

mi_status store_blob_map(store *s, const char *sha256, store_mapping *out, mi_error *err)
{
    int fd;
    uint64_t n;
    void *bytes = "";
    mi_status status = store_blob_open(s, sha256, &fd, &n, err);
    if (status)
        return status;
    if (n > 0 && (bytes = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED)
        status = store_files_fail(err, "mapping a blob");
    close(fd);
    if (!status)
        *out = (store_mapping){.bytes = bytes, .n = (size_t)n};
    return status;
}

void store_blob_unmap(store *s, store_mapping *mapping)
{
    (void)s;
    if (mapping->n > 0)
        munmap((void *)(uintptr_t)mapping->bytes, mapping->n);
    *mapping = (store_mapping){0};
}

bool store_blob_size(store_files *f, const char *sha256, uint64_t *bytes)
{
    char path[BLOB_PATH];
    struct stat st;
    if (!path_of(sha256, path) || fstatat(f->blobs, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *bytes = (uint64_t)st.st_size;
    return true;
}

bool store_blob_remove_old(store_files *f, const char *sha256)
{
    char path[BLOB_PATH];
    uint64_t bytes = 0;
    if (!path_of(sha256, path))
        return false;
    pthread_mutex_lock(&f->blob_lock);
    bool removed = store_files_older(f->blobs, path, STORE_ORPHAN_AGE_S) &&
                   store_blob_size(f, sha256, &bytes) && unlinkat(f->blobs, path, 0) == 0;
    if (removed)
        atomic_fetch_sub(&f->blob_bytes, bytes);
    pthread_mutex_unlock(&f->blob_lock);
    return removed;
}

typedef struct each_context {
    store_files *files;
    store_blob_visitor *visit;
    void *ctx;
    char prefix[3];
} each_context;

static mi_status visit_blob(void *ctx, int dir, const char *name, mi_error *err)
{
    each_context *each = ctx;
    char sha256[PROTO_SHA_HEX];
    uint64_t bytes;
    (void)dir;
    if (snprintf(sha256, sizeof sha256, "%s%s", each->prefix, name) != SHA_DIGITS ||
        !store_blob_size(each->files, sha256, &bytes))
        return MI_OK;
    return each->visit(each->ctx, sha256, bytes, err);
}

static mi_status visit_binder(void *ctx, int dir, const char *name, mi_error *err)
{
    each_context *each = ctx;
    if (strlen(name) != 2)
        return MI_OK;
    memcpy(each->prefix, name, 3);
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return store_files_fail(err, "opening a blob folder");
    mi_status status = store_files_each(fd, visit_blob, each, err);
    close(fd);
    return status;
}

mi_status store_blob_each(store_files *f, store_blob_visitor *visit, void *ctx, mi_error *err)
{
    each_context each = {.files = f, .visit = visit, .ctx = ctx};
    return store_files_each(f->blobs, visit_binder, &each, err);
}

static mi_status add_bytes(void *ctx, const char sha256[PROTO_SHA_HEX], uint64_t bytes, mi_error *err)
{
    (void)sha256;
    (void)err;
    *(uint64_t *)ctx += bytes;
    return MI_OK;
}

mi_status store_blob_count(store_files *f, mi_error *err)
{
    uint64_t total = 0;
    mi_status status = store_blob_each(f, add_bytes, &total, err);
    atomic_store(&f->blob_bytes, total);
    return status;
}
