#include "http/http.h"

#include "base/address.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL_BYTES    ((size_t)128 << 10) /* of a connection: bodies come in pieces of about half of it */
#define BACKLOG       512
#define DRAIN_TICK_MS 20

/* ---- listening ---- */

static mi_status listen_at(const char *listen_on, int *out, mi_error *err)
{
    const int on = 1;
    address at;
    mi_status status = address_parse(&at, listen_on, err);
    if (status != MI_OK)
        return status;
    int fd = socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&at.storage, at.length) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return MI_OK;
    }
    status = mi_fail(err, MI_IO, "cannot listen on %s: %s", listen_on, strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t n = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &n) != 0)
        return 0;
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

/* ---- libmicrohttpd ---- */

static void __attribute__((format(printf, 2, 0))) log_mhd(void *cls, const char *format, va_list args)
{
    char line[256];
    (void)cls;
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\r\n")] = '\0';
    log_debug("libmicrohttpd", "detail", line, NULL);
}

/* Nothing is decoded here: %00 would cut the path short. target.c reads the line as it came. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static mi_status start_mhd(http_server *s, int fd, mi_error *err)
{
    const options *o = s->config->settings;
    s->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, http_exchange_step, s,
        MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL, /* first, so that it hears of the others */
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, http_exchange_open, s,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, s, MHD_OPTION_NOTIFY_COMPLETED, http_exchange_closed, s,
        MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify, s, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)o->max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)o->max_connections_per_ip,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        POOL_BYTES, MHD_OPTION_END);
    return s->mhd ? MI_OK : mi_fail(err, MI_INTERNAL, "libmicrohttpd does not start");
}

/* ---- life ---- */

static void on_sweep(uv_timer_t *timer)
{
    http_server *s = timer->data;
    http_connection_sweep(s);
    http_watch_sweep(s);
    http_drive(s); /* descriptors may be free again: nothing else would tell libmicrohttpd */
}

static void start_timers(http_server *s)
{
    uv_timer_t *timers[] = {&s->timeout, &s->sweep, &s->deadlines, &s->drain};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        uv_timer_init(s->loop, timers[i]);
        timers[i]->data = s;
    }
    uv_prepare_init(s->loop, &s->prepare);
    s->open_handles = 5;
    uv_timer_start(&s->sweep, on_sweep, 1000, 1000);
}

mi_status http_server_new(http_server **out, uv_loop_t *loop, const http_config *config, mi_error *err)
{
    int fd = -1;
    mi_status status;
    http_server *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mi_fail(err, MI_MEMORY, "HTTP server");
    s->config = config;
    s->loop = loop;
    if ((status = listen_at(config->settings->listen, &fd, err)) != MI_OK)
        goto fail;
    s->port = port_of(fd);
    if ((status = start_mhd(s, fd, err)) != MI_OK) {
        close(fd);
        goto fail;
    }
    start_timers(s);
    status = http_drive_start(s, err);
    assert(status == MI_OK); /* an epoll descriptor can be watched, and libmicrohttpd was asked for one */
    hub_subscribe(config->hub, http_watch_notified, s);
    *out = s;
    return MI_OK;
fail:
    free(s);
    return status;
}

uint16_t http_server_port(const http_server *server)
{
    return server->port;
}

void http_server_set_ready(http_server *server, bool ready)
{
    server->ready = ready;
}

/* ---- draining ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    http_server *s = handle->data;
    if (--s->open_handles == 0)
        s->drained(s->drained_ctx);
}

static void finish_drain(http_server *s)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&s->poll,  (uv_handle_t *)&s->timeout,
                              (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->deadlines,
                              (uv_handle_t *)&s->drain, (uv_handle_t *)&s->prepare};
    hub_subscribe(s->config->hub, NULL, NULL);
    uv_poll_stop(&s->poll); /* before its descriptor is gone */
    s->inside_mhd = true;
    MHD_stop_daemon(s->mhd);
    s->inside_mhd = false;
    s->mhd = NULL;
    s->dirty = false;
    http_watch_sweep(s);
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], on_handle_closed);
}

/* libmicrohttpd aborts the process when it is stopped with a suspended connection, and a function on the pool
 * cannot be called back: both are waited for, past the deadline if need be. Connections that merely do not
 * end are cut at the deadline. */
static void on_drain(uv_timer_t *timer)
{
    http_server *s = timer->data;
    const bool over = clock_monotonic_ms() >= s->drain_deadline_ms;
    http_watch_end_all(s);
    http_connection_shut(s, over);
    http_drive(s);
    if ((s->n_connections == 0 || over) && s->n_working == 0 && s->n_suspended == 0)
        finish_drain(s);
}

void http_server_drain(http_server *server, uint32_t drain_ms, void (*done)(void *ctx), void *ctx)
{
    assert(!server->stopping);
    server->stopping = true;
    server->ready = false;
    server->drained = done;
    server->drained_ctx = ctx;
    server->drain_deadline_ms = clock_monotonic_ms() + drain_ms;
    MHD_socket fd = MHD_quiesce_daemon(server->mhd);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    uv_timer_start(&server->drain, on_drain, 0, DRAIN_TICK_MS);
}

void http_server_free(http_server *server)
{
    if (!server)
        return;
    assert(!server->mhd && server->n_connections == 0);
    free(server);
}
