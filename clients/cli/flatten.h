/*
 * Any JSON document as rows of "path, value".
 */
#ifndef CLI_FLATTEN_H
#define CLI_FLATTEN_H

#include "cli.h"
#include "table.h"

#include "proto/json.h"

/* Into a table of two columns. An array of plain values is one row; an element of another array goes by its
 * "name" or "pointer" where it has one. */
void flatten(table *t, const proto_node *root);
/* The same printed, as a table or csv. */
cli_exit flatten_print(cli *c, const proto_node *root);
/* A plain value, or an array of them, as text; null is "-". The caller frees; NULL when memory ran out. */
char *flatten_value(const proto_node *node);

#endif
