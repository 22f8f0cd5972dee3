/*
 * Which representation an answer takes: ?format= if given, else Accept (RFC 9110, 12.5.1).
 */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include <stdbool.h>

typedef enum http_format {
    HTTP_FORMAT_JSON,
    HTTP_FORMAT_CSV,
    HTTP_FORMAT_NPY,
    HTTP_FORMAT_COUNT
} http_format;

const char *http_format_type(http_format format); /* media type of the answer */
/* format: value of ?format= or NULL; false when it is none of ours. */
bool http_format_parse(const char *format, http_format *out);
/* accept: the header, "" when absent (json). false: nothing of ours is acceptable. */
bool http_format_accept(const char *accept, http_format *out);

#endif
