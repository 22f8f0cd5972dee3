#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, uint16_t *out)
{
    size_t n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
        return false;
    unsigned long port = strtoul(text, NULL, 10);
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

/* Split at the last colon; brackets around the host mark IPv6. */
static bool split(const char *text, char host[INET6_ADDRSTRLEN], bool *v6, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !parse_port(colon + 1, port))
        return false;
    size_t n = (size_t)(colon - text);
    *v6 = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    if (*v6) {
        text++;
        n -= 2;
    }
    if (n == 0 || n >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    return true;
}

mi_status address_parse(address *out, const char *text, mi_error *err)
{
    char host[INET6_ADDRSTRLEN];
    bool v6;
    uint16_t port;
    memset(out, 0, sizeof *out);
    if (!split(text, host, &v6, &port))
        goto invalid;
    if (v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        out->length = sizeof *in6;
        if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
            goto invalid;
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&out->storage;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        out->length = sizeof *in;
        if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &in->sin_addr) != 1)
            goto invalid;
    }
    return MI_OK;
invalid:
    return mi_fail(err, MI_INVALID,
                   "\"%s\": expected ADDRESS:PORT with a numeric address, as 127.0.0.1:8080 or [::1]:8080",
                   text);
}

bool address_is_loopback(const address *a)
{
    if (a->storage.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)&a->storage)->sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&a->storage)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

void address_make_reachable(address *a)
{
    if (a->storage.ss_family == AF_INET) {
        struct in_addr *v4 = &((struct sockaddr_in *)&a->storage)->sin_addr;
        if (v4->s_addr == htonl(INADDR_ANY))
            v4->s_addr = htonl(INADDR_LOOPBACK);
    } else {
        struct in6_addr *v6 = &((struct sockaddr_in6 *)&a->storage)->sin6_addr;
        if (IN6_IS_ADDR_UNSPECIFIED(v6))
            *v6 = in6addr_loopback;
    }
}
