#include "headers.h"

#include <string.h>
#include <strings.h>

static bool is_token(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return n > 0;
}

static bool is_field_text(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool parse_length(const char *value, size_t n, uint64_t *out)
{
    if (n == 0 || n > 19) /* 19 digits fit 64 bits */
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(value[i] - '0');
    }
    return true;
}

typedef struct kept_field {
    const char *name;
    size_t offset, size;
    bool list; /* may be repeated: the values are joined by commas */
    const char *too_long, *repeated;
} kept_field;

#define KEPT(field, label, list_)                                                                            \
    {                                                                                                        \
        label, offsetof(http_headers, field), sizeof((http_headers *)0)->field, list_, label " is too long", \
            label " is given twice"                                                                          \
    }
static const kept_field kept_fields[] = {
    KEPT(accept, "Accept", true),
    KEPT(prefer, "Prefer", true),
    KEPT(if_none_match, "If-None-Match", true),
    KEPT(content_type, "Content-Type", false),
    KEPT(authorization, "Authorization", false),
    KEPT(idempotency_key, "Idempotency-Key", false),
    KEPT(last_event_id, "Last-Event-ID", false),
};

static bool same_name(const char *name, size_t n, const char *other)
{
    return n == strlen(other) && strncasecmp(name, other, n) == 0;
}

static const char *keep(http_headers *h, const kept_field *field, const char *value, size_t n)
{
    char *to = (char *)h + field->offset;
    size_t held = strlen(to);
    if (held > 0 && !field->list)
        return field->repeated;
    size_t separator = held > 0 ? 1 : 0;
    if (held + separator + n >= field->size)
        return field->too_long;
    if (separator)
        to[held++] = ',';
    memcpy(to + held, value, n);
    to[held + n] = '\0';
    return NULL;
}

static const char *take(http_headers *h, const char *name, size_t n_name, const char *value, size_t n_value)
{
    if (!is_token(name, n_name))
        return "a header field's name has a character that is not allowed";
    if (!is_field_text(value, n_value))
        return "a header field has a control character";
    if (same_name(name, n_name, "Host")) {
        h->n_host++;
    } else if (same_name(name, n_name, "Content-Length")) {
        h->n_length++;
        if (!parse_length(value, n_value, &h->length))
            return "Content-Length is not a number of bytes";
    } else if (same_name(name, n_name, "Transfer-Encoding")) {
        h->n_encoding++;
        h->chunked = same_name(value, n_value, "chunked");
        if (!h->chunked)
            return "Transfer-Encoding is not \"chunked\"";
    }
    for (size_t i = 0; i < sizeof kept_fields / sizeof *kept_fields; i++)
        if (same_name(name, n_name, kept_fields[i].name))
            return keep(h, &kept_fields[i], value, n_value);
    return NULL;
}

bool http_headers_match(const http_headers *h, const char *tag)
{
    const size_t n = strlen(tag);
    for (const char *p = h->if_none_match; *p; p += strcspn(p, ",")) {
        p += strspn(p, ", \t");
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (p[0] == '*' || (p[0] == '"' && strncmp(p + 1, tag, n) == 0 && p[n + 1] == '"'))
            return true;
    }
    return false;
}

void http_headers_add(http_headers *h, const char *name, size_t n_name, const char *value, size_t n_value)
{
    if (++h->n_fields > HTTP_FIELDS_MAX && !h->fault)
        h->fault = "more than 100 header fields";
    if (!h->fault)
        h->fault = take(h, name, n_name, value, n_value);
}

const char *http_headers_check(http_headers *h, const char *version)
{
    bool v11 = strcmp(version, "HTTP/1.1") == 0;
    if (h->fault)
        return h->fault;
    if (!v11 && strcmp(version, "HTTP/1.0") != 0)
        h->fault = "the protocol is not HTTP/1.1";
    else if (h->n_length > 1)
        h->fault = "Content-Length is given twice";
    else if (h->n_encoding > 1)
        h->fault = "Transfer-Encoding is given twice";
    else if (h->n_length > 0 && h->n_encoding > 0)
        h->fault = "Content-Length and Transfer-Encoding exclude each other";
    else if (h->n_encoding > 0 && !v11)
        h->fault = "Transfer-Encoding needs HTTP/1.1";
    else if (h->n_host > 1 || (h->n_host == 0 && v11))
        h->fault = "exactly one Host is needed";
    return h->fault;
}
