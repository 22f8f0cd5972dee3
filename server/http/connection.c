/*
 * Deadlines that libmicrohttpd does not keep. Its time-out is for silence; a client that sends one byte a
 * second (slowloris) stays for ever. And a suspended connection is out of its epoll set: it never times out,
 * and a client that left is not noticed. Once a second this walk closes what is late and gives up waits that
 * nobody is left to read.
 */
#include "connection.h"

#include "base/ids.h"
#include "base/metrics.h"
#include "exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A body may take idle_timeout_s, and this long for every KiB it has brought. */
#define BODY_MS_PER_KIB 1000

static http_connection *connection_open(http_server *s, struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    http_connection *c = info ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL; /* exchanges on it are refused */
    c->fd = info->connect_fd;
    c->since_ms = clock_monotonic_ms();
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next)
        c->next->link = &c->next;
    s->connections = c;
    metric_set(METRIC_HTTP_CONNECTIONS, ++s->n_connections);
    return c;
}

void http_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    http_server *s = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = connection_open(s, connection);
        return;
    }
    http_connection *c = *socket_context;
    if (!c)
        return;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    metric_set(METRIC_HTTP_CONNECTIONS, --s->n_connections);
    free(c);
    *socket_context = NULL;
    /* At its connection limit libmicrohttpd stops listening, and listens again only when it runs once more.
     */
    s->dirty = true;
}

static bool late(const http_server *s, const http_connection *c, int64_t now)
{
    const options *o = s->config->settings;
    const int64_t header_ms = (int64_t)o->header_timeout_s * 1000,
                  idle_ms = (int64_t)o->idle_timeout_s * 1000;
    if (!c->exchange) /* between requests silence is allowed first; how long the head then took cannot be told
                         apart */
        return now - c->since_ms > (c->used ? idle_ms + header_ms : header_ms);
    if (!http_exchange_receiving(c->exchange))
        return false;
    const int64_t kib = (int64_t)(http_exchange_received(c->exchange) >> 10);
    return now - http_exchange_started_ms(c->exchange) > idle_ms + kib * BODY_MS_PER_KIB;
}

/* The client has sent its last byte. A wait is given up. One that owes us a request is closed: libmicrohttpd
 * takes a short read for the end of what there is, and misses an end of stream that came along with the last
 * bytes. */
static void peer_left(http_connection *c)
{
    int unread = 0;
    if (c->exchange && http_exchange_waiting(c->exchange))
        http_exchange_abandon(c->exchange);
    else if ((!c->exchange || http_exchange_receiving(c->exchange)) && ioctl(c->fd, FIONREAD, &unread) == 0 &&
             unread == 0)
        shutdown(c->fd, SHUT_RDWR);
}

void http_connection_sweep(http_server *s)
{
    const int64_t now = clock_monotonic_ms();
    struct pollfd *polled = calloc(s->n_connections + 1, sizeof *polled);
    http_connection **connections = calloc(s->n_connections + 1, sizeof *connections);
    unsigned n = 0;
    for (http_connection *c = s->connections; c; c = c->next) {
        if (late(s, c, now)) {
            shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees the end, and closes */
        } else if (polled && connections) {
            /* POLLRDHUP tells of the end even behind bytes that were pipelined, where a peek would not. */
            polled[n] = (struct pollfd){.fd = c->fd, .events = POLLRDHUP};
            connections[n++] = c;
        }
    }
    if (n > 0 && poll(polled, n, 0) > 0)
        for (unsigned i = 0; i < n; i++)
            if (polled[i].revents & (POLLRDHUP | POLLHUP | POLLERR))
                peer_left(connections[i]);
    free(polled);
    free(connections);
}

void http_connection_shut(http_server *s, bool all)
{
    for (http_connection *c = s->connections; c; c = c->next)
        if (all || !c->exchange)
            shutdown(c->fd, SHUT_RDWR);
}
