/*
 * What commands that submit a job share: the document from --spec and flags, sending it, following it.
 */
#ifndef CLI_SUBMISSION_H
#define CLI_SUBMISSION_H

#include "api.h"

/* The job document of a kind: --spec, then the fields that flags give, then tags. MI_INVALID says what of it
 * cannot be. */
mi_status submission_spec(const cli_options *o, const char *kind, proto_text *spec, mi_error *err);
/* Once more the fields that flags give, those of them that lie at or below a pointer ("" for all). */
mi_status submission_assign(const cli_options *o, proto_text *spec, const char *below, mi_error *err);

/* What is left to do with a job that succeeded and is printed. */
typedef cli_exit submission_conclusion(cli *c, const char *id, const api_document *job);
/* Submit and, unless --detach, follow to the end. conclude may be NULL. Has said what went wrong. */
cli_exit submission_run(cli *c, const proto_text *spec, submission_conclusion *conclude);

#endif
