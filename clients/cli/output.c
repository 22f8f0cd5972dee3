#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX_TABLE ((size_t)1 << 30)

static int output_errno; /* of the first failed write to stdout */

static void write_out(const char *bytes, size_t n)
{
    if (output_errno == 0 && n > 0 && fwrite(bytes, 1, n, stdout) != n)
        output_errno = errno ? errno : EIO;
}

void output_text(const proto_text *text)
{
    write_out(text->data, text->length);
}

void output_blank(void)
{
    write_out("\n", 1);
}

void output_json(const cli *c, const char *json, size_t n)
{
    size_t start = 0, i = 0, length;

    while (n > 0 && (json[n - 1] == '\n' || json[n - 1] == '\r'))
        n--;
    for (; c->out.tty && i < n; i += length) {
        long code = term_decode(json + i, n - i, &length);
        char escape[8];

        if (code < 0x7f || code > 0x9f)
            continue;
        write_out(json + start, i - start);
        snprintf(escape, sizeof escape, "\\u%04lx", code);
        write_out(escape, strlen(escape));
        start = i + length;
    }
    write_out(json + start, n - start);
    write_out("\n", 1);
}

cli_exit output_table(cli *c, table *t, unsigned indent)
{
    proto_text text, shown;
    cli_exit code = CLI_OK;

    proto_text_init(&text, OUTPUT_MAX_TABLE);
    proto_text_init(&shown, OUTPUT_MAX_TABLE);
    if (!table_print(t, indent, &text)) {
        say_error(c, "out of memory while printing a table");
        code = CLI_FAILED;
    } else if (t->csv && c->out.tty) {
        term_escape(&shown, text.data ? text.data : "", text.length, c->out.utf8, true);
        output_text(&shown);
    } else {
        output_text(&text);
    }
    proto_text_fini(&shown);
    proto_text_fini(&text);
    table_fini(t);
    return code;
}

cli_exit output_finish(cli *c, cli_exit so_far)
{
    if (fflush(stdout) != 0 && output_errno == 0)
        output_errno = errno;
    if (output_errno == 0 || output_errno == EPIPE)
        return so_far;
    say_error(c, "cannot write the output: %s", strerror(output_errno));
    return so_far == CLI_OK ? CLI_FAILED : so_far;
}

static void say(cli *c, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void say(cli *c, const char *format, va_list args)
{
    say_status(c, "");
    fputs("mutual: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void say_note(cli *c, const char *format, ...)
{
    va_list args;

    if (c->options && c->options->quiet)
        return;
    va_start(args, format);
    say(c, format, args);
    va_end(args);
}

void say_error(cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(c, format, args);
    va_end(args);
}

void say_mi_error(cli *c, const mi_error *err)
{
    char buffer[SAFE_SIZE];

    say_error(c, "%s", safe(c, buffer, err->message));
}

void say_status(cli *c, const char *text)
{
    if (!c->err.tty || (!*text && !c->status_line))
        return;
    fprintf(stderr, "\r%s\x1b[K", text);
    fflush(stderr);
    c->status_line = *text != '\0';
}

const char *safe(const cli *c, char buffer[SAFE_SIZE], const char *text)
{
    proto_text escaped;

    proto_text_init(&escaped, (size_t)1 << 20);
    term_escape(&escaped, text, strlen(text), c->err.utf8, false);
    snprintf(buffer, SAFE_SIZE, "%s", escaped.data ? escaped.data : "");
    proto_text_fini(&escaped);
    return buffer;
}
