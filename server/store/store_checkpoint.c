/*
 * Checkpoints as files: one per run, replaced whole. Not synced: core checks them when it reads, and a torn
 * or missing one costs repeated work only.
 */
#include "store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_NAME      32
#define MAX_CHECKPOINT_BYTES (UINT64_C(4) << 30)

static void name_of(uint64_t run_id, char name[CHECKPOINT_NAME])
{
    snprintf(name, CHECKPOINT_NAME, "%" PRIu64 ".ckpt", run_id);
}

mi_status store_checkpoint_stage(store_files *f, const void *bytes, size_t n, char temp[STORE_TEMP_NAME],
                                 mi_error *err)
{
    int fd;
    mi_status status = store_files_temp(f, temp, &fd, err);
    if (status)
        return status;
    status = store_files_write(fd, bytes, n, err);
    close(fd);
    if (status)
        store_files_temp_drop(f, temp);
    return status;
}

mi_status store_checkpoint_publish(store_files *f, const char *temp, uint64_t run_id, mi_error *err)
{
    char name[CHECKPOINT_NAME];
    name_of(run_id, name);
    return renameat(f->tmp, temp, f->checkpoints, name) == 0 ? MI_OK
                                                             : store_files_fail(err, "keeping a checkpoint");
}

static mi_status read_whole(int fd, void **out, size_t *n, mi_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return store_files_fail(err, "reading a checkpoint");
    if ((uint64_t)st.st_size > MAX_CHECKPOINT_BYTES)
        return mi_fail(err, MI_CORRUPT, "a checkpoint of %" PRIu64 " bytes", (uint64_t)st.st_size);
    size_t size = (size_t)st.st_size, got = 0;
    char *bytes = malloc(size ? size : 1);
    if (!bytes)
        return mi_fail(err, MI_MEMORY, "no memory for a checkpoint of %zu bytes", size);
    while (got < size) {
        ssize_t r = read(fd, bytes + got, size - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            free(bytes);
            return store_files_fail(err, "reading a checkpoint");
        }
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *out = bytes;
    *n = got;
    return MI_OK;
}

mi_status store_checkpoint_read(store_files *f, uint64_t run_id, void **bytes, size_t *n, mi_error *err)
{
    char name[CHECKPOINT_NAME];
    name_of(run_id, name);
    int fd = openat(f->checkpoints, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return mi_fail(err, MI_NOT_FOUND, "the run has no checkpoint");
    if (fd < 0)
        return store_files_fail(err, "opening a checkpoint");
    mi_status status = read_whole(fd, bytes, n, err);
    close(fd);
    return status;
}

void store_checkpoint_drop(store_files *f, uint64_t run_id)
{
    char name[CHECKPOINT_NAME];
    name_of(run_id, name);
    unlinkat(f->checkpoints, name, 0);
}

typedef struct each_context {
    store_checkpoint_visitor *visit;
    void *ctx;
} each_context;

static mi_status visit_name(void *ctx, int dir, const char *name, mi_error *err)
{
    each_context *each = ctx;
    char *end;
    (void)dir;
    errno = 0;
    unsigned long long run_id = strtoull(name, &end, 10);
    if (errno || end == name || strcmp(end, ".ckpt") != 0)
        return MI_OK;
    return each->visit(each->ctx, run_id, err);
}

mi_status store_checkpoint_each(store_files *f, store_checkpoint_visitor *visit, void *ctx, mi_error *err)
{
    each_context each = {visit, ctx};
    return store_files_each(f->checkpoints, visit_name, &each, err);
}
