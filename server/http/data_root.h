/*
 * Files below the folder that the server may register files of (--data-root).
 */
#ifndef HTTP_DATA_ROOT_H
#define HTTP_DATA_ROOT_H

#include "response.h"

/*
 * Open a regular file by its path, relative to the data root or absolute below it. No symbolic link is
 * followed, and nothing leaves the root: the kernel resolves it so (openat2). false: the response says why.
 * The caller closes *fd; *bytes is its size, from 1 to limits.max_body_bytes.
 */
bool http_data_root_open(const http_request *q, const char *path, int *fd, uint64_t *bytes, http_response *r);

#endif
