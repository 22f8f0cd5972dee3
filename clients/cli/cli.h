/*
 * `mutual`, the command-line client of mutuald.
 *
 * DESIGN
 * options.c turns argv into one struct by one table; command.c names the commands; a command is one function
 * that talks to the server through api.c (retries, problems) over http.c (one exchange, interruptible), and
 * prints through output.c. Everything that the server sends is untrusted: JSON is parsed strictly under a
 * cap, strings are escaped before they reach a terminal, files are renamed into place. Results go to stdout;
 * everything else (progress, notes, errors) goes to stderr.
 */
#ifndef CLI_H
#define CLI_H

#include "http.h"
#include "options.h"
#include "term.h"

typedef enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* the job failed or was canceled, or an output could not be written */
    CLI_USAGE = 2,       /* what was asked for cannot be: bad flags, unreadable input, a 4xx answer */
    CLI_UNREACHABLE = 3, /* the server does not answer, or not as mutuald does */
    CLI_INTERRUPTED = 130
} cli_exit;

typedef struct cli {
    const cli_options *options;
    http_client *http;
    term out, err;    /* stdout and stderr */
    bool status_line; /* a progress bar stands on stderr's current line */
} cli;

#endif
