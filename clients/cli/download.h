/*
 * A 2xx body streamed to stdout or to a file. A file appears whole or not at all: written beside its place,
 * then renamed.
 */
#ifndef CLI_DOWNLOAD_H
#define CLI_DOWNLOAD_H

#include "api.h"

/*
 * GET `path` as `accept` into `file`, or to stdout when it is NULL. On a terminal text is escaped, and binary
 * refused. Retried like every GET as long as nothing has arrived.
 */
cli_exit download(cli *c, const char *path, const char *accept, const char *file);
/* The answer to another request, of whose members only the sink, its tick and their ctx are set here. */
cli_exit download_by(cli *c, const http_request *asked, const char *file);
/* Bytes that are already here, the same way. */
cli_exit download_write(cli *c, const char *bytes, size_t n, const char *file);

#define DOWNLOAD_CSV   "text/csv"
#define DOWNLOAD_NPY   "application/x-npy"
#define DOWNLOAD_JSON  "application/json"
#define DOWNLOAD_BYTES "application/octet-stream"

#endif
