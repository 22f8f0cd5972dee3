#include "request.h"

#include "response.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits only: no sign, no space, no base prefix. */
static bool parse_u64(const char *text, size_t n, uint64_t *out)
{
    if (n == 0 || n > 19)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return true;
}

const char *http_query_text(const http_request *q, const char *name)
{
    return http_target_query(q->target, name);
}

bool http_query_u64(const http_request *q, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
                    uint64_t *out, http_response *r)
{
    const char *text = http_query_text(q, name);
    *out = fallback;
    if (!text)
        return true;
    if (parse_u64(text, strlen(text), out) && *out >= min && *out <= max)
        return true;
    http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                "query parameter \"%s\" is \"%.40s\"; expected a whole number from %" PRIu64 " to %" PRIu64,
                name, text, min, max);
    return false;
}

bool http_query_double(const http_request *q, const char *name, double fallback, double *out,
                       http_response *r)
{
    const char *text = http_query_text(q, name);
    *out = fallback;
    if (!text)
        return true;
    char *end = NULL;
    /* strtod alone would take "nan", "inf", hexadecimal and leading blanks. */
    if (text[0] != '\0' && strspn(text, "0123456789+-.eE") == strlen(text))
        *out = strtod(text, &end);
    if (end && *end == '\0' && isfinite(*out))
        return true;
    http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"%s\" is \"%.40s\"; expected a number",
                name, text);
    return false;
}

bool http_query_tag(const http_request *q, char storage[HTTP_TAG_MAX], const char **key, const char **value,
                    http_response *r)
{
    const char *tag = http_query_text(q, "tag"), *equals = tag ? strchr(tag, '=') : NULL;
    *key = *value = NULL;
    if (!tag)
        return true;
    if (!equals || equals == tag || strlen(tag) >= HTTP_TAG_MAX) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"tag\" is \"%.40s\"; expected key=value", tag);
        return false;
    }
    snprintf(storage, HTTP_TAG_MAX, "%s", tag);
    storage[equals - tag] = '\0';
    *key = storage;
    *value = storage + (equals - tag) + 1;
    return true;
}

bool http_prefer_wait(const http_request *q, bool *given, uint32_t *seconds, http_response *r)
{
    const uint64_t most = http_limits(q)->max_wait_s;
    const char *p = q->headers->prefer;
    *given = false;
    *seconds = 0;
    while (*p) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ",;");
        if (n > 5 && strncasecmp(p, "wait=", 5) == 0) {
            uint64_t value;
            size_t n_value = strcspn(p + 5, ",; \t");
            if (!parse_u64(p + 5, n_value, &value) || value > most) {
                http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                            "Prefer: wait is \"%.*s\"; expected seconds from 0 to %" PRIu64,
                            (int)(n_value < 40 ? n_value : 40), p + 5, most);
                return false;
            }
            *given = true;
            *seconds = (uint32_t)value;
        }
        p += strcspn(p, ",");
    }
    return true;
}
