#include "upload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

http_upload *http_upload_new(store *s)
{
    http_upload *u = malloc(sizeof *u); /* not cleared: the chunk's pages come when they are used */
    if (!u)
        return NULL;
    u->store = s;
    u->fd = -1;
    u->bytes = 0;
    u->fill = 0;
    memset(&u->error, 0, sizeof u->error);
    sha256_init(&u->hash);
    return u;
}

void http_upload_free(http_upload *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    free(u);
}

size_t http_upload_take(http_upload *u, const char *data, size_t n)
{
    size_t room = HTTP_UPLOAD_CHUNK - u->fill;
    if (n > room)
        n = room;
    memcpy(u->chunk + u->fill, data, n);
    u->fill += n;
    return n;
}

static mi_status write_all(int fd, const unsigned char *bytes, size_t n, mi_error *err)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            int full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
            return mi_fail(err, full ? MI_NO_SPACE : MI_IO, "writing the upload: %s", strerror(errno));
        }
        bytes += written;
        n -= (size_t)written;
    }
    return MI_OK;
}

void http_upload_flush(http_upload *u)
{
    if (u->error.code == MI_OK && u->fd < 0 && store_scratch_open(u->store, &u->fd, &u->error) != MI_OK)
        u->fd = -1;
    if (u->error.code == MI_OK && write_all(u->fd, u->chunk, u->fill, &u->error) == MI_OK) {
        sha256_update(&u->hash, u->chunk, u->fill);
        u->bytes += u->fill;
    }
    u->fill = 0;
}
