#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static mi_status write_fd(void *ctx, const void *bytes, size_t n, mi_error *err)
{
    http_response *r = ctx;
    for (const char *from = bytes; n > 0;) {
        const ssize_t written = write(r->fd, from, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return mi_fail(err, errno == ENOSPC ? MI_NO_SPACE : MI_IO, "writing the answer: %s",
                           strerror(errno));
        from += written;
        n -= (size_t)written;
        r->fd_bytes += (uint64_t)written;
    }
    return MI_OK;
}

mi_status http_scratch_begin(http_response *r, store *s, const char *type, proto_output *out, mi_error *err)
{
    const mi_status status = store_scratch_open(s, &r->fd, err);
    if (status != MI_OK) {
        r->fd = -1;
        return status;
    }
    r->status = 200;
    r->type = type;
    *out = (proto_output){write_fd, r};
    return MI_OK;
}
