/*
 * The bearer token's file.
 */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H

#include "mi/status.h"

#define TOKEN_MIN 16
#define TOKEN_MAX 512

/* One line of token characters (RFC 6750), at least TOKEN_MIN of them. Refused: files that others could
 * write. MI_INVALID says why. */
mi_status token_read(char out[TOKEN_MAX + 1], const char *path, mi_error *err);

#endif
