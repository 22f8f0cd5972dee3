/*
 * Bring a file to the server as a data set, unless it is there.
 */
#ifndef CLI_UPLOAD_H
#define CLI_UPLOAD_H

#include "api.h"
#include "datafile.h"

/*
 * name in: what it shall be called, "" to make one of file name and hash; out: the data set's name. Progress
 * on stderr. answer (NULL: not wanted): the data set as the server describes it, the caller's to finish.
 */
cli_exit upload_file(cli *c, const char *path, char name[DATAFILE_NAME_MAX + 1], api_document *answer);

/* What an argument names: dataset:NAME, or a file that is brought there, under the name `wanted` or, NULL,
 * one of its own. */
cli_exit upload_or_name(cli *c, const char *argument, const char *wanted, char name[DATAFILE_NAME_MAX + 1]);
/* That data set stands at the pointer of a document, with what flags say of it. */
cli_exit upload_set(cli *c, proto_text *spec, const char *pointer, const char *name);
/* The table of pairs that flags name, if they name one, at /pairs, likewise. */
cli_exit upload_set_pairs(cli *c, proto_text *spec);

#endif
