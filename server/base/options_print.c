#include "base/options_table.h"

#include <string.h>

#define VALUE_MAX 1024

static void help_entry(const options *defaults, const option_entry *entry, proto_text *out)
{
    char variable[OPTION_NAME_MAX + 8];
    const char *placeholder = option_placeholder(entry);
    option_variable(entry, variable);
    proto_text_printf(out, "  --%s%s%s\n      %s\n      %s, default ", entry->name, placeholder ? " " : "",
                      placeholder ? placeholder : "", entry->help, variable);
    size_t before = out->length;
    option_format_value(defaults, entry, out);
    if (out->length == before)
        proto_text_puts(out, "none");
    proto_text_puts(out, "\n");
}

void options_help(proto_text *out)
{
    options defaults;
    const char *section = "";
    options_defaults(&defaults);
    proto_text_puts(out,
                    "Usage: mutuald [OPTION]...\n"
                    "Mutual information between paired samples, as a service over HTTP.\n\n"
                    "A setting comes from its flag, else its variable, else the file, else its default.\n"
                    "BYTES take k, M, G, T (powers of 1024); TIME takes s, m, h, d.\n\n"
                    "  --config FILE\n"
                    "      settings as an ini file, as --print-config writes it\n"
                    "      MUTUALD_CONFIG, default none\n"
                    "  --print-config\n"
                    "      print the settings in force as an ini file, and exit\n"
                    "  --healthcheck\n"
                    "      ask the daemon at --listen whether it is ready, and exit with 0 or 1\n"
                    "  --version, --help\n");
    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(section, option_table[i].section) != 0) {
            section = option_table[i].section;
            proto_text_printf(out, "\n[%s]\n", section);
        }
        help_entry(&defaults, &option_table[i], out);
    }
}

void options_print(const options *o, proto_text *out)
{
    const char *section = "";
    for (size_t i = 0; i < option_count; i++) {
        const option_entry *entry = &option_table[i];
        if (strcmp(section, entry->section) != 0) {
            proto_text_printf(out, "%s[%s]\n", *section ? "\n" : "", entry->section);
            section = entry->section;
        }
        proto_text value;
        proto_text_init(&value, VALUE_MAX);
        option_format_value(o, entry, &value);
        proto_text_printf(out, "# %s\n%s =%s%s\n", entry->help, entry->name, value.length > 0 ? " " : "",
                          value.length > 0 ? value.data : "");
        proto_text_fini(&value);
    }
}
