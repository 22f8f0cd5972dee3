/*
 * Whether the daemon at an address is ready: for a container's health check, where there is no curl.
 */
#ifndef SERVER_HEALTHCHECK_H
#define SERVER_HEALTHCHECK_H

#include "mi/status.h"

/* GET /readyz at the listen address. MI_OK when it answers 200; MI_IO says what happened instead. */
mi_status healthcheck(const char *listen, mi_error *err);

#endif
