/*
 * The strict scanner: one pass over the bytes that checks the grammar and copies the document to a skeleton
 * that cJSON may be trusted with. Matrices are lifted out on the way and stand as null in the skeleton.
 */
#ifndef PROTO_JSON_SCAN_H
#define PROTO_JSON_SCAN_H

#include "proto/json.h"

typedef struct proto_scanner {
    const char *bytes;
    size_t n, at;
    size_t copied; /* bytes up to here are in the skeleton, or left out of it */
    proto_text skeleton;
    proto_text path; /* JSON pointer of the value being scanned */
    proto_text keys; /* decoded keys of the open objects: for each, a key_entry, then the bytes */
    unsigned depth;
    bool in_matrix; /* of bytes that are left out of the skeleton */
    proto_json_matrix *matrices;
    size_t n_matrices;
    mi_error *err;
} proto_scanner;

/* On success `skeleton` (initialised by the caller with its cap) holds the document. Errors as
 * proto_json_parse. */
mi_status proto_json_scan(proto_text *skeleton, const char *bytes, size_t n, proto_json_matrix *matrices,
                          size_t n_matrices, mi_error *err);

/* For json_matrix.c. */
void proto_scan_blanks(proto_scanner *s);
mi_status proto_scan_value(proto_scanner *s);
/* "line L, column C: ..." of byte `at`, into `err`. */
mi_status proto_scan_fail(const proto_scanner *s, mi_error *err, mi_status status, size_t at,
                          const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Lift the array at s->at into `matrix`; s->at ends behind it. What is wrong with its numbers goes to
 * matrix->error and the scan goes on; only a syntax error or lack of memory is returned.
 */
mi_status proto_scan_matrix(proto_scanner *s, proto_json_matrix *matrix);

#endif
