#include "negotiate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *type;
    const char *accepted[3]; /* media types that ask for it */
} formats[HTTP_FORMAT_COUNT] = {
    [HTTP_FORMAT_JSON] = {"json", "application/json", {"application/json"}},
    [HTTP_FORMAT_CSV] = {"csv", "text/csv; charset=utf-8; header=present", {"text/csv"}},
    [HTTP_FORMAT_NPY] = {"npy", "application/x-npy", {"application/x-npy", "application/octet-stream"}},
    [HTTP_FORMAT_NDJSON] = {"ndjson", "application/x-ndjson", {"application/x-ndjson"}},
};

const char *http_format_type(http_format format)
{
    return formats[format].type;
}

void http_format_list(unsigned offered, bool types, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < HTTP_FORMAT_COUNT && used < size; i++) {
        const unsigned rest = offered >> i;
        if ((rest & 1u) == 0)
            continue;
        const char *link = used == 0 ? "" : rest > 1u ? ", " : types ? " and " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", link,
                                 types ? formats[i].accepted[0] : formats[i].name);
    }
}

bool http_format_parse(const char *format, unsigned offered, http_format *out)
{
    for (unsigned i = 0; i < HTTP_FORMAT_COUNT; i++)
        if ((offered >> i & 1u) != 0 && strcmp(format, formats[i].name) == 0) {
            *out = (http_format)i;
            return true;
        }
    return false;
}

/* How well one media range fits a media type: 0 not at all, 1 by *, 2 by type, 3 exactly. */
static int specificity(const char *range, size_t n, const char *type)
{
    size_t n_major = (size_t)(strchr(type, '/') - type);
    if (n == strlen(type) && strncasecmp(range, type, n) == 0)
        return 3;
    if (n == n_major + 2 && strncasecmp(range, type, n_major + 1) == 0 && range[n - 1] == '*')
        return 2;
    return n == 3 && memcmp(range, "*/*", 3) == 0;
}

/* The q parameter of the element text[0..n), 1 when absent, 0 when it cannot be read. */
static double quality(const char *text, size_t n)
{
    const char *end = text + n;
    for (const char *p = memchr(text, ';', n); p && p < end; p = memchr(p, ';', (size_t)(end - p))) {
        p++;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (end - p > 2 && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=') {
            double q = strtod(p + 2, NULL);
            return q >= 0 && q <= 1 ? q : 0;
        }
    }
    return 1;
}

/* The weight the header gives to a media type: that of its most specific range. */
static double weight(const char *accept, const char *type)
{
    int best = 0;
    double q = 0;
    while (*accept) {
        size_t n = strcspn(accept, ",");
        const char *range = accept;
        size_t n_range = strcspn(range, ",; \t");
        while (n_range == 0 && range < accept + n) {
            range++;
            n_range = strcspn(range, ",; \t");
        }
        int fit = specificity(range, n_range, type);
        if (fit > best) {
            best = fit;
            q = quality(range, n - (size_t)(range - accept));
        }
        accept += n + (accept[n] == ',');
    }
    return q;
}

bool http_format_accept(const char *accept, unsigned offered, http_format *out)
{
    double best = 0;
    *out = HTTP_FORMAT_JSON;
    if (accept[0] == '\0')
        return true;
    for (unsigned i = 0; i < HTTP_FORMAT_COUNT; i++)
        for (unsigned k = 0; (offered >> i & 1u) != 0 && k < 3 && formats[i].accepted[k]; k++) {
            double q = weight(accept, formats[i].accepted[k]);
            if (q > best) {
                best = q;
                *out = (http_format)i;
            }
        }
    return best > 0;
}
