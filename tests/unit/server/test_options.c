#include "../runner.h"
#include "base/options_table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *no_env[] = {NULL};

#define ARGV(...)        ((char *[]){"mutuald", __VA_ARGS__, NULL})
#define ARGC(argv)       (sizeof(argv) / sizeof *(argv)-1)
#define PARSE(o, e, ...) parse(o, e, (int)ARGC(ARGV(__VA_ARGS__)), ARGV(__VA_ARGS__))

static mi_error err;
static options_action action;

static mi_status parse(options *o, char **env, int argc, char **argv)
{
    memset(&err, 0, sizeof err);
    return options_parse(o, &action, argc, argv, env, &err);
}

/* A settings file below the build folder. */
static const char *write_file(const char *text)
{
    static char path[] = MUTUALD_TEST_BINARY_DIR "/test_options.ini";
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

START_TEST(test_defaults_are_those_of_the_manual)
{
    options o;
    char *argv[] = {"mutuald", NULL};
    ck_assert_int_eq(parse(&o, no_env, 1, argv), MI_OK);
    ck_assert_int_eq(action, OPTIONS_RUN);
    ck_assert_str_eq(o.listen, "127.0.0.1:8080");
    ck_assert_str_eq(o.data_dir, "./mutuald-data");
    ck_assert_str_eq(o.token_file, "");
    ck_assert(!o.allow_open);
    ck_assert_uint_eq(o.workers, 0);
    ck_assert_uint_eq(o.checkpoint_s, 5);
    ck_assert_uint_eq(o.lease_s, 30);
    ck_assert_uint_eq(o.max_attempts, 5);
    ck_assert_uint_eq(o.drain_s, 10);
    ck_assert_uint_eq(o.header_timeout_s, 10);
    ck_assert_uint_eq(o.idle_timeout_s, 60);
    ck_assert_uint_eq(o.max_connections, 2000);
    ck_assert_uint_eq(o.max_connections_per_ip, 1000);
    ck_assert_uint_eq(o.keep_jobs_s, 30 * 86400);
    ck_assert_uint_eq(o.keep_bytes, UINT64_C(20) << 30);
    ck_assert_str_eq(o.log_level, "info");
    ck_assert_str_eq(o.log_format, "logfmt");
    proto_limits limits;
    proto_limits_default(&limits);
    ck_assert_uint_eq(o.limits.max_body_bytes, limits.max_body_bytes);
    ck_assert_uint_eq(o.limits.max_queue, limits.max_queue);
}
END_TEST

START_TEST(test_flag_beats_variable_beats_file_beats_default)
{
    options o;
    char *env[] = {"HOME=/", "MUTUALD_WORKERS=3", "MUTUALD_LEASE=20s", NULL};
    const char *file = write_file("[jobs]\nworkers = 2\nlease = 10\ncheckpoint = 7s\n");
    ck_assert_int_eq(PARSE(&o, env, "--config", (char *)file, "--workers=4"), MI_OK);
    ck_assert_uint_eq(o.workers, 4);
    ck_assert_uint_eq(o.lease_s, 20);
    ck_assert_uint_eq(o.checkpoint_s, 7);
    ck_assert_uint_eq(o.max_attempts, 5);
}
END_TEST

START_TEST(test_config_variable_names_the_file_and_the_flag_beats_it)
{
    options o;
    char variable[600];
    char *env[] = {variable, NULL};
    char *argv[] = {"mutuald", NULL};
    snprintf(variable, sizeof variable, "MUTUALD_CONFIG=%s", write_file("workers = 6\n"));
    ck_assert_int_eq(parse(&o, env, 1, argv), MI_OK);
    ck_assert_uint_eq(o.workers, 6);
    ck_assert_int_eq(PARSE(&o, env, "--config", "/nonexistent.ini"), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent.ini"));
}
END_TEST

START_TEST(test_sizes_and_times_take_suffixes)
{
    static const struct {
        const char *flag;
        uint64_t bytes;
    } sizes[] = {{"--keep-bytes=0", 0},
                 {"--keep-bytes=1536", 1536},
                 {"--keep-bytes=2k", 2048},
                 {"--keep-bytes=2K", 2048},
                 {"--keep-bytes=3M", 3 << 20},
                 {"--keep-bytes=4G", UINT64_C(4) << 30},
                 {"--keep-bytes=1T", UINT64_C(1) << 40}};
    static const struct {
        const char *flag;
        uint64_t seconds;
    } times[] = {{"--keep-jobs=90", 90},
                 {"--keep-jobs=90s", 90},
                 {"--keep-jobs=5m", 300},
                 {"--keep-jobs=12h", 43200},
                 {"--keep-jobs=30d", 2592000}};
    options o;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_int_eq(PARSE(&o, no_env, (char *)sizes[i].flag), MI_OK);
        ck_assert_uint_eq(o.keep_bytes, sizes[i].bytes);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ck_assert_int_eq(PARSE(&o, no_env, (char *)times[i].flag), MI_OK);
        ck_assert_uint_eq(o.keep_jobs_s, times[i].seconds);
    }
}
END_TEST

START_TEST(test_bad_values_are_refused_by_name)
{
    static const char *const bad[] = {
        "--workers=-1",
        "--workers=",
        "--workers=two",
        "--workers=1025",
        "--workers=1.5",
        "--workers=2k",
        "--workers= 2",
        "--keep-bytes=2X",
        "--keep-bytes=2GG",
        "--keep-bytes=k",
        "--keep-bytes=18446744073709551616",
        "--keep-bytes=16777216T",
        "--lease=0",
        "--lease=1ms",
        "--listen=8080",
        "--listen=nowhere:80",
        "--log-level=loud",
        "--log-level=",
        "--log-level=debug|info",
        "--allow-open=yes",
        "--data-dir=",
        "--data-dir= x",
        "--data-dir=a\nb",
        "--max-body=0",
    };
    options o;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char flag[64];
        ck_assert_msg(PARSE(&o, no_env, (char *)bad[i]) == MI_INVALID, "%s was accepted", bad[i]);
        snprintf(flag, sizeof flag, "flag %.*s: ", (int)strcspn(bad[i], "="), bad[i]);
        ck_assert_msg(strncmp(err.message, flag, strlen(flag)) == 0, "%s: %s", bad[i], err.message);
        ck_assert_ptr_nonnull(strstr(err.message, strstr(bad[i], "\n")                       ? "control"
                                                  : bad[i] == strstr(bad[i], "--data-dir= ") ? "blanks"
                                                                                             : "expected"));
    }
}
END_TEST

START_TEST(test_path_too_long_is_refused)
{
    options o;
    char flag[700] = "--data-dir=";
    memset(flag + strlen(flag), 'x', 600);
    ck_assert_int_eq(PARSE(&o, no_env, flag), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "at most 511 bytes"));
}
END_TEST

START_TEST(test_unknown_names_tell_the_nearest)
{
    options o;
    char *env[] = {"MUTUALD_DATADIR=/x", NULL};
    char *argv[] = {"mutuald", NULL};
    ck_assert_int_eq(PARSE(&o, no_env, "--worker=2"), MI_INVALID);
    ck_assert_str_eq(err.message, "unknown flag --worker; the nearest is --workers");
    ck_assert_int_eq(parse(&o, env, 1, argv), MI_INVALID);
    ck_assert_str_eq(err.message, "unknown variable MUTUALD_DATADIR; the nearest is MUTUALD_DATA_DIR");
    ck_assert_int_eq(PARSE(&o, no_env, "--config", (char *)write_file("[jobs]\nworkers = 1\nleese = 3\n")),
                     MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, ".ini:3: unknown key \"leese\"; the nearest is \"lease\""));
}
END_TEST

START_TEST(test_variables_of_an_orchestrator_are_not_ours)
{
    options o;
    char *env[] = {"MUTUALD_SERVICE_HOST=10.0.0.1", "MUTUALD_PORT=tcp://10.0.0.1:8080",
                   "MUTUALD_PORT_8080_TCP_PROTO=tcp", "MUTUALD_PORT_FILE=/run/port", NULL};
    char *argv[] = {"mutuald", NULL};
    ck_assert_int_eq(parse(&o, env, 1, argv), MI_OK);
    ck_assert_str_eq(o.port_file, "/run/port");
}
END_TEST

START_TEST(test_file_errors_name_their_line)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"# comment\n\n[jobs]\nworkers = many\n", ":4: workers = \"many\": expected"},
        {"[limits]\nworkers = 2\n", ":2: key \"workers\" is in section [limits]; it belongs in [jobs]"},
        {"[jobs]\nnonsense\n", ":2: expected key = value or [section]"},
        {"[jobs\nworkers = 2\n", ":1: expected key = value or [section]"},
    };
    options o;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(PARSE(&o, no_env, "--config", (char *)write_file(cases[i].text)), MI_INVALID);
        ck_assert_msg(strstr(err.message, cases[i].message) != NULL, "%s", err.message);
    }
}
END_TEST

START_TEST(test_values_in_files_keep_semicolons_and_length)
{
    options o;
    char text[700] = "data-dir = /a;b #c";
    memset(text + strlen(text), 'x', 400);
    strcat(text, "\n");
    ck_assert_int_eq(PARSE(&o, no_env, "--config", (char *)write_file(text)), MI_OK);
    ck_assert_int_eq(strncmp(o.data_dir, "/a;b #cxxx", 10), 0);
    ck_assert_uint_eq(strlen(o.data_dir), strlen("/a;b #c") + 400);
}
END_TEST

START_TEST(test_printed_settings_read_back_the_same)
{
    options o, again;
    proto_text text;
    proto_text_init(&text, 1 << 20);
    ck_assert_int_eq(PARSE(&o, no_env, "--listen=[::1]:0", "--data-dir=/a b;c#d", "--allow-open",
                           "--keep-bytes=12345", "--keep-jobs=36h", "--log-format=json", "--max-body=3M",
                           "--max-rows=123", "--drain=0", "--print-config"),
                     MI_OK);
    ck_assert_int_eq(action, OPTIONS_PRINT_CONFIG);
    options_print(&o, &text);
    ck_assert(proto_text_ok(&text));
    ck_assert_int_eq(PARSE(&again, no_env, "--config", (char *)write_file(text.data)), MI_OK);
    ck_assert_mem_eq(&o, &again, sizeof o);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_example_file_is_what_print_config_writes)
{
    options o;
    char file[16384], *argv[] = {"mutuald", NULL};
    proto_text text;
    FILE *example = fopen(MUTUALD_TEST_SOURCE_DIR "/../deploy/mutuald.ini", "r");
    ck_assert_ptr_nonnull(example);
    file[fread(file, 1, sizeof file - 1, example)] = '\0';
    fclose(example);
    ck_assert_int_eq(parse(&o, no_env, 1, argv), MI_OK);
    proto_text_init(&text, sizeof file);
    options_print(&o, &text);
    ck_assert_ptr_nonnull(strstr(file, "\n\n["));
    ck_assert_str_eq(strstr(file, "\n\n[") + 2, text.data);
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_help_tells_every_setting_with_variable_and_default)
{
    proto_text text;
    proto_text_init(&text, 1 << 20);
    options_help(&text);
    ck_assert(proto_text_ok(&text));
    for (size_t i = 0; i < option_count; i++) {
        char flag[64], variable[64];
        snprintf(flag, sizeof flag, "  --%s", option_table[i].name);
        option_variable(&option_table[i], variable);
        ck_assert_ptr_nonnull(strstr(text.data, flag));
        ck_assert_ptr_nonnull(strstr(text.data, variable));
    }
    ck_assert_ptr_nonnull(strstr(text.data, "MUTUALD_KEEP_JOBS, default 30d\n"));
    ck_assert_ptr_nonnull(strstr(text.data, "MUTUALD_TOKEN_FILE, default none\n"));
    proto_text_fini(&text);
}
END_TEST

START_TEST(test_help_is_had_under_a_broken_environment)
{
    options o;
    char *env[] = {"MUTUALD_WORKERS=many", "MUTUALD_CONFIG=/nonexistent", NULL};
    ck_assert_int_eq(PARSE(&o, env, "--help"), MI_OK);
    ck_assert_int_eq(action, OPTIONS_HELP);
    ck_assert_int_eq(PARSE(&o, env, "-V"), MI_OK);
    ck_assert_int_eq(action, OPTIONS_VERSION);
}
END_TEST

START_TEST(test_flag_without_its_value_is_refused)
{
    options o;
    ck_assert_int_eq(PARSE(&o, no_env, "--workers"), MI_INVALID);
    ck_assert_str_eq(err.message, "flag --workers: expected a value");
    ck_assert_int_eq(PARSE(&o, no_env, "serve"), MI_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "\"serve\": expected a flag"));
    ck_assert_int_eq(PARSE(&o, no_env, "--workers", "2", "--healthcheck"), MI_OK);
    ck_assert_uint_eq(o.workers, 2);
    ck_assert_int_eq(action, OPTIONS_HEALTHCHECK);
}
END_TEST

int main(void)
{
    RUN_TESTS("options", test_defaults_are_those_of_the_manual,
              test_flag_beats_variable_beats_file_beats_default,
              test_config_variable_names_the_file_and_the_flag_beats_it, test_sizes_and_times_take_suffixes,
              test_bad_values_are_refused_by_name, test_path_too_long_is_refused,
              test_unknown_names_tell_the_nearest, test_variables_of_an_orchestrator_are_not_ours,
              test_file_errors_name_their_line, test_values_in_files_keep_semicolons_and_length,
              test_printed_settings_read_back_the_same, test_example_file_is_what_print_config_writes,
              test_help_tells_every_setting_with_variable_and_default,
              test_help_is_had_under_a_broken_environment, test_flag_without_its_value_is_refused);
}
