/*
 * A job and its result, shown.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "api.h"

/* A job in the asked-for format: its state, and its result or its error. */
cli_exit result_print(cli *c, const api_document *job);
/* 0 for a job that succeeded; 1 otherwise, saying its error on stderr unless the table shows it. */
cli_exit result_exit(cli *c, const api_document *job);

#endif
