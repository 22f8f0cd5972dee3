/*
 * The result of a comparison, for people and as csv.
 */
#ifndef CLI_COMPARISON_H
#define CLI_COMPARISON_H

#include "api.h"
#include "table.h"

/* A result that has "comparison": its rows with their intervals on one axis, and how far they agree. False
 * when memory ran out. */
bool comparison_print(const cli *c, const proto_node *result, proto_text *out);
/* A line per objective, every digit. Frees the table. */
cli_exit comparison_csv(cli *c, const proto_node *job);

/* A part of an axis: from `low` to `high` over `columns` characters. */
typedef struct comparison_axis {
    double low, high, step;
    int columns;
} comparison_axis;
/* An axis with round ends that holds all finite intervals and their middles. False: there are none. */
bool comparison_axis_of(const proto_node *rows, int columns, comparison_axis *out);
/* An interval with its middle; not finite: only what is. */
void comparison_bar(const comparison_axis *axis, double low, double middle, double high, bool utf8,
                    proto_text *out);

#endif
