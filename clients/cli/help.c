#include "help.h"

#include "output.h"

#include <string.h>

#define HELP_MAX ((size_t)1 << 18)

static const char exit_codes[] =
    "Exit codes:\n"
    "  0    done (or detached by Ctrl-C: the job goes on and its id is on stdout)\n"
    "  1    the job failed or was canceled, or an output could not be written\n"
    "  2    usage: bad flags, unreadable files, a 4xx answer of the server\n"
    "  3    the server is unreachable, too busy, or failing\n"
    "  130  interrupted before there was a job to detach from\n";

static const char environment[] = "Environment:\n"
                                  "  MUTUAL_SERVER  URL of the server\n"
                                  "  MUTUAL_TOKEN   its bearer token\n"
                                  "  NO_COLOR       no colors\n";

static void print_synopsis(const cli_command *command, proto_text *out)
{
    proto_text_printf(out, "mutual %s", command->word);
    if (command->sub)
        proto_text_printf(out, " %s", command->sub);
    if (*command->arguments)
        proto_text_printf(out, " %s", command->arguments);
}

static void print_option(const option_entry *option, proto_text *out)
{
    char names[64];

    snprintf(names, sizeof names, "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
             option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
             option->value ? " " : "", option->value ? option->value : "");
    proto_text_printf(out, "  %-26s %s\n", names, option->help);
}

static void print_options(bool global, uint64_t commands, proto_text *out)
{
    for (size_t i = 0; i < options_count; i++)
        if ((options_table[i].commands == ~(uint64_t)0) == global && options_table[i].commands & commands)
            print_option(&options_table[i], out);
}

static void print_commands(const char *word, proto_text *out)
{
    for (size_t i = 0; i < command_count; i++) {
        const cli_command *command = &command_table[i];
        proto_text synopsis;

        if (word && strcmp(command->word, word) != 0)
            continue;
        proto_text_init(&synopsis, 256);
        print_synopsis(command, &synopsis);
        proto_text_printf(out, "  %-28s %s\n", synopsis.data ? synopsis.data : "", command->summary);
        proto_text_fini(&synopsis);
    }
}

void help_overview(proto_text *out)
{
    proto_text_puts(out, "mutual: how much does X tell about Y, and which pairs carry it? A client of "
                         "mutuald.\n\nCommands:\n");
    print_commands(NULL, out);
    proto_text_puts(out, "\nFlags of every command:\n");
    print_options(true, ~(uint64_t)0, out);
    for (size_t i = 0; i < command_count; i++) {
        proto_text flags;

        proto_text_init(&flags, HELP_MAX);
        print_options(false, (uint64_t)1 << command_table[i].id, &flags);
        if (flags.length > 0) {
            proto_text_puts(out, "\nFlags of '");
            print_synopsis(&command_table[i], out);
            proto_text_printf(out, "':\n%s", flags.data);
        }
        proto_text_fini(&flags);
    }
    proto_text_printf(out, "\n%s\n%s", environment, exit_codes);
}

void help_command(const cli_command *command, proto_text *out)
{
    proto_text flags;

    print_synopsis(command, out);
    proto_text_printf(out, "\n\n  %s\n", command->summary);
    if (command->details)
        proto_text_printf(out, "\n%s\n", command->details);
    proto_text_init(&flags, HELP_MAX);
    print_options(false, (uint64_t)1 << command->id, &flags);
    if (flags.length > 0)
        proto_text_printf(out, "\nFlags:\n%s", flags.data);
    proto_text_fini(&flags);
    proto_text_puts(out, "\nFlags of every command:\n");
    print_options(true, ~(uint64_t)0, out);
    proto_text_printf(out, "\n%s\n%s", environment, exit_codes);
}

void help_group(const char *word, proto_text *out)
{
    proto_text_printf(out, "Commands of 'mutual %s':\n", word);
    print_commands(word, out);
    proto_text_printf(out, "\n'mutual help %s COMMAND' shows the flags.\n", word);
}

cli_exit help_run(cli *c)
{
    const cli_options *o = c->options;
    const cli_command *command =
        o->n_arguments ? command_find(o->arguments[0], o->n_arguments > 1 ? o->arguments[1] : NULL) : NULL;
    proto_text text;
    char buffer[SAFE_SIZE];

    if (o->n_arguments > 0 && !command) {
        say_error(c, "there is no such command: '%s'; see 'mutual help'",
                  safe(c, buffer, o->arguments[o->n_arguments - 1]));
        return CLI_USAGE;
    }
    proto_text_init(&text, HELP_MAX);
    if (!command)
        help_overview(&text);
    else if (o->n_arguments == 1 && command->sub)
        help_group(command->word, &text);
    else
        help_command(command, &text);
    output_text(&text);
    proto_text_fini(&text);
    return CLI_OK;
}
