#include "auth.h"

#include "base/sha256.h"

#include <string.h>
#include <strings.h>

bool http_auth_ok(const char *authorization, const char *token)
{
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    const char *given = authorization + 7;
    given += strspn(given, " ");
    /* Hashes have one length, so that comparing them tells nothing of the token's. */
    char hash_given[65], hash_token[65];
    sha256_of(given, strlen(given), hash_given);
    sha256_of(token, strlen(token), hash_token);
    return sodium_memcmp(hash_given, hash_token, 64) == 0;
}
