/*
 * stdout for results; stderr for notes, errors and the progress bar.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli.h"
#include "table.h"

/* Text of ours (foreign parts already escaped). Failures stick to stdout and are reported by output_finish.
 */
void output_text(const proto_text *text);
void output_blank(void); /* a line */
/* A JSON document exactly as the server sent it (on a terminal, DEL and C1 controls become \u escapes),
 * ending in a newline. */
void output_json(const cli *c, const char *json, size_t n);
/* Print, and free, a table; `indent` as table_print. */
cli_exit output_table(cli *c, table *t, unsigned indent);
/* Flush stdout. A reader that went away (EPIPE) is no error; anything else is reported and fails. */
cli_exit output_finish(cli *c, cli_exit so_far);

/* To stderr, prefixed "mutual: ", ended by a newline; foreign text in it has to be escaped. A note is left
 * out under --quiet. */
void say_note(cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say_error(cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The message of a failed call, escaped. */
void say_mi_error(cli *c, const mi_error *err);
/* Replace stderr's current line; only on a terminal. An empty text takes the line away. */
void say_status(cli *c, const char *text);

/* Foreign text made safe for stderr, for use inside say_*: truncated to the buffer. Returns buffer. */
#define SAFE_SIZE 512
const char *safe(const cli *c, char buffer[SAFE_SIZE], const char *text);

#endif
