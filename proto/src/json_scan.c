#include "json_scan.h"
#include "number.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of an object are compared with each other as they come up to FEW; more are sorted once, at its end. */
#define FEW 64
/* A model's header has one for each of its tensors. */
#define MAX_MEMBERS (1u << 17)
/* cJSON copies a number to 64 bytes. */
#define CJSON_NUMBER_MAX 60

mi_status proto_scan_fail(const proto_scanner *s, mi_error *err, mi_status status, size_t at,
                          const char *format, ...)
{
    size_t line = 1, column = 1;
    char detail[256];
    va_list args;
    for (size_t i = 0; i < at && i < s->n; i++) {
        if (s->bytes[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)s->bytes[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return mi_fail_at(err, status, s->path.data ? s->path.data : "", "line %zu, column %zu: %s", line, column,
                      detail);
}

static mi_status fail(const proto_scanner *s, const char *expected)
{
    if (s->at >= s->n)
        return proto_scan_fail(s, s->err, MI_INVALID, s->at, "expected %s, found the end", expected);
    unsigned char c = (unsigned char)s->bytes[s->at];
    if (c > 0x20 && c < 0x7f)
        return proto_scan_fail(s, s->err, MI_INVALID, s->at, "expected %s, found '%c'", expected, c);
    return proto_scan_fail(s, s->err, MI_INVALID, s->at, "expected %s, found byte 0x%02x", expected, c);
}

/* Before anything is kept of the bytes up to s->at. */
static mi_status check_size(const proto_scanner *s)
{
    if (s->in_matrix || s->at - s->copied + s->skeleton.length <= s->skeleton.max)
        return MI_OK;
    return proto_scan_fail(s, s->err, MI_LIMIT, s->at, "the document is larger than %zu bytes",
                           s->skeleton.max);
}

static mi_status fail_memory(const proto_scanner *s)
{
    return mi_fail(s->err, MI_MEMORY, "out of memory while reading JSON");
}

void proto_scan_blanks(proto_scanner *s)
{
    while (s->at < s->n) {
        char c = s->bytes[s->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            break;
        s->at++;
    }
}

static bool at_char(const proto_scanner *s, char c)
{
    return s->at < s->n && s->bytes[s->at] == c;
}

static void cut(proto_text *text, size_t length)
{
    text->length = length;
    if (text->data)
        text->data[length] = '\0';
}

/* Copy what stands before `from` to the skeleton, then `text` in place of the bytes from there to s->at. */
static void replace(proto_scanner *s, size_t from, const char *text)
{
    proto_text_append(&s->skeleton, s->bytes + s->copied, from - s->copied);
    proto_text_puts(&s->skeleton, text);
    s->copied = s->at;
}

/* The four hex digits of \uXXXX at s->at. */
static bool scan_hex4(proto_scanner *s, unsigned *out)
{
    *out = 0;
    if (s->n - s->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = s->bytes[s->at + (size_t)i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return false;
        *out = *out * 16 + digit;
    }
    s->at += 4;
    return true;
}

static void append_utf8(proto_text *text, unsigned code)
{
    unsigned char c[4];
    if (code < 0x80) {
        c[0] = (unsigned char)code;
        proto_text_append(text, c, 1);
    } else if (code < 0x800) {
        c[0] = (unsigned char)(0xc0 | code >> 6);
        c[1] = (unsigned char)(0x80 | (code & 0x3f));
        proto_text_append(text, c, 2);
    } else if (code < 0x10000) {
        c[0] = (unsigned char)(0xe0 | code >> 12);
        c[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        c[2] = (unsigned char)(0x80 | (code & 0x3f));
        proto_text_append(text, c, 3);
    } else {
        c[0] = (unsigned char)(0xf0 | code >> 18);
        c[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
        c[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        c[3] = (unsigned char)(0x80 | (code & 0x3f));
        proto_text_append(text, c, 4);
    }
}

/* What follows "\u". */
static mi_status scan_unicode_escape(proto_scanner *s, proto_text *decoded)
{
    unsigned code, low;
    size_t start = s->at - 2;
    if (!scan_hex4(s, &code))
        return fail(s, "four hexadecimal digits after \\u");
    if (code == 0)
        return proto_scan_fail(s, s->err, MI_INVALID, start, "\\u0000 is not accepted in strings");
    if (code >= 0xd800 && code <= 0xdbff && s->n - s->at >= 6 && s->bytes[s->at] == '\\' &&
        s->bytes[s->at + 1] == 'u') {
        s->at += 2;
        if (!scan_hex4(s, &low))
            return fail(s, "four hexadecimal digits after \\u");
        if (low < 0xdc00 || low > 0xdfff)
            return proto_scan_fail(s, s->err, MI_INVALID, start, "a lone surrogate is not a character");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xd800 && code <= 0xdfff) {
        return proto_scan_fail(s, s->err, MI_INVALID, start, "a lone surrogate is not a character");
    }
    if (decoded)
        append_utf8(decoded, code);
    return MI_OK;
}

static mi_status scan_escape(proto_scanner *s, proto_text *decoded)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    s->at++;
    char c = s->at < s->n ? s->bytes[s->at] : '\0';
    if (c == 'u') {
        s->at++;
        return scan_unicode_escape(s, decoded);
    }
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (!name)
        return fail(s, "one of \"\\/bfnrtu after a backslash");
    s->at++;
    if (decoded)
        proto_text_append(decoded, &values[name - names], 1);
    return MI_OK;
}

/* The string at s->at; its characters go to `decoded`, when asked for. */
static mi_status scan_string(proto_scanner *s, proto_text *decoded)
{
    s->at++;
    for (;;) {
        if (s->at >= s->n)
            return fail(s, "the end of the string");
        unsigned char c = (unsigned char)s->bytes[s->at];
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(s, "no control character in a string");
        if (c == '\\') {
            mi_status status = scan_escape(s, decoded);
            if (status != MI_OK)
                return status;
            continue;
        }
        size_t length = proto_utf8_next(s->bytes + s->at, s->n - s->at);
        if (length == 0)
            return fail(s, "UTF-8");
        if (decoded)
            proto_text_append(decoded, s->bytes + s->at, length);
        s->at += length;
    }
    s->at++;
    return MI_OK;
}

static mi_status scan_number(proto_scanner *s)
{
    size_t start = s->at, used;
    double value;
    proto_number_kind kind = proto_scan_number(s->bytes + s->at, s->n - s->at, &used, &value);
    if (kind == PROTO_NUMBER_NONE)
        return fail(s, "a number");
    if (kind == PROTO_NUMBER_RANGE)
        return proto_scan_fail(s, s->err, MI_INVALID, start, "the number is too large");
    s->at += used;
    if (used > CJSON_NUMBER_MAX && !s->in_matrix) {
        char shorter[32];
        proto_format_double(value, shorter);
        replace(s, start, shorter);
    }
    return MI_OK;
}

static mi_status scan_word(proto_scanner *s, const char *word)
{
    size_t n = strlen(word);
    if (s->n - s->at < n || memcmp(s->bytes + s->at, word, n) != 0)
        return fail(s, "a JSON value");
    s->at += n;
    return MI_OK;
}

static mi_status scan_array(proto_scanner *s)
{
    size_t path = s->path.length;
    s->at++;
    proto_scan_blanks(s);
    if (at_char(s, ']')) {
        s->at++;
        return MI_OK;
    }
    for (size_t index = 0;; index++) {
        proto_text_printf(&s->path, "/%zu", index);
        proto_scan_blanks(s);
        mi_status status = proto_scan_value(s);
        if (status != MI_OK)
            return status;
        cut(&s->path, path);
        proto_scan_blanks(s);
        if (at_char(s, ']'))
            break;
        if (!at_char(s, ','))
            return fail(s, "',' or ']'");
        s->at++;
    }
    s->at++;
    return MI_OK;
}

/* What stands before the bytes of a key in s->keys. */
typedef struct key_entry {
    size_t start; /* where it is in the document */
    size_t length;
} key_entry;

typedef struct scanned_key {
    key_entry entry;
    const char *bytes;
} scanned_key;

/* The key at *at of s->keys; *at moves behind it. */
static scanned_key next_key(const proto_scanner *s, size_t *at)
{
    scanned_key key;
    memcpy(&key.entry, s->keys.data + *at, sizeof key.entry);
    key.bytes = s->keys.data + *at + sizeof key.entry;
    *at += sizeof key.entry + key.entry.length;
    return key;
}

static bool same_key(const scanned_key *a, const scanned_key *b)
{
    return a->entry.length == b->entry.length && memcmp(a->bytes, b->bytes, a->entry.length) == 0;
}

static void append_to_path(proto_scanner *s, const scanned_key *key)
{
    proto_text_append(&s->path, "/", 1);
    for (size_t i = 0; i < key->entry.length; i++) {
        if (key->bytes[i] == '~' || key->bytes[i] == '/')
            proto_text_puts(&s->path, key->bytes[i] == '~' ? "~0" : "~1");
        else
            proto_text_append(&s->path, key->bytes + i, 1);
    }
}

static mi_status fail_twice(const proto_scanner *s, const scanned_key *second)
{
    return proto_scan_fail(s, s->err, MI_INVALID, second->entry.start, "the key appears twice in its object");
}

/* The key at s->at, decoded, joins s->keys (those of this object start at `first`) and s->path. */
static mi_status scan_key(proto_scanner *s, size_t first, size_t count)
{
    size_t at = s->keys.length;
    key_entry entry = {.start = s->at};
    if (!at_char(s, '"'))
        return fail(s, "a key in double quotes");
    proto_text_append(&s->keys, &entry, sizeof entry);
    mi_status status = scan_string(s, &s->keys);
    if (status == MI_OK)
        status = check_size(s);
    if (status != MI_OK)
        return status;
    if (!proto_text_ok(&s->keys))
        return fail_memory(s);
    entry.length = s->keys.length - at - sizeof entry;
    memcpy(s->keys.data + at, &entry, sizeof entry);
    const scanned_key key = next_key(s, &at);
    append_to_path(s, &key);
    for (size_t k = 0, other = first; k < count && count < FEW; k++) {
        const scanned_key earlier = next_key(s, &other);
        if (same_key(&earlier, &key))
            return fail_twice(s, &key);
    }
    if (count >= MAX_MEMBERS)
        return proto_scan_fail(s, s->err, MI_LIMIT, entry.start, "an object may have at most %u members",
                               MAX_MEMBERS);
    return MI_OK;
}

/* Equal keys in the order of the document. */
static int by_key(const void *a, const void *b)
{
    const scanned_key *x = a, *y = b;
    if (x->entry.length != y->entry.length)
        return x->entry.length < y->entry.length ? -1 : 1;
    const int order = memcmp(x->bytes, y->bytes, x->entry.length);
    return order ? order : (x->entry.start > y->entry.start) - (x->entry.start < y->entry.start);
}

/* At the end of an object of `count` keys, which start at `first`: those that scan_key has not compared. */
static mi_status check_keys(proto_scanner *s, size_t first, size_t count)
{
    const scanned_key *twice = NULL;
    if (count <= FEW)
        return MI_OK;
    scanned_key *keys = malloc(count * sizeof *keys);
    if (!keys)
        return fail_memory(s);
    for (size_t i = 0, at = first; i < count; i++)
        keys[i] = next_key(s, &at);
    qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 1; i < count; i++)
        if (same_key(&keys[i - 1], &keys[i]) && (!twice || keys[i].entry.start < twice->entry.start))
            twice = &keys[i];
    mi_status status = MI_OK;
    if (twice) {
        append_to_path(s, twice);
        status = fail_twice(s, twice);
    }
    free(keys);
    return status;
}

static mi_status scan_object(proto_scanner *s)
{
    size_t path = s->path.length, keys = s->keys.length, count = 0;
    mi_status status;
    s->at++;
    proto_scan_blanks(s);
    if (at_char(s, '}')) {
        s->at++;
        return MI_OK;
    }
    for (;; count++) {
        proto_scan_blanks(s);
        if ((status = scan_key(s, keys, count)) != MI_OK)
            return status;
        proto_scan_blanks(s);
        if (!at_char(s, ':'))
            return fail(s, "':'");
        s->at++;
        proto_scan_blanks(s);
        if ((status = proto_scan_value(s)) != MI_OK)
            return status;
        cut(&s->path, path);
        proto_scan_blanks(s);
        if (at_char(s, '}'))
            break;
        if (!at_char(s, ','))
            return fail(s, "',' or '}'");
        s->at++;
    }
    status = check_keys(s, keys, count + 1);
    cut(&s->keys, keys);
    s->at++;
    return status;
}

static proto_json_matrix *wanted_matrix(const proto_scanner *s)
{
    const char *path = s->path.data ? s->path.data : "";
    for (size_t i = 0; i < s->n_matrices; i++)
        if (strcmp(s->matrices[i].pointer, path) == 0)
            return &s->matrices[i];
    return NULL;
}

static mi_status scan_container(proto_scanner *s)
{
    mi_status status;
    if (s->depth == PROTO_JSON_DEPTH)
        return proto_scan_fail(s, s->err, MI_INVALID, s->at, "nested more than %d deep", PROTO_JSON_DEPTH);
    s->depth++;
    proto_json_matrix *matrix = s->bytes[s->at] == '[' && !s->in_matrix ? wanted_matrix(s) : NULL;
    if (matrix) {
        size_t start = s->at;
        s->in_matrix = true;
        status = proto_scan_matrix(s, matrix);
        s->in_matrix = false;
        if (status == MI_OK)
            replace(s, start, "null");
    } else {
        status = s->bytes[s->at] == '[' ? scan_array(s) : scan_object(s);
    }
    s->depth--;
    return status;
}

mi_status proto_scan_value(proto_scanner *s)
{
    mi_status status = check_size(s);
    if (status != MI_OK)
        return status;
    if (!proto_text_ok(&s->path))
        return fail_memory(s);
    switch (s->at < s->n ? s->bytes[s->at] : '\0') {
    case '{':
    case '[':
        return scan_container(s);
    case '"':
        return scan_string(s, NULL);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number(s);
    default:
        return fail(s, "a JSON value");
    }
}

mi_status proto_json_scan(proto_text *skeleton, const char *bytes, size_t n, proto_json_matrix *matrices,
                          size_t n_matrices, mi_error *err)
{
    proto_scanner s = {.bytes = bytes,
                       .n = n,
                       .skeleton = *skeleton,
                       .matrices = matrices,
                       .n_matrices = n_matrices,
                       .err = err};
    mi_status status;
    /* Never reached: an escape doubles a byte of a key at most, an entry adds its head to two quotes or
     * more. */
    proto_text_init(&s.path, 2 * n + 1024);
    proto_text_init(&s.keys, (sizeof(key_entry) + 1) * n + 1024);
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        status = proto_scan_fail(&s, err, MI_INVALID, 0, "expected a JSON value, found a byte order mark");
        goto out;
    }
    proto_scan_blanks(&s);
    if ((status = proto_scan_value(&s)) != MI_OK)
        goto out;
    proto_scan_blanks(&s);
    if (s.at < n) {
        status = fail(&s, "nothing after the value");
        goto out;
    }
    if ((status = check_size(&s)) != MI_OK)
        goto out;
    proto_text_append(&s.skeleton, bytes + s.copied, n - s.copied);
    if (!proto_text_ok(&s.skeleton))
        status = fail_memory(&s);
out:
    *skeleton = s.skeleton;
    proto_text_fini(&s.path);
    proto_text_fini(&s.keys);
    return status;
}
