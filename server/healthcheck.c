#include "healthcheck.h"

#include "base/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 3

static mi_status ask(int fd, const address *a, const char *host, mi_error *err)
{
    char text[512];
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    size_t n = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
        connect(fd, (const struct sockaddr *)&a->storage, a->length) != 0)
        return mi_fail(err, MI_IO, "%s: %s", host, strerror(errno));
    int length = snprintf(text, sizeof text,
                          "GET /readyz HTTP/1.1\r\nHost: %.160s\r\nConnection: close\r\n\r\n", host);
    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
        return mi_fail(err, MI_IO, "%s: %s", host, strerror(errno));
    while (n < sizeof text - 1) {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mi_fail(err, MI_IO, "%s: %s", host, strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
    if (strncmp(text, "HTTP/1.1 200 ", 13) != 0)
        return mi_fail(err, MI_IO, "%s: not ready: %.*s", host, (int)strcspn(text, "\r\n"), text);
    return MI_OK;
}

mi_status healthcheck(const char *listen, mi_error *err)
{
    address a;
    mi_status status = address_parse(&a, listen, err);
    if (status != MI_OK)
        return status;
    address_make_reachable(&a);
    int fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return mi_fail(err, MI_IO, "socket: %s", strerror(errno));
    status = ask(fd, &a, listen, err);
    close(fd);
    return status;
}
