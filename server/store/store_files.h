/*
 * The data folder:
 *
 *     lock              flock'ed while a daemon has the folder; holds its pid
 *     blobs/ab/cdef...  blobs by SHA-256
 *     checkpoints/<run>.ckpt
 *     tmp/              files on their way to one of these; emptied at open
 *
 * Everything is reached through directory descriptors, so that a renamed folder keeps working.
 * Threads: any, except open and close.
 */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "mi/status.h"
#include "proto/job.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORE_TEMP_NAME    48
#define STORE_ORPHAN_AGE_S 3600 /* how long a file that nothing refers to is left alone */

typedef struct store_files {
    int dir, lock, tmp, blobs, checkpoints; /* descriptors, -1 when not open */
    pthread_mutex_t blob_lock;              /* blobs coming and going, and blob_bytes with them */
    _Atomic uint64_t blob_bytes;
    _Atomic uint64_t next_temp;
} store_files;

/* MI_CONFLICT: another process has the folder; the message says which. */
mi_status store_files_open(store_files *f, const char *data_dir, mi_error *err);
void store_files_close(store_files *f);
/* The failure that errno tells: MI_NO_SPACE, MI_MEMORY or MI_IO. */
mi_status store_files_fail(mi_error *err, const char *what);
mi_status store_files_write(int fd, const void *bytes, size_t n, mi_error *err);
mi_status store_files_sync(int fd, mi_error *err);
/* The disk takes a write. */
mi_status store_files_probe(store_files *f, mi_error *err);
/* A new file in tmp/. The caller closes fd, and renames or unlinks the name. */
mi_status store_files_temp(store_files *f, char name[STORE_TEMP_NAME], int *fd, mi_error *err);
void store_files_temp_drop(store_files *f, const char *name);
mi_status store_files_scratch(store_files *f, int *fd, mi_error *err);

/* Call `visit` with each regular name in directory `dir`; stops at a failure. */
typedef mi_status store_files_visitor(void *ctx, int dir, const char *name, mi_error *err);
mi_status store_files_each(int dir, store_files_visitor *visit, void *ctx, mi_error *err);
bool store_files_older(int dir, const char *name, int64_t age_s);
/* Drop files in tmp/ that nobody has written to for age_s (negative: all). */
mi_status store_files_clean_temp(store_files *f, int64_t age_s, mi_error *err);

/* ---- blobs (store_blob.c) ---- */

mi_status store_blob_count(store_files *f, mi_error *err); /* fills blob_bytes at open */
bool store_blob_size(store_files *f, const char *sha256, uint64_t *bytes);
typedef mi_status store_blob_visitor(void *ctx, const char sha256[PROTO_SHA_HEX], uint64_t bytes,
                                     mi_error *err);
mi_status store_blob_each(store_files *f, store_blob_visitor *visit, void *ctx, mi_error *err);
/* Remove it unless it is younger than STORE_ORPHAN_AGE_S; whether it went. That nothing refers to it is the
 * caller's check. */
bool store_blob_remove_old(store_files *f, const char *sha256);

/* ---- checkpoints (store_checkpoint.c) ---- */

mi_status store_checkpoint_stage(store_files *f, const void *bytes, size_t n, char temp[STORE_TEMP_NAME],
                                 mi_error *err);
mi_status store_checkpoint_publish(store_files *f, const char *temp, uint64_t run_id, mi_error *err);
mi_status store_checkpoint_read(store_files *f, uint64_t run_id, void **bytes, size_t *n, mi_error *err);
void store_checkpoint_drop(store_files *f, uint64_t run_id);
typedef mi_status store_checkpoint_visitor(void *ctx, uint64_t run_id, mi_error *err);
mi_status store_checkpoint_each(store_files *f, store_checkpoint_visitor *visit, void *ctx, mi_error *err);

#endif
