/*
 * Settings: one table (flag, MUTUALD_* variable, ini key, default, help) from which parsing, --help,
 * --print-config and the README section come. Precedence: flag > variable > ini file > default.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "mi/status.h"
#include "proto/limits.h"
#include "proto/text.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct options {
    char listen[128]; /* HOST:PORT or [v6]:PORT; port 0: any free one */
    char data_dir[512];
    char data_root[512];   /* "" or the folder whose files may be registered as data sets */
    char token_file[512];  /* "" for none */
    char hdf5_reader[512]; /* path of mutuald-hdf5; "": beside the daemon's own executable */
    bool allow_open;       /* a bind beyond loopback without a token is meant */
    char port_file[512];   /* "" or where to write the port that was bound (for port 0) */
    uint64_t model_cache_bytes;
    uint32_t workers;      /* 0: one per core */
    uint32_t worker_nice;  /* how far worker threads stand back: 0..19 */
    uint32_t checkpoint_s; /* seconds between checkpoints of a run */
    uint32_t lease_s;
    uint32_t max_attempts;
    uint32_t drain_s;                          /* how long SIGTERM waits for requests */
    uint32_t header_timeout_s, idle_timeout_s; /* slowloris: whole header; no byte at all */
    uint32_t max_connections, max_connections_per_ip;
    uint64_t keep_jobs_s, keep_models_s, keep_bytes;
    char log_level[8], log_format[8]; /* debug info warn error; logfmt json */
    proto_limits limits;
} options;

/* What parsing decided besides settings. */
typedef enum options_action {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_PRINT_CONFIG,
    OPTIONS_HEALTHCHECK
} options_action;

/* environ-style env. MI_INVALID: message names the flag, variable or file line, what was found and what was
 * expected. */
mi_status options_parse(options *out, options_action *action, int argc, char **argv, char **env,
                        mi_error *err);
void options_help(proto_text *out);
void options_print(const options *o, proto_text *out); /* as an ini file that reads back the same */

#endif
