/*
 * Training curves of a job.
 */
#ifndef CLI_CURVE_H
#define CLI_CURVE_H

#include "cli.h"

/* Draw all runs of a job (or the one that --run names), with a summary per run. */
cli_exit curve_draw(cli *c, const char *id);

#endif
