/*
 * The commands: names, arguments, help, and the function that does it.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli.h"

typedef enum cli_command_id {
    COMMAND_ESTIMATE,
    COMMAND_BENCHMARK,
    COMMAND_JOBS_LS,
    COMMAND_JOBS_GET,
    COMMAND_JOBS_WATCH,
    COMMAND_JOBS_CANCEL,
    COMMAND_JOBS_RM,
    COMMAND_PMI,
    COMMAND_CURVE,
    COMMAND_MODELS_LS,
    COMMAND_MODELS_SHOW,
    COMMAND_MODELS_ALIAS,
    COMMAND_MODELS_PIN,
    COMMAND_MODELS_UNPIN,
    COMMAND_MODELS_RM,
    COMMAND_MODELS_WEIGHTS,
    COMMAND_SCORE,
    COMMAND_THRESHOLDS,
    COMMAND_SCREEN,
    COMMAND_DATASETS_LS,
    COMMAND_DATASETS_GET,
    COMMAND_DATASETS_PUT,
    COMMAND_DATASETS_RM,
    COMMAND_INFO,
    COMMAND_QUEUE,
    COMMAND_HELP,
} cli_command_id;

typedef struct cli_command {
    cli_command_id id;
    const char *word, *sub; /* "jobs", "ls"; sub NULL: a command of one word */
    const char *arguments;  /* as help writes them; "" for none */
    unsigned min_arguments, max_arguments;
    const char *summary, *details; /* details: more paragraphs, or NULL */
    cli_exit (*run)(cli *c);
} cli_command;

extern const cli_command command_table[];
extern const size_t command_count;

/* The command of these words; the first of its group when sub is NULL and the group has subcommands ("jobs"
 * is "jobs ls"). NULL: no such. */
const cli_command *command_find(const char *word, const char *sub);
/* Whether the word has subcommands. */
bool command_is_group(const char *word);

cli_exit estimate_run(cli *c);
cli_exit benchmark_run(cli *c);
cli_exit jobs_list(cli *c);
cli_exit jobs_get(cli *c);
cli_exit jobs_watch(cli *c);
cli_exit jobs_cancel(cli *c);
cli_exit jobs_remove(cli *c);
cli_exit pmi_run(cli *c);
cli_exit curve_run(cli *c);
cli_exit models_list(cli *c);
cli_exit models_show(cli *c);
cli_exit models_alias(cli *c);
cli_exit models_pin(cli *c);
cli_exit models_unpin(cli *c);
cli_exit models_remove(cli *c);
cli_exit models_weights(cli *c);
cli_exit score_run(cli *c);
cli_exit thresholds_run(cli *c);
cli_exit screen_run(cli *c);
cli_exit datasets_list(cli *c);
cli_exit datasets_get(cli *c);
cli_exit datasets_put(cli *c);
cli_exit datasets_remove(cli *c);
cli_exit info_run(cli *c);
cli_exit queue_run(cli *c);
cli_exit help_run(cli *c);

#endif
