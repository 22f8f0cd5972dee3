#include "proto/result.h"

#include <math.h>
#include <string.h>

void proto_csv_field(const char *value, size_t n, proto_text *out)
{
    bool quote =
        n > 0 && (value[0] == ' ' || value[n - 1] == ' ' || value[0] == '\t' || value[n - 1] == '\t');
    for (size_t i = 0; i < n && !quote; i++)
        quote = value[i] == ',' || value[i] == '"' || value[i] == '\n' || value[i] == '\r';
    if (!quote) {
        proto_text_append(out, value, n);
        return;
    }
    proto_text_append(out, "\"", 1);
    for (size_t start = 0; start < n;) {
        const char *mark = memchr(value + start, '"', n - start);
        size_t length = mark ? (size_t)(mark - value) - start : n - start;
        proto_text_append(out, value + start, length);
        if (mark)
            proto_text_append(out, "\"\"", 2);
        start += length + (mark != NULL);
    }
    proto_text_append(out, "\"", 1);
}

void proto_csv_double(double value, proto_text *out)
{
    char buffer[32];
    if (isfinite(value))
        proto_text_append(out, buffer, proto_format_double(value, buffer));
    else
        proto_text_puts(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
}
