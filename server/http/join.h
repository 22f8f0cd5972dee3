/*
 * The pairs of a job by id, joined to its data sets.
 */
#ifndef HTTP_JOIN_H
#define HTTP_JOIN_H

#include "proto/pairs.h"
#include "store/store.h"

/* Of a resolved job with pairs. The job says the columns of its table afterwards. MI_INVALID has a pointer
 * into the job; the store's states. After a failure nothing is held. Blocks; not for the loop thread. */
mi_status http_join(store *s, proto_job *job, proto_pairs *out, mi_error *err);

#endif
