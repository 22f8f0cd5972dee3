#include "token.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mi_status check_file(int fd, const char *path, mi_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return mi_fail(err, MI_INVALID, "token file %.200s: expected a regular file", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return mi_fail(err, MI_INVALID, "token file %.200s: others can write it (mode %03o); chmod 600 it",
                       path, (unsigned)st.st_mode & 0777);
    /* Only a warning: a container's secrets are often mounted readable for whichever user runs inside. */
    if (st.st_mode & S_IROTH)
        log_warn("token file is readable by every user", "path", path, NULL);
    return MI_OK;
}

mi_status token_read(char out[TOKEN_MAX + 1], const char *path, mi_error *err)
{
    char text[TOKEN_MAX + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold the start */
    if (fd < 0)
        return mi_fail(err, MI_INVALID, "token file %.200s: %s", path, strerror(errno));
    mi_status status = check_file(fd, path, err);
    ssize_t n = status == MI_OK ? read(fd, text, sizeof text - 1) : -1;
    int why = errno;
    close(fd);
    if (status != MI_OK)
        return status;
    if (n < 0)
        return mi_fail(err, MI_INVALID, "token file %.200s: %s", path, strerror(why));
    text[n] = '\0';
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");
    size_t end = length + strspn(text + length, "\r\n");
    if (length < TOKEN_MIN || length > TOKEN_MAX || end != (size_t)n)
        return mi_fail(err, MI_INVALID,
                       "token file %.200s: expected one line of %d to %d letters, digits or -._~+/=", path,
                       TOKEN_MIN, TOKEN_MAX);
    memcpy(out, text, length);
    out[length] = '\0';
    return MI_OK;
}
