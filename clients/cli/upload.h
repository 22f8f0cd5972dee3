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

#endif
