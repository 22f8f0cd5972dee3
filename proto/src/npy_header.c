#include "npy_header.h"

#include "table_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cursor over the dict literal. `at` counts from the start of the file, for messages. */
typedef struct cursor {
    const char *s, *end;
    uint64_t at;
    bool text; /* text is a type as well */
    mi_error *err;
} cursor;

static mi_status expected(const cursor *c, const char *what)
{
    char found[PROTO_EXCERPT];
    if (c->s == c->end)
        return mi_fail(c->err, MI_INVALID, "npy header, byte %" PRIu64 ": the header ends; expected %s",
                       c->at, what);
    return mi_fail(c->err, MI_INVALID, "npy header, byte %" PRIu64 ": found '%s'; expected %s", c->at,
                   proto_excerpt(c->s, 1, found), what);
}

static void skip(cursor *c, size_t n)
{
    c->s += n;
    c->at += n;
}

static void skip_blanks(cursor *c)
{
    while (c->s < c->end && (*c->s == ' ' || *c->s == '\t' || *c->s == '\n' || *c->s == '\r'))
        skip(c, 1);
}

/* Take `mark` if it is next, blanks aside. */
static bool take(cursor *c, char mark)
{
    skip_blanks(c);
    if (c->s == c->end || *c->s != mark)
        return false;
    skip(c, 1);
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->s) < n || memcmp(c->s, word, n) != 0)
        return false;
    skip(c, n);
    return true;
}

/* A quoted string without escapes; *string is borrowed. */
static mi_status take_string(cursor *c, const char **string, size_t *n, const char *what)
{
    skip_blanks(c);
    if (c->s == c->end || (*c->s != '\'' && *c->s != '"'))
        return expected(c, what);
    const char *begin = c->s + 1, *close = memchr(begin, *c->s, (size_t)(c->end - begin));
    if (!close || memchr(begin, '\\', (size_t)(close - begin)))
        return expected(c, "a plain quoted string");
    *string = begin;
    *n = (size_t)(close - begin);
    skip(c, *n + 2);
    return MI_OK;
}

static mi_status unsupported(const cursor *c, const char *kind, const char *descr, size_t n)
{
    char found[PROTO_EXCERPT];
    return mi_fail(c->err, MI_UNSUPPORTED,
                   "npy: dtype %s is %s; expected a plain number type (f2 f4 f8, i1 to i8, u1 to u8, b1)",
                   proto_excerpt(descr, n, found), kind);
}

/* What numpy's other type letters stand for. */
static const char *kind_name(char kind)
{
    switch (kind) {
    case 'O':
        return "Python objects (a pickle)";
    case 'c':
        return "complex";
    case 'S':
    case 'a':
    case 'U':
        return "text";
    case 'V':
        return "raw or structured data";
    case 'M':
    case 'm':
        return "a date or a time span";
    case 'f':
    case 'i':
    case 'u':
    case 'b':
        return "of an unknown size or byte order";
    default:
        return "unknown";
    }
}

/* "<U10", "|S6": characters of four bytes, or bytes. */
static bool take_text_type(const char *descr, size_t n, proto_array_header *out)
{
    unsigned length = 0;
    if ((descr[1] != 'U' && descr[1] != 'S') || n < 3 || n > 6 || descr[2] == '0')
        return false;
    for (size_t i = 2; i < n; i++) {
        if (descr[i] < '0' || descr[i] > '9')
            return false;
        length = 10 * length + (unsigned)(descr[i] - '0');
    }
    out->item = descr[1] == 'U' ? 4 * length : length;
    snprintf(out->descr, sizeof out->descr, "%.*s", (int)n, descr);
    out->kind = descr[1];
    out->swapped = descr[0] == '>';
    return out->item <= PROTO_ARRAY_TEXT_MAX;
}

static mi_status take_descr(cursor *c, proto_array_header *out)
{
    skip_blanks(c);
    if (c->s < c->end && (*c->s == '[' || *c->s == '('))
        return unsupported(c, "structured", c->s, (size_t)(c->end - c->s));
    const char *descr;
    size_t n;
    mi_status status = take_string(c, &descr, &n, "a dtype such as '<f4'");
    if (status != MI_OK)
        return status;
    if (n < 2 || !strchr("<>|", descr[0]))
        return unsupported(c, "unknown", descr, n);
    char kind = descr[1];
    if (c->text && take_text_type(descr, n, out))
        return MI_OK;
    unsigned item = n == 3 && descr[2] >= '1' && descr[2] <= '8' ? (unsigned)(descr[2] - '0') : 0;
    bool known = (kind == 'f' && (item == 2 || item == 4 || item == 8)) ||
                 ((kind == 'i' || kind == 'u') && (item == 1 || item == 2 || item == 4 || item == 8)) ||
                 (kind == 'b' && item == 1);
    if (!known || (descr[0] == '|' && item != 1))
        return unsupported(c, kind_name(kind), descr, n);
    snprintf(out->descr, sizeof out->descr, "%.3s", descr);
    out->kind = kind;
    out->item = item;
    out->swapped = descr[0] == '>';
    return MI_OK;
}

static mi_status take_length(cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    skip_blanks(c);
    if (c->s == c->end || *c->s < '0' || *c->s > '9')
        return expected(c, "a length");
    for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; skip(c, 1))
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c->s - '0'), &value))
            return expected(c, "a length that fits 64 bits");
    *out = value;
    return MI_OK;
}

/* (n,) or (n, d); a comma makes the tuple. */
static mi_status take_shape(cursor *c, proto_array_header *out)
{
    uint64_t length[2] = {1, 1};
    unsigned n = 0;
    bool comma = true;
    if (!take(c, '('))
        return expected(c, "a shape such as (100, 5)");
    while (!take(c, ')')) {
        uint64_t value = 0;
        if (n > 0 && !comma)
            return expected(c, "',' or ')'");
        mi_status status = take_length(c, &value);
        if (status != MI_OK)
            return status;
        if (n < 2)
            length[n] = value;
        n++;
        comma = take(c, ',');
    }
    if (n == 1 && !comma)
        return expected(c, "a tuple; one length is written (100,)");
    if (n != 1 && n != 2)
        return mi_fail(c->err, MI_INVALID,
                       "npy: the array has %u dimensions; expected (rows,) or (rows, columns)", n);
    out->dims = n;
    out->rows = length[0];
    out->cols = length[1];
    return MI_OK;
}

static mi_status take_order(cursor *c, proto_array_header *out)
{
    out->fortran = take_word(c, "True");
    return out->fortran || take_word(c, "False") ? MI_OK : expected(c, "True or False");
}

static mi_status parse_dict(cursor *c, proto_array_header *out)
{
    static const struct {
        const char *key;
        mi_status (*take)(cursor *c, proto_array_header *out);
    } entries[] = {{"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};
    enum { N_KEYS = sizeof entries / sizeof *entries };
    bool seen[N_KEYS] = {false};
    bool comma = true;
    if (!take(c, '{'))
        return expected(c, "'{'");
    while (!take(c, '}')) {
        const char *key;
        size_t n, k = 0;
        if (!comma)
            return expected(c, "',' or '}'");
        skip_blanks(c);
        cursor start = *c;
        mi_status status = take_string(c, &key, &n, "a quoted key or '}'");
        if (status != MI_OK)
            return status;
        while (k < N_KEYS && (strlen(entries[k].key) != n || memcmp(entries[k].key, key, n) != 0))
            k++;
        if (k == N_KEYS || seen[k])
            return expected(&start, "the keys descr, fortran_order and shape, once each");
        seen[k] = true;
        if (!take(c, ':'))
            return expected(c, "':'");
        status = entries[k].take(c, out);
        if (status != MI_OK)
            return status;
        comma = take(c, ',');
    }
    for (size_t k = 0; k < N_KEYS; k++)
        if (!seen[k])
            return mi_fail(c->err, MI_INVALID, "npy header: the key '%s' is missing", entries[k].key);
    skip_blanks(c);
    return c->s == c->end ? MI_OK : expected(c, "nothing after '}'");
}

/* Magic, version and the length of the dict: 10 bytes, or 12 from version 2 on. */
static mi_status read_preamble(const proto_source *source, uint64_t *at, uint64_t *length, mi_error *err)
{
    unsigned char p[12] = {0};
    size_t n = source->size < sizeof p ? (size_t)source->size : sizeof p;
    mi_status status = source->read_at(source->ctx, 0, p, n, err);
    if (status != MI_OK)
        return status;
    if (n < 6 || memcmp(p, "\x93NUMPY", 6) != 0)
        return mi_fail(err, MI_INVALID, "byte 0: not the npy magic \"\\x93NUMPY\"");
    if (n >= 8 && (p[6] < 1 || p[6] > 3 || p[7] != 0))
        return mi_fail(err, MI_UNSUPPORTED, "byte 6: npy version %u.%u; expected 1.0, 2.0 or 3.0", p[6],
                       p[7]);
    *at = p[6] == 1 ? 10 : 12;
    if (n < *at)
        return mi_fail(err, MI_INVALID, "npy: the file ends at byte %zu, inside the header", n);
    *length = p[8] | (uint64_t)p[9] << 8 | (p[6] == 1 ? 0 : (uint64_t)p[10] << 16 | (uint64_t)p[11] << 24);
    return MI_OK;
}

static mi_status read_header(const proto_source *source, bool text, proto_array_header *out, mi_error *err)
{
    uint64_t at = 0, length = 0;
    mi_status status = read_preamble(source, &at, &length, err);
    if (status != MI_OK)
        return status;
    if (length > PROTO_NPY_HEADER_MAX)
        return mi_fail(err, MI_LIMIT, "byte 8: npy header of %" PRIu64 " bytes; expected up to %d", length,
                       PROTO_NPY_HEADER_MAX);
    if (length > source->size - at)
        return mi_fail(err, MI_INVALID,
                       "npy: the file ends at byte %" PRIu64 ", inside the header (%" PRIu64 " bytes)",
                       source->size, at + length);
    char *dict = malloc(length + 1);
    if (!dict)
        return mi_fail(err, MI_MEMORY, "no memory for an npy header");
    status = source->read_at(source->ctx, at, dict, length, err);
    if (status == MI_OK) {
        cursor c = {.s = dict, .end = dict + length, .at = at, .text = text, .err = err};
        *out = (proto_array_header){.data_at = at + length};
        status = parse_dict(&c, out);
    }
    free(dict);
    return status;
}

mi_status proto_npy_header_read(const proto_source *source, proto_array_header *out, mi_error *err)
{
    return read_header(source, false, out, err);
}

mi_status proto_npy_header_read_any(const proto_source *source, proto_array_header *out, mi_error *err)
{
    return read_header(source, true, out, err);
}
