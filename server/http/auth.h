/*
 * Bearer tokens (RFC 6750).
 */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stdbool.h>

/* Whether an Authorization header carries the token. Takes the same time wherever they differ. Thread: any.
 */
bool http_auth_ok(const char *authorization, const char *token);

#endif
