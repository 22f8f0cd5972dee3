/*
 * libmicrohttpd inside the libuv loop.
 *
 * Its epoll descriptor becomes readable when a socket does. That is not enough: its sockets are
 * edge-triggered inside, and a connection with bytes left over waits in a ready list of its own, which only
 * MHD_get_timeout tells of (0: run again now). Ignoring it hangs uploads. It must never be run from inside
 * one of its callbacks, so whoever resumes a connection sets `dirty`, and the prepare hook runs it before the
 * loop goes to sleep.
 */
#include "server.h"

#include <assert.h>

/* Rounds without going back to the loop: enough to amortise the trip, few enough that timers and other
 * descriptors get their turn. */
#define ROUNDS 4

static void on_timeout(uv_timer_t *timer)
{
    http_drive(timer->data);
}

void http_drive(http_server *s)
{
    assert(!s->inside_mhd);
    for (int round = 0; round < ROUNDS; round++) {
        MHD_UNSIGNED_LONG_LONG wait_ms = 0;
        s->dirty = false;
        s->inside_mhd = true;
        MHD_run(s->mhd);
        s->inside_mhd = false;
        if (s->dirty)
            continue;
        if (MHD_get_timeout(s->mhd, &wait_ms) != MHD_YES) {
            uv_timer_stop(&s->timeout);
            return;
        }
        if (wait_ms > 0) {
            uv_timer_start(&s->timeout, on_timeout, wait_ms, 0);
            return;
        }
    }
    uv_timer_start(&s->timeout, on_timeout, 0, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    http_drive(poll->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    http_server *s = prepare->data;
    if (s->dirty)
        http_drive(s);
}

mi_status http_drive_start(http_server *s, mi_error *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(s->loop, &s->poll, info->epoll_fd) != 0)
        return mi_fail(err, MI_IO, "the HTTP server's epoll descriptor cannot be watched");
    s->poll.data = s->prepare.data = s->timeout.data = s;
    s->open_handles++;
    uv_poll_start(&s->poll, UV_READABLE, on_readable);
    uv_prepare_start(&s->prepare, on_prepare);
    uv_timer_start(&s->timeout, on_timeout, 0, 0);
    return MI_OK;
}
