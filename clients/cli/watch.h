/*
 * Follow a job to its end: server-sent events, reconnected by Last-Event-ID; long-polls where events do not
 * get through.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "api.h"

/*
 * CLI_OK: the job is terminal and `job` holds it (the caller's to finish). CLI_INTERRUPTED: Ctrl-C. Anything
 * else has been said. A server that goes away is waited for (WATCH_PATIENCE_S) and the job's id is not lost:
 * a note says how to resume.
 */
cli_exit watch_job(cli *c, const char *id, api_document *job);

#define WATCH_PATIENCE_S 120.0

/* Whether a job object is in a terminal state. */
bool job_is_terminal(const proto_node *job);

#endif
