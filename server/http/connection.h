/*
 * A TCP connection, alive from accept to close; carries one exchange at a time.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "server.h"

struct http_exchange;

typedef struct http_connection {
    struct http_connection *next, **link; /* server->connections */
    int fd;
    int64_t since_ms;               /* when it was opened, or its last request ended */
    bool used;                      /* it has carried a request */
    struct http_exchange *exchange; /* whose head is in; NULL while none is */
} http_connection;

#endif
