/*
 * Paged lists: {"data": [...], "next": cursor | null}.
 */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include "api.h"
#include "table.h"

#define LIST_DEFAULT_LIMIT 20u

/* Append "?key=value" or "&key=value", encoded. A NULL value adds nothing. */
void list_query(proto_text *path, const char *key, const char *value);
void list_query_count(proto_text *path, const char *key, uint64_t value);

typedef void list_row(table *t, const proto_node *item);

/*
 * Read the list at `path` (its query so far) and print it: as json one page as the server sends it; else up
 * to the limit in as many pages as it takes, a row per item by add_row. `t` is initialised by the caller and
 * freed here. A note says when there is more; *total (may be NULL) is the list's own "total", else NaN.
 */
cli_exit list_print(cli *c, const char *path, table *t, list_row *add_row, double *total);

#endif
