/*
 * The command line: one table of options (options_table.c) from which parsing and --help come, and one table
 * of commands (command.h).
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "mi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_MAX_ARGUMENTS 256
#define OPTIONS_MAX_LIST      256 /* --set, --tag and the flags that stand for them */

typedef enum cli_format { CLI_TABLE, CLI_JSON, CLI_CSV, CLI_NPY } cli_format;

/* A field of the job document: what is at `pointer` becomes `json`. Both owned. */
typedef struct cli_assignment {
    char *pointer, *json;
} cli_assignment;

typedef struct cli_options {
    const struct cli_command *command;            /* NULL with help or version alone */
    const char *arguments[OPTIONS_MAX_ARGUMENTS]; /* after the command's words */
    unsigned n_arguments;
    bool bare_group; /* "jobs" for "jobs ls" */

    const char *server, *token_file;
    cli_format format;
    bool format_given, quiet, no_progress, help, version;

    bool detach, curve, fields, bits;
    const char *csv_file;
    const char *name_x, *name_y, *spec_file, *pmi_file, *categorical, *compare;
    const char *pairs_table;               /* a file or dataset:NAME */
    const char *x_id, *y_id, *label;       /* columns of it; pmi: ids */
    const char *data_x, *data_y;           /* instead of a model's own */
    const char *x_ids, *y_ids, *list, *id; /* screen: files of ids; which list, whose */
    bool with_known;
    const char *key, *ids_key;                    /* datasets put */
    const char *objective;                        /* as given, also where it is a field of the job */
    cli_assignment assignments[OPTIONS_MAX_LIST]; /* in the order of the command line */
    unsigned n_assignments;

    const char *tags[OPTIONS_MAX_LIST]; /* "key=value" */
    unsigned n_tags;
    const char *state, *kind, *after, *out_file, *run;
    uint64_t limit, top; /* 0: not given */
    double min;          /* NaN: not given */
} cli_options;

typedef enum option_kind {
    OPTION_FLAG,         /* bool */
    OPTION_TEXT,         /* const char * */
    OPTION_COUNT,        /* uint64_t, at least 1 */
    OPTION_NUMBER,       /* double */
    OPTION_FORMAT,       /* cli_format */
    OPTION_TAG,          /* appended to tags */
    OPTION_SET,          /* "/pointer=json", appended to assignments */
    OPTION_SPEC_TEXT,    /* a field of the job document at `pointer`: a string, */
    OPTION_SPEC_WHOLE,   /* a whole number, */
    OPTION_SPEC_NUMBER,  /* a number, */
    OPTION_SPEC_COLUMNS, /* "all" or "0,3": a list of whole numbers */
    OPTION_SPEC_NUMBERS, /* an array of numbers, */
    OPTION_SPEC_TRUE,    /* true */
    OPTION_LAW,          /* appended to /laws: a law, */
    OPTION_SUITE,        /* or a suite */
} option_kind;

typedef struct option_entry {
    char letter; /* 0: none */
    const char *name;
    const char *value; /* how help calls it; NULL: takes none */
    option_kind kind;
    uint64_t commands;   /* bits of cli_command_id */
    size_t offset;       /* into cli_options; of OPTION_SPEC_TEXT 0 for none */
    const char *pointer; /* of OPTION_SPEC_* */
    const char *help;
} option_entry;

extern const option_entry options_table[];
extern const size_t options_count;

/*
 * Parse argv (its strings are borrowed for the life of *out) and MUTUAL_SERVER. MI_INVALID: the message names
 * the flag and what was expected; out->command tells, as far as it is known, whose help to point at. Finish
 * *out in every case.
 */
mi_status options_parse(cli_options *out, int argc, char **argv, mi_error *err);
void options_fini(cli_options *options);

#endif
