/*
 * mutuald: mutual information between paired samples, as a service over HTTP.
 */
#include "base/address.h"
#include "base/log.h"
#include "base/options.h"
#include "blas_exec.h"
#include "daemon.h"
#include "healthcheck.h"
#include "mi/info.h"
#include "token.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char **environ;

#define EXIT_USAGE  2
#define OUTPUT_MAX  (1u << 20)
#define DESCRIPTORS 256u /* beside connections: store, blobs, epoll */

static int print(void (*encode)(const options *, proto_text *), const options *settings)
{
    proto_text text;
    proto_text_init(&text, OUTPUT_MAX);
    encode(settings, &text);
    int failed = !proto_text_ok(&text) || fwrite(text.data, 1, text.length, stdout) != text.length ||
                 fflush(stdout) != 0;
    proto_text_fini(&text);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void encode_help(const options *settings, proto_text *out)
{
    (void)settings;
    options_help(out);
}

static void encode_version(const options *settings, proto_text *out)
{
    mi_build_info build;
    (void)settings;
    mi_build_info_get(&build);
    proto_text_printf(out, "mutuald %s (%s, %s kernels; engine %s)\n", MUTUALD_VERSION, build.blas,
                      build.kernel, build.engine);
}

static int check_health(const options *settings)
{
    mi_error err = {0};
    if (healthcheck(settings->listen, &err) == MI_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "mutuald: %s\n", err.message);
    return EXIT_FAILURE;
}

static void set_up_log(const options *settings)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    log_level level = LOG_LEVEL_DEBUG;
    while (level < LOG_LEVEL_ERROR && strcmp(settings->log_level, names[level]) != 0)
        level++;
    log_setup(level, strcmp(settings->log_format, "json") == 0);
}

/* A write to a client that left, or beyond a file size limit, must be an error of that write, not the end of
 * the daemon. */
static void set_up_process(const options *settings)
{
    struct rlimit files;
    const rlim_t wanted = settings->max_connections + DESCRIPTORS;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "mutuald"); /* "exe" after blas_exec */
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted)
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < wanted)
        log_warn("fewer file descriptors than max-connections may need", NULL);
}

static mi_status check_data_root(const options *settings, mi_error *err)
{
    struct stat about;
    if (settings->data_root[0] == '\0')
        return MI_OK;
    if (stat(settings->data_root, &about) != 0)
        return mi_fail(err, MI_INVALID, "--data-root: %s: %s", settings->data_root, strerror(errno));
    return S_ISDIR(about.st_mode)
               ? MI_OK
               : mi_fail(err, MI_INVALID, "--data-root: %s is not a folder", settings->data_root);
}

static mi_status check_access(const options *settings, char *token, mi_error *err)
{
    address a;
    if (settings->token_file[0])
        return token_read(token, settings->token_file, err);
    mi_status status = address_parse(&a, settings->listen, err);
    if (status == MI_OK && !address_is_loopback(&a) && !settings->allow_open)
        return mi_fail(
            err, MI_INVALID,
            "%s is reachable from other machines and there is no token: give --token-file, or --allow-open "
            "if that is meant",
            settings->listen);
    return status;
}

static int run(const options *settings, char **argv)
{
    static char token[TOKEN_MAX + 1];
    mi_error err = {0};
    set_up_log(settings);
    if (blas_exec_if_wanted(argv, &err) != MI_OK)
        log_warn("going on with slow BLAS kernels", "why", err.message, NULL);
    set_up_process(settings);
    if (sodium_init() < 0) {
        log_error("cannot start", "why", "libsodium does not initialise", NULL);
        return EXIT_FAILURE;
    }
    if (check_data_root(settings, &err) != MI_OK || check_access(settings, token, &err) != MI_OK) {
        log_error("cannot start", "why", err.message, NULL);
        return EXIT_USAGE;
    }
    if (mi_blas_setup(&err) != MI_OK || daemon_run(settings, token[0] ? token : NULL, &err) != MI_OK) {
        log_error("cannot start", "why", err.message, NULL);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    options settings;
    options_action action;
    mi_error err = {0};
    if (options_parse(&settings, &action, argc, argv, environ, &err) != MI_OK) {
        fprintf(stderr, "mutuald: %s\n", err.message);
        return EXIT_USAGE;
    }
    switch (action) {
    case OPTIONS_HELP:
        return print(encode_help, &settings);
    case OPTIONS_VERSION:
        return print(encode_version, &settings);
    case OPTIONS_PRINT_CONFIG:
        return print(options_print, &settings);
    case OPTIONS_HEALTHCHECK:
        return check_health(&settings);
    case OPTIONS_RUN:
        break;
    }
    return run(&settings, argv);
}
