/*
 * A request body on its way to a scratch file, in bounded memory: a chunk is filled on the loop, then hashed
 * and written on the pool while the connection is suspended, so that neither the loop nor the client's speed
 * is tied to the disk.
 */
#ifndef HTTP_UPLOAD_H
#define HTTP_UPLOAD_H

#include "base/sha256.h"
#include "store/store.h"

#define HTTP_UPLOAD_CHUNK ((size_t)256 << 10)
#define HTTP_UPLOADS_MAX  16 /* at a time: bounds chunks in memory and scratch files on disk */

typedef struct http_upload {
    store *store;
    int fd; /* -1 until the first chunk */
    sha256_state hash;
    uint64_t bytes; /* written */
    size_t fill;    /* of chunk */
    mi_error error; /* code MI_OK while all is well */
    unsigned char chunk[HTTP_UPLOAD_CHUNK];
} http_upload;

http_upload *http_upload_new(store *s); /* NULL: out of memory */
void http_upload_free(http_upload *u);  /* NULL is legal */
/* Copy what fits; returns how much. */
size_t http_upload_take(http_upload *u, const char *data, size_t n);
/* On the pool: hash and write the chunk. Keeps the first error. */
void http_upload_flush(http_upload *u);

#endif
