/*
 * Thresholds of a model's PMI, shown.
 */
#ifndef CLI_THRESHOLDS_H
#define CLI_THRESHOLDS_H

#include "api.h"

/* For people: tables, the ROC drawn, notes. */
cli_exit thresholds_show(cli *c, const proto_node *answer);
/* For programs: a line per threshold, csv. */
cli_exit thresholds_rows(cli *c, const proto_node *answer);

#endif
