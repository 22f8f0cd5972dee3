/*
 * How a file is to be read, as it is asked for: by the query of an upload, or by the document that registers
 * a file of the server's machine.
 */
#ifndef PROTO_DATASET_REQUEST_H
#define PROTO_DATASET_REQUEST_H

#include "proto/problem.h"
#include "proto/record.h"
#include "proto/table.h"

#define PROTO_DATASET_REQUEST_MAX (64u << 10) /* bytes of the document */
#define PROTO_PATH_MAX            4095        /* bytes of its path */

typedef struct proto_dataset_reading {
    bool pairs;                  /* a pair table; else a matrix */
    proto_table_options options; /* categorical is borrowed from `categorical`, or from the caller's text */
    char *categorical;           /* owned, or NULL */
} proto_dataset_reading;

/*
 * One option by its name: kind, format, header, ids, id_column, categorical, key, member (the same as key) or
 * ids_key. NULL: taken (categorical is borrowed); else what was expected. *known: whether there is such an
 * option.
 */
const char *proto_dataset_reading_take(proto_dataset_reading *out, const char *name, const char *value,
                                       bool *known);

typedef struct proto_dataset_request {
    char name[PROTO_NAME_MAX + 1];
    char *path; /* owned */
    proto_dataset_reading reading;
} proto_dataset_request;

/* {"name", "path", and the options; header and ids may also be booleans}. All bad fields go to the problem.
 * After a failure nothing is left to free. MI_INVALID, MI_LIMIT, MI_MEMORY. */
mi_status proto_dataset_request_decode(proto_dataset_request *out, const char *bytes, size_t n,
                                       proto_problem *problem);
void proto_dataset_request_fini(proto_dataset_request *request);

#endif
