#include "target.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decode text[0..n) to *cursor, NUL-terminated. Returns the decoded string, NULL with err set. */
static const char *decode(char **cursor, const char *text, size_t n, int plus_is_space, mi_error *err)
{
    char *start = *cursor, *to = start;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0) {
                mi_fail(err, MI_INVALID, "the target has a %% that two hexadecimal digits do not follow");
                return NULL;
            }
            c = (unsigned char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f) {
            mi_fail(err, MI_INVALID, "the target has a control character (0x%02x)", c);
            return NULL;
        }
        *to++ = (char)c;
    }
    *to++ = '\0';
    *cursor = to;
    return start;
}

static mi_status parse_path(http_target *t, char **cursor, const char *path, size_t n, mi_error *err)
{
    const char *end = path + n;
    path++; /* the leading slash */
    while (path < end || (path == end && n > 1)) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const char *stop = slash ? slash : end;
        const char *segment = decode(cursor, path, (size_t)(stop - path), 0, err);
        if (!segment)
            return MI_INVALID;
        if (t->n_segments < HTTP_SEGMENTS_MAX)
            t->segments[t->n_segments] = segment;
        if (t->n_segments <= HTTP_SEGMENTS_MAX)
            t->n_segments++;
        if (!slash)
            break;
        path = slash + 1;
    }
    return MI_OK;
}

static mi_status parse_query(http_target *t, char **cursor, const char *query, mi_error *err)
{
    while (*query) {
        size_t n = strcspn(query, "&");
        if (n > 0) {
            const char *equals = memchr(query, '=', n);
            size_t n_name = equals ? (size_t)(equals - query) : n;
            if (t->n_query == HTTP_QUERY_MAX)
                return mi_fail(err, MI_LIMIT, "more than %d query parameters", HTTP_QUERY_MAX);
            const char *name = decode(cursor, query, n_name, 1, err);
            const char *value =
                name ? decode(cursor, equals ? equals + 1 : query + n, equals ? n - n_name - 1 : 0, 1, err)
                     : NULL;
            if (!value)
                return MI_INVALID;
            if (http_target_query(t, name))
                return mi_fail(err, MI_INVALID, "query parameter \"%s\" is given twice", name);
            t->query[t->n_query++] = (http_param){name, value};
        }
        query += n + (query[n] == '&');
    }
    return MI_OK;
}

mi_status http_target_parse(http_target *out, const char *raw, mi_error *err)
{
    memset(out, 0, sizeof *out);
    size_t n = strlen(raw);
    if (n > HTTP_TARGET_MAX)
        return mi_fail(err, MI_LIMIT, "the target has %zu bytes; at most %d are taken", n, HTTP_TARGET_MAX);
    if (raw[0] != '/')
        return mi_fail(err, MI_INVALID, "the target is not a path");
    /* Decoding never grows a string, and each string with its NUL has at least half as many raw bytes and
     * separators. */
    out->storage = malloc(2 * n + 2);
    if (!out->storage)
        return mi_fail(err, MI_MEMORY, "request target");
    char *cursor = out->storage;
    size_t n_path = strcspn(raw, "?");
    mi_status status = parse_path(out, &cursor, raw, n_path, err);
    if (status == MI_OK && raw[n_path] == '?')
        status = parse_query(out, &cursor, raw + n_path + 1, err);
    if (status != MI_OK)
        http_target_fini(out);
    return status;
}

void http_target_fini(http_target *target)
{
    free(target->storage);
    memset(target, 0, sizeof *target);
}

const char *http_target_query(const http_target *target, const char *name)
{
    for (size_t i = 0; i < target->n_query; i++)
        if (strcmp(target->query[i].name, name) == 0)
            return target->query[i].value;
    return NULL;
}
