/*
 * A data file on this side: its hash, and the name that its data set gets.
 */
#ifndef CLI_DATAFILE_H
#define CLI_DATAFILE_H

#include "mi/status.h"

#include <stdint.h>

#define DATAFILE_SHA_HEX  65
#define DATAFILE_NAME_MAX 128 /* of a data set, as the server has it */

typedef struct datafile {
    int fd;
    uint64_t size;
    char sha256[DATAFILE_SHA_HEX];
    const char *format; /* "csv" or "tsv" by the file's name; NULL: the server tells by the bytes */
} datafile;

/* Open and hash a regular file. MI_NOT_FOUND, MI_INVALID, MI_CANCELED (Ctrl-C). */
mi_status datafile_open(datafile *out, const char *path, mi_error *err);
void datafile_close(datafile *file);
/* "/some/gene expr.npy" and its hash -> "gene-expr-0123456789ab": same file, same name, and always a valid
 * one. */
void datafile_name(char out[DATAFILE_NAME_MAX + 1], const char *path, const char *sha256);
/* Whether the server would take the name: [A-Za-z0-9][A-Za-z0-9._-]*, at most 128. */
int datafile_name_valid(const char *name);

#endif
