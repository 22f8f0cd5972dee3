#include "base/options_table.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define PREFIX     "MUTUALD_"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define CONFIG     "config"

#define INI_LINE_MAX 4096

/* ---- ini file ---- */

typedef struct ini_reading {
    options *out;
    mi_error first; /* what was wrong first; code MI_OK: nothing */
} ini_reading;

static int on_ini_pair(void *user, const char *section, const char *name, const char *value)
{
    ini_reading *reading = user;
    mi_error why = {0};
    const char *nearest = NULL;
    const option_entry *entry = option_find(name, &nearest);
    if (reading->first.code != MI_OK)
        return 0;
    if (!entry) {
        mi_fail(&reading->first, MI_INVALID, "unknown key \"%.80s\"; the nearest is \"%s\"", name, nearest);
        return 0;
    }
    if (*section && strcmp(section, entry->section) != 0) {
        mi_fail(&reading->first, MI_INVALID, "key \"%s\" is in section [%.80s]; it belongs in [%s]", name,
                section, entry->section);
        return 0;
    }
    if (option_parse_value(reading->out, entry, value, &why) != MI_OK) {
        mi_fail(&reading->first, MI_INVALID, "%s = %s", name, why.message);
        return 0;
    }
    return 1;
}

static mi_status parse_file(options *out, const char *path, mi_error *err)
{
    ini_reading reading = {.out = out};
    FILE *file = fopen(path, "re");
    if (!file)
        return mi_fail(err, MI_INVALID, "settings file %.200s: %s", path, strerror(errno));
    /* inih's defaults cut values at ';' and lines at 200 bytes. Its knobs are globals; settings are read
     * before any thread starts. */
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_use_stack = false;
    ini_max_line = INI_LINE_MAX;
    ini_initial_alloc = INI_LINE_MAX;
    int line = ini_parse_file(file, on_ini_pair, &reading);
    int read_failed = ferror(file);
    fclose(file);
    if (read_failed || line < 0)
        return mi_fail(err, MI_INVALID, "settings file %.200s cannot be read", path);
    if (line > 0)
        return mi_fail(err, MI_INVALID, "%.100s:%d: %.200s", path, line,
                       reading.first.code != MI_OK ? reading.first.message
                                                   : "expected key = value or [section]");
    return MI_OK;
}

/* ---- environment ---- */

/* Kubernetes and Docker links set NAME_SERVICE_HOST, NAME_PORT, NAME_PORT_8080_TCP, ... for a service called
 * mutuald: not ours, and no typing error either. */
static bool set_by_orchestrator(const char *variable)
{
    static const char *const prefixes[] = {"MUTUALD_SERVICE_", "MUTUALD_PORT=", "MUTUALD_PORT_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static mi_status parse_variable(options *out, const char *variable, mi_error *err)
{
    char name[OPTION_NAME_MAX + 8], known[OPTION_NAME_MAX + 8];
    const char *nearest = NULL, *value = strchr(variable, '=');
    mi_error why = {0};
    if (!value)
        return MI_OK;
    size_t n = (size_t)(value++ - variable);
    if (n == PREFIX_LEN + strlen(CONFIG) && strncmp(variable + PREFIX_LEN, "CONFIG", strlen(CONFIG)) == 0)
        return MI_OK;
    for (size_t i = 0; i < option_count; i++) {
        option_variable(&option_table[i], known);
        if (strlen(known) != n || strncmp(known, variable, n) != 0)
            continue;
        if (option_parse_value(out, &option_table[i], value, &why) != MI_OK)
            return mi_fail(err, MI_INVALID, "variable %s: %.300s", known, why.message);
        return MI_OK;
    }
    if (set_by_orchestrator(variable))
        return MI_OK;
    snprintf(name, sizeof name, "%.*s", (int)(n - PREFIX_LEN), variable + PREFIX_LEN);
    for (char *c = name; *c; c++)
        *c = *c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    const option_entry *entry = option_find(name, &nearest);
    if (!entry)
        entry = option_find(nearest, &nearest);
    option_variable(entry, known);
    return mi_fail(err, MI_INVALID, "unknown variable %.*s; the nearest is %s", n > 80 ? 80 : (int)n,
                   variable, known);
}

static mi_status parse_env(options *out, char **env, mi_error *err)
{
    for (; *env; env++)
        if (strncmp(*env, PREFIX, PREFIX_LEN) == 0 && parse_variable(out, *env, err) != MI_OK)
            return MI_INVALID;
    return MI_OK;
}

static const char *config_of_env(char **env)
{
    for (; *env; env++)
        if (strncmp(*env, "MUTUALD_CONFIG=", 15) == 0 && (*env)[15])
            return *env + 15;
    return NULL;
}

/* ---- command line ---- */

static const struct {
    const char *flag;
    options_action action;
} actions[] = {
    {"--help", OPTIONS_HELP},
    {"-h", OPTIONS_HELP},
    {"--version", OPTIONS_VERSION},
    {"-V", OPTIONS_VERSION},
    {"--print-config", OPTIONS_PRINT_CONFIG},
    {"--healthcheck", OPTIONS_HEALTHCHECK},
};

static bool find_action(const char *flag, options_action *out)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(flag, actions[i].flag) == 0) {
            *out = actions[i].action;
            return true;
        }
    return false;
}

/* One flag with its value; *next moves past what it took. */
typedef struct flag {
    char name[OPTION_NAME_MAX + 1];
    const char *value; /* NULL: none given */
} flag;

static mi_status take_flag(flag *out, int argc, char **argv, int *next, mi_error *err)
{
    const char *arg = argv[(*next)++];
    if (strncmp(arg, "--", 2) != 0 || !arg[2])
        return mi_fail(err, MI_INVALID, "\"%.80s\": expected a flag; see --help", arg);
    const char *equals = strchr(arg, '=');
    size_t n = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
    if (n > OPTION_NAME_MAX)
        n = OPTION_NAME_MAX;
    memcpy(out->name, arg + 2, n);
    out->name[n] = '\0';
    out->value = equals ? equals + 1 : NULL;
    const char *nearest = NULL;
    const option_entry *entry = option_find(out->name, &nearest);
    if (!entry && strcmp(out->name, CONFIG) != 0)
        return mi_fail(err, MI_INVALID, "unknown flag --%s; the nearest is --%s", out->name, nearest);
    if (out->value)
        return MI_OK;
    if (entry && entry->kind == OPTION_BOOL)
        out->value = "true";
    else if (*next < argc)
        out->value = argv[(*next)++];
    else
        return mi_fail(err, MI_INVALID, "flag --%s: expected a value", out->name);
    return MI_OK;
}

/* out NULL: only look for --config and actions. */
static mi_status parse_flags(options *out, options_action *action, const char **config, int argc, char **argv,
                             mi_error *err)
{
    for (int next = 1; next < argc;) {
        flag f;
        mi_error why = {0};
        const char *nearest;
        if (find_action(argv[next], action)) {
            next++;
            continue;
        }
        if (take_flag(&f, argc, argv, &next, err) != MI_OK)
            return MI_INVALID;
        if (strcmp(f.name, CONFIG) == 0)
            *config = f.value;
        else if (out && option_parse_value(out, option_find(f.name, &nearest), f.value, &why) != MI_OK)
            return mi_fail(err, MI_INVALID, "flag --%s: %.300s", f.name, why.message);
    }
    return MI_OK;
}

mi_status options_parse(options *out, options_action *action, int argc, char **argv, char **env,
                        mi_error *err)
{
    const char *config = config_of_env(env);
    *action = OPTIONS_RUN;
    options_defaults(out);
    if (parse_flags(NULL, action, &config, argc, argv, err) != MI_OK)
        return MI_INVALID;
    if (*action == OPTIONS_HELP || *action == OPTIONS_VERSION)
        return MI_OK; /* help must be had under broken settings too */
    if (config && parse_file(out, config, err) != MI_OK)
        return MI_INVALID;
    if (parse_env(out, env, err) != MI_OK)
        return MI_INVALID;
    return parse_flags(out, action, &config, argc, argv, err);
}
