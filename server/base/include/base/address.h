/*
 * Listen addresses: "127.0.0.1:8080", "[::1]:8080", "localhost:8080". Names are not looked up: a daemon must
 * not wait for a resolver.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "mi/status.h"

#include <stdbool.h>
#include <sys/socket.h>

typedef struct address {
    struct sockaddr_storage storage;
    socklen_t length;
} address;

/* MI_INVALID says what was expected. Thread: any. */
mi_status address_parse(address *out, const char *text, mi_error *err);
/* Only this machine can reach it. */
bool address_is_loopback(const address *a);
/* Where to connect to reach a daemon bound there: the wildcard becomes loopback. */
void address_make_reachable(address *a);

#endif
