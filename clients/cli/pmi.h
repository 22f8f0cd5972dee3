/*
 * The PMI table of a job.
 */
#ifndef CLI_PMI_H
#define CLI_PMI_H

#include "cli.h"

/* The media type for a file's name (.csv, .npy); NULL for others. */
const char *pmi_file_format(const char *file);
/* All pairs of a job into a file. */
cli_exit pmi_save(cli *c, const char *id, const char *file);

#endif
