/*
 * Help, generated from the tables of commands and options.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

void help_overview(proto_text *out);
void help_command(const cli_command *command, proto_text *out);
/* Every command of a group ("jobs"). */
void help_group(const char *word, proto_text *out);

#endif
