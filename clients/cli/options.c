#include "options.h"

#include "command.h"
#include "proto/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUE   ((size_t)1 << 20) /* of one --set */
#define MAX_OPTIONS 128               /* of the table */

static const option_entry *find_option(const char *name, size_t n, char letter)
{
    for (size_t i = 0; i < options_count; i++) {
        const option_entry *option = &options_table[i];

        if (letter ? option->letter == letter
                   : strlen(option->name) == n && memcmp(option->name, name, n) == 0)
            return option;
    }
    return NULL;
}

/* Takes ownership of json; NULL is out of memory. */
static mi_status assign(cli_options *out, const char *pointer, size_t n, char *json, mi_error *err)
{
    cli_assignment *a = &out->assignments[out->n_assignments];

    if (!json)
        return mi_fail(err, MI_MEMORY, "out of memory, or a value over %zu MB", MAX_VALUE >> 20);
    if (out->n_assignments == OPTIONS_MAX_LIST) {
        free(json);
        return mi_fail(err, MI_INVALID, "more than %d settings", OPTIONS_MAX_LIST);
    }
    *a = (cli_assignment){.pointer = strndup(pointer, n), .json = json};
    out->n_assignments++; /* also without a pointer, so that options_fini frees it */
    return a->pointer ? MI_OK : mi_fail(err, MI_MEMORY, "out of memory");
}

static mi_status parse_number(const char *flag, const char *value, double *out, mi_error *err)
{
    char *end;

    *out = strtod(value, &end);
    if (end == value || *end || !isfinite(*out))
        return mi_fail(err, MI_INVALID, "%s: '%s' is not a number", flag, value);
    return MI_OK;
}

static mi_status parse_count(const char *flag, const char *value, uint64_t least, uint64_t *out,
                             mi_error *err)
{
    char *end;
    unsigned long long count;

    errno = 0;
    count = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || errno || count < least || count > UINT64_C(1) << 53)
        return mi_fail(err, MI_INVALID, "%s: '%s' is not a whole number of at least %" PRIu64, flag, value,
                       least);
    *out = count;
    return MI_OK;
}

static mi_status parse_format(const char *value, cli_options *out, mi_error *err)
{
    static const char *const names[] = {
        [CLI_TABLE] = "table", [CLI_JSON] = "json", [CLI_CSV] = "csv", [CLI_NPY] = "npy"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            out->format = (cli_format)i;
            out->format_given = true;
            return MI_OK;
        }
    }
    return mi_fail(err, MI_INVALID, "-o: '%s' is not one of table, json, csv, npy", value);
}

static mi_status parse_set(cli_options *out, const char *value, mi_error *err)
{
    const char *equals = strchr(value, '=');

    if (*value != '/' || !equals)
        return mi_fail(err, MI_INVALID, "--set: '%s' is not /pointer=json, as in /train/batch=256", value);
    return assign(out, value, (size_t)(equals - value), strdup(equals + 1), err);
}

static mi_status assign_text(cli_options *out, const char *pointer, const char *value, mi_error *err)
{
    proto_text text;
    proto_json_writer w;

    proto_text_init(&text, MAX_VALUE);
    proto_write_init(&w, &text);
    proto_write_string(&w, NULL, value);
    return assign(out, pointer, strlen(pointer), proto_text_take(&text, NULL), err);
}

static mi_status assign_number(cli_options *out, const char *pointer, double value, mi_error *err)
{
    char buffer[32];

    proto_format_double(value, buffer);
    return assign(out, pointer, strlen(pointer), strdup(buffer), err);
}

/* "all" or "0,3". */
static mi_status assign_columns(cli_options *out, const option_entry *option, const char *value,
                                mi_error *err)
{
    static const char digits[] = "0123456789";
    proto_text text;

    if (strcmp(value, "all") == 0)
        return assign_text(out, option->pointer, value, err);
    for (const char *at = value;; at++) {
        size_t n = strspn(at, digits);

        at += n;
        if (n == 0 || (*at && *at != ','))
            return mi_fail(err, MI_INVALID,
                           "--%s: '%s' is neither 'all' nor numbers of columns, from 0, such as 0,3",
                           option->name, value);
        if (!*at)
            break;
    }
    proto_text_init(&text, MAX_VALUE);
    proto_text_printf(&text, "[%s]", value);
    return assign(out, option->pointer, strlen(option->pointer), proto_text_take(&text, NULL), err);
}

/* "2,4,6". */
static mi_status assign_numbers(cli_options *out, const option_entry *option, const char *value,
                                mi_error *err)
{
    proto_text text;
    proto_json_writer w;

    proto_text_init(&text, MAX_VALUE);
    proto_write_init(&w, &text);
    proto_write_array(&w, NULL);
    for (const char *from = value;;) {
        char *end;
        double number = strtod(from, &end);

        if (end == from || (*end && *end != ',') || !isfinite(number)) {
            proto_text_fini(&text);
            return mi_fail(err, MI_INVALID, "--%s: '%s' is not a list of numbers, such as 2,4,6",
                           option->name, value);
        }
        proto_write_double(&w, NULL, number);
        if (!*end)
            break;
        from = end + 1;
    }
    proto_write_end_array(&w);
    return assign(out, option->pointer, strlen(option->pointer), proto_text_take(&text, NULL), err);
}

/* A member of a law from "dim=20"; nats and bits stand for mi_nats and mi_bits. */
static mi_status write_member(const char *text, size_t n, proto_json_writer *w, mi_error *err)
{
    const char *equals = memchr(text, '=', n);
    char name[64], value[64], *end;
    double number;

    if (!equals || equals == text || (size_t)(equals - text) >= sizeof name ||
        n - (size_t)(equals - text) - 1 >= sizeof value)
        return mi_fail(err, MI_INVALID, "--law: '%.*s' is not as in gaussian:dim=20,bits=4", (int)n, text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    snprintf(value, sizeof value, "%.*s", (int)(text + n - equals - 1), equals + 1);
    number = strtod(value, &end);
    if (!*value || *end || !isfinite(number))
        return mi_fail(err, MI_INVALID, "--law: %s is '%s', which is not a number", name, value);
    proto_write_double(w,
                       strcmp(name, "nats") == 0   ? "mi_nats"
                       : strcmp(name, "bits") == 0 ? "mi_bits"
                                                   : name,
                       number);
    return MI_OK;
}

/* "gaussian" or "gaussian:dim=20,bits=4"; colons do for commas. */
static mi_status add_law(cli_options *out, const option_entry *option, const char *value, mi_error *err)
{
    size_t n = strcspn(value, ":");
    proto_text text;
    proto_json_writer w;
    mi_status status = MI_OK;

    if (n == 0)
        return mi_fail(err, MI_INVALID, "--law: a name is missing, as in gaussian:dim=20");
    if (!value[n])
        return assign_text(out, option->pointer, value, err);
    proto_text_init(&text, MAX_VALUE);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string_n(&w, "name", value, n);
    for (const char *from = value + n; *from && status == MI_OK; from += n) {
        n = strcspn(++from, ":,");
        status = write_member(from, n, &w, err);
    }
    proto_write_end_object(&w);
    if (status == MI_OK)
        return assign(out, option->pointer, strlen(option->pointer), proto_text_take(&text, NULL), err);
    proto_text_fini(&text);
    return status;
}

/* "own" or "own:a". */
static mi_status add_suite(cli_options *out, const option_entry *option, const char *value, mi_error *err)
{
    size_t n = strcspn(value, ":");
    proto_text text;
    proto_json_writer w;

    proto_text_init(&text, MAX_VALUE);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_string_n(&w, "suite", value, n);
    if (value[n])
        proto_write_string(&w, "half", value + n + 1);
    proto_write_end_object(&w);
    return assign(out, option->pointer, strlen(option->pointer), proto_text_take(&text, NULL), err);
}

static mi_status add_tag(cli_options *out, const char *value, mi_error *err)
{
    if (*value == '=' || !strchr(value, '='))
        return mi_fail(err, MI_INVALID, "--tag: '%s' is not key=value", value);
    if (out->n_tags == OPTIONS_MAX_LIST)
        return mi_fail(err, MI_INVALID, "more than %d tags", OPTIONS_MAX_LIST);
    out->tags[out->n_tags++] = value;
    return MI_OK;
}

static mi_status apply(cli_options *out, const option_entry *option, const char *value, mi_error *err)
{
    char *field = (char *)out + option->offset, flag[40];
    uint64_t count = 0;
    double number = 0;
    mi_status status;

    snprintf(flag, sizeof flag, "--%s", option->name);
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)field = true;
        return MI_OK;
    case OPTION_TEXT:
        if (!*value)
            return mi_fail(err, MI_INVALID, "%s: the value is empty", flag);
        *(const char **)(void *)field = value;
        return MI_OK;
    case OPTION_COUNT:
        return parse_count(flag, value, 1, (uint64_t *)(void *)field, err);
    case OPTION_NUMBER:
        return parse_number(flag, value, (double *)(void *)field, err);
    case OPTION_FORMAT:
        return parse_format(value, out, err);
    case OPTION_TAG:
        return add_tag(out, value, err);
    case OPTION_SET:
        return parse_set(out, value, err);
    case OPTION_SPEC_TEXT:
        if (option->offset)
            *(const char **)(void *)field = value;
        return assign_text(out, option->pointer, value, err);
    case OPTION_SPEC_WHOLE:
        status = parse_count(flag, value, 0, &count, err);
        return status == MI_OK ? assign_number(out, option->pointer, (double)count, err) : status;
    case OPTION_SPEC_NUMBER:
        status = parse_number(flag, value, &number, err);
        return status == MI_OK ? assign_number(out, option->pointer, number, err) : status;
    case OPTION_SPEC_COLUMNS:
        return assign_columns(out, option, value, err);
    case OPTION_SPEC_NUMBERS:
        return assign_numbers(out, option, value, err);
    case OPTION_SPEC_TRUE:
        return assign(out, option->pointer, strlen(option->pointer), strdup("true"), err);
    case OPTION_LAW:
        return add_law(out, option, value, err);
    case OPTION_SUITE:
        return add_suite(out, option, value, err);
    }
    assert(!"every kind is handled");
    return MI_INTERNAL;
}

/* One flag at argv[*i]; moves *i over a value that stands in the next word. `used` collects which flags were
 * given. */
static mi_status parse_flag(cli_options *out, int argc, char **argv, int *i, bool *used, mi_error *err)
{
    const char *word = argv[*i], *equals = strchr(word, '='), *value = NULL;
    bool is_long = word[1] == '-';
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const option_entry *option = is_long ? find_option(word + 2, n - 2, 0) : find_option(NULL, 0, word[1]);

    if (!option)
        return mi_fail(err, MI_INVALID, "there is no flag %.*s", (int)(is_long ? n : 2), word);
    if (is_long && equals)
        value = equals + 1;
    else if (!is_long && word[2])
        value = word + 2;
    if (!option->value && value)
        return mi_fail(err, MI_INVALID, "--%s takes no value", option->name);
    if (option->value && !value) {
        if (*i + 1 >= argc)
            return mi_fail(err, MI_INVALID, "--%s needs a value: %s", option->name, option->value);
        value = argv[++*i];
    }
    used[option - options_table] = true;
    return apply(out, option, value, err);
}

static mi_status take_word(cli_options *out, const char *const *words, unsigned n_words, mi_error *err)
{
    const char *sub = NULL;
    unsigned taken = 1;

    if (n_words == 0)
        return out->help || out->version ? MI_OK : mi_fail(err, MI_INVALID, "a command is missing");
    if (!command_find(words[0], NULL))
        return mi_fail(err, MI_INVALID, "there is no command '%s'", words[0]);
    if (command_is_group(words[0]) && n_words > 1) {
        sub = words[1];
        taken = 2;
    }
    out->bare_group = command_is_group(words[0]) && !sub;
    out->command = command_find(words[0], sub);
    if (!out->command)
        return mi_fail(err, MI_INVALID, "there is no command '%s %s'", words[0], sub);
    out->n_arguments = n_words - taken;
    if (out->n_arguments > OPTIONS_MAX_ARGUMENTS)
        out->n_arguments = OPTIONS_MAX_ARGUMENTS;
    for (unsigned i = 0; i < out->n_arguments; i++)
        out->arguments[i] = words[taken + i];
    if (!out->help &&
        (n_words - taken < out->command->min_arguments || n_words - taken > out->command->max_arguments))
        return mi_fail(err, MI_INVALID, "expected: mutual %s%s%s %s", out->command->word, sub ? " " : "",
                       sub ? sub : "", out->command->arguments);
    return MI_OK;
}

static mi_status check_flags(const cli_options *out, const bool *used, mi_error *err)
{
    for (size_t i = 0; out->command && i < options_count; i++)
        if (used[i] && !(options_table[i].commands >> out->command->id & 1))
            return mi_fail(err, MI_INVALID, "--%s is not a flag of 'mutual %s%s%s'", options_table[i].name,
                           out->command->word, out->command->sub ? " " : "",
                           out->command->sub ? out->command->sub : "");
    return MI_OK;
}

mi_status options_parse(cli_options *out, int argc, char **argv, mi_error *err)
{
    const char *words[OPTIONS_MAX_ARGUMENTS + 2], *server = getenv("MUTUAL_SERVER");
    unsigned n_words = 0;
    bool used[MAX_OPTIONS] = {false};
    bool flags_end = false;
    mi_status status = MI_OK, words_status;

    assert(options_count <= MAX_OPTIONS);
    *out = (cli_options){.server = server && *server ? server : "http://127.0.0.1:8080", .min = (double)NAN};
    for (int i = 1; i < argc && status == MI_OK; i++) {
        if (!flags_end && strcmp(argv[i], "--") == 0)
            flags_end = true;
        else if (!flags_end && argv[i][0] == '-' && argv[i][1])
            status = parse_flag(out, argc, argv, &i, used, err);
        else if (n_words < sizeof words / sizeof *words)
            words[n_words++] = argv[i];
        else
            status = mi_fail(err, MI_INVALID, "too many arguments: '%s'", argv[i]);
    }
    /* Also after a bad flag: its message can then point at the command's help. */
    words_status = take_word(out, words, n_words, status == MI_OK ? err : NULL);
    if (status == MI_OK)
        status = words_status;
    return status == MI_OK ? check_flags(out, used, err) : status;
}

void options_fini(cli_options *options)
{
    for (unsigned i = 0; i < options->n_assignments; i++) {
        free(options->assignments[i].pointer);
        free(options->assignments[i].json);
    }
    options->n_assignments = 0;
}
