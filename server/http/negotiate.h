/*
 * Which representation an answer takes: ?format= if given, else Accept (RFC 9110, 12.5.1).
 */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum http_format {
    HTTP_FORMAT_JSON,
    HTTP_FORMAT_CSV,
    HTTP_FORMAT_NPY,
    HTTP_FORMAT_NDJSON,
    HTTP_FORMAT_COUNT
} http_format;

/* A set of formats, for what offers some of them. */
#define HTTP_FORMAT_BIT(name) (1u << HTTP_FORMAT_##name)
#define HTTP_FORMATS_TABLE    (HTTP_FORMAT_BIT(JSON) | HTTP_FORMAT_BIT(CSV) | HTTP_FORMAT_BIT(NPY))

const char *http_format_type(http_format format); /* media type of the answer */
/* Those of a set for a message: "json, csv or npy", or with their media types "application/json and
 * text/csv". */
void http_format_list(unsigned offered, bool types, char *out, size_t size);
/* format: value of ?format= or NULL; false when it is none of those offered. */
bool http_format_parse(const char *format, unsigned offered, http_format *out);
/* accept: the header, "" when absent (json). false: none of those offered is acceptable. */
bool http_format_accept(const char *accept, unsigned offered, http_format *out);

#endif
