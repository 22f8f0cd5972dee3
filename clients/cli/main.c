#include "command.h"
#include "help.h"
#include "interrupt.h"
#include "output.h"

#include <errno.h>
#include <locale.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 4096

/* The token of --token-file, else of MUTUAL_TOKEN, "" for none. White space around it is dropped. */
static bool read_token(cli *c, char out[TOKEN_MAX])
{
    const char *file = c->options->token_file, *variable = getenv("MUTUAL_TOKEN"), *start;
    char bytes[TOKEN_MAX] = "", shown[SAFE_SIZE];
    size_t n;

    if (file) {
        FILE *stream = fopen(file, "rb");

        if (!stream) {
            say_error(c, "--token-file: %s: %s", safe(c, shown, file), strerror(errno));
            return false;
        }
        n = fread(bytes, 1, sizeof bytes - 1, stream);
        fclose(stream);
        bytes[n] = '\0';
    } else {
        n = (size_t)snprintf(bytes, sizeof bytes, "%s", variable ? variable : "");
        n = n < sizeof bytes ? n : sizeof bytes - 1;
    }
    if (n == sizeof bytes - 1 || strlen(bytes) != n) {
        say_error(c, "the token is not one line of at most %d characters", TOKEN_MAX - 2);
        return false;
    }
    start = bytes + strspn(bytes, " \t\r\n");
    n = strlen(start);
    while (n > 0 && strchr(" \t\r\n", start[n - 1]))
        n--;
    if (file && n == 0) {
        say_error(c, "--token-file: %s holds no token", safe(c, shown, file));
        return false;
    }
    memcpy(out, start, n);
    out[n] = '\0';
    return true;
}

static cli_exit print_help(const cli_options *o)
{
    proto_text text;

    proto_text_init(&text, (size_t)1 << 18);
    if (!o->command)
        help_overview(&text);
    else if (o->bare_group)
        help_group(o->command->word, &text);
    else
        help_command(o->command, &text);
    output_text(&text);
    proto_text_fini(&text);
    return CLI_OK;
}

static cli_exit run(cli *c)
{
    char token[TOKEN_MAX];
    mi_error err = {0};
    cli_exit code;

    if (c->options->command->id == COMMAND_HELP)
        return help_run(c);
    if (sodium_init() < 0 || !interrupt_install()) {
        say_error(c, "cannot start");
        return CLI_FAILED;
    }
    if (!read_token(c, token))
        return CLI_USAGE;
    if (http_open(&c->http, c->options->server, *token ? token : NULL, &err) != MI_OK) {
        say_mi_error(c, &err);
        return CLI_USAGE;
    }
    sodium_memzero(token, sizeof token);
    code = c->options->command->run(c);
    http_close(c->http);
    if (code == CLI_INTERRUPTED)
        say_note(c, "interrupted");
    return code;
}

static cli_exit usage_error(cli *c, const mi_error *err)
{
    const cli_command *command = c->options->command;

    say_mi_error(c, err);
    if (command)
        fprintf(stderr, "see 'mutual help %s%s%s'\n", command->word, command->sub ? " " : "",
                command->sub ? command->sub : "");
    else
        fputs("see 'mutual help'\n", stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    cli_options options;
    cli c = {.options = &options};
    mi_error err = {0};
    cli_exit code;

    setlocale(LC_CTYPE, ""); /* not LC_NUMERIC: figures are written with a point everywhere */
    c.out = term_probe(stdout);
    c.err = term_probe(stderr);
    if (argc < 2) {
        options = (cli_options){0};
        fputs("mutual: a command is missing; see 'mutual help'\n", stderr);
        return CLI_USAGE;
    }
    if (options_parse(&options, argc, argv, &err) != MI_OK) {
        code = usage_error(&c, &err);
    } else if (options.version) {
        puts("mutual " MUTUAL_VERSION);
        code = CLI_OK;
    } else if (options.help) {
        code = print_help(&options);
    } else {
        code = run(&c);
    }
    code = output_finish(&c, code);
    options_fini(&options);
    return code;
}
