/*
 * An answer that may be larger than memory should hold: it goes through a scratch file.
 */
#ifndef HTTP_SCRATCH_H
#define HTTP_SCRATCH_H

#include "proto/matrix.h"
#include "response.h"
#include "store/store.h"

/* A 200 of that media type whose body is what goes to *out, which lives as long as r. */
mi_status http_scratch_begin(http_response *r, store *s, const char *type, proto_output *out, mi_error *err);

#endif
