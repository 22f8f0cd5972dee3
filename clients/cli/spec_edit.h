/*
 * Changing a JSON document by JSON pointers, text to text.
 */
#ifndef CLI_SPEC_EDIT_H
#define CLI_SPEC_EDIT_H

#include "mi/status.h"
#include "proto/text.h"

#define SPEC_MAX ((size_t)64 << 20) /* of a document; inline matrices stand in it */

/*
 * Put `json` at `pointer` (RFC 6901) of `document`, in place. Objects on the way are made; "-" appends to an
 * array, an index replaces. MI_INVALID: the value is not JSON, the pointer is malformed, or leads through
 * something that is neither object nor array. The document is then unchanged.
 */
mi_status spec_set(proto_text *document, const char *pointer, const char *json, mi_error *err);
/* spec_set of a string. */
mi_status spec_set_string(proto_text *document, const char *pointer, const char *value, mi_error *err);
/* Append one token of a pointer, escaped: "/" + token. */
void spec_pointer_append(proto_text *pointer, const char *token, size_t n);

#endif
