/*
 * A screen: asking for one, what it found, its lists.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "api.h"

/* Whether a result is a screen's. */
bool screen_is(const proto_node *result);
/* Its figures, for people. False when memory ran out. */
bool screen_print(const cli *c, const proto_node *result, proto_text *out);
/* The list that is asked for of a screen that is done, in the asked-for format. */
cli_exit screen_lists(cli *c, const char *job_id);

#endif
