/*
 * What `estimate` and `jobs watch` share: watch, detach on Ctrl-C, print.
 */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "api.h"

/*
 * Watch a job to its end and print it, with its curves if asked for. CLI_FAILED when it failed or was
 * canceled. After Ctrl-C the id is printed instead, CLI_OK is returned and job->root is NULL. The job is the
 * caller's to finish in every case.
 */
cli_exit follow_job(cli *c, const char *id, api_document *job);
/* The id on stdout (for json the whole object, when there is one), and on stderr how to go on. */
cli_exit follow_detach(cli *c, const char *id, const api_document *job);

#endif
