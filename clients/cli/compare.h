/*
 * --compare and --objectives: a list of objectives becomes `objectives` of the job.
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "api.h"

/*
 * Append the JSON array that a list stands for: "infonce-anchor,smile:tau=5,ksg". A parameter's value is a
 * number where it reads as one, else a string. MI_INVALID: an empty name, or a parameter without '='.
 */
mi_status compare_parse(const char *list, proto_text *out, mi_error *err);
/* The same array for "all": what /v1/info lists and this server can run. */
void compare_all(const proto_node *info, proto_text *out);

/* Put what --compare or --objectives asks for into the job document; "all" asks the server. Has said what
 * went wrong. */
cli_exit compare_set(cli *c, proto_text *spec);

#endif
