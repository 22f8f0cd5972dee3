/*
 * The OpenAPI document of the service, as JSON: openapi.yaml, converted when the library is built.
 */
#ifndef PROTO_OPENAPI_H
#define PROTO_OPENAPI_H

#include <stddef.h>

/* *n bytes, NUL-terminated, static. Thread: any. */
const char *proto_openapi_json(size_t *n);

#endif
