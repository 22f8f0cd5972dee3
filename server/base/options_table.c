#include "base/options_table.h"

#include "base/address.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define KiB (UINT64_C(1) << 10)
#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define TiB (UINT64_C(1) << 40)

#define MINUTE 60u
#define HOUR   3600u
#define DAY    86400u

#define FIELD(member)           offsetof(options, member), sizeof(((options *)0)->member)
#define NUMBER(member, d, a, b) FIELD(member), d, a, b, NULL
#define STRING(member, d)       FIELD(member), d, 0, 0, NULL
#define CHOICE(member, d, c)    FIELD(member), d, 0, 0, c

const option_entry option_table[] = {
    {"server", "listen", OPTION_ADDRESS, STRING(listen, "127.0.0.1:8080"),
     "address and port to serve on; port 0 takes any free one"},
    {"server", "data-dir", OPTION_TEXT, STRING(data_dir, "./mutuald-data"),
     "folder of all that is kept; made when absent"},
    {"server", "data-root", OPTION_TEXT, STRING(data_root, ""),
     "folder whose files POST /v1/datasets may name; empty: it takes none"},
    {"server", "token-file", OPTION_TEXT, STRING(token_file, ""),
     "file with the bearer token that clients must send"},
    {"server", "allow-open", OPTION_BOOL, NUMBER(allow_open, "false", 0, 1),
     "serve beyond this machine without a token"},
    {"server", "port-file", OPTION_TEXT, STRING(port_file, ""), "file to write the bound port to"},
    {"server", "hdf5-reader", OPTION_TEXT, STRING(hdf5_reader, ""),
     "program that reads HDF5 uploads; empty: mutuald-hdf5 beside the daemon"},
    {"server", "drain", OPTION_SECONDS, NUMBER(drain_s, "10s", 0, HOUR),
     "how long a stop waits for requests on their way"},
    {"server", "header-timeout", OPTION_SECONDS, NUMBER(header_timeout_s, "10s", 1, HOUR),
     "time for a client to send its request header"},
    {"server", "idle-timeout", OPTION_SECONDS, NUMBER(idle_timeout_s, "60s", 1, DAY),
     "close a connection on which nothing moves"},
    {"server", "max-connections", OPTION_COUNT, NUMBER(max_connections, "2000", 1, 100000),
     "open connections"},
    {"server", "max-connections-per-ip", OPTION_COUNT, NUMBER(max_connections_per_ip, "1000", 1, 100000),
     "open connections of one client address"},

    {"models", "model-cache", OPTION_BYTES, NUMBER(model_cache_bytes, "1G", 0, 64 * TiB),
     "memory of models and features that are kept to score more pairs"},

    {"jobs", "workers", OPTION_COUNT, NUMBER(workers, "0", 0, 1024), "worker threads; 0 is one per core"},
    {"jobs", "worker-nice", OPTION_COUNT, NUMBER(worker_nice, "10", 0, 19),
     "nice value of worker threads, so that training does not make requests wait"},
    {"jobs", "checkpoint", OPTION_SECONDS, NUMBER(checkpoint_s, "5s", 1, DAY),
     "time between checkpoints of a training run"},
    {"jobs", "lease", OPTION_SECONDS, NUMBER(lease_s, "30s", 3, HOUR),
     "how long a silent worker keeps its run"},
    {"jobs", "max-attempts", OPTION_COUNT, NUMBER(max_attempts, "5", 1, 1000),
     "claims of a run without progress before its job fails"},

    {"retention", "keep-jobs", OPTION_SECONDS, NUMBER(keep_jobs_s, "30d", 0, 36500 * (uint64_t)DAY),
     "drop finished jobs older than this; 0 keeps them"},
    {"retention", "keep-models", OPTION_SECONDS, NUMBER(keep_models_s, "0", 0, 36500 * (uint64_t)DAY),
     "drop models older than this, unless they are pinned; 0 keeps them"},
    {"retention", "keep-bytes", OPTION_BYTES, NUMBER(keep_bytes, "20G", 0, UINT64_MAX),
     "drop the oldest finished jobs beyond this much data, then the oldest models that are not pinned; 0 "
     "keeps "
     "them"},

    {"log", "log-level", OPTION_CHOICE, CHOICE(log_level, "info", "debug|info|warn|error"),
     "least level that is logged"},
    {"log", "log-format", OPTION_CHOICE, CHOICE(log_format, "logfmt", "logfmt|json"), "form of log lines"},

    {"limits", "max-body", OPTION_BYTES, NUMBER(limits.max_body_bytes, NULL, KiB, 64 * TiB),
     "bytes of a data set upload"},
    {"limits", "max-job", OPTION_BYTES, NUMBER(limits.max_job_bytes, NULL, KiB, GiB),
     "bytes of a job document with its inline matrices"},
    {"limits", "max-inline-numbers", OPTION_COUNT, NUMBER(limits.max_inline_numbers, NULL, 1, UINT32_MAX),
     "numbers of one inline matrix"},
    {"limits", "max-rows", OPTION_COUNT, NUMBER(limits.max_rows, NULL, 1, UINT32_MAX), "rows of a data set"},
    {"limits", "max-columns", OPTION_COUNT, NUMBER(limits.max_columns, NULL, 1, UINT32_MAX),
     "columns of a data set"},
    {"limits", "max-cells", OPTION_COUNT, NUMBER(limits.max_cells, NULL, 1, TiB),
     "rows times columns of a data set"},
    {"limits", "max-workspace", OPTION_BYTES, NUMBER(limits.max_workspace_bytes, NULL, MiB, 64 * TiB),
     "memory of one run"},
    {"limits", "max-steps", OPTION_COUNT, NUMBER(limits.max_steps, NULL, 1, UINT32_MAX),
     "optimiser steps of one run"},
    {"limits", "max-runs", OPTION_COUNT, NUMBER(limits.max_runs, NULL, 1, 1000000),
     "runs of one job: objectives times folds times replicates"},
    {"limits", "max-queue", OPTION_COUNT, NUMBER(limits.max_queue, NULL, 1, 1000000), "jobs that wait"},
    {"limits", "max-wait", OPTION_SECONDS, NUMBER(limits.max_wait_s, NULL, 0, HOUR), "longest long-poll"},
    {"limits", "max-score-pairs", OPTION_COUNT, NUMBER(limits.max_score_pairs, NULL, 1, UINT32_MAX / 2),
     "pairs that one request scores by a model"},
    {"limits", "max-labelled-pairs", OPTION_COUNT, NUMBER(limits.max_labelled_pairs, NULL, 1, UINT32_MAX / 2),
     "labelled pairs of one request for thresholds"},
    {"limits", "max-streams", OPTION_COUNT, NUMBER(limits.max_streams, NULL, 0, 100000),
     "open event streams and long-polls"},
};
const size_t option_count = sizeof option_table / sizeof *option_table;

typedef struct unit {
    char suffix;
    uint64_t factor;
} unit;
/* Largest first, so that formatting finds the shortest. */
static const unit byte_units[] = {{'T', TiB}, {'G', GiB}, {'M', MiB}, {'k', KiB}, {0, 1}};
static const unit second_units[] = {{'d', DAY}, {'h', HOUR}, {'m', MINUTE}, {'s', 1}, {0, 1}};
static const unit plain_units[] = {{0, 1}};

static const unit *units_of(option_kind kind)
{
    return kind == OPTION_BYTES ? byte_units : kind == OPTION_SECONDS ? second_units : plain_units;
}

static uint64_t read_number(const options *o, const option_entry *entry)
{
    const char *field = (const char *)o + entry->offset;
    uint64_t wide;
    uint32_t narrow;
    if (entry->size == sizeof wide) {
        memcpy(&wide, field, sizeof wide);
        return wide;
    }
    assert(entry->size == sizeof narrow);
    memcpy(&narrow, field, sizeof narrow);
    return narrow;
}

static void write_number(options *o, const option_entry *entry, uint64_t value)
{
    char *field = (char *)o + entry->offset;
    uint32_t narrow = (uint32_t)value;
    if (entry->size == sizeof value)
        memcpy(field, &value, sizeof value);
    else
        memcpy(field, &narrow, sizeof narrow);
}

/* Digits, then at most one suffix of the table. */
static bool parse_scaled(const char *text, const unit *units, uint64_t *out)
{
    uint64_t value = 0;
    const char *c = text;
    for (; isdigit((unsigned char)*c); c++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (unsigned)(*c - '0'), &value))
            return false;
    if (c == text || (*c && c[1]))
        return false;
    while (tolower((unsigned char)units->suffix) != tolower((unsigned char)*c)) {
        if (!units->suffix)
            return false;
        units++;
    }
    return !__builtin_mul_overflow(value, units->factor, out);
}

static void format_scaled(uint64_t value, const unit *units, proto_text *out)
{
    while (units->suffix && (value == 0 || value % units->factor != 0))
        units++;
    proto_text_printf(out, "%" PRIu64, value / units->factor);
    if (units->suffix)
        proto_text_append(out, &units->suffix, 1);
}

static mi_status parse_number(options *o, const option_entry *entry, const char *text, mi_error *err)
{
    static const char *const expected[] = {
        [OPTION_COUNT] = "a whole number",
        [OPTION_BYTES] = "a whole number of bytes, as 512, 64k, 32M, 2G or 1T,",
        [OPTION_SECONDS] = "a whole number of seconds, as 90, 90s, 5m, 12h or 30d,",
    };
    uint64_t value;
    if (!parse_scaled(text, units_of(entry->kind), &value) || value < entry->min || value > entry->max) {
        proto_text low, high;
        proto_text_init(&low, 64);
        proto_text_init(&high, 64);
        format_scaled(entry->min, units_of(entry->kind), &low);
        format_scaled(entry->max, units_of(entry->kind), &high);
        mi_fail(err, MI_INVALID, "\"%.80s\": expected %s from %s to %s", text, expected[entry->kind],
                low.data ? low.data : "?", high.data ? high.data : "?");
        proto_text_fini(&low);
        proto_text_fini(&high);
        return MI_INVALID;
    }
    write_number(o, entry, value);
    return MI_OK;
}

static mi_status parse_bool(options *o, const option_entry *entry, const char *text, mi_error *err)
{
    bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return mi_fail(err, MI_INVALID, "\"%.80s\": expected true or false", text);
    memcpy((char *)o + entry->offset, &value, sizeof value);
    return MI_OK;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *c = choices; n > 0 && c; c = strchr(c, '|')) {
        c += *c == '|';
        if (strncmp(c, text, n) == 0 && (c[n] == '|' || c[n] == '\0'))
            return true;
    }
    return false;
}

/* What an ini file could not give back (control characters, blanks at the ends) is refused everywhere. */
static mi_status parse_text(options *o, const option_entry *entry, const char *text, mi_error *err)
{
    address ignored;
    size_t n = strlen(text);
    if (entry->kind == OPTION_CHOICE && !is_choice(entry->choices, text))
        return mi_fail(err, MI_INVALID, "\"%.80s\": expected one of %s", text, entry->choices);
    if (entry->kind == OPTION_ADDRESS && address_parse(&ignored, text, err) != MI_OK)
        return MI_INVALID;
    if (n >= entry->size)
        return mi_fail(err, MI_INVALID, "\"%.80s...\": expected at most %zu bytes", text, entry->size - 1);
    if (n == 0 && entry->fallback[0])
        return mi_fail(err, MI_INVALID, "\"\": expected a value");
    if (n > 0 && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[n - 1])))
        return mi_fail(err, MI_INVALID, "\"%.80s\": blanks at its ends", text);
    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i]))
            return mi_fail(err, MI_INVALID, "a control character in the value");
    memcpy((char *)o + entry->offset, text, n + 1);
    return MI_OK;
}

mi_status option_parse_value(options *out, const option_entry *entry, const char *value, mi_error *err)
{
    switch (entry->kind) {
    case OPTION_BOOL:
        return parse_bool(out, entry, value, err);
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_SECONDS:
        return parse_number(out, entry, value, err);
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_CHOICE:
        break;
    }
    return parse_text(out, entry, value, err);
}

void option_format_value(const options *o, const option_entry *entry, proto_text *out)
{
    const char *field = (const char *)o + entry->offset;
    switch (entry->kind) {
    case OPTION_BOOL:
        proto_text_puts(out, *(const bool *)field ? "true" : "false");
        break;
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_SECONDS:
        format_scaled(read_number(o, entry), units_of(entry->kind), out);
        break;
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_CHOICE:
        proto_text_puts(out, field);
        break;
    }
}

void options_defaults(options *out)
{
    memset(out, 0, sizeof *out);
    proto_limits_default(&out->limits);
    for (size_t i = 0; i < option_count; i++) {
        mi_status status = option_table[i].fallback
                               ? option_parse_value(out, &option_table[i], option_table[i].fallback, NULL)
                               : MI_OK;
        assert(status == MI_OK);
        (void)status;
    }
}

void option_variable(const option_entry *entry, char out[OPTION_NAME_MAX + 8])
{
    memcpy(out, "MUTUALD_", 8);
    size_t n = 8;
    for (const char *c = entry->name; *c && n < OPTION_NAME_MAX + 7; c++)
        out[n++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    out[n] = '\0';
}

/* Levenshtein's distance; b is one of our names. */
static size_t distance(const char *a, const char *b)
{
    size_t row[OPTION_NAME_MAX + 1], n = strlen(b);
    assert(n <= OPTION_NAME_MAX);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (best > diagonal + 1)
                best = diagonal + 1;
            if (best > row[j] + 1)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[n];
}

const option_entry *option_find(const char *name, const char **nearest)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
        size_t d = distance(name, option_table[i].name);
        if (d < least) {
            least = d;
            *nearest = option_table[i].name;
        }
    }
    return NULL;
}

const char *option_placeholder(const option_entry *entry)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "PATH", [OPTION_ADDRESS] = "HOST:PORT", [OPTION_BOOL] = NULL,
        [OPTION_COUNT] = "N",   [OPTION_BYTES] = "BYTES",       [OPTION_SECONDS] = "TIME",
    };
    return entry->kind == OPTION_CHOICE ? entry->choices : names[entry->kind];
}
