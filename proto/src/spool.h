/*
 * A bounded buffer before an output: what is too long for memory goes out piece by piece.
 */
#ifndef PROTO_SPOOL_H
#define PROTO_SPOOL_H

#include "proto/matrix.h"
#include "proto/text.h"

typedef struct proto_spool {
    proto_text text; /* append here */
    const proto_output *out;
    mi_status status;
    mi_error *err;
} proto_spool;

void proto_spool_init(proto_spool *s, const proto_output *out, mi_error *err);
/* Behind each piece (of at most some MiB): whether to go on. */
bool proto_spool_pass(proto_spool *s);
/* What is left goes out. */
mi_status proto_spool_end(proto_spool *s);

#endif
