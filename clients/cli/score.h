/*
 * What commands that ask a model share.
 */
#ifndef CLI_SCORE_H
#define CLI_SCORE_H

#include "cli.h"

/* --x and --y in a request's document: data sets, or files that are brought there. */
cli_exit score_sides(cli *c, proto_text *body);

#endif
