/*
 * From x, y and pairs as submitted to blobs that the store holds.
 */
#ifndef HTTP_RESOLVE_H
#define HTTP_RESOLVE_H

#include "proto/job.h"
#include "store/store.h"

/*
 * Names become contents, what was sent along is stored, and the job says what is there: contents, extents,
 * categorical columns. MI_OK: look at problem, to which everything is added that is wrong with the job. Other
 * states are the store's. Blocks; not for the loop thread.
 */
mi_status http_resolve_inputs(store *s, proto_job *job, proto_problem *problem, mi_error *err);
/* The same of x or y alone, but for its columns. side: "x" or "y". */
mi_status http_resolve_side(store *s, const char *side, proto_input *input, proto_problem *problem,
                            mi_error *err);

#endif
