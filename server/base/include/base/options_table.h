/*
 * The table of settings, and their values as text. Private to options*.c.
 */
#ifndef BASE_OPTIONS_TABLE_H
#define BASE_OPTIONS_TABLE_H

#include "base/options.h"

typedef enum option_kind {
    OPTION_TEXT,
    OPTION_ADDRESS,
    OPTION_CHOICE,  /* one of `choices`, separated by | */
    OPTION_BOOL,    /* true or false; a flag without a value is true */
    OPTION_COUNT,   /* whole number */
    OPTION_BYTES,   /* whole number, k M G T (powers of 1024) */
    OPTION_SECONDS, /* whole number, s m h d */
} option_kind;

typedef struct option_entry {
    const char *section, *name; /* flag --name, variable MUTUALD_NAME, ini key name below [section] */
    option_kind kind;
    size_t offset, size;  /* of the field */
    const char *fallback; /* NULL: as options_defaults found it */
    uint64_t min, max;
    const char *choices;
    const char *help;
} option_entry;

extern const option_entry option_table[];
extern const size_t option_count;

#define OPTION_NAME_MAX 40

void options_defaults(options *out);
/* "MUTUALD_MAX_BODY" of "max-body". */
void option_variable(const option_entry *entry, char out[OPTION_NAME_MAX + 8]);
/* The entry of that name; NULL: *nearest is the most similar name. */
const option_entry *option_find(const char *name, const char **nearest);
/* MI_INVALID: "VALUE": expected what. */
mi_status option_parse_value(options *out, const option_entry *entry, const char *value, mi_error *err);
/* Reads back to the same value. */
void option_format_value(const options *o, const option_entry *entry, proto_text *out);
/* "BYTES", "debug|info|warn|error": what help shows behind the flag; NULL for a flag without one. */
const char *option_placeholder(const option_entry *entry);

#endif
