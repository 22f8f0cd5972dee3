/*
 * The file that tells which port was bound.
 */
#ifndef SERVER_PORT_FILE_H
#define SERVER_PORT_FILE_H

#include "mi/status.h"

#include <stdint.h>

/* Appears whole (written beside, then renamed): whoever waits for it never reads half a number. */
mi_status port_file_write(const char *path, uint16_t port, mi_error *err);

#endif
